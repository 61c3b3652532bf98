/* cuFFT by FFTW: batches of one-dimensional real transforms. */
#include "cufft.h"
#include "emulated_parts.h"
#include <fftw3.h>
#include <map>

namespace {

struct fft_plan {
  fftwf_plan transform = nullptr;
  int length = 0, batch = 0;
  cufftType type = CUFFT_R2C;
  cudaStream_t stream = nullptr;
};

struct fft_plans {
  std::map<cufftHandle, fft_plan> of;
  cufftHandle next = 1;
};

fft_plans &plans() {
  static fft_plans *p = new fft_plans();
  return *p;
}

fft_plan *find(cufftHandle handle) {
  const auto plan = plans().of.find(handle);
  return plan == plans().of.end() ? nullptr : &plan->second;
}

size_t bins(const fft_plan &p) {
  return static_cast<size_t>(p.length / 2 + 1) * static_cast<size_t>(p.batch);
}
size_t values(const fft_plan &p) {
  return static_cast<size_t>(p.length) * static_cast<size_t>(p.batch);
}

/* Made on memory of its own, as planning may write to it; the kinds must fit in place or not, and in alignment. */
fftwf_plan make(const fft_plan &p) {
  float *signal = fftwf_alloc_real(values(p));
  fftwf_complex *spectrum = fftwf_alloc_complex(bins(p));
  const unsigned how = FFTW_ESTIMATE | FFTW_UNALIGNED;
  const int far = p.length / 2 + 1;
  fftwf_plan made = nullptr;
  if (p.type == CUFFT_R2C) {
    made = fftwf_plan_many_dft_r2c(1, &p.length, p.batch, signal, nullptr, 1, p.length, spectrum, nullptr, 1, far, how);
  } else {
    made = fftwf_plan_many_dft_c2r(1, &p.length, p.batch, spectrum, nullptr, 1, far, signal, nullptr, 1, p.length, how);
  }
  fftwf_free(signal);
  fftwf_free(spectrum);
  return made;
}

/* 1: a plan of this type, and both arrays lie on the device. */
int fits(const fft_plan *p, cufftType type, const void *signal, const void *spectrum) {
  if (!p || !p->transform || p->type != type) return 0;
  if (!emulated_memory_holds(signal, values(*p) * sizeof(float)))
    emulated_die("the signals of an FFT are not the device's");
  if (!emulated_memory_holds(spectrum, bins(*p) * sizeof(cufftComplex))) {
    emulated_die("the spectra of an FFT are not the device's");
  }
  return 1;
}

} // namespace

extern "C" {

cufftResult cufftCreate(cufftHandle *plan) {
  emulated_guard guard(emulated_lock);
  if (emulated_fails()) return CUFFT_ALLOC_FAILED;
  *plan = plans().next++;
  plans().of[*plan] = fft_plan();
  return CUFFT_SUCCESS;
}

cufftResult cufftDestroy(cufftHandle handle) {
  emulated_guard guard(emulated_lock);
  fft_plan *p = find(handle);
  if (!p) return CUFFT_INVALID_PLAN;
  emulated_drain_all();
  if (p->transform) fftwf_destroy_plan(p->transform);
  plans().of.erase(handle);
  return CUFFT_SUCCESS;
}

cufftResult cufftSetStream(cufftHandle handle, cudaStream_t stream) {
  emulated_guard guard(emulated_lock);
  fft_plan *p = find(handle);
  if (!p) return CUFFT_INVALID_PLAN;
  p->stream = stream;
  return CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle handle, int) {
  return find(handle) ? CUFFT_SUCCESS : CUFFT_INVALID_PLAN;
}

cufftResult cufftSetWorkArea(cufftHandle handle, void *area) {
  emulated_guard guard(emulated_lock);
  if (area && !emulated_memory_holds(area, 1)) emulated_die("the work area of an FFT is not the device's");
  return find(handle) ? CUFFT_SUCCESS : CUFFT_INVALID_PLAN;
}

cufftResult cufftMakePlanMany(cufftHandle handle, int rank, int *n, int *in_embed, int, int, int *out_embed, int, int,
                              cufftType type, int batch, size_t *work_bytes) {
  emulated_guard guard(emulated_lock);
  fft_plan *p = find(handle);
  if (!p) return CUFFT_INVALID_PLAN;
  if (rank != 1 || in_embed || out_embed) return CUFFT_INVALID_VALUE;
  if (n[0] < 1 || batch < 1) return CUFFT_INVALID_SIZE;
  if (emulated_fails()) return CUFFT_ALLOC_FAILED;
  p->length = n[0];
  p->batch = batch;
  p->type = type;
  p->transform = make(*p);
  *work_bytes = values(*p) * sizeof(float);
  return p->transform ? CUFFT_SUCCESS : CUFFT_INTERNAL_ERROR;
}

cufftResult cufftExecR2C(cufftHandle handle, cufftReal *signal, cufftComplex *spectrum) {
  emulated_guard guard(emulated_lock);
  fft_plan *p = find(handle);
  if (!fits(p, CUFFT_R2C, signal, spectrum)) return CUFFT_INVALID_PLAN;
  const fftwf_plan transform = p->transform;
  const cudaError_t error = emulated_enqueue(
      [=] { fftwf_execute_dft_r2c(transform, signal, reinterpret_cast<fftwf_complex *>(spectrum)); }, p->stream);
  return error == cudaSuccess ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

cufftResult cufftExecC2R(cufftHandle handle, cufftComplex *spectrum, cufftReal *signal) {
  emulated_guard guard(emulated_lock);
  fft_plan *p = find(handle);
  if (!fits(p, CUFFT_C2R, signal, spectrum)) return CUFFT_INVALID_PLAN;
  const fftwf_plan transform = p->transform;
  const cudaError_t error = emulated_enqueue(
      [=] { fftwf_execute_dft_c2r(transform, reinterpret_cast<fftwf_complex *>(spectrum), signal); }, p->stream);
  return error == cudaSuccess ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

} /* extern "C" */
