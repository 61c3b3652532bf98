/*
 * The front end of a speaker encoder: log band energies or cepstra of speech at 16 kHz, differentiable down to the
 * samples.
 *
 *     samples [b, n] -> one level -> power spectra of Hann windows -> bands -> log (-> cosine transform) -> less a mean
 *
 * Windows lie inside the signal, nothing is padded: frames = 1 + (n - window) / hop. Every clip is brought to one level
 * first, so that loudness never tells who speaks.
 */
#ifndef VOICE_DEID_FRONT_END_H
#define VOICE_DEID_FRONT_END_H

#include "core/tensorfile.h"
#include "tensor/tensor.h"

enum { SPEECH_RATE = 16000 }; /* Hz, of all that encoders see */

typedef enum front_end_scale { FRONT_END_MEL, FRONT_END_LINEAR, FRONT_END_SCALES } front_end_scale;

typedef struct front_end_settings {
  int window, hop, n_fft; /* samples; window <= n_fft */
  int bands;              /* triangles, evenly spaced in the scale between low_hz and high_hz */
  int cepstra;            /* 0: the log energies themselves; else coefficients 1..cepstra of their cosine transform */
  front_end_scale scale;
  int low_hz, high_hz;
  int mean_removal; /* 1: each feature minus its mean over the clip; 0: all minus one mean, that of the clip */
} front_end_settings;

typedef struct front_end front_end; /* immutable, shared by threads */
/* SCRIM_E_PARAM: settings out of range; the error names the one at fault. */
scrim_status front_end_create(front_end **out, const front_end_settings *settings, scrim_error *error);
void front_end_free(front_end *f); /* NULL is fine */

int front_end_features(const front_end *f); /* a frame */
/* Frames of n samples; 0: too short. */
int front_end_frames(const front_end *f, size_t n);
/* samples [b, n] -> [b, features, frames] */
tensor *front_end_apply(tape *t, const front_end *f, tensor *samples);

#endif
