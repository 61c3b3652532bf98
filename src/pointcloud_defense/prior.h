/*
 * The prior over objects: what clean ones look like, as a network that tells the noise in a noisy cloud from the
 * object. Of the class of Luo and Hu 2021 ("Diffusion probabilistic models for 3D point cloud generation"): an encoder
 * of the whole cloud, and a network that sees one point at a time and is told the latent and the time step. w is the
 * width, [] what neighbours tell of a point (prior_local.h):
 *
 *     encoder   [invariants] -> w -> w -> 2w -> 4w, ReLU after each; the mean over the points
 *               -> 2w -> w -> latent, ReLU between
 *     gauge     latent -> log(noise / spacing + PRIOR_GAUGE_LEAST): how much noise there is
 *     network   [invariants] -> w -> 2w -> 4w -> 2w -> w -> a factor for each way, leaky ReLU (0.01) between;
 *               epsilon = -(the sum of factors times ways, which are in units of the noise here)
 *     its layer y = (W x + b) * sigmoid(G c + g) + H c       c: [latent | u, sin u, cos u], u = log(noise / spacing)
 *
 * Published: inputs and answers are coordinates, the encoder takes the largest over the points, c has beta instead of
 * u. A network that sees the coordinates of one point at a time cannot know a surface as finely as the points about it
 * tell, and must learn anew what it is to be turned; here the answer turns with the cloud whatever the weights are, and
 * plane projection is among what it can say. The mean over points is the same for a sample of them as for all. beta
 * spans 0.0001 to 0.05, so its sine and cosine tell a network nothing.
 *
 * The gauge is the distortion estimator: distances from planes alone, however well normalised, tell noise below a third
 * of the spacing hardly from edges and bends; the encoder has seen both.
 *
 * Clouds come with mean 0 and standard deviation 1 over all coordinates.
 */
#ifndef POINTCLOUD_DEFENSE_PRIOR_H
#define POINTCLOUD_DEFENSE_PRIOR_H

#include "nn/nn.h"
#include "pointcloud_defense/prior_local.h"

typedef struct prior_shape {
  int width, latent;
} prior_shape;

enum {
  PRIOR_ENCODER_LAYERS = 4,
  PRIOR_HEAD_LAYERS = 3,
  PRIOR_LAYERS = 6, /* of the network */
  PRIOR_TIMES = 3   /* numbers that tell the time step */
};

static const double PRIOR_GAUGE_LEAST = 0.01;

typedef struct prior_layer {
  nn_linear linear, gate; /* W, b and G, g */
  tensor *shift;          /* H [out, latent + PRIOR_TIMES] */
} prior_layer;

typedef struct prior {
  prior_shape shape;
  nn_params *params;
  nn_linear encoder[PRIOR_ENCODER_LAYERS], head[PRIOR_HEAD_LAYERS], gauge;
  prior_layer layer[PRIOR_LAYERS];
} prior;

int prior_width(const prior_shape *shape, int layer);     /* outputs of a layer of the network */
void prior_times(double noise, float times[PRIOR_TIMES]); /* in units of the spacing -> u, sin u, cos u */

/* `init` NULL: weights stay zero, to be loaded. */
scrim_status prior_create(prior **out, const prior_shape *shape, random_source *init, scrim_error *error);
void prior_free(prior *p);

/* invariants [b, n, PRIOR_INVARIANTS] -> latent [b, latent] */
tensor *prior_encode(tape *t, const prior *p, tensor *invariants);
/* latent [b, latent] -> [b, 1] */
tensor *prior_gauge(tape *t, const prior *p, tensor *latent);
/*
 * The noise in m points of b clouds, in a row: owner[i] is the cloud of point i (borrowed), context [b, latent +
 * PRIOR_TIMES] what its layers are told. invariants [m, PRIOR_INVARIANTS], ways [3, m, PRIOR_WAYS] -> epsilon [m, 3]
 */
tensor *prior_epsilon(tape *t, const prior *p, tensor *invariants, tensor *ways, tensor *context, const int32_t *owner);

/* Sizes from the tensors of a file, within what the parameters allow; then the weights. SCRIM_E_FORMAT. */
scrim_status prior_put(const prior *p, tensorfile_writer *writer, scrim_error *error);
scrim_status prior_get(prior **out, const tensorfile *file, scrim_error *error);
int prior_is_in(const tensorfile *file);

#endif
