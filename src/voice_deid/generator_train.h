/* Training of the generator: it is to do at once what the optimiser does in many steps, by the optimiser's own loss. */
#ifndef VOICE_DEID_GENERATOR_TRAIN_H
#define VOICE_DEID_GENERATOR_TRAIN_H

#include "voice_deid/generator.h"
#include "voice_deid/perturb_pass.h"
#include "voice_deid/voice_model.h"

/* Speech to learn on. */
typedef struct generator_example {
  int n, nodes, class; /* samples; of pitch */
  float *x;            /* [n] 16 kHz, of fixed loudness */
  float *states;       /* [nodes, ENVELOPE_STATE] */
  float *activity;     /* [nodes] */
  float *source;       /* embeddings of all encoders, one after the other */
} generator_example;

typedef struct generator_training {
  const voice_model *model; /* encoders and targets */
  const perturb_settings *perturb;
  size_t epochs, batch;
  double rate;
  uint64_t seed;
  const char *checkpoint; /* as for nn_train */
  int resume;
  scrim_progress_fn progress;
  void *progress_context;
  const backend *backend; /* NULL: the CPU's */
} generator_training;

/* Measures x [n], of which a copy is kept. */
scrim_status generator_example_make(generator_example *out, const voice_model *m, envelope *e, tape *t, const float *x,
                                    size_t n, scrim_error *error);
void generator_example_free(generator_example *x); /* wipes; of a zeroed one: nothing */

/* Answers the loss of the last epoch. */
scrim_status generator_train(generator *g, const generator_example *examples, size_t n,
                             const generator_training *training, double *loss, scrim_error *error);

#endif
