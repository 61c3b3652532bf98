/*
 * The generator: one pass from what encoders make of the source and of the target to the map that takes the one to the
 * other (perturb_pass.h). Only its direction counts: how far is said by `strength`.
 */
#ifndef VOICE_DEID_GENERATOR_H
#define VOICE_DEID_GENERATOR_H

#include "nn/nn.h"
#include "voice_deid/envelope.h"

enum { GENERATOR_MAP = ENVELOPE_BANDS * ENVELOPE_STATE };

typedef struct generator generator; /* immutable once trained or loaded, shared by threads */

/*
 * `width`: of the embeddings of all encoders together. Weights are drawn from the stream in which `init` stands; NULL:
 * zero, to be loaded.
 */
scrim_status generator_create(generator **out, int width, int hidden, random_source *init, scrim_error *error);
void generator_free(generator *g); /* NULL is fine */
nn_params *generator_params(const generator *g);

/* embeddings [1, 2 * width]: the source's and the target's -> map [ENVELOPE_BANDS, ENVELOPE_STATE] */
tensor *generator_map(tape *t, const generator *g, tensor *embeddings);
/* The same into map [GENERATOR_MAP] from parts [n_parts] of the dimensions that add up to width. Resets the tape. */
scrim_status generator_make(const generator *g, tape *t, const float *const *source, const float *const *target,
                            const int *dim, int n_parts, float *map, scrim_error *error);

/* Files: tensors and metadata named "generator.": the weights are borrowed by the writer. */
scrim_status generator_put(const generator *g, tensorfile_writer *writer, scrim_error *error);
/* *out stays NULL if the file has none. SCRIM_E_FORMAT: it has one for embeddings of another width. */
scrim_status generator_get(generator **out, int width, const tensorfile *file, scrim_error *error);

#endif
