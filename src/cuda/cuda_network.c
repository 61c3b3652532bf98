#include "cuda/cuda_network.h"

#include "core/error.h"
#include "cuda/cuda_state.h"

_Static_assert((int)NETWORKS_LAYERS == (int)DEVICE_NETWORK_LAYERS, "as many layers there as here");

static int padded(int out) {
  return (out + 3) / 4 * 4;
}

static scrim_status check_widths(const device_network *from, scrim_error *error) {
  if (from->layers < 1 || from->layers > NETWORKS_LAYERS)
    return fail(error, SCRIM_E_UNSUPPORTED, "a network of %d layers; the device takes 1 to %d", from->layers,
                NETWORKS_LAYERS);
  for (int i = 0; i <= from->layers; i++)
    if (from->width[i] < 1 || from->width[i] > NETWORKS_MOST_WIDTH)
      return fail(error, SCRIM_E_UNSUPPORTED, "a layer of width %d; the device takes 1 to %d", from->width[i],
                  NETWORKS_MOST_WIDTH);
  return SCRIM_OK;
}

/* Transposes and pads one layer to `to`; answers the floats that it takes. `to` NULL: only counts. */
static size_t pack(const float *w, const float *b, int in, int out, float *to) {
  const size_t stride = (size_t)padded(out);
  for (size_t o = 0; to != NULL && o < (size_t)out; o++) {
    for (size_t i = 0; i < (size_t)in; i++) to[i * stride + o] = w[o * (size_t)in + i];
    to[(size_t)in * stride + o] = b[o];
  }
  return ((size_t)in + 1) * stride;
}

static size_t pack_all(const device_network *from, float *to) {
  size_t n = 0;
  for (int i = 0; i < from->layers; i++)
    n += pack(from->w[i], from->b[i], from->width[i], from->width[i + 1], to != NULL ? to + n : NULL);
  return n;
}

/* Where the layers lie in what pack_all made. */
static void point_to_layers(const device_network *from, const float *weights, networks_network *network) {
  *network = (networks_network){.layers = from->layers, .widest = from->width[0]};
  for (int i = 0; i < from->layers; i++) {
    networks_layer *l = &network->layer[i];
    *l = (networks_layer){.w = weights, .in = from->width[i], .out = from->width[i + 1]};
    l->stride = padded(l->out);
    l->b = weights + (size_t)l->in * (size_t)l->stride;
    weights += pack(NULL, NULL, l->in, l->out, NULL);
    if (l->out > network->widest) network->widest = l->out;
  }
}

scrim_status cuda_network_upload(const device_network *from, networks_network *network, void **weights,
                                 scrim_error *error) {
  *weights = NULL;
  scrim_status status = check_widths(from, error);
  if (status != SCRIM_OK) return status;
  const size_t n = pack_all(from, NULL);
  scrim_error cause = {0};
  float *packed = memory_zalloc(n, sizeof *packed);
  if (packed == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a network's %zu weights", n);
  pack_all(from, packed);
  *weights = cuda_allocate(n * sizeof *packed, 0, "a network", &cause);
  status = *weights != NULL ? cuda_memory.upload_kept(*weights, packed, n * sizeof *packed, error)
                            : fail(error, cause.status, "%s", cause.message);
  memory_free(packed);
  if (status == SCRIM_OK) {
    point_to_layers(from, *weights, network);
    return SCRIM_OK;
  }
  cuda_free(*weights);
  *weights = NULL;
  return status;
}
