/*
 * Intervals of figures about speakers: 95 % percentile bootstrap over speakers, because what one speaker says is
 * anything but independent.
 */
#ifndef VOICE_DEID_SPEAKER_BOOTSTRAP_H
#define VOICE_DEID_SPEAKER_BOOTSTRAP_H

#include <scrim/interval.h>
#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The figure when speaker i counts times[i] times; NULL: each once. Answers NaN where there is none (one speaker drawn
 * alone makes no impostor); such draws are left out.
 */
typedef double (*speaker_figure_fn)(const void *context, const uint32_t *times);

/* The same seed gives the same interval. If no draw has a figure, low and high are the figure itself. */
scrim_status speaker_bootstrap(scrim_interval *out, size_t speakers, speaker_figure_fn figure, const void *context,
                               uint64_t seed, scrim_error *error);

#endif
