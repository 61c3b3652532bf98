/*
 * Frames on the device. A frame goes up and its answers come down through pinned memory; between, nothing waits but for
 * who is a copy of whom, which the host must know to go on.
 */
#include "core/error.h"
#include "cuda/cuda_cloud.h"
#include "cuda/cuda_functions.h"
#include "cuda/cuda_network.h"
#include "cuda/cuda_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)DEVICE_SCENE_NEIGHBOURS == (int)POINTS_MOST_NEIGHBOURS, "as many neighbours there as here");

enum { SCENE_GEOMETRY = 12, SCENE_FEATURES = 14, SCENE_PINNED = 9 * sizeof(float) /* a point: all that comes down */ };

struct device_scene {
  cuda_room room;
  cuda_cloud cloud;
  float *points, *moved, *likely, *intensity,
      *features; /* of the device: [n, 4], [n, 3], [n], [n], [features, slots] */
  uint32_t n, places;
  size_t n_features; /* 0: no network */
  networks_network marker;
  void *weights;
};

/* ---- life ---- */

static void scene_close(device_scene *s) {
  if (s == NULL) return;
  cuda_room_free(&s->room);
  cuda_free(s->weights);
  memory_wipe(s, sizeof *s);
  memory_free(s);
}

static scrim_status check_marker(const device_network *marker, scrim_error *error) {
  const int in = marker->width[0], out = marker->layers > 0 ? marker->width[marker->layers] : 0;
  if ((in == SCENE_GEOMETRY || in == SCENE_FEATURES) && out == 1) return SCRIM_OK;
  return fail(error, SCRIM_E_UNSUPPORTED, "a marker of %d inputs and %d outputs; the device takes 12 or 14, and 1", in,
              out);
}

static scrim_status scene_open(device_scene **out, const device_network *marker, scrim_error *error) {
  device_scene *s = memory_zalloc(1, sizeof *s);
  scrim_status status = s != NULL ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for frames");
  if (status == SCRIM_OK && marker != NULL) {
    status = check_marker(marker, error);
    if (status == SCRIM_OK) status = cuda_network_upload(marker, &s->marker, &s->weights, error);
    s->n_features = (size_t)marker->width[0];
  }
  if (status == SCRIM_OK)
    *out = s;
  else
    scene_close(s);
  return status;
}

/* Device memory for a frame, with room for as many neighbours as there may be, so that a later k needs no more. */
static size_t lay_out(device_scene *s, unsigned char *base, uint32_t n) {
  cuda_carver carver = {base, 0};
  cuda_cloud_carve(&s->cloud, &carver, n, POINTS_MOST_NEIGHBOURS);
  s->points = cuda_carve(&carver, n * 4 * sizeof(float));
  s->moved = cuda_carve(&carver, n * 3 * sizeof(float));
  s->likely = cuda_carve(&carver, n * sizeof(float));
  s->intensity = cuda_carve(&carver, n * sizeof(float));
  s->features = cuda_carve(&carver, s->n_features * s->cloud.tree.slots * sizeof(float));
  return carver.used;
}

static scrim_status make_room(device_scene *s, size_t n, scrim_error *error) {
  char holder[48];
  if (n > POINTS_MOST) return fail(error, SCRIM_E_DATA, "%zu points (at most %u on a device)", n, POINTS_MOST);
  snprintf(holder, sizeof holder, "a frame of %zu points", n);
  const size_t bytes = lay_out(s, NULL, (uint32_t)n);
  const scrim_status status = cuda_room_make(&s->room, bytes, n * SCENE_PINNED, holder, error);
  if (status == SCRIM_OK) lay_out(s, s->room.device, (uint32_t)n);
  return status;
}

/* ---- transfers ---- */

/* Through pinned memory at `at`, which must not be in use. */
static cudaError_t send(device_scene *s, void *to, const void *from, size_t bytes, size_t at) {
  unsigned char *pinned = (unsigned char *)s->room.pinned + at;
  memcpy(pinned, from, bytes);
  return cudaMemcpyAsync(to, pinned, bytes, cudaMemcpyHostToDevice, cudaStreamPerThread);
}

/* What comes down, one piece after the other; collected once the device is done. */
typedef struct arrival {
  void *to;
  size_t at, bytes;
} arrival;
typedef struct arrivals {
  arrival piece[4];
  size_t n, used;
} arrivals;

static cudaError_t fetch(device_scene *s, arrivals *a, void *to, const void *from, size_t bytes) {
  if (to == NULL) return cudaSuccess;
  const arrival piece = {to, a->used, bytes};
  a->piece[a->n++] = piece;
  a->used += bytes;
  return cudaMemcpyAsync((unsigned char *)s->room.pinned + piece.at, from, bytes, cudaMemcpyDeviceToHost,
                         cudaStreamPerThread);
}

static cudaError_t collect(device_scene *s, const arrivals *a) {
  const cudaError_t status = cudaStreamSynchronize(cudaStreamPerThread);
  for (size_t i = 0; i < a->n && status == cudaSuccess; i++)
    memcpy(a->piece[i].to, (unsigned char *)s->room.pinned + a->piece[i].at, a->piece[i].bytes);
  return status;
}

/* ---- frames ---- */

