/*
 * lab cloud-attack: an object that a classifier knows, and what an attacker makes of it.
 * lab cloud-picture: what the classifier says of the object as it was, attacked and filtered, and a picture of all
 * three, above a LiDAR frame before and after the filter.
 */
#include "core/error.h"
#include "lab.h"
#include "lab_picture.h"
#include "pointcloud_defense/attack_cloud.h"
#include "pointcloud_defense/objects.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double BUDGET = 0.05; /* coordinates of an object of radius 1 move by so much at most */

/* ---- the classifier ---- */

typedef struct witness {
  victim victim;
  tape *tape;
} witness;

static scrim_status open_witness(witness *w, const char *path, scrim_error *error) {
  *w = (witness){0};
  scrim_status status = victim_open(&w->victim, path, error);
  return status == SCRIM_OK ? tape_create(&w->tape, &cpu_backend, error) : status;
}

static void close_witness(witness *w) {
  tape_free(w->tape);
  victim_close(&w->victim);
}

/* The class of xyz [n, 3], and how sure the classifier is. */
static scrim_status ask(const witness *w, const float *xyz, size_t n, int32_t *class, double *confidence,
                        scrim_error *error) {
  float *logits = malloc(w->victim.classes * sizeof *logits);
  if (!logits) return fail(error, SCRIM_E_MEMORY, "out of memory for %zu classes", w->victim.classes);
  const scrim_status status = victim_ask(&w->victim, w->tape, xyz, n, logits, error);
  if (status == SCRIM_OK) {
    double sum = 0;
    *class = victim_class(logits, w->victim.classes);
    for (size_t i = 0; i < w->victim.classes; i++) sum += exp((double)logits[i] - logits[*class]);
    *confidence = 1 / sum;
  }
  free(logits);
  return status;
}

/* ---- an attack ---- */

static scrim_status read_table(scrim_table *table, const char *folder, const char *name, scrim_error *error) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return scrim_table_read(table, path, SCRIM_FORMAT_AUTO, 0, error);
}

/* The last object that is known before the attack and not after. */
static scrim_status attack_one(witness *w, attack_cloud *a, const scrim_table *objects, const scrim_table *labels,
                               attack_cloud_points *attacked, size_t *which, scrim_error *error) {
  const size_t n = (size_t)objects->info.shape[1];
  for (*which = (size_t)objects->info.shape[0]; (*which)-- > 0;) {
    float *clean = objects->data + 3 * n * *which;
    const int32_t label = (int32_t)labels->data[*which];
    int32_t before, after;
    double sure;
    objects_to_unit_sphere(clean, n);
    scrim_status status = ask(w, clean, n, &before, &sure, error);
    if (status == SCRIM_OK && before != label) continue;
    if (status == SCRIM_OK) status = attack_cloud_pgd_linf(a, clean, n, label, attacked, error);
    if (status == SCRIM_OK) status = ask(w, attacked->xyz, n, &after, &sure, error);
    if (status != SCRIM_OK || after != label) return status;
  }
  return fail(error, SCRIM_E_DATA, "no object that the classifier knows, and the attack hides from it");
}

static scrim_status attack(const lab_options *o, witness *w, const scrim_table *objects, const scrim_table *labels,
                           scrim_error *error) {
  const size_t n = (size_t)objects->info.shape[1];
  attack_cloud a = {.victim = &w->victim, .iterations = 50, .budget = BUDGET};
  attack_cloud_points attacked = {.xyz = malloc(3 * n * sizeof(float))};
  size_t which = 0;
  scrim_status status =
      attacked.xyz ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for an object of %zu points", n);
  if (status == SCRIM_OK) status = attack_cloud_open(&a, NULL, n, o->seed, error);
  if (status == SCRIM_OK) status = attack_one(w, &a, objects, labels, &attacked, &which, error);
  const size_t shape[] = {n, 3};
  if (status == SCRIM_OK) status = lab_write_f4(o->out, "clean.npy", objects->data + 3 * n * which, 2, shape, error);
  if (status == SCRIM_OK) status = lab_write_f4(o->out, "attacked.npy", attacked.xyz, 2, shape, error);
  attack_cloud_close(&a);
  free(attacked.xyz);
  return status;
}

scrim_status lab_cloud_attack(const lab_options *o, scrim_error *error) {
  scrim_table objects = {0}, labels = {0};
  witness w = {0};
  if (!o->out || !o->model) return fail(error, SCRIM_E_ARGUMENT, "cloud-attack: -m VICTIM or -o OUT/ is missing");
  scrim_status status = open_witness(&w, o->model, error);
  if (status == SCRIM_OK) status = read_table(&objects, o->data, "objects.npy", error);
  if (status == SCRIM_OK) status = read_table(&labels, o->data, "labels.npy", error);
  if (status == SCRIM_OK && (objects.info.rank != 3 || objects.info.shape[2] != 3 || objects.info.shape[1] < 2 ||
                             labels.info.rows != objects.info.shape[0]))
    status = fail(error, SCRIM_E_DATA, "cloud-attack: objects [n, points, 3] and their n labels do not go together");
  if (status == SCRIM_OK) status = attack(o, &w, &objects, &labels, error);
  scrim_table_free(&objects);
  scrim_table_free(&labels);
  close_witness(&w);
  return status;
}

/* ---- pictures ---- */

enum { PANEL = 320, GAP = 12, FRAME_HEIGHT = 360 };

