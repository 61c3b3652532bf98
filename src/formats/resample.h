/*
 * Sample rate conversion by libsoxr, streaming: frames in, frames out at their own times (the delay of the filter is
 * taken out), flat in the pass band up to 0.91 of the lower Nyquist frequency. How a stream is cut into pieces changes
 * no bit of the result; equal rates copy.
 */
#ifndef FORMATS_RESAMPLE_H
#define FORMATS_RESAMPLE_H

#include <scrim/status.h>
#include <stddef.h>

typedef struct resampler resampler;

/* Rates in Hz, above 0 and at most 1e6; channels 1 to 1024. SCRIM_E_ARGUMENT, SCRIM_E_MEMORY. */
scrim_status resample_open(resampler **out, double rate_in, double rate_out, size_t channels, scrim_error *error);
void resample_close(resampler *r); /* NULL is fine */

/*
 * Takes all of in [n_in, channels], n_in may be 0, and writes what is ready to out [capacity, channels]. `capacity` is
 * at least resample_bound(r, n_in), or SCRIM_E_ARGUMENT. The two do not overlap.
 */
scrim_status resample_push(resampler *r, const float *in, size_t n_in, float *out, size_t capacity, size_t *n_out,
                           scrim_error *error);
/*
 * Ends the stream: writes the rest, so that `frames` pushed frames give exactly resample_length(frames, ...) in all,
 * and readies r for the next one. `capacity` is at least resample_bound(r, 0).
 */
scrim_status resample_flush(resampler *r, float *out, size_t capacity, size_t *n_out, scrim_error *error);

/* Frames that a push of n_in frames, or with 0 a flush, can write at most, for the stream as it stands. */
size_t resample_bound(const resampler *r, size_t n_in);

/*
 * ceil(frames * rate_out / rate_in). Rounded up, so that there and back never gives fewer frames than there were: a
 * caller cuts what is over.
 */
size_t resample_length(size_t frames, double rate_in, double rate_out);

/*
 * A whole signal: in [n_in, channels] to out [n_out, channels], cut or filled up with silence to n_out frames, whatever
 * that is.
 */
scrim_status resample_all(const float *in, size_t n_in, size_t channels, double rate_in, double rate_out, float *out,
                          size_t n_out, scrim_error *error);

#endif
