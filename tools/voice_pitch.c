#include "voice_pitch.h"
#include "complain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double fixed_cents = -300, most_cents = 400;

/* SplitMix64 (Steele, Lea, Flood 2014): a shift for each clip and version, in [-most_cents, most_cents). */
static double draw_cents(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return most_cents * (2 * ((double)(z >> 11) * 0x1p-53) - 1);
}

/* `state` NULL: the fixed shift. Softer by 3 dB first, so that nothing clips. */
static scrim_status change(const char *in, const char *out, uint64_t *state, scrim_error *error) {
  char cents[32];
  snprintf(cents, sizeof cents, "%.1f", state ? draw_cents(state) : fixed_cents);
  const char *const words[] = {"sox", "-D", in, out, "gain", "-3", "pitch", cents, NULL};
  return program_run(words, error);
}

/* A list of files [n] that are named folder/name-number.wav and made of the clips. */
static scrim_status change_all(char ***out, const program_folder *folder, const char *name,
                               const scrim_voice_clip *clips, size_t n, uint64_t *state, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  *out = calloc(n + 1, sizeof **out);
  if (!*out) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for %zu names", n);
  for (size_t i = 0; i < n && status == SCRIM_OK; i++) {
    char path[sizeof folder->path + 64];
    snprintf(path, sizeof path, "%s/%s-%zu.wav", folder->path, name, i);
    (*out)[i] = strdup(path);
    status = (*out)[i] ? change(clips[i].path, path, state, error)
                       : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory for %zu names", n);
  }
  return status;
}

scrim_status voice_pitch_make(voice_pitch *p, const scrim_voice_audit *a, scrim_error *error) {
  uint64_t state = a->seed;
  p->n_clips = a->n_clips;
  p->n_train = a->n_train;
  scrim_status status = program_folder_make(&p->folder, error);
  if (status == SCRIM_OK) status = change_all(&p->own[0], &p->folder, "fixed", a->clips, a->n_clips, NULL, error);
  if (status == SCRIM_OK)
    status = change_all(&p->train[0], &p->folder, "fixed-train", a->train, a->n_train, NULL, error);
  if (status == SCRIM_OK) status = change_all(&p->own[1], &p->folder, "random", a->clips, a->n_clips, &state, error);
  if (status == SCRIM_OK)
    status = change_all(&p->attacker, &p->folder, "random-attacker", a->clips, a->n_clips, &state, error);
  if (status == SCRIM_OK)
    status = change_all(&p->train[1], &p->folder, "random-train", a->train, a->n_train, &state, error);
  return status;
}

static void free_names(char **names, size_t n) {
  for (size_t i = 0; names && i < n; i++) free(names[i]);
  free(names);
}

void voice_pitch_remove(voice_pitch *p) {
  for (int i = 0; i < VOICE_PITCHES; i++) {
    free_names(p->own[i], p->n_clips);
    free_names(p->train[i], p->n_train);
  }
  free_names(p->attacker, p->n_clips);
  program_folder_remove(&p->folder);
}

void voice_pitch_systems(const voice_pitch *p, scrim_voice_other systems[VOICE_PITCHES]) {
  systems[0] = (scrim_voice_other){
      .name = "sox pitch -300", .own = (const char *const *)p->own[0], .train = (const char *const *)p->train[0]};
  systems[1] = (scrim_voice_other){.name = "sox pitch random",
                                   .own = (const char *const *)p->own[1],
                                   .attacker = (const char *const *)p->attacker,
                                   .train = (const char *const *)p->train[1]};
}
