/*
 * The kernels that look at clouds and denoise them, one after the other. Bytes are those that must move: what goes in,
 * once, and what comes out; what is gathered again and again comes from caches, which is what these kernels are about.
 */
#include "core/memory.h"
#include "cuda/cuda_cloud.h"
#include "cuda/cuda_network.h"
#include "cuda/kernels_prior.h"
#include "cuda_parts.h"
#include "pointcloud_defense/marker.h"
#include "pointcloud_defense/prior_plan.h"

enum { SURVEY_NEIGHBOURS = 16, MARKER_WIDTH = 32, PRIOR_WIDTH = 32, PRIOR_LATENT = 16 };

/* A cloud of n points in device memory, with what surveys and diffusion write. Weights are random, or 0 where no kernel
 * takes another way for that. */
typedef struct laid {
  void *memory;
  cuda_cloud cloud;
  points_survey survey;
  diffuse_cloud prior;
  diffuse_network network;
  networks_network marker;
  float *likely;
  void *weights[5]; /* marker, encoder, head, network, controls */
  uint32_t n;
  size_t marker_in;
} laid;

/* As cuda_diffusion.c and cuda_scene.c lay them out; what comes to these must come here. */
_Static_assert(offsetof(diffuse_cloud, copies) + sizeof(uint32_t *) == sizeof(diffuse_cloud), "all is laid out");
_Static_assert(offsetof(points_survey, features) + sizeof(float *) == sizeof(points_survey), "all is laid out");

/* Answers the bytes that it takes; `base` NULL: only counts. */
static size_t lay_out(laid *l, unsigned char *base) {
  cuda_carver carver = {base, 0};
  const size_t n = l->n;
  cuda_cloud_carve(&l->cloud, &carver, l->n, PRIOR_K);
  const cuda_cloud *c = &l->cloud;
  const size_t slots = c->tree.slots, blocks = (n + PRIOR_POOLED_SLOTS - 1) / PRIOR_POOLED_SLOTS;
  l->survey = (points_survey){.n = l->n, .k = SURVEY_NEIGHBOURS, .tree = c->tree, .xyz = c->xyz};
  l->survey.first = c->first;
  l->survey.index = c->index;
  l->survey.squared = c->squared;
  l->survey.points = cuda_carve(&carver, n * 4 * sizeof(float));
  l->survey.moved = cuda_carve(&carver, n * 3 * sizeof(float));
  l->survey.features = cuda_carve(&carver, l->marker_in * slots * sizeof(float));
  l->likely = cuda_carve(&carver, n * sizeof(float));
  l->prior = (diffuse_cloud){.tree = c->tree, .x = c->xyz, .first = c->first, .index = c->index, .squared = c->squared};
  l->prior.known = cuda_carve(&carver, n * PRIOR_KNOWN * sizeof(float));
  l->prior.once = cuda_carve(&carver, n * 3 * sizeof(float));
  l->prior.twice = cuda_carve(&carver, n * 3 * sizeof(float));
  l->prior.seen = cuda_carve(&carver, PRIOR_SEEN * slots * sizeof(float));
  l->prior.ways = cuda_carve(&carver, PRIOR_ROWS * slots * sizeof(float));
  l->prior.numbers = cuda_carve(&carver, PRIOR_NUMBERS * slots * sizeof(float));
  l->prior.sums = cuda_carve(&carver, (slots / PRIOR_SUM_SLOTS + 1) * sizeof(double));
  l->prior.spacing = cuda_carve(&carver, sizeof(double));
  l->prior.epsilon = cuda_carve(&carver, n * 3 * sizeof(float));
  l->prior.copies = cuda_carve(&carver, (n + 1) * sizeof(uint32_t));
  l->network.pooled = cuda_carve(&carver, blocks * 4 * PRIOR_WIDTH * sizeof(float));
  return carver.used;
}

static void load_marker(laid *l) {
  const marker_shape shape = {MARKER_WIDTH, 0};
  random_source *random;
  marker m;
  marker_plan *plan;
  scrim_error error;
  must_scrim(random_source_from_seed(&random, 1, &error), &error);
  must_scrim(marker_create(&m, &shape, random, &error), &error);
  must_scrim(marker_plan_create(&plan, &m, &error), &error);
  must_scrim(cuda_network_upload(marker_plan_network(plan), &l->marker, &l->weights[0], &error), &error);
  l->marker_in = marker_width(&shape);
  marker_plan_free(plan);
  marker_free(&m);
  random_source_free(random);
}

float *prior_random(device_prior *told) {
  const prior_shape shape = {PRIOR_WIDTH, PRIOR_LATENT};
  random_source *random;
  prior *p;
  prior_plan *plan;
  scrim_error error;
  must_scrim(random_source_from_seed(&random, 1, &error), &error);
  must_scrim(prior_create(&p, &shape, random, &error), &error);
  must_scrim(prior_plan_create(&plan, p, &error), &error);
  float *block = prior_plan_unpack(plan, told);
  must_hold(block != NULL, "memory of the host");
  prior_plan_free(plan);
  prior_free(p);
  random_source_free(random);
  return block;
}

