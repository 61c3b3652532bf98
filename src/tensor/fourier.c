/* The one place that plans transforms. */
#include "tensor/fourier.h"
#include "core/memory.h"
#include <fftw3.h>
#include <pthread.h>

struct fourier {
  int length;
  fftwf_plan forward, inverse;
};

/* FFTW's planner keeps tables for the whole process, so planning is serialised; running a plan needs no lock. */
static pthread_mutex_t fourier_planner = PTHREAD_MUTEX_INITIALIZER;

/* Planning by FFTW_ESTIMATE looks at where buffers lie, not at what is in them. */
static void fourier_plan(fourier *f, float *x, fourier_bin *spectrum) {
  pthread_mutex_lock(&fourier_planner);
  f->forward = fftwf_plan_dft_r2c_1d(f->length, x, spectrum, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  f->inverse = fftwf_plan_dft_c2r_1d(f->length, spectrum, x, FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
  pthread_mutex_unlock(&fourier_planner);
}

fourier *fourier_create(int length) {
  fourier *f = memory_zalloc(1, sizeof *f);
  float *x = memory_zalloc((size_t)length, sizeof *x);
  fourier_bin *spectrum = memory_zalloc((size_t)length / 2 + 1, sizeof *spectrum);
  if (f && x && spectrum) {
    f->length = length;
    fourier_plan(f, x, spectrum);
  }
  memory_free(x);
  memory_free(spectrum);
  if (f && f->forward && f->inverse) return f;
  fourier_free(f);
  return NULL;
}

void fourier_free(fourier *f) {
  if (!f) return;
  pthread_mutex_lock(&fourier_planner);
  fftwf_destroy_plan(f->forward);
  fftwf_destroy_plan(f->inverse);
  pthread_mutex_unlock(&fourier_planner);
  memory_free(f);
}

int fourier_bins(const fourier *f) {
  return f->length / 2 + 1;
}

void fourier_forward(const fourier *f, const float *x, fourier_bin *spectrum) {
  fftwf_execute_dft_r2c(f->forward, (float *)x, spectrum); /* preserves its input, though its type cannot say so */
}

void fourier_inverse(const fourier *f, fourier_bin *spectrum, float *x) {
  fftwf_execute_dft_c2r(f->inverse, spectrum, x);
}

int fourier_good_length(int n) {
  static const int factor[] = {2, 3, 5};
  for (;; n++) {
    int rest = n;
    for (int i = 0; i < 3; i++) {
      while (rest % factor[i] == 0) rest /= factor[i];
    }
    if (rest == 1) return n;
  }
}
