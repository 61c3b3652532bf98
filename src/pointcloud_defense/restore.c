#include "pointcloud_defense/restore.h"

#include "core/error.h"
#include "pointcloud_defense/prior_train.h"
#include <math.h>
#include <string.h>

typedef struct place {
  float xyz[3];
  uint32_t index; /* in the frame */
} place;

struct restore {
  const prior_plan *plan;
  random_source *random;
  diffusion schedule;
  unsigned threads;
  size_t n, capacity;
  place *places;                /* [n] in the order of their coordinates */
  float *xyz, *noise, *epsilon; /* [n, 3] restored; drawn; found by the network */
  float *ways, *invariants;     /* [3, n, PRIOR_WAYS], [n, PRIOR_INVARIANTS] of xyz */
  float *factors;               /* [n, PRIOR_WAYS] by the network */
  float *pooled;                /* [blocks, pooled] */
  prior_local *local;
  float *latent, *controls;
  float *scratch; /* [threads, scratch] */
  size_t scratch_floats;
  double mean[3], deviation, spacing;
  double unit;                              /* of the ways, in units of the noise: what factors are multiplied with */
  const device_diffusion_functions *device; /* who looks and moves; NULL: the CPU does */
  device_diffusion *diffusion;              /* its */
};

/* ---- memory ---- */

enum { FLOATS_A_POINT = 3 * 3 + 4 * PRIOR_WAYS + PRIOR_INVARIANTS };

static size_t blocks(size_t n) {
  return (n + PRIOR_PLAN_POINTS - 1) / PRIOR_PLAN_POINTS;
}

static size_t floats(const restore *r, size_t n) {
  return n * FLOATS_A_POINT + blocks(n) * (size_t)prior_plan_pooled(r->plan);
}

static void give_back(restore *r) {
  memory_wipe_free(r->places, r->capacity * sizeof *r->places);
  memory_wipe_free(r->xyz, floats(r, r->capacity) * sizeof *r->xyz);
  r->places = NULL;
  r->xyz = NULL;
  r->capacity = 0;
}

void restore_free(restore *r) {
  if (r == NULL) return;
  give_back(r);
  if (r->diffusion != NULL) r->device->close(r->diffusion);
  random_source_free(r->random);
  prior_local_free(r->local);
  memory_wipe_free(r->latent, (size_t)prior_plan_shape(r->plan)->latent * sizeof *r->latent);
  memory_wipe_free(r->controls, (size_t)prior_plan_controls(r->plan) * sizeof *r->controls);
  memory_wipe_free(r->scratch, r->threads * r->scratch_floats * sizeof *r->scratch);
  memory_free(r);
}

