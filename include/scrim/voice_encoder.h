/*
 * scrim/voice_encoder.h: training of speaker encoders, the networks that a voice filter is made against.
 *
 * Kinds: "tdnn" (convolutions in time, attentive statistics), "resnet" (residual convolutions over the spectrogram),
 * "statistics" (cepstra frame by frame, mean and deviation). Each has a front end of its own; its settings are
 * parameters.
 */
#ifndef SCRIM_VOICE_ENCODER_H
#define SCRIM_VOICE_ENCODER_H

#include <scrim/config.h>
#include <scrim/scores.h> /* scrim_train_options */
#include <scrim/voice.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Name of kind i, NULL past the last. */
SCRIM_API const char *scrim_voice_encoder_kind_at(size_t i);

/*
 * The defaults of a kind, to be changed by scrim_config_set and scrim_config_parse. SCRIM_E_PARAM: no such kind; the
 * error lists those there are.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_encoder_config(scrim_config *config, const char *kind,
                                                                   scrim_error *error);

typedef struct scrim_voice_encoder_fit {
  size_t speakers, held_out; /* learnt from, and kept aside to pick the epoch */
  size_t classes;            /* speakers at three speeds */
  size_t values;             /* trained, in the file */
  size_t epochs, best_epoch; /* counted from 1 */
  double eer;                /* of the held-out speakers' clean crops of 3 s, all pairs */
} scrim_voice_encoder_fit;

/*
 * Trains an encoder and writes it to `path`. `config` is of scrim_voice_encoder_config for the same kind, or NULL;
 * `options` NULL for none, and seed 0; `fit` may be NULL. Rooms are optional. The same data, settings, seed and machine
 * give the same file.
 *
 * SCRIM_E_DATA: fewer than 4 speakers, speakers of less than a second, or training that diverged. SCRIM_E_PARAM: the
 * settings. SCRIM_E_STATE: the checkpoint comes from other data or settings. SCRIM_E_IO, SCRIM_E_FORMAT: a file; the
 * error names it. SCRIM_E_CANCELLED, SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_train_encoder(const char *path, const char *kind,
                                                                  const scrim_voice_corpus *corpus,
                                                                  const scrim_config *config,
                                                                  const scrim_train_options *options,
                                                                  scrim_voice_encoder_fit *fit, scrim_error *error);

/*
 * What a file of one encoder says of itself: its kind, its front end, the parameters it was trained with and what
 * training measured. SCRIM_E_FORMAT: it holds no encoder, or not all of one.
 */
typedef struct scrim_voice_encoder scrim_voice_encoder; /* immutable, shared by threads */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_encoder_open(scrim_voice_encoder **out, const char *path,
                                                                 scrim_error *error);
SCRIM_API void scrim_voice_encoder_free(scrim_voice_encoder *encoder); /* NULL is fine */
/* Entry `index`, in the order of names; 0 past the last. Both strings live as long as the encoder. */
SCRIM_API int scrim_voice_encoder_info(const scrim_voice_encoder *encoder, size_t index, const char **name,
                                       const char **value);

#ifdef __cplusplus
}
#endif
#endif