static scrim_status scene_build(device_scene *s, const float *xyz, size_t n, uint32_t *first, size_t *places,
                                scrim_error *error) {
  arrivals down = {.n = 0};
  s->n = s->places = 0;
  *places = 0;
  if (n == 0) return SCRIM_OK;
  const scrim_status status = make_room(s, n, error);
  if (status != SCRIM_OK) return status;
  cudaError_t e = send(s, s->cloud.xyz, xyz, n * 3 * sizeof *xyz, 0);
  if (e == cudaSuccess) e = cuda_cloud_index(&s->cloud, cudaStreamPerThread);
  if (e == cudaSuccess) e = fetch(s, &down, first, s->cloud.first, n * sizeof *first);
  if (e == cudaSuccess) e = fetch(s, &down, &s->places, s->cloud.tree.places, sizeof s->places);
  if (e == cudaSuccess) e = collect(s, &down);
  if (e != cudaSuccess) return cuda_status(e, "looking for places", error);
  s->n = (uint32_t)n;
  *places = s->places;
  return SCRIM_OK;
}

static scrim_status check_k(size_t k, scrim_error *error) {
  if (k >= 1 && k <= DEVICE_SCENE_NEIGHBOURS) return SCRIM_OK;
  return fail(error, SCRIM_E_UNSUPPORTED, "%zu neighbours; the device takes 1 to %d", k, DEVICE_SCENE_NEIGHBOURS);
}

/* From the device's order, [k, slots] of places, to [n, k] of points. */
static void spread_out(const device_scene *s, const points_place *place, const uint32_t *from_index,
                       const float *from_squared, size_t k, uint32_t *index, float *squared) {
  const size_t slots = s->cloud.tree.slots, count = s->places == 0 ? 0 : s->places - 1 < k ? s->places - 1 : k;
  for (size_t i = 0; i < s->n * k; i++) index[i] = POINTS_NONE, squared[i] = INFINITY;
  for (size_t slot = 0; slot < s->places; slot++)
    for (size_t j = 0; j < count; j++) {
      index[place[slot].index * k + j] = from_index[j * slots + slot];
      squared[place[slot].index * k + j] = from_squared[j * slots + slot];
    }
}

/* For who wants the neighbours themselves; not on the way of a frame, and so without pinned memory. */
static scrim_status scene_find(device_scene *s, size_t k, uint32_t *index, float *squared, scrim_error *error) {
  const size_t slots = s->cloud.tree.slots;
  scrim_status status = check_k(k, error);
  if (status != SCRIM_OK || s->n == 0) return status;
  const size_t bytes = slots * (sizeof(points_place) + k * (sizeof *index + sizeof *squared));
  unsigned char *block = memory_alloc(bytes);
  if (block == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for the neighbours of %u points", s->n);
  points_place *place = (points_place *)block;
  uint32_t *found = (uint32_t *)(place + slots);
  float *way = (float *)(found + k * slots);
  status = cuda_status(
      points_find_neighbours(&s->cloud.tree, (uint32_t)k, s->cloud.index, s->cloud.squared, cudaStreamPerThread),
      "looking for neighbours", error);
  if (status == SCRIM_OK) status = cuda_memory.download(place, s->cloud.tree.place, slots * sizeof *place, error);
  if (status == SCRIM_OK) status = cuda_memory.download(found, s->cloud.index, k * slots * sizeof *found, error);
  if (status == SCRIM_OK) status = cuda_memory.download(way, s->cloud.squared, k * slots * sizeof *way, error);
  if (status == SCRIM_OK) spread_out(s, place, found, way, k, index, squared);
  memory_wipe_free(block, bytes);
  return status;
}

static cudaError_t run_survey(device_scene *s, const device_survey *r) {
  const cuda_cloud *c = &s->cloud;
  points_survey look = {.n = s->n,
                        .k = (uint32_t)r->k,
                        .tree = c->tree,
                        .xyz = c->xyz,
                        .first = c->first,
                        .index = c->index,
                        .squared = c->squared,
                        .points = s->points};
  cudaError_t e = cudaSuccess;
  if (r->moved != NULL) look.moved = s->moved;
  if (r->likely != NULL) look.features = s->features;
  if (r->likely != NULL && s->n_features == SCENE_FEATURES) {
    look.intensity = s->intensity;
    e = send(s, s->intensity, r->intensity, s->n * sizeof *s->intensity, 0);
  }
  if (e == cudaSuccess) e = points_find_neighbours(&c->tree, look.k, c->index, c->squared, cudaStreamPerThread);
  if (e == cudaSuccess) e = points_run_survey(&look, cudaStreamPerThread);
  if (e == cudaSuccess && r->likely != NULL)
    e = networks_run_marker(&s->marker, &c->tree, s->features, s->likely, cudaStreamPerThread);
  return e;
}

static scrim_status scene_survey(device_scene *s, const device_survey *r, scrim_error *error) {
  arrivals down = {.used = s->n * sizeof(float)}; /* behind the intensities, which may still be on their way up */
  const scrim_status status = check_k(r->k, error);
  if (status != SCRIM_OK || s->n == 0) return status;
  if (r->likely != NULL && (s->n_features == 0 || (s->n_features == SCENE_FEATURES && r->intensity == NULL)))
    return fail(error, SCRIM_E_ARGUMENT, "a survey asks for the network's answers without %s",
                s->n_features == 0 ? "a network" : "intensities");
  cudaError_t e = run_survey(s, r);
  if (e == cudaSuccess) e = fetch(s, &down, r->points, s->points, s->n * 4 * sizeof *s->points);
  if (e == cudaSuccess) e = fetch(s, &down, r->moved, s->moved, s->n * 3 * sizeof *s->moved);
  if (e == cudaSuccess) e = fetch(s, &down, r->likely, s->likely, s->n * sizeof *s->likely);
  if (e == cudaSuccess) e = collect(s, &down);
  return cuda_status(e, "looking at a frame", error);
}

const device_scene_functions cuda_scene_functions = {
    .open = scene_open, .close = scene_close, .build = scene_build, .find = scene_find, .survey = scene_survey};