scrim_status restore_create(restore **out, const prior_plan *plan, const scrim_key *key, unsigned threads,
                            scrim_error *error) {
  restore *r = memory_zalloc(1, sizeof *r);
  if (r == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the diffusion of objects");
  r->plan = plan;
  r->threads = threads;
  r->scratch_floats = (prior_plan_scratch(plan) + 15) / 16 * 16;
  diffusion_init(&r->schedule);
  r->latent = memory_zalloc((size_t)prior_plan_shape(plan)->latent, sizeof *r->latent);
  r->controls = memory_zalloc((size_t)prior_plan_controls(plan), sizeof *r->controls);
  r->scratch = memory_zalloc(threads, r->scratch_floats * sizeof *r->scratch);
  r->local = prior_local_create();
  const int made = r->local != NULL && r->latent != NULL && r->controls != NULL && r->scratch != NULL;
  const scrim_status status = made ? random_source_create(&r->random, key, error)
                                   : fail(error, SCRIM_E_MEMORY, "out of memory for the diffusion of objects");
  if (status == SCRIM_OK)
    *out = r;
  else
    restore_free(r);
  return status;
}

scrim_status restore_use(restore *r, const device_diffusion_functions *device, scrim_error *error) {
  device_prior weights;
  float *block = prior_plan_unpack(r->plan, &weights);
  if (block == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a prior's weights");
  const scrim_status status = device->open(&r->diffusion, &weights, error);
  memory_free(block);
  r->device = device;
  return status == SCRIM_E_UNSUPPORTED ? SCRIM_OK : status;
}

const diffusion *restore_schedule(const restore *r) {
  return &r->schedule;
}

static scrim_status make_room(restore *r, size_t n, scrim_error *error) {
  if (n <= r->capacity) return SCRIM_OK;
  give_back(r);
  r->places = memory_zalloc(n, sizeof *r->places);
  r->xyz = memory_zalloc(floats(r, n), sizeof *r->xyz);
  if (r->places == NULL || r->xyz == NULL) {
    memory_free(r->places);
    memory_free(r->xyz);
    r->places = NULL;
    r->xyz = NULL;
    return fail(error, SCRIM_E_MEMORY, "out of memory for an object of %zu points", n);
  }
  r->capacity = n;
  r->noise = r->xyz + 3 * n;
  r->epsilon = r->noise + 3 * n;
  r->ways = r->epsilon + 3 * n;
  r->factors = r->ways + 3 * PRIOR_WAYS * n;
  r->invariants = r->factors + PRIOR_WAYS * n;
  r->pooled = r->invariants + PRIOR_INVARIANTS * n;
  return SCRIM_OK;
}

/* ---- taking in ---- */

static int is_before(const place *a, const place *b) {
  for (int axis = 0; axis < 2; axis++)
    if (a->xyz[axis] != b->xyz[axis]) return a->xyz[axis] < b->xyz[axis];
  return a->xyz[2] < b->xyz[2];
}

static void sink(place *heap, size_t at, size_t n) {
  const place held = heap[at];
  for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && is_before(&heap[child], &heap[child + 1])) child++;
    if (!is_before(&held, &heap[child])) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = held;
}

/* Heap sort: in place, and of one speed for all inputs. No two places are equal, so there is one right order. */
static void sort(place *places, size_t n) {
  for (size_t i = n / 2; i > 0; i--) sink(places, i - 1, n);
  for (size_t end = n; end > 1; end--) {
    const place last = places[end - 1];
    places[end - 1] = places[0];
    places[0] = last;
    sink(places, 0, end - 1);
  }
}

scrim_status restore_take(restore *r, const float *xyz, const uint32_t *first, size_t n, double *deviation,
                          scrim_error *error) {
  size_t places = 0;
  *deviation = 0;
  r->n = 0;
  for (size_t i = 0; i < n; i++) places += first[i] == i;
  scrim_status status = make_room(r, places, error);
  if (status != SCRIM_OK || places < 2) return status;
  for (size_t i = 0; i < n; i++) {
    if (first[i] != i) continue;
    place *p = &r->places[r->n++];
    for (int axis = 0; axis < 3; axis++) p->xyz[axis] = copies_coordinate(xyz[3 * i + (size_t)axis]);
    p->index = (uint32_t)i;
  }
  sort(r->places, r->n);
  for (size_t i = 0; i < r->n; i++) memcpy(r->xyz + 3 * i, r->places[i].xyz, sizeof r->places[i].xyz);
  /* The noise of all runs has the name of what was taken in. */
  status = random_begin(r->random, "cloud", r->xyz, 3 * r->n * sizeof *r->xyz, error);
  if (status != SCRIM_OK) return status;
  if (prior_normalise(r->xyz, r->n, r->mean, &r->deviation)) *deviation = r->deviation;
  return SCRIM_OK;
}

/* Where the frame has point i; what is taken in once more is rounded as it would be there. */
static float in_frame(const restore *r, size_t i, size_t axis) {
  return (float)(r->xyz[3 * i + axis] * r->deviation + r->mean[axis]);
}

double restore_take_again(restore *r) {
  for (size_t i = 0; i < r->n; i++)
    for (size_t a = 0; a < 3; a++) r->xyz[3 * i + a] = in_frame(r, i, a);
  if (prior_normalise(r->xyz, r->n, r->mean, &r->deviation)) return r->deviation;
  /* Nothing was divided: what was found is what there is. */
  r->deviation = 1;
  memset(r->mean, 0, sizeof r->mean);
  return 0;
}

/* ---- the network, block by block over the pool ---- */

static size_t points_in(const restore *r, size_t block) {
  const size_t left = r->n - block * PRIOR_PLAN_POINTS;
  return left < PRIOR_PLAN_POINTS ? left : PRIOR_PLAN_POINTS;
}

static void pool_block(void *context, size_t block, unsigned worker) {
  restore *r = context;
  prior_plan_pool(r->plan, r->invariants + block * PRIOR_PLAN_POINTS * PRIOR_INVARIANTS, points_in(r, block),
                  r->pooled + block * (size_t)prior_plan_pooled(r->plan), r->scratch + worker * r->scratch_floats);
}

/* Blocks are summed in their order, whoever saw which. */
static void encode(restore *r, pool *workers) {
  const size_t width = (size_t)prior_plan_pooled(r->plan), n = blocks(r->n);
  pool_run(workers, n, pool_block, r);
  for (size_t block = 1; block < n; block++)
    for (size_t j = 0; j < width; j++) r->pooled[j] += r->pooled[block * width + j];
  for (size_t j = 0; j < width; j++) r->pooled[j] /= (float)r->n;
  prior_plan_encode(r->plan, r->pooled, r->latent, r->scratch);
}

static void epsilon_block(void *context, size_t block, unsigned worker) {
  restore *r = context;
  const size_t begin = block * PRIOR_PLAN_POINTS, end = begin + points_in(r, block);
  prior_plan_factors(r->plan, r->controls, r->invariants + begin * PRIOR_INVARIANTS, end - begin,
                     r->factors + begin * PRIOR_WAYS, r->scratch + worker * r->scratch_floats);
  for (size_t i = begin; i < end; i++)
    for (size_t a = 0; a < 3; a++) {
      const float *factors = r->factors + i * PRIOR_WAYS, *ways = r->ways + (a * r->n + i) * PRIOR_WAYS;
      float sum = 0;
      for (size_t v = 0; v < PRIOR_WAYS; v++) sum += factors[v] * ways[v];
      r->epsilon[3 * i + a] = (float)(-r->unit) * sum;
    }
}

/* What the neighbours tell, and the encoder makes of it. */
static scrim_status look(restore *r, pool *workers, scrim_error *error) {
  const scrim_status status =
      prior_local_find(r->local, workers, r->xyz, r->n, r->ways, r->invariants, &r->spacing, error);
  if (status == SCRIM_OK) encode(r, workers);
  return status;
}

/* The same, on the device. */
static scrim_status look_there(restore *r, scrim_error *error) {
  const scrim_status status = r->device->take(r->diffusion, r->xyz, r->n, error);
  return status == SCRIM_OK ? r->device->look(r->diffusion, r->latent, &r->spacing, error) : status;
}

scrim_status restore_gauge(restore *r, pool *workers, double *noise, double *spacing, scrim_error *error) {
  const scrim_status status = r->diffusion != NULL ? look_there(r, error) : look(r, workers, error);
  *noise = status == SCRIM_OK ? prior_plan_gauge(r->plan, r->latent) : 0;
  *spacing = r->spacing;
  return status;
}

static scrim_status find_epsilon(restore *r, pool *workers, int t, scrim_error *error) {
  const double noise = sqrt(1 - r->schedule.alpha[t]);
  const scrim_status status = look(r, workers, error);
  if (status != SCRIM_OK) return status;
  if (!(r->spacing > 0)) { /* all at one place: nobody to tell where to */
    memset(r->epsilon, 0, 3 * r->n * sizeof *r->epsilon);
    return SCRIM_OK;
  }
  r->unit = r->spacing / noise;
  prior_plan_control(r->plan, r->latent, 1 / r->unit, r->controls, r->scratch);
  pool_run(workers, blocks(r->n), epsilon_block, r);
  return SCRIM_OK;
}

static void draw(restore *r) {
  for (size_t i = 0; i < 3 * r->n; i++) r->noise[i] = (float)random_normal(r->random);
}

/* ---- forth and back ---- */

/* From xyz and the noise that is drawn already. */
static scrim_status run_here(restore *r, pool *workers, const restore_request *request, scrim_error *error) {
  const int t = request->time_step, leaps = request->leaps < t ? request->leaps : t;
  const size_t count = 3 * r->n;
  scrim_status status = SCRIM_OK;
  diffusion_forward(&r->schedule, t, request->noise, r->noise, count, r->xyz);
  for (int i = 0; i < leaps && status == SCRIM_OK; i++) {
    const int from = diffusion_stop(t, leaps, i);
    status = find_epsilon(r, workers, from, error);
    diffusion_leap(&r->schedule, from, diffusion_stop(t, leaps, i + 1), r->epsilon, count, r->xyz);
  }
  for (int step = leaps > 0 ? 0 : t; step > 0 && status == SCRIM_OK; step--) {
    status = find_epsilon(r, workers, step, error);
    if (step > 1) draw(r);
    diffusion_reverse(&r->schedule, step, r->epsilon, r->noise, count, r->xyz);
  }
  return status;
}

/* One step of those on the device: from t to s by a leap, or to t - 1 with noise drawn here. */
static scrim_status step_there(restore *r, int t, int s, int is_leap, scrim_error *error) {
  const diffusion_terms terms =
      is_leap ? diffusion_leap_terms(&r->schedule, t, s) : diffusion_reverse_terms(&r->schedule, t);
  const device_step step = {sqrt(1 - r->schedule.alpha[t]),    terms.inner, terms.part, terms.outer, terms.spread,
                            terms.spread > 0 ? r->noise : NULL};
  if (step.noise != NULL) draw(r);
  return r->device->step(r->diffusion, &step, error);
}

static scrim_status run_there(restore *r, const restore_request *request, scrim_error *error) {
  const int t = request->time_step, leaps = request->leaps < t ? request->leaps : t, steps = leaps > 0 ? leaps : t;
  const diffusion_terms terms = diffusion_forward_terms(&r->schedule, t, request->noise);
  scrim_status status = r->device->take(r->diffusion, r->xyz, r->n, error);
  if (status == SCRIM_OK) status = r->device->forward(r->diffusion, terms.inner, terms.spread, r->noise, error);
  for (int i = 0; i < steps && status == SCRIM_OK; i++)
    status = step_there(r, diffusion_stop(t, steps, i), diffusion_stop(t, steps, i + 1), leaps > 0, error);
  return status == SCRIM_OK ? r->device->give(r->diffusion, r->xyz, error) : status;
}

scrim_status restore_run(restore *r, pool *workers, const restore_request *request, scrim_error *error) {
  draw(r);
  const scrim_status status =
      r->diffusion != NULL ? run_there(r, request, error) : run_here(r, workers, request, error);
  return status == SCRIM_OK ? random_status(r->random, error) : status;
}

void restore_give(const restore *r, const uint32_t *first, size_t n, float *xyz) {
  for (size_t i = 0; i < r->n; i++) {
    float *to = xyz + 3 * (size_t)r->places[i].index;
    for (size_t a = 0; a < 3; a++) to[a] = in_frame(r, i, a);
  }
  for (size_t i = 0; i < n; i++)
    if (first[i] != i && first[i] != COPIES_NONE) memcpy(xyz + 3 * i, xyz + 3 * (size_t)first[i], 3 * sizeof *xyz);
}
