/*
 * The target sampler: a conditional variational autoencoder over the embeddings that several encoders have of one
 * speaker, so that what it draws is one speaker to all of them. The condition is the class of pitch (pitch.h), which
 * the filter leaves as it is: a target should have the source's.
 *
 *     [embeddings | class] -> hidden -> mean, log variance;    [z | class] -> hidden -> embeddings, each of unit length
 *
 * The likelihood is that of von Mises-Fisher distributions, concentration * cosine, one an encoder. (As published, a
 * squared error is averaged and the divergence summed, so that the latter rules and the latent collapses; its last
 * rectifier lets no embedding point below; its sampler draws the variance, too, at random.)
 *
 * Targets come from a bank: number i of class c is decoded from a z that i and c alone determine. Training marks those
 * that are allowed, which are nobody it was trained on, so that a file needs to hold no speaker's embedding.
 */
#ifndef VOICE_DEID_TARGET_SAMPLER_H
#define VOICE_DEID_TARGET_SAMPLER_H

#include "nn/nn.h"
#include "voice_deid/pitch.h"

enum { TARGET_PARTS = 8, TARGET_BANK = 2048 };

typedef struct target_settings {
  int parts;             /* encoders */
  int dim[TARGET_PARTS]; /* of their embeddings */
  int latent, hidden;
} target_settings;

typedef struct target_sampler target_sampler; /* immutable once trained or loaded, shared by threads */

/* Weights are drawn from the stream in which `init` stands; NULL: zero, to be loaded. Nothing is allowed yet. */
scrim_status target_sampler_create(target_sampler **out, const target_settings *settings, random_source *init,
                                   scrim_error *error);
void target_sampler_free(target_sampler *s); /* NULL is fine */
const target_settings *target_sampler_about(const target_sampler *s);
int target_sampler_width(const target_sampler *s); /* of all parts together */
nn_params *target_sampler_params(const target_sampler *s);
unsigned char *target_sampler_allowed(target_sampler *s); /* [PITCH_CLASSES, TARGET_BANK] 0 or 1 */

/* rows [n, width + PITCH_CLASSES], the class as one of n -> mean and log variance [n, latent] */
void target_sampler_encode(const target_sampler *s, tape *t, tensor *rows, tensor **mean, tensor **log_variance);
/* z [n, latent | PITCH_CLASSES] -> [n, width], each part of unit length */
tensor *target_sampler_decode(const target_sampler *s, tape *t, tensor *z);

/* Target `number` of a class into out [width], allowed or not. Resets the tape. */
scrim_status target_sampler_make(const target_sampler *s, tape *t, int class, int number, float *out,
                                 scrim_error *error);
/* How many of a class are allowed, and the i-th of them. */
int target_sampler_count(const target_sampler *s, int class);
int target_sampler_number(const target_sampler *s, int class, int i);

/* Files: tensors and metadata named "targets.": the weights are borrowed by the writer. */
scrim_status target_sampler_put(const target_sampler *s, tensorfile_writer *writer, scrim_error *error);
/* `parts` and `dim` of the settings are those that the file must have. SCRIM_E_FORMAT: it has none, or others. */
scrim_status target_sampler_get(target_sampler **out, int parts, const int *dim, const tensorfile *file,
                                scrim_error *error);

#endif
