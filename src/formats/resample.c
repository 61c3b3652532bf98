/* Sample rate conversion by libsoxr. */
#include "formats/resample.h"
#include "core/error.h"
#include "core/memory.h"
#include <math.h>
#include <soxr.h>
#include <string.h>

static const double rate_max = 1e6;
enum { CHANNELS_MAX = 1024, PAD_FRAMES = 256 };

struct resampler {
  soxr_t soxr; /* NULL: equal rates, which copy */
  double rate_in, rate_out;
  size_t channels;
  size_t n_in, n_out; /* frames of this stream so far */
};

/*
 * Rates are whole numbers in practice, so this is exact until frames * rate_out passes 2^53: 70 years at 48 kHz to 96
 * kHz would pass it.
 */
size_t resample_length(size_t frames, double rate_in, double rate_out) {
  return rate_in == rate_out ? frames : (size_t)ceil((double)frames * rate_out / rate_in);
}

scrim_status resample_open(resampler **out, double rate_in, double rate_out, size_t channels, scrim_error *error) {
  *out = NULL;
  if (!(rate_in > 0 && rate_in <= rate_max && rate_out > 0 && rate_out <= rate_max))
    return fail(error, SCRIM_E_ARGUMENT, "cannot resample from %g to %g Hz, only within 0 to %g", rate_in, rate_out,
                rate_max);
  if (channels < 1 || channels > CHANNELS_MAX)
    return fail(error, SCRIM_E_ARGUMENT, "cannot resample %zu channels, only 1 to %d", channels, CHANNELS_MAX);
  resampler *r = memory_zalloc(1, sizeof *r);
  if (r == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a resampler");
  *r = (resampler){.rate_in = rate_in, .rate_out = rate_out, .channels = channels};
  /* One thread, so that sums are made in one order. */
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
  soxr_error_t reason = NULL;
  if (rate_in != rate_out)
    r->soxr = soxr_create(rate_in, rate_out, (unsigned)channels, &reason, NULL, &quality, &runtime);
  if (rate_in != rate_out && (r->soxr == NULL || reason != NULL)) {
    resample_close(r);
    return fail(error, SCRIM_E_MEMORY, "libsoxr cannot resample from %g to %g Hz: %s", rate_in, rate_out,
                reason != NULL ? reason : "out of memory");
  }
  *out = r;
  return SCRIM_OK;
}

void resample_close(resampler *r) {
  if (r == NULL) return;
  soxr_delete(r->soxr);
  memory_free(r);
}

size_t resample_bound(const resampler *r, size_t n_in) {
  return resample_length(r->n_in + n_in, r->rate_in, r->rate_out) - r->n_out;
}

/* Everything of `in` goes in, and what comes out while it does. */
static scrim_status resample_feed(resampler *r, const float *in, size_t n_in, float *out, size_t capacity,
                                  size_t *n_out, scrim_error *error) {
  size_t taken = 0, given = 0;
  do {
    size_t some_in = 0, some_out = 0;
    soxr_error_t reason = soxr_process(r->soxr, in + taken * r->channels, n_in - taken, &some_in,
                                       out + given * r->channels, capacity - given, &some_out);
    if (reason != NULL) return fail(error, SCRIM_E_MEMORY, "libsoxr failed: %s", reason);
    taken += some_in;
    given += some_out;
    if (some_in == 0 && some_out == 0) break;
  } while (taken < n_in || given < capacity);
  *n_out = given;
  return taken == n_in ? SCRIM_OK : fail(error, SCRIM_E_INTERNAL, "libsoxr took %zu of %zu frames", taken, n_in);
}

scrim_status resample_push(resampler *r, const float *in, size_t n_in, float *out, size_t capacity, size_t *n_out,
                           scrim_error *error) {
  *n_out = 0;
  if (capacity < resample_bound(r, n_in))
    return fail(error, SCRIM_E_ARGUMENT, "room for %zu frames, but resampling may give %zu", capacity,
                resample_bound(r, n_in));
  scrim_status status = SCRIM_OK;
  if (r->soxr == NULL) {
    memcpy(out, in, n_in * r->channels * sizeof *out);
    *n_out = n_in;
  } else if (n_in > 0) {
    status = resample_feed(r, in, n_in, out, resample_bound(r, n_in), n_out, error);
  }
  r->n_in += n_in;
  r->n_out += *n_out;
  return status;
}

/*
 * libsoxr rounds the length of what it gives to the nearest frame; here it is rounded up. So silence follows the
 * stream until it has given as much, and what it then still holds is cleared.
 */
static scrim_status resample_pad(resampler *r, float *out, size_t *n_out, scrim_error *error) {
  const size_t wanted = resample_bound(r, 0);
  const size_t floats = PAD_FRAMES * r->channels;
  float *silence = memory_zalloc(floats, sizeof *silence);
  if (silence == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for %d frames of silence", PAD_FRAMES);
  scrim_status status = SCRIM_OK;
  while (*n_out < wanted && status == SCRIM_OK) {
    size_t taken = 0, given = 0;
    soxr_error_t reason =
        soxr_process(r->soxr, silence, PAD_FRAMES, &taken, out + *n_out * r->channels, wanted - *n_out, &given);
    if (reason != NULL) status = fail(error, SCRIM_E_MEMORY, "libsoxr failed: %s", reason);
    *n_out += given;
  }
  memory_free(silence);
  return status;
}

scrim_status resample_flush(resampler *r, float *out, size_t capacity, size_t *n_out, scrim_error *error) {
  *n_out = 0;
  if (capacity < resample_bound(r, 0))
    return fail(error, SCRIM_E_ARGUMENT, "room for %zu frames, but %zu are left", capacity, resample_bound(r, 0));
  scrim_status status = r->soxr == NULL ? SCRIM_OK : resample_pad(r, out, n_out, error);
  soxr_error_t reason = r->soxr == NULL ? NULL : soxr_clear(r->soxr);
  if (status == SCRIM_OK && reason != NULL) status = fail(error, SCRIM_E_MEMORY, "libsoxr failed: %s", reason);
  r->n_in = r->n_out = 0;
  return status;
}

scrim_status resample_all(const float *in, size_t n_in, size_t channels, double rate_in, double rate_out, float *out,
                          size_t n_out, scrim_error *error) {
  resampler *r;
  scrim_status status = resample_open(&r, rate_in, rate_out, channels, error);
  if (status != SCRIM_OK) return status;
  const size_t length = resample_length(n_in, rate_in, rate_out);
  float *whole = length <= n_out ? out : memory_zalloc(length, channels * sizeof *whole);
  size_t pushed = 0, flushed = 0;
  if (whole == NULL) status = fail(error, SCRIM_E_MEMORY, "out of memory for %zu resampled frames", length);
  if (status == SCRIM_OK) status = resample_push(r, in, n_in, whole, length, &pushed, error);
  if (status == SCRIM_OK) status = resample_flush(r, whole + pushed * channels, length - pushed, &flushed, error);
  if (status == SCRIM_OK && whole != out) memcpy(out, whole, n_out * channels * sizeof *out);
  if (status == SCRIM_OK && whole == out) memset(out + length * channels, 0, (n_out - length) * channels * sizeof *out);
  if (whole != out) memory_wipe_free(whole, length * channels * sizeof *whole);
  resample_close(r);
  return status;
}
