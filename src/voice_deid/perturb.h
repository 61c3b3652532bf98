/*
 * The perturbation of one segment of speech: a moving response under which speaker encoders take the talker for the
 * target. After VoiceCloak (arXiv 2211.05446), whose loss for an encoder, with d = 1 - cosine, is
 *
 *     max(d(output, target) - target_margin, 0) + max(source_margin - d(output, source), 0)
 *
 * and here is averaged over encoders, each of which hears the output through a draw of its own: another cut, channel
 * and noise. A response unlike what such draws leave alone does not carry over to encoders that nobody attacked. Nor
 * does one that colours the speech, the same all the time, to encoders that remove the means of their features, as most
 * do: these weigh more than those which keep them.
 *
 * The response follows the speech: its band gains are one linear map of the envelope's state (envelope.h), the same all
 * through the segment, plus slow moves. Gains are held within a peak, and their root mean square within `strength`,
 * which is what mel-cepstral distortion measures. Their level is undone.
 */
#ifndef VOICE_DEID_PERTURB_H
#define VOICE_DEID_PERTURB_H

#include "voice_deid/perturb_pass.h"

typedef struct perturb perturb; /* scratch, and the map between segments; one thread at a time */
/* Encoders are borrowed. */
scrim_status perturb_create(perturb **out, const speaker_encoder *const *encoders, int n_encoders,
                            const perturb_settings *settings, scrim_error *error);
void perturb_free(perturb *p);   /* wipes; NULL is fine */
void perturb_forget(perturb *p); /* the next segment is the first of an item */
/* The next segment starts from this map [ENVELOPE_BANDS, ENVELOPE_STATE], brought to the bound, whatever was before. */
void perturb_start(perturb *p, const float *map);

typedef struct perturb_result {
  int nodes;
  const float *responses; /* [nodes, ENVELOPE_TAPS], until the next call */
  int steps, reached;     /* reached: all margins were met, three steps in a row */
  double distortion;      /* root mean square of the gains where there is speech, dB */
  int has_cosines;        /* 0: no step was taken on this segment, and nobody listened */
  double source_cosine[PERTURB_ENCODERS], target_cosine[PERTURB_ENCODERS];
} perturb_result;

/*
 * The segment's speech x [n], n from SPEAKER_LEAST_SAMPLES to PERTURB_MOST_SAMPLES. Then perturb_source is what encoder
 * e makes of it: [dimensions], of unit length, until another segment is heard.
 */
scrim_status perturb_begin(perturb *p, const float *x, size_t n, scrim_error *error);
const float *perturb_source(const perturb *p, int e);
/* The same for a segment that takes no step, for the map of the one before will do: encoders do not hear it. */
scrim_status perturb_begin_deaf(perturb *p, const float *x, size_t n, scrim_error *error);
/*
 * sent [n]: what goes through the moving response, the speech itself or in a room. targets [n_encoders]: unit
 * embeddings. At most `steps` are taken; 0: the map as it stands. `random` stands in a stream of this segment.
 */
scrim_status perturb_run(perturb *p, const float *sent, const float *const *targets, int steps, random_source *random,
                         perturb_result *result, scrim_error *error);

#endif
