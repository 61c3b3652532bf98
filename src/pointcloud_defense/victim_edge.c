/*
 * A network over edges, after DGCNN (Wang et al. 2019): what a point becomes hangs on its neighbours, and from the
 * second layer on neighbours are those that have become alike.
 *
 *     edge layer  y_i = relu(norm(A x_i + b + max over the nearest j of B x_j))        3 -> 32 -> 64 -> 64
 *     points      the three outputs, joined, -> 256; the largest over the points, norm, ReLU
 *     head        -> 128 -> classes
 *
 * An edge's layer W [x_i | x_j - x_i] is linear before the largest is taken, so that it splits into A and B, and is run
 * once a point instead of once an edge.
 */
#include "pointcloud_defense/victim_network.h"
#include <stdio.h>

enum { EDGE_LAYERS = 3, EDGE_NEIGHBOURS = 16, EDGE_POOLED = 256, EDGE_HEAD = 128 };
static const int EDGE_WIDTHS[EDGE_LAYERS] = {32, 64, 64};

typedef struct edge_layer {
  nn_linear own, other; /* A and b; B, whose bias stays out */
  nn_norm norm;
} edge_layer;

typedef struct edge_network {
  edge_layer edge[EDGE_LAYERS];
  nn_linear points;
  nn_norm pooled;
  victim_layer head;
  nn_linear classes;
} edge_network;

static int add_edge(edge_layer *l, nn_params *p, int number, int in, int out, random_source *init) {
  char name[32], norm[32], weight[32];
  snprintf(name, sizeof name, "edge%d", number);
  snprintf(norm, sizeof norm, "edge%d.norm", number);
  snprintf(weight, sizeof weight, "edge%d.other.weight", number);
  if (!victim_linear_add(&l->own, p, name, in, out, init) || !nn_batch_norm_add(&l->norm, p, norm, out)) return 0;
  l->other.w = nn_params_add(p, weight, 2, (int[]){out, in}, 1);
  if (l->other.w && init) nn_init_he(l->other.w, init);
  return l->other.w != NULL;
}

static int edge_build(void *layers, nn_params *p, int classes, random_source *init) {
  edge_network *e = layers;
  int in = 3, joined = 0;
  for (int i = 0; i < EDGE_LAYERS; i++) {
    if (!add_edge(&e->edge[i], p, i + 1, in, EDGE_WIDTHS[i], init)) return 0;
    in = EDGE_WIDTHS[i];
    joined += in;
  }
  return victim_linear_add(&e->points, p, "points", joined, EDGE_POOLED, init) &&
         nn_batch_norm_add(&e->pooled, p, "points.norm", EDGE_POOLED) &&
         victim_layer_add(&e->head, p, "head", EDGE_POOLED, EDGE_HEAD, init) &&
         victim_linear_add(&e->classes, p, VICTIM_CLASSES, EDGE_HEAD, classes, init);
}

/* x [b, n, in] -> [b, n, out] */
static tensor *run_edge(tape *t, const edge_layer *l, tensor *x) {
  tensor *own = nn_linear_forward(t, &l->own, x);
  tensor *other = op_neighbour_max(t, nn_linear_forward(t, &l->other, x), x, EDGE_NEIGHBOURS);
  tensor *y = op_add(t, own, other);
  if (y == NULL) return NULL;
  const int b = y->dim[0], n = y->dim[1], out = y->dim[2];
  y = op_relu(t, nn_batch_norm_forward(t, &l->norm, op_reshape(t, y, 2, (int[]){b * n, out})));
  return op_reshape(t, y, 3, (int[]){b, n, out});
}

static tensor *edge_logits(tape *t, const void *layers, tensor *xyz) {
  const edge_network *e = layers;
  tensor *x[EDGE_LAYERS];
  for (int i = 0; i < EDGE_LAYERS; i++) x[i] = run_edge(t, &e->edge[i], i > 0 ? x[i - 1] : xyz);
  tensor *pooled = op_linear_max(t, op_concat(t, x, EDGE_LAYERS, 2), e->points.w, e->points.b);
  tensor *head = victim_layer_forward(t, &e->head, op_relu(t, nn_batch_norm_forward(t, &e->pooled, pooled)));
  return nn_linear_forward(t, &e->classes, head);
}

const victim_network victim_edge = {
    .name = "edge", .bytes = sizeof(edge_network), .rate = 2e-3, .build = edge_build, .logits = edge_logits};
