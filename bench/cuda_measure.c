#include "cuda_parts.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 3 };

/* ---- failure ---- */

static void leave(const char *doing, const char *why) {
  fflush(stdout);
  fprintf(stderr, "bench_cuda: %s: %s\n", doing, why);
  exit(EXIT_FAILURE);
}

void must_cuda(cudaError_t status, const char *doing) {
  if (status != cudaSuccess) leave(doing, cudaGetErrorString(status));
}

void must_scrim(scrim_status status, const scrim_error *error) {
  if (status != SCRIM_OK) leave(scrim_status_name(status), error->message);
}

void must_hold(int held, const char *what) {
  if (!held) leave(what, "it failed");
}

/* ---- time ---- */

double bench_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

spread spread_of(double *values, size_t n) {
  qsort(values, n, sizeof *values, by_value);
  return (spread){values[n / 2], values[0], values[n - 1], values[n * 99 / 100]};
}

static double measure_once(void (*work)(void *state), void *state, cudaEvent_t began, cudaEvent_t ended) {
  float milliseconds;
  must_cuda(cudaEventRecord(began, cudaStreamPerThread), "an event");
  work(state);
  must_cuda(cudaEventRecord(ended, cudaStreamPerThread), "an event");
  must_cuda(cudaEventSynchronize(ended), "waiting");
  must_cuda(cudaEventElapsedTime(&milliseconds, began, ended), "an event's time");
  return (double)milliseconds;
}

spread measure_events(const bench *b, void (*work)(void *state), void *state) {
  const int rounds = b->small ? 3 : BENCH_ROUNDS;
  double taken[BENCH_ROUNDS];
  cudaEvent_t began, ended;
  must_cuda(cudaEventCreate(&began), "an event");
  must_cuda(cudaEventCreate(&ended), "an event");
  for (int i = 0; i < (b->small ? 1 : WARM_UP); i++) work(state);
  for (int i = 0; i < rounds; i++) taken[i] = measure_once(work, state, began, ended);
  must_cuda(cudaEventDestroy(began), "an event");
  must_cuda(cudaEventDestroy(ended), "an event");
  return spread_of(taken, (size_t)rounds);
}

/* ---- numbers ---- */

float *host_uniform(size_t n) {
  float *values = memory_alloc((n + 1) * sizeof *values);
  must_hold(values != NULL, "memory of the host");
  uint32_t state = 1;
  for (size_t i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    values[i] = (float)(state >> 8) / (1 << 23) - 1;
  }
  return values;
}

float *device_uniform(size_t n) {
  float *host = host_uniform(n);
  void *device;
  must_cuda(cudaMalloc(&device, n * sizeof *host), "memory of the device");
  must_cuda(cudaMemcpy(device, host, n * sizeof *host, cudaMemcpyHostToDevice), "an upload");
  memory_free(host);
  return device;
}

void *device_zeroes(size_t bytes) {
  void *device;
  must_cuda(cudaMalloc(&device, bytes), "memory of the device");
  must_cuda(cudaMemset(device, 0, bytes), "zeroing");
  return device;
}

/* ---- telling ---- */

static const struct {
  const char *name, *unit;
  double scale; /* of what is a thousandth of a second's */
} roofs[ROOFS] = {{"copy", "GB", 1e9}, {"float32", "GFLOP", 1e9}, {"tf32", "GFLOP", 1e9}};

/* What goes into JSON has neither quotes nor controls: names of parts are of this program. */
static void tell_json(const bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell_json(const bench *b, const char *format, ...) {
  va_list list;
  if (!b->json) return;
  va_start(list, format);
  vfprintf(b->json, format, list);
  va_end(list);
  fflush(b->json);
}

void tell_part(const char *title, const char *columns) {
  printf("\n%s\n\n| %s |\n|", title, columns);
  for (const char *at = columns; at; at = strchr(at + 1, '|')) printf(" --- |");
  printf("\n");
}

void tell_kernel(const bench *b, const char *what, spread ms, double amount, roof of) {
  const double rate = amount / (1e-3 * ms.median), share = b->roof[of] > 0 ? rate / b->roof[of] : 0;
  printf("| %s | %.4g | %.4g..%.4g | %.4g %s | %.4g %s/s | %.0f %% of %s |\n", what, ms.median, ms.least, ms.most,
         amount / roofs[of].scale, roofs[of].unit, rate / roofs[of].scale, roofs[of].unit, 100 * share, roofs[of].name);
  fflush(stdout);
  tell_json(b,
            "{\"part\": \"%s\", \"what\": \"%s\", \"ms\": %.6g, \"least_ms\": %.6g, \"most_ms\": %.6g, "
            "\"amount\": %.6g, \"rate\": %.6g, \"roof\": \"%s\", \"share\": %.4g}\n",
            b->part, what, ms.median, ms.least, ms.most, amount, rate, roofs[of].name, share);
}

void tell_figure(const bench *b, const char *what, double value, const char *unit, double aim, int at_most,
                 const char *note) {
  printf("| %s | %.4g %s | ", what, value, unit);
  if (aim > 0 && !b->small)
    printf("%s %g: %s", at_most ? "at most" : "at least", aim, (value <= aim) == at_most ? "met" : "missed");
  printf(" | %s |\n", note);
  fflush(stdout);
  tell_json(
      b, "{\"part\": \"%s\", \"what\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"aim\": %.6g, \"note\": \"%s\"}\n",
      b->part, what, value, unit, aim, note);
}
