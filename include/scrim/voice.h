/*
 * scrim/voice.h: the voice filter: items, what was done to them, training.
 *
 * After VoiceCloak (IMWUT 7(2) 48, 2023; arXiv 2211.05446): speech is convolved with the response of a room
 * that is perturbed until speaker encoders take the talker for another. Here the response moves slowly in time, as if
 * the talker did, and all that is done to the sound is a bounded change of its envelope; the early reflections come
 * from a simulated room. Who the talker becomes is drawn from a conditional variational autoencoder over the
 * embeddings of all encoders in the filter.
 *
 * Input of the filter: audio, float32 [frames, channels], full scale 1. The output has the same rate, channels and
 * number of frames, keeps the loudness, stays within full scale, and what is digital silence stays so. The response is
 * worked out from the mean of the channels at 16 kHz and is the same for all of them; what lies above 8 kHz passes.
 *
 *     scrim_voice_begin(session, &item, &error);                          optional: rate, channels, pseudonym
 *     while (read) scrim_push(session, &in, &out, &error);                any block sizes: the same output
 *     scrim_flush(session, &out, &error);
 *
 * scrim_apply does all of it for one whole item. Memory is bounded: an item is worked on in segments whose responses
 * cross-fade, and scrim_push lags by scrim_latency frames. The same key and the same item give the same bits.
 *
 * Thread safety: as for all filters. A report belongs to the thread of its session.
 */
#ifndef SCRIM_VOICE_H
#define SCRIM_VOICE_H

#include <scrim/filter.h>
#include <scrim/scores.h> /* scrim_train_options */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- items ---- */

typedef struct scrim_voice_item {
  double rate;     /* Hz, 4000 to 768000 */
  size_t channels; /* 1 to 256 */
  /*
   * NULL: a target of its own, drawn with the key from the item's first segment. Else a speaker id: all items of that
   * id get one target, drawn with the key from the id. Copied.
   */
  const char *pseudonym;
} scrim_voice_item;

/*
 * Says what the next item is, which scrim_push, or scrim_apply, then brings. Without it an item has the rate and
 * channels of its first view, and no pseudonym. SCRIM_E_ARGUMENT: NULL, no session of a voice filter, or a rate or
 * number of channels that is out of range. SCRIM_E_STATE: in the middle of a stream. SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_begin(scrim_session *session, const scrim_voice_item *item,
                                                          scrim_error *error);

#define SCRIM_VOICE_ENCODERS_MAX 8

typedef struct scrim_voice_report {
  double seconds;    /* of the item */
  size_t segments;   /* that it was worked on in */
  size_t silent;     /* of these, those that hold nothing but digital silence */
  size_t reached;    /* of these, those that met the margins of all encoders */
  double steps;      /* of the optimiser, mean over the segments that are not silent */
  double distortion; /* root mean square of the envelope's change, dB, the same mean */
  double limited;    /* share of frames where the change was made smaller to stay within full scale */
  size_t target;     /* which target of the filter's bank was drawn: secret, for it helps to link items */
  size_t encoders;   /* in the filter */
  double source_cosine[SCRIM_VOICE_ENCODERS_MAX]; /* of each encoder: output to input, mean over segments */
  double target_cosine[SCRIM_VOICE_ENCODERS_MAX]; /* output to target */
  double milliseconds;                            /* spent in the filter */
} scrim_voice_report;

/*
 * The session's last item: whole after scrim_apply and scrim_flush, in part before. SCRIM_E_ARGUMENT: NULL, or no
 * session of a voice filter. SCRIM_E_STATE: there was no item, or it failed.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_report_get(const scrim_session *session, scrim_voice_report *report,
                                                               scrim_error *error);

/* ---- training ---- */

typedef struct scrim_voice_clip {
  const char *path;    /* of an audio file in any format that scrim/audio.h reads, any rate */
  const char *speaker; /* id */
} scrim_voice_clip;

/* The caller's, only read; nothing is kept after the call. */
typedef struct scrim_voice_corpus {
  const scrim_voice_clip *clips; /* [n_clips] */
  size_t n_clips;
  const char *const *rooms; /* [n_rooms] paths of room impulse responses, audio files, direct path first */
  size_t n_rooms;
} scrim_voice_corpus;

/*
 * Makes a voice filter of encoders that were trained before (files of `scrim voice train encoder`), and of a target
 * sampler that is trained here on their embeddings of the clips; the early parts of the rooms go into the filter.
 * The caller frees it with scrim_filter_free. `config`: kind "voice", or NULL for defaults; `options`: NULL for none,
 * and seed 0.
 *
 * SCRIM_E_DATA: fewer than 20 speakers, a clip without sound, or training that diverged. SCRIM_E_ARGUMENT: no encoder,
 * more than SCRIM_VOICE_ENCODERS_MAX, or a config of another kind. SCRIM_E_IO, SCRIM_E_FORMAT: a file; the error names
 * it. SCRIM_E_STATE: the checkpoint comes from other data or settings. SCRIM_E_CANCELLED, SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_train_targets(scrim_filter **out, const char *const *encoders,
                                                                  size_t n_encoders, const scrim_voice_corpus *corpus,
                                                                  const scrim_config *config,
                                                                  const scrim_train_options *options,
                                                                  scrim_error *error);

/*
 * The same filter with a generator, which gives responses in one pass (parameter `mode`), and which the optimiser then
 * starts from: it is trained on the clips to do what the optimiser would. What the caller has set in `config`, which
 * may be NULL, goes over the filter's settings and stays in the new file. Errors as above.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_train_generator(scrim_filter **out, const scrim_filter *filter,
                                                                    const scrim_voice_corpus *corpus,
                                                                    const scrim_config *config,
                                                                    const scrim_train_options *options,
                                                                    scrim_error *error);

#ifdef __cplusplus
}
#endif
#endif
