#include "tensor/cpu_fft.h"
#include "tensor/vector_math.h"

typedef struct cpu_fft {
  struct cpu_fft *next;
  int length;
  fourier *transform;
} cpu_fft;

const fourier *cpu_fft_find(node *n, int length) {
  cpu_fft **list = (cpu_fft **)tape_state(n), *fft = *list;
  while (fft && fft->length != length) fft = fft->next;
  if (fft) return fft->transform;
  fft = memory_zalloc(1, sizeof *fft);
  fourier *transform = fourier_create(length);
  if (fft && transform) {
    *fft = (cpu_fft){.next = *list, .length = length, .transform = transform};
    *list = fft;
    return transform;
  }
  memory_free(fft);
  fourier_free(transform);
  tape_fail(n->tape, SCRIM_E_MEMORY, "no plan for a transform of %d values", length);
  return NULL;
}

void cpu_fft_release(void *state) {
  for (cpu_fft *fft = state, *next; fft; fft = next) {
    next = fft->next;
    fourier_free(fft->transform);
    memory_free(fft);
  }
}

size_t cpu_fft_round(size_t values) {
  return (values + VECTOR_LANES - 1) / VECTOR_LANES * VECTOR_LANES;
}
