/*
 * The prior over objects: what clean ones look like, as a network that tells the noise in a noisy cloud from the
 * object. Of the class of Luo and Hu 2021 ("Diffusion probabilistic models for 3D point cloud generation"); w is the
 * width:
 *
 *     encoder   x [n, 3] -> w -> w -> 2w -> 4w, ReLU after each; the largest over the points
 *               -> 2w -> w -> latent, ReLU between
 *     network   [features of x_t] -> w -> 2w -> 4w -> 2w -> w -> 3, leaky ReLU (0.01) between; added to x_t: epsilon
 *     its layer y = (W x + b) * sigmoid(G c + g) + H c       c: [latent | u, sin u, cos u], u = log diffusion_ratio(t)
 *
 * Published: w 128, latent 256, c with beta instead of u, features x_t alone. beta spans 0.0001 to 0.05, so its sine
 * and cosine tell a network nothing; u spans -4.6 to 3. With `planes` = 1 features are x_t and the way from there to
 * the best-fit plane of its neighbours, in units of the noise: a network that sees one point at a time cannot know a
 * surface as finely as the points about it tell, and this is what they tell.
 *
 * Clouds come with mean 0 and standard deviation 1 over all coordinates.
 */
#ifndef POINTCLOUD_DEFENSE_PRIOR_H
#define POINTCLOUD_DEFENSE_PRIOR_H

#include "nn/nn.h"

typedef struct prior_shape {
  int width, latent;
  int planes; /* 1: features have the way to the plane */
} prior_shape;

enum {
  PRIOR_ENCODER_LAYERS = 4,
  PRIOR_HEAD_LAYERS = 3,
  PRIOR_LAYERS = 6, /* of the network */
  PRIOR_TIMES = 3,  /* numbers that tell the time step */
  PRIOR_MOST_FEATURES = 6,
  PRIOR_NEIGHBOURS = 16 /* whose plane it is */
};

typedef struct prior_layer {
  nn_linear linear, gate; /* W, b and G, g */
  tensor *shift;          /* H [out, latent + PRIOR_TIMES] */
} prior_layer;

typedef struct prior {
  prior_shape shape;
  nn_params *params;
  nn_linear encoder[PRIOR_ENCODER_LAYERS], head[PRIOR_HEAD_LAYERS];
  prior_layer layer[PRIOR_LAYERS];
} prior;

int prior_features_count(const prior_shape *shape);       /* of a point */
int prior_width(const prior_shape *shape, int layer);     /* outputs of a layer of the network */
void prior_times(double ratio, float times[PRIOR_TIMES]); /* u, sin u, cos u */
/* surface [n, 3]: xyz projected onto those planes; NULL without `planes`. spread: sqrt(1 - alpha) of the time step. */
void prior_features(const prior_shape *shape, const float *xyz, const float *surface, double spread, size_t n,
                    float *features);

/* `init` NULL: weights stay zero, to be loaded. */
scrim_status prior_create(prior **out, const prior_shape *shape, random_source *init, scrim_error *error);
void prior_free(prior *p);

/* points [b, n, 3] -> latent [b, latent] */
tensor *prior_encode(tape *t, const prior *p, tensor *points);
/*
 * The noise in features [m, features], b clouds' points in a row: owner[i] is the cloud of point i (borrowed),
 * context [b, latent + PRIOR_TIMES] what its layers are told. -> [m, 3]
 */
tensor *prior_epsilon(tape *t, const prior *p, tensor *features, tensor *context, const int32_t *owner);

/* Sizes from the tensors of a file, within what the parameters allow; then the weights. SCRIM_E_FORMAT. */
scrim_status prior_put(const prior *p, tensorfile_writer *writer, scrim_error *error);
scrim_status prior_get(prior **out, const tensorfile *file, scrim_error *error);
int prior_is_in(const tensorfile *file);

#endif