/* From the front, a little from above and the left, in the panel of that number; colors go by depth. */
static void draw_object(lab_picture *p, const float *xyz, size_t n, size_t panel) {
  const double left = (double)(GAP + panel * (PANEL + GAP)), scale = 0.46 * PANEL;
  for (size_t i = 0; i < n; i++) {
    const float *at = xyz + 3 * i;
    const double x = 0.83 * at[0] + 0.56 * at[1], back = -0.56 * at[0] + 0.83 * at[1];
    const double y = 0.91 * at[2] + 0.41 * back, depth = 0.91 * back - 0.41 * at[2];
    lab_picture_dot(p, left + PANEL / 2.0 + scale * x, GAP + PANEL / 2.0 - scale * y, depth, 2.2,
                    lab_picture_shade(0.5 + 0.5 * depth));
  }
}

/* From above, 40 metres either way along x, in the left or right half below; colors go by height. */
static void draw_frame(lab_picture *p, const float *xyz, size_t n, size_t half) {
  const double width = ((double)p->width - 3 * GAP) / 2, scale = width / 80;
  const double left = GAP + (double)half * (width + GAP), middle = 2 * GAP + PANEL + FRAME_HEIGHT / 2.0;
  for (size_t i = 0; i < n; i++) {
    const float *at = xyz + 3 * i;
    if (!(fabsf(at[0]) < 40) || !(fabs(scale * at[1]) < FRAME_HEIGHT / 2.0)) continue;
    lab_picture_dot(p, left + width / 2 + scale * at[0], middle - scale * at[1], -(double)at[2], 0.8,
                    lab_picture_shade((at[2] + 2) / 4));
  }
}

/* All points of the first frame of a file; *xyz is freed with free(). */
static scrim_status read_frame(float **xyz, size_t *n, const char *path, scrim_error *error) {
  scrim_points_reader *reader = NULL;
  scrim_points *points = NULL;
  scrim_status status = scrim_points_reader_open(&reader, path, NULL, error);
  if (status == SCRIM_OK) status = scrim_points_reader_next(reader, &points, error);
  if (status == SCRIM_OK && !points) status = fail(error, SCRIM_E_DATA, "'%s' has no frame", path);
  if (status == SCRIM_OK) {
    *n = scrim_points_get_info(points)->n;
    *xyz = malloc((3 * *n + 1) * sizeof **xyz);
    if (*xyz)
      scrim_points_get_xyz(points, *xyz);
    else
      status = fail(error, SCRIM_E_MEMORY, "out of memory for a frame of %zu points", *n);
  }
  scrim_points_reader_close(reader);
  return status;
}

static double mean_shift(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += sqrt(pow((double)a[3 * i] - b[3 * i], 2) + pow((double)a[3 * i + 1] - b[3 * i + 1], 2) +
                pow((double)a[3 * i + 2] - b[3 * i + 2], 2));
  return sum / (double)n;
}

static scrim_status show_objects(const lab_options *o, const witness *w, lab_picture *p, scrim_error *error) {
  static const char *const names[] = {"clean", "attacked", "filtered"};
  scrim_table table[3] = {{.data = NULL}};
  scrim_status status = SCRIM_OK;
  printf("%-10s  %-10s  %10s  %s\n", "object", "taken for", "confidence", "mean shift, of a radius of 1");
  for (size_t i = 0; i < 3 && status == SCRIM_OK; i++) {
    char name[32];
    int32_t class;
    double sure;
    snprintf(name, sizeof name, "%s.npy", names[i]);
    status = read_table(&table[i], o->data, name, error);
    if (status != SCRIM_OK) break;
    const size_t n = (size_t)table[i].info.rows;
    status = ask(w, table[i].data, n, &class, &sure, error);
    if (status != SCRIM_OK) break;
    const char *family = class < SCRIM_CLOUD_FAMILIES ? scrim_cloud_family_name(class) : "?";
    printf("%-10s  %-10s  %10.3f  %.4f\n", names[i], family, sure,
           n == (size_t)table[0].info.rows ? mean_shift(table[0].data, table[i].data, n) : NAN);
    draw_object(p, table[i].data, n, i);
  }
  for (size_t i = 0; i < 3; i++) scrim_table_free(&table[i]);
  return status;
}

static scrim_status show_frames(const lab_options *o, lab_picture *p, scrim_error *error) {
  const char *const paths[] = {o->frame, o->filtered};
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < 2 && status == SCRIM_OK; i++) {
    float *xyz = NULL;
    size_t n = 0;
    status = read_frame(&xyz, &n, paths[i], error);
    if (status == SCRIM_OK) {
      printf("%-10s  %zu points\n", i ? "filtered" : "frame", n);
      draw_frame(p, xyz, n, i);
    }
    free(xyz);
  }
  return status;
}

scrim_status lab_cloud_picture(const lab_options *o, scrim_error *error) {
  lab_picture p = {0};
  witness w = {0};
  char path[4096];
  if (!o->out || !o->model || !o->frame || !o->filtered)
    return fail(error, SCRIM_E_ARGUMENT, "cloud-picture: -m VICTIM, --frame, --filtered or -o OUT/ is missing");
  scrim_status status = open_witness(&w, o->model, error);
  if (status == SCRIM_OK) status = lab_picture_create(&p, 3 * PANEL + 4 * GAP, PANEL + FRAME_HEIGHT + 3 * GAP, error);
  if (status == SCRIM_OK) status = show_objects(o, &w, &p, error);
  if (status == SCRIM_OK) status = show_frames(o, &p, error);
  snprintf(path, sizeof path, "%s/cloud.png", o->out);
  if (status == SCRIM_OK) status = lab_picture_write(&p, path, error);
  lab_picture_free(&p);
  close_witness(&w);
  return status;
}
