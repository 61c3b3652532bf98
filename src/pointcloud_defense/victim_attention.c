/*
 * A network over sets, after the Set Transformer (Lee et al. 2019): points tell each other of themselves through a few
 * learned go-betweens, so that cost grows with the points and not with their square, and a few learned questions take
 * together what they know. Nothing in it takes a largest value, nor knows of neighbours.
 *
 *     points      3 -> 64, ReLU, -> 64
 *     twice       attend(points, attend(16 go-betweens, points))
 *     pooling     attend(4 questions, points), joined
 *     head        -> 128 -> classes
 *     attend(q, x)  h = norm(Q + softmax(Q K^T / 8) V); norm(h + relu(F h)), with Q of q, K and V of x
 */
#include "pointcloud_defense/victim_network.h"
#include <math.h>
#include <stdio.h>

enum { WIDTH = 64, GO_BETWEENS = 16, QUESTIONS = 4, ROUNDS = 2, HEAD = 128 };

typedef struct attention_layer {
  nn_linear query, key, value, feed;
  nn_norm norm[2];
} attention_layer;

typedef struct attention_network {
  nn_linear point[2];
  tensor *go_betweens[ROUNDS]; /* [GO_BETWEENS, WIDTH] */
  tensor *questions;           /* [QUESTIONS, WIDTH] */
  attention_layer gather[ROUNDS], spread[ROUNDS], pool;
  victim_layer head;
  nn_linear classes;
} attention_network;

/* ---- weights ---- */

static int add_attention(attention_layer *l, nn_params *p, const char *name, int number, random_source *init) {
  static const char *const parts[] = {"query", "key", "value", "feed"};
  nn_linear *const linear[] = {&l->query, &l->key, &l->value, &l->feed};
  char full[64];
  int made = 1;
  for (int i = 0; i < 4 && made; i++) {
    snprintf(full, sizeof full, "%s%d.%s", name, number, parts[i]);
    made = nn_linear_add(linear[i], p, full, WIDTH, WIDTH);
    if (made && init) nn_init_xavier(linear[i]->w, init);
  }
  for (int i = 0; i < 2 && made; i++) {
    snprintf(full, sizeof full, "%s%d.norm%d", name, number, i + 1);
    made = nn_layer_norm_add(&l->norm[i], p, full, WIDTH);
  }
  return made;
}

static tensor *add_seeds(nn_params *p, const char *name, int number, int rows, random_source *init) {
  char full[64];
  snprintf(full, sizeof full, "%s%d", name, number);
  tensor *seeds = nn_params_add(p, full, 2, (int[]){rows, WIDTH}, 1);
  if (seeds && init) nn_init_normal(seeds, 1, init);
  return seeds;
}

static int attention_build(void *layers, nn_params *p, int classes, random_source *init) {
  attention_network *a = layers;
  int made = victim_linear_add(&a->point[0], p, "point1", 3, WIDTH, init) &&
             victim_linear_add(&a->point[1], p, "point2", WIDTH, WIDTH, init);
  for (int i = 0; i < ROUNDS && made; i++)
    made = (a->go_betweens[i] = add_seeds(p, "go_betweens", i + 1, GO_BETWEENS, init)) != NULL &&
           add_attention(&a->gather[i], p, "gather", i + 1, init) &&
           add_attention(&a->spread[i], p, "spread", i + 1, init);
  return made && (a->questions = add_seeds(p, "questions", 1, QUESTIONS, init)) != NULL &&
         add_attention(&a->pool, p, "pool", 1, init) &&
         victim_layer_add(&a->head, p, "head", QUESTIONS * WIDTH, HEAD, init) &&
         victim_linear_add(&a->classes, p, VICTIM_CLASSES, HEAD, classes, init);
}

/* ---- the figure ---- */

/* q [b, m, WIDTH], x [b, n, WIDTH] -> [b, m, WIDTH] */
static tensor *attend(tape *t, const attention_layer *l, tensor *q, tensor *x) {
  tensor *query = nn_linear_forward(t, &l->query, q);
  tensor *key = op_transpose(t, nn_linear_forward(t, &l->key, x));
  tensor *weight = op_softmax(t, op_affine(t, op_matmul(t, query, key), (float)(1 / sqrt(WIDTH)), 0));
  tensor *heard = op_matmul(t, weight, nn_linear_forward(t, &l->value, x));
  tensor *h = nn_layer_norm_forward(t, &l->norm[0], op_add(t, query, heard));
  tensor *fed = op_relu(t, nn_linear_forward(t, &l->feed, h));
  return nn_layer_norm_forward(t, &l->norm[1], op_add(t, h, fed));
}

/* The same seeds [rows, WIDTH] for each of b sets. */
static tensor *repeat(tape *t, tensor *seeds, int b) {
  return op_add(t, tape_zeros(t, 3, (int[]){b, seeds->dim[0], WIDTH}), seeds);
}

static tensor *attention_logits(tape *t, const void *layers, tensor *xyz) {
  const attention_network *a = layers;
  tensor *x = nn_linear_forward(t, &a->point[1], op_relu(t, nn_linear_forward(t, &a->point[0], xyz)));
  if (x == NULL) return NULL;
  const int b = x->dim[0];
  for (int i = 0; i < ROUNDS; i++)
    x = attend(t, &a->spread[i], x, attend(t, &a->gather[i], repeat(t, a->go_betweens[i], b), x));
  x = attend(t, &a->pool, repeat(t, a->questions, b), x);
  tensor *head = victim_layer_forward(t, &a->head, op_reshape(t, x, 2, (int[]){b, QUESTIONS * WIDTH}));
  return nn_linear_forward(t, &a->classes, head);
}

const victim_network victim_attention = {.name = "attention",
                                         .bytes = sizeof(attention_network),
                                         .rate = 1e-3,
                                         .build = attention_build,
                                         .logits = attention_logits};
