#include "purifier/reformer.h"

#include "core/error.h"
#include <math.h>
#include <string.h>

#define INIT_STD 0.01 /* of all linear weights, as published; batch norm makes the scale immaterial */
#define LOG_FLOOR 1e-7f
#define LOG_SCALE 0.125f /* brings log(LOG_FLOOR)..0 to about -2..0 */

reformer_shape reformer_shape_for(int classes) {
  if (classes <= 10) return (reformer_shape){classes, {32, 64, 128}, 2, 0};
  if (classes <= 200) return (reformer_shape){classes, {128, 256, 512}, 20, 0};
  return (reformer_shape){classes, {512, 1024, 2048}, 100, 0};
}

/* Adds every tensor in the order of the figure; 0 when out of memory. */
static int add_layers(reformer *r) {
  const int k = r->shape.classes, latent = r->shape.latent, *h = r->shape.hidden;
  nn_params *p = r->params;
  return nn_linear_add(&r->encoder[0], p, "encoder.0", 2 * k, h[0]) &&
         nn_batch_norm_add(&r->encoder_norm[0], p, "encoder.0.norm", h[0]) &&
         nn_linear_add(&r->encoder[1], p, "encoder.1", h[0], h[1]) &&
         nn_batch_norm_add(&r->encoder_norm[1], p, "encoder.1.norm", h[1]) &&
         nn_linear_add(&r->encoder[2], p, "encoder.2", h[1], h[2]) &&
         nn_batch_norm_add(&r->encoder_norm[2], p, "encoder.2.norm", h[2]) &&
         nn_linear_add(&r->mean, p, "mean", h[2], latent) &&
         nn_linear_add(&r->log_variance, p, "log_variance", h[2], latent) &&
         nn_linear_add(&r->decoder[0], p, "decoder.0", latent + k, h[2]) &&
         nn_linear_add(&r->decoder[1], p, "decoder.1", h[2], h[1]) &&
         nn_batch_norm_add(&r->decoder_norm[1], p, "decoder.1.norm", h[1]) &&
         nn_linear_add(&r->decoder[2], p, "decoder.2", h[1], h[0]) &&
         nn_batch_norm_add(&r->decoder_norm[2], p, "decoder.2.norm", h[0]) &&
         nn_linear_add(&r->decoder[3], p, "decoder.3", h[0], k);
}

static void init_weights(reformer *r, random_source *init) {
  for (int i = 0; i < 3; i++) nn_init_normal(r->encoder[i].w, INIT_STD, init);
  nn_init_normal(r->mean.w, INIT_STD, init);
  nn_init_normal(r->log_variance.w, INIT_STD, init);
  for (int i = 0; i < 4; i++) nn_init_normal(r->decoder[i].w, INIT_STD, init);
}

scrim_status reformer_create(reformer **out, const reformer_shape *shape, random_source *init, scrim_error *error) {
  reformer *r = memory_zalloc(1, sizeof *r);
  if (r != NULL) {
    r->shape = *shape;
    r->params = nn_params_create();
  }
  if (r == NULL || r->params == NULL || !add_layers(r)) {
    reformer_free(r);
    return fail(error, SCRIM_E_MEMORY, "out of memory for a reformer of %d classes", shape->classes);
  }
  if (init != NULL) init_weights(r, init);
  *out = r;
  return SCRIM_OK;
}

void reformer_free(reformer *r) {
  if (r == NULL) return;
  nn_params_free(r->params);
  memory_free(r);
}

void reformer_features(const reformer_shape *shape, const float *probabilities, float *features) {
  if (!shape->log_features) {
    memmove(features, probabilities, (size_t)shape->classes * sizeof *features);
    return;
  }
  for (int j = 0; j < shape->classes; j++) features[j] = LOG_SCALE * logf(probabilities[j] + LOG_FLOOR);
}

static tensor *block(tape *t, const nn_linear *linear, const nn_norm *norm, tensor *x) {
  return op_relu(t, nn_batch_norm_forward(t, norm, nn_linear_forward(t, linear, x)));
}

tensor *reformer_encode(tape *t, const reformer *r, tensor *x, tensor **log_variance) {
  for (int i = 0; i < 3; i++) x = block(t, &r->encoder[i], &r->encoder_norm[i], x);
  *log_variance = nn_linear_forward(t, &r->log_variance, x);
  return nn_linear_forward(t, &r->mean, x);
}

tensor *reformer_decode(tape *t, const reformer *r, tensor *z, tensor *one_hot) {
  tensor *x = nn_linear_forward(t, &r->decoder[0], op_concat(t, (tensor *[]){z, one_hot}, 2, 1));
  for (int i = 1; i < 3; i++) x = block(t, &r->decoder[i], &r->decoder_norm[i], x);
  return nn_linear_forward(t, &r->decoder[3], x);
}