static void load_prior(laid *l) {
  diffuse_network *n = &l->network;
  device_prior told;
  scrim_error error;
  float *block = prior_random(&told);
  must_scrim(cuda_network_upload(&told.encoder, &n->encoder, &l->weights[1], &error), &error);
  must_scrim(cuda_network_upload(&told.head, &n->head, &l->weights[2], &error), &error);
  must_scrim(cuda_network_upload(&told.network, &n->network, &l->weights[3], &error), &error);
  n->latent = told.latent;
  n->times = told.times;
  n->slope = told.slope;
  for (int i = 1; i <= told.network.layers; i++) n->controls += told.network.width[i];
  memory_free(block);
}

static void load_controls(laid *l) {
  diffuse_network *n = &l->network;
  const size_t controls = (size_t)n->controls, in = (size_t)(n->latent + n->times);
  float *at = l->weights[4] = device_zeroes((2 * controls * (in + 2) + (size_t)n->latent + 1) * sizeof *at);
  n->gate = at;
  n->shift = at + controls * in;
  n->gate_bias = at + 2 * controls * in;
  n->bias = n->gate_bias + controls;
  n->controls_gate = at + 2 * controls * (in + 1);
  n->controls_shift = n->controls_gate + controls;
  n->told = n->controls_shift + controls;
  n->unit = n->told + n->latent;
}

static void lay(laid *l, uint32_t n) {
  *l = (laid){.n = n};
  load_marker(l);
  load_prior(l);
  load_controls(l);
  l->memory = device_zeroes(lay_out(l, NULL));
  lay_out(l, l->memory);
  float *xyz = scene_make(n);
  must_cuda(cudaMemcpy(l->cloud.xyz, xyz, n * 3 * sizeof *xyz, cudaMemcpyHostToDevice), "an upload");
  memory_free(xyz);
}

static void clear(laid *l) {
  cudaFree(l->memory);
  for (size_t i = 0; i < sizeof l->weights / sizeof *l->weights; i++) cudaFree(l->weights[i]);
}

/* ---- what is measured ---- */

static void find_places(void *state) {
  const laid *l = state;
  must_cuda(cuda_cloud_index(&l->cloud, cudaStreamPerThread), "places");
}

static void find_near(const laid *l, uint32_t k) {
  const cuda_cloud *c = &l->cloud;
  must_cuda(points_find_neighbours(&c->tree, k, c->index, c->squared, cudaStreamPerThread), "neighbours");
}

static void find_sixteen(void *state) {
  find_near(state, SURVEY_NEIGHBOURS);
}

static void find_all(void *state) {
  find_near(state, PRIOR_K);
}

static void survey(void *state) {
  const laid *l = state;
  must_cuda(points_run_survey(&l->survey, cudaStreamPerThread), "planes");
}

static void mark(void *state) {
  const laid *l = state;
  must_cuda(networks_run_marker(&l->marker, &l->cloud.tree, l->survey.features, l->likely, cudaStreamPerThread),
            "the marker");
}

static void look(void *state) {
  const laid *l = state;
  must_cuda(diffuse_look(&l->prior, cudaStreamPerThread), "what neighbours tell");
}

static void encode(void *state) {
  const laid *l = state;
  must_cuda(diffuse_encode(&l->prior, &l->network, cudaStreamPerThread), "the encoder");
}

static void find_epsilon(void *state) {
  const laid *l = state;
  must_cuda(diffuse_epsilon(&l->prior, &l->network, 0.2, cudaStreamPerThread), "epsilon");
}

/* By nothing, so that the cloud stays what it is. */
static void move(void *state) {
  const laid *l = state;
  must_cuda(diffuse_move(&l->prior, 1, 0, 1, 0, NULL, cudaStreamPerThread), "a step");
}

/* Operations of a network on one point. */
static double operations(const networks_network *n) {
  double sum = 0;
  for (int i = 0; i < n->layers; i++) sum += 2 * (double)n->layer[i].in * n->layer[i].out;
  return sum;
}

static void tell(const bench *b, laid *l, const char *what, void (*work)(void *state), double each, roof of) {
  char text[96];
  snprintf(text, sizeof text, "%s, %u points", what, l->n);
  tell_kernel(b, text, measure_events(b, work, l), each * l->n, of);
}

void bench_clouds(bench *b) {
  const uint32_t sizes[] = {b->small ? 600 : 120000, b->small ? 900 : 200000};
  roofs_measure(b);
  tell_part("Kernels of clouds", "kernel | ms | least..most | amount | rate | share");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    laid l;
    lay(&l, sizes[i]);
    tell(b, &l, "places and boxes", find_places, 12 + 20, ROOF_COPY);
    tell(b, &l, "16 nearest", find_sixteen, 16 + 8 * SURVEY_NEIGHBOURS, ROOF_COPY);
    tell(b, &l, "planes of 16 and features", survey, 16 + 8 * SURVEY_NEIGHBOURS + 28 + 4 * (double)l.marker_in,
         ROOF_COPY);
    tell(b, &l, "marker", mark, operations(&l.marker), ROOF_FLOAT32);
    tell(b, &l, "32 nearest", find_all, 16 + 8 * PRIOR_K, ROOF_COPY);
    tell(b, &l, "what 32 neighbours tell", look, 12 + 8 * PRIOR_K + 4 * (PRIOR_ROWS + PRIOR_NUMBERS), ROOF_COPY);
    tell(b, &l, "the prior's encoder", encode, operations(&l.network.encoder), ROOF_FLOAT32);
    tell(b, &l, "epsilon, six layers in one kernel", find_epsilon, operations(&l.network.network), ROOF_FLOAT32);
    tell(b, &l, "a step", move, 3 * 12, ROOF_COPY);
    clear(&l);
  }
}
