/* Adapter for log_bands. */
#include "cuda/cuda_ops.h"
#include "cuda/kernels_bands.h"

static bands_pass cuda_bands_of(node *n) {
  const int *powers = n->in[0]->dim;
  return (bands_pass){.clips = powers[0],
                      .frames = powers[1],
                      .bins = powers[2],
                      .bands = n->in[1]->dim[0],
                      .centre = n->at.bands.centre,
                      .floor = n->at.bands.floor,
                      .powers = cuda_in(n, 0),
                      .weights = cuda_in(n, 1),
                      .covers = cuda_index(n),
                      .sums = cuda_saved(n),
                      .y = cuda_out(n)};
}

void cuda_log_bands_forward(node *n) {
  const bands_pass p = cuda_bands_of(n);
  cuda_ok(n, launch_bands_forward(&p, cuda_stream(n)));
}

/* The weights want no gradient (op_log_bands). */
void cuda_log_bands_backward(node *n) {
  bands_pass p = cuda_bands_of(n);
  p.g = cuda_out_grad(n);
  p.powers_grad = cuda_in_grad(n, 0);
  p.slope = p.powers_grad ? cuda_scratch(n, n->out.n) : NULL;
  if (p.slope) cuda_ok(n, launch_bands_backward(&p, cuda_stream(n)));
}
