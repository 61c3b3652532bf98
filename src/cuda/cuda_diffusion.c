/* Diffusion on the device: a cloud is taken in, moved step by step, and given out. */
#include "core/error.h"
#include "cuda/cuda_cloud.h"
#include "cuda/cuda_functions.h"
#include "cuda/cuda_network.h"
#include "cuda/cuda_state.h"
#include "cuda/kernels_prior.h"
#include <stdio.h>
#include <string.h>

/* Noise goes up from one half while the device reads the other. */
enum { NOISE_HALVES = 2, DIFFUSION_WEIGHTS = 4 };

struct device_diffusion {
  cuda_room room;
  cuda_cloud cloud;
  diffuse_cloud prior;
  diffuse_network network;
  void *weights[DIFFUSION_WEIGHTS]; /* encoder, head, network, controls */
  float *noise[NOISE_HALVES];       /* [n, 3] on the device */
  cudaEvent_t used[NOISE_HALVES];   /* the last step that read it is done */
  int half;
  uint32_t n;
};

/* ---- weights ---- */

static void diffusion_close(device_diffusion *d) {
  if (d == NULL) return;
  cuda_room_free(&d->room);
  for (int i = 0; i < DIFFUSION_WEIGHTS; i++) cuda_free(d->weights[i]);
  for (int i = 0; i < NOISE_HALVES; i++)
    if (d->used[i] != NULL) cudaEventDestroy(d->used[i]);
  memory_wipe(d, sizeof *d);
  memory_free(d);
}

static int outputs(const device_network *n) {
  return n->layers > 0 ? n->width[n->layers] : 0;
}

/* Kernels know what the numbers of a point mean, and so how many there are. */
static scrim_status check_prior(const device_prior *p, scrim_error *error) {
  int controls = 0;
  for (int i = 1; i <= p->network.layers && i <= DEVICE_NETWORK_LAYERS; i++) controls += p->network.width[i];
  if (p->encoder.width[0] == PRIOR_NUMBERS && p->network.width[0] == PRIOR_NUMBERS &&
      outputs(&p->network) == PRIOR_WAYS_OF && outputs(&p->head) == p->latent &&
      p->head.width[0] == outputs(&p->encoder) && p->times == 3 && controls > 0)
    return SCRIM_OK;
  return fail(error, SCRIM_E_UNSUPPORTED, "a prior of %d numbers and %d ways; the device takes %d and %d",
              p->network.width[0], outputs(&p->network), PRIOR_NUMBERS, PRIOR_WAYS_OF);
}

static int controls_of(const device_prior *p) {
  int controls = 0;
  for (int i = 1; i <= p->network.layers; i++) controls += p->network.width[i];
  return controls;
}

/* Gates, shifts and biases, one after the other; behind them room for what is told: latent, gates, shifts, unit. */
static scrim_status upload_controls(device_diffusion *d, const device_prior *p, scrim_error *error) {
  diffuse_network *n = &d->network;
  const size_t controls = (size_t)n->controls, in = (size_t)(p->latent + p->times);
  const struct {
    const float **at, *from;
    size_t n;
  } parts[] = {{&n->gate, p->gate, controls * in},
               {&n->shift, p->shift, controls * in},
               {&n->gate_bias, p->gate_bias, controls},
               {&n->bias, p->bias, controls}};
  scrim_error cause = {0};
  const size_t floats = 2 * controls * (in + 2) + (size_t)p->latent + 1;
  float *to = d->weights[3] = cuda_allocate(floats * sizeof *to, 0, "a prior", &cause);
  if (to == NULL) return fail(error, cause.status, "%s", cause.message);
  scrim_status status = SCRIM_OK;
  for (size_t i = 0; i < sizeof parts / sizeof *parts && status == SCRIM_OK; i++) {
    status = cuda_memory.upload_kept(to, parts[i].from, parts[i].n * sizeof *to, error);
    *parts[i].at = to;
    to += parts[i].n;
  }
  n->controls_gate = to;
  n->controls_shift = to + controls;
  n->told = to + 2 * controls;
  n->unit = n->told + p->latent;
  return status;
}

static scrim_status upload(device_diffusion *d, const device_prior *p, scrim_error *error) {
  diffuse_network *n = &d->network;
  scrim_status status = check_prior(p, error);
  if (status == SCRIM_OK) status = cuda_network_upload(&p->encoder, &n->encoder, &d->weights[0], error);
  if (status == SCRIM_OK) status = cuda_network_upload(&p->head, &n->head, &d->weights[1], error);
  if (status == SCRIM_OK) status = cuda_network_upload(&p->network, &n->network, &d->weights[2], error);
  n->latent = p->latent;
  n->times = p->times;
  n->slope = p->slope;
  n->controls = status == SCRIM_OK ? controls_of(p) : 0;
  return status == SCRIM_OK ? upload_controls(d, p, error) : status;
}

static scrim_status diffusion_open(device_diffusion **out, const device_prior *prior, scrim_error *error) {
  device_diffusion *d = memory_zalloc(1, sizeof *d);
  if (d == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for diffusion on a device");
  scrim_status status = upload(d, prior, error);
  for (int i = 0; i < NOISE_HALVES && status == SCRIM_OK; i++)
    status = cuda_status(cudaEventCreateWithFlags(&d->used[i], cudaEventDisableTiming), "an event for noise", error);
  if (status == SCRIM_OK)
    *out = d;
  else
    diffusion_close(d);
  return status;
}

/* ---- a cloud ---- */

static size_t lay_out(device_diffusion *d, unsigned char *base, uint32_t n) {
  cuda_carver carver = {base, 0};
  diffuse_cloud *p = &d->prior;
  cuda_cloud_carve(&d->cloud, &carver, n, PRIOR_K);
  const size_t slots = d->cloud.tree.slots, blocks = (n + PRIOR_POOLED_SLOTS - 1) / PRIOR_POOLED_SLOTS;
  *p = (diffuse_cloud){.tree = d->cloud.tree,
                       .x = d->cloud.xyz,
                       .first = d->cloud.first,
                       .index = d->cloud.index,
                       .squared = d->cloud.squared};
  p->known = cuda_carve(&carver, n * PRIOR_KNOWN * sizeof(float));
  p->once = cuda_carve(&carver, n * 3 * sizeof(float));
  p->twice = cuda_carve(&carver, n * 3 * sizeof(float));
  p->seen = cuda_carve(&carver, PRIOR_SEEN * slots * sizeof(float));
  p->ways = cuda_carve(&carver, PRIOR_ROWS * slots * sizeof(float));
  p->numbers = cuda_carve(&carver, PRIOR_NUMBERS * slots * sizeof(float));
  p->sums = cuda_carve(&carver, (slots / PRIOR_SUM_SLOTS + 1) * sizeof(double));
  p->spacing = cuda_carve(&carver, sizeof(double));
  p->epsilon = cuda_carve(&carver, n * 3 * sizeof(float));
  p->copies = cuda_carve(&carver, ((size_t)n + 1) * sizeof(uint32_t));
  d->network.pooled =
      cuda_carve(&carver, blocks * (size_t)d->network.encoder.layer[d->network.encoder.layers - 1].out * sizeof(float));
  for (int i = 0; i < NOISE_HALVES; i++) d->noise[i] = cuda_carve(&carver, n * 3 * sizeof(float));
  return carver.used;
}

static size_t cloud_bytes(const device_diffusion *d) {
  return (size_t)d->n * 3 * sizeof(float);
}

/* Pinned: a half for each noise; the cloud goes through the first. */
static unsigned char *pinned_half(const device_diffusion *d, int half) {
  return (unsigned char *)d->room.pinned + (size_t)half * cloud_bytes(d);
}

static scrim_status diffusion_take(device_diffusion *d, const float *x, size_t n, scrim_error *error) {
  char holder[48];
  d->n = 0;
  if (n == 0 || n > POINTS_MOST) return fail(error, SCRIM_E_DATA, "%zu points (1 to %u on a device)", n, POINTS_MOST);
  snprintf(holder, sizeof holder, "the diffusion of %zu points", n);
  /* Whatever still reads the pinned halves, or the cloud before this one. */
  scrim_status status = cuda_status(cudaStreamSynchronize(cudaStreamPerThread), "diffusion", error);
  if (status == SCRIM_OK)
    status = cuda_room_make(&d->room, lay_out(d, NULL, (uint32_t)n), NOISE_HALVES * n * 3 * sizeof *x, holder, error);
  if (status != SCRIM_OK) return status;
  lay_out(d, d->room.device, (uint32_t)n);
  d->n = (uint32_t)n;
  memcpy(d->room.pinned, x, cloud_bytes(d));
  status = cuda_status(
      cudaMemcpyAsync(d->cloud.xyz, d->room.pinned, cloud_bytes(d), cudaMemcpyHostToDevice, cudaStreamPerThread),
      "diffusion", error);
  /* The first half is free again once the cloud is up. */
  if (status == SCRIM_OK) status = cuda_status(cudaEventRecord(d->used[0], cudaStreamPerThread), "diffusion", error);
  if (status != SCRIM_OK) d->n = 0;
  return status;
}

static scrim_status check_taken(const device_diffusion *d, scrim_error *error) {
  return d->n > 0 ? SCRIM_OK : fail(error, SCRIM_E_STATE, "diffusion of no cloud");
}

/* Everything that the cloud, where it is now, has to tell. */
static cudaError_t look(device_diffusion *d) {
  cudaError_t e = cuda_cloud_index(&d->cloud, cudaStreamPerThread);
  if (e == cudaSuccess)
    e = points_find_neighbours(&d->cloud.tree, PRIOR_K, d->cloud.index, d->cloud.squared, cudaStreamPerThread);
  if (e == cudaSuccess) e = diffuse_look(&d->prior, cudaStreamPerThread);
  return e == cudaSuccess ? diffuse_encode(&d->prior, &d->network, cudaStreamPerThread) : e;
}

static scrim_status diffusion_look(device_diffusion *d, float *latent, double *spacing, scrim_error *error) {
  scrim_status status = check_taken(d, error);
  if (status == SCRIM_OK) status = cuda_status(look(d), "looking at a cloud", error);
  if (status == SCRIM_OK)
    status = cuda_memory.download(latent, d->network.told, (size_t)d->network.latent * sizeof *latent, error);
  return status == SCRIM_OK ? cuda_memory.download(spacing, d->prior.spacing, sizeof *spacing, error) : status;
}

/* ---- noise and steps ---- */

/* Where the noise will be; who uses it calls noise_used afterwards. */
static cudaError_t send_noise(device_diffusion *d, const float *noise, float **at) {
  d->half = (d->half + 1) % NOISE_HALVES;
  *at = d->noise[d->half];
  const cudaError_t e = cudaEventSynchronize(d->used[d->half]);
  if (e != cudaSuccess) return e;
  memcpy(pinned_half(d, d->half), noise, cloud_bytes(d));
  return cudaMemcpyAsync(*at, pinned_half(d, d->half), cloud_bytes(d), cudaMemcpyHostToDevice, cudaStreamPerThread);
}

static cudaError_t noise_used(device_diffusion *d) {
  return cudaEventRecord(d->used[d->half], cudaStreamPerThread);
}

static scrim_status diffusion_forward(device_diffusion *d, float signal, float spread, const float *noise,
                                      scrim_error *error) {
  float *at;
  const scrim_status status = check_taken(d, error);
  if (status != SCRIM_OK) return status;
  cudaError_t e = send_noise(d, noise, &at);
  if (e == cudaSuccess) e = diffuse_noise(&d->prior, signal, spread, at, cudaStreamPerThread);
  if (e == cudaSuccess) e = noise_used(d);
  return cuda_status(e, "noise", error);
}

static scrim_status diffusion_step(device_diffusion *d, const device_step *s, scrim_error *error) {
  float *noise = NULL;
  const scrim_status status = check_taken(d, error);
  if (status != SCRIM_OK) return status;
  cudaError_t e = look(d);
  if (e == cudaSuccess) e = diffuse_epsilon(&d->prior, &d->network, s->level, cudaStreamPerThread);
  if (e == cudaSuccess && s->noise != NULL) e = send_noise(d, s->noise, &noise);
  if (e == cudaSuccess) e = diffuse_move(&d->prior, s->inner, s->part, s->outer, s->spread, noise, cudaStreamPerThread);
  if (e == cudaSuccess && s->noise != NULL) e = noise_used(d);
  return cuda_status(e, "a step of diffusion", error);
}

static scrim_status diffusion_give(device_diffusion *d, float *x, scrim_error *error) {
  const scrim_status status = check_taken(d, error);
  if (status != SCRIM_OK) return status;
  cudaError_t e =
      cudaMemcpyAsync(d->room.pinned, d->cloud.xyz, cloud_bytes(d), cudaMemcpyDeviceToHost, cudaStreamPerThread);
  if (e == cudaSuccess) e = cudaStreamSynchronize(cudaStreamPerThread);
  if (e == cudaSuccess) memcpy(x, d->room.pinned, cloud_bytes(d));
  return cuda_status(e, "diffusion", error);
}

const device_diffusion_functions cuda_diffusion_functions = {.open = diffusion_open,
                                                             .close = diffusion_close,
                                                             .take = diffusion_take,
                                                             .look = diffusion_look,
                                                             .forward = diffusion_forward,
                                                             .step = diffusion_step,
                                                             .give = diffusion_give};
