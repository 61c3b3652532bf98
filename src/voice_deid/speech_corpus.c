#include "voice_deid/speech_corpus.h"

#include "core/error.h"
#include "core/memory.h"
#include "formats/resample.h"
#include "voice_deid/front_end.h"
#include <math.h>
#include <scrim/audio.h>
#include <string.h>

/* ---- one file ---- */

/* mono [frames], the mean of the channels */
static void mix_down(const scrim_audio *audio, float *mono) {
  const size_t channels = audio->info.channels;
  for (size_t i = 0; i < (size_t)audio->info.frames; i++) {
    double sum = 0;
    for (size_t c = 0; c < channels; c++) sum += audio->data[i * channels + c];
    mono[i] = (float)(sum / (double)channels);
  }
}

static scrim_status to_speech_rate(float **out, size_t *n, const scrim_audio *audio, scrim_error *error) {
  const size_t frames = (size_t)audio->info.frames;
  *n = resample_length(frames, audio->info.rate, SPEECH_RATE);
  float *mono = memory_alloc(frames * sizeof *mono), *speech = memory_alloc(*n * sizeof *speech);
  scrim_status status = SCRIM_OK;
  if (mono == NULL || speech == NULL) {
    status = fail(error, SCRIM_E_MEMORY, "out of memory for %zu samples of speech", frames);
  } else {
    mix_down(audio, mono);
    status = resample_all(mono, frames, 1, audio->info.rate, SPEECH_RATE, speech, *n, error);
  }
  memory_wipe_free(mono, frames * sizeof *mono);
  if (status == SCRIM_OK)
    *out = speech;
  else
    memory_wipe_free(speech, *n * sizeof *speech);
  return status;
}

static int has_sound(const float *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (x[i] != 0) return 1;
  return 0;
}

scrim_status speech_read(float **out, size_t *n, const char *path, scrim_error *error) {
  scrim_audio audio = {0};
  float *speech = NULL;
  scrim_status status = scrim_audio_read(&audio, path, 0, error);
  if (status != SCRIM_OK) return status;
  status = to_speech_rate(&speech, n, &audio, error);
  scrim_audio_free(&audio);
  if (status == SCRIM_OK && !has_sound(speech, *n)) {
    memory_free(speech);
    status = fail(error, SCRIM_E_DATA, "nothing but silence");
  }
  if (status == SCRIM_OK)
    *out = speech;
  else
    fail_in_file(error, path);
  return status;
}

static scrim_status read_clip(speech_clip *clip, const char *path, scrim_error *error) {
  float *x = NULL;
  size_t n = 0;
  scrim_status status = speech_read(&x, &n, path, error);
  if (status != SCRIM_OK) return status;
  clip->samples = memory_alloc(n * sizeof *clip->samples);
  if (clip->samples != NULL) {
    clip->n = n;
    for (size_t i = 0; i < n; i++) clip->samples[i] = (int16_t)lrintf(fmaxf(-1, fminf(1, x[i])) * 32767);
  } else {
    status = fail(error, SCRIM_E_MEMORY, "out of memory for '%s', %zu samples", path, n);
  }
  memory_wipe_free(x, n * sizeof *x);
  return status;
}

/* The end of a long response is cut, the energy made 1. */
static scrim_status read_room(float **room, const char *path, scrim_error *error) {
  float *x = NULL;
  size_t n = 0;
  scrim_status status = speech_read(&x, &n, path, error);
  if (status != SCRIM_OK) return status;
  *room = memory_zalloc(SPEECH_MOST_ROOM, sizeof **room);
  double energy = 0;
  const size_t kept = n < SPEECH_MOST_ROOM ? n : SPEECH_MOST_ROOM;
  for (size_t i = 0; i < kept; i++) energy += (double)x[i] * x[i];
  for (size_t i = 0; *room != NULL && energy > 0 && i < kept; i++) (*room)[i] = (float)(x[i] / sqrt(energy));
  memory_free(x);
  return *room != NULL ? SCRIM_OK : fail(error, SCRIM_E_MEMORY, "out of memory for a room of %zu taps", kept);
}

/* ---- all files ---- */

static size_t find_speaker(const speech_corpus *c, const char *id) {
  size_t s = 0;
  while (s < c->n_speakers && strcmp(c->speaker[s], id) != 0) s++;
  return s;
}

/* Numbers the speakers; owner [n_clips] is the speaker of each of the caller's clips. */
static void number_speakers(speech_corpus *c, const scrim_voice_corpus *files, size_t *owner) {
  for (size_t i = 0; i < files->n_clips; i++) {
    owner[i] = find_speaker(c, files->clips[i].speaker);
    if (owner[i] == c->n_speakers) c->speaker[c->n_speakers++] = files->clips[i].speaker;
    c->first[owner[i] + 1]++;
  }
  for (size_t s = 0; s < c->n_speakers; s++) c->first[s + 1] += c->first[s];
}

/* Tells how far loading is; the caller may cancel it. */
static scrim_status tell(size_t done, size_t of, scrim_progress_fn progress, void *context, scrim_error *error) {
  const scrim_progress now = {
      .stage = "reading", .step = done, .steps = of, .loss = NAN, .per_second = NAN, .seconds_left = NAN};
  if (progress == NULL || (done % 64 != 0 && done != of) || progress(&now, context) == 0) return SCRIM_OK;
  return fail(error, SCRIM_E_CANCELLED, "cancelled after reading %zu of %zu files", done, of);
}

static scrim_status load_all(speech_corpus *c, const scrim_voice_corpus *files, size_t *owner, size_t *next,
                             scrim_progress_fn progress, void *context, scrim_error *error) {
  scrim_status status = SCRIM_OK;
  number_speakers(c, files, owner);
  memcpy(next, c->first, c->n_speakers * sizeof *next);
  for (size_t i = 0; i < files->n_rooms && status == SCRIM_OK; i++) {
    c->n_rooms = i + 1;
    status = read_room(&c->room[i], files->rooms[i], error);
  }
  for (size_t i = 0; i < files->n_clips && status == SCRIM_OK; i++) {
    status = read_clip(&c->clips[next[owner[i]]++], files->clips[i].path, error);
    if (status == SCRIM_OK) status = tell(i + 1, files->n_clips, progress, context, error);
  }
  return status;
}

scrim_status speech_corpus_load(speech_corpus *out, const scrim_voice_corpus *files, scrim_progress_fn progress,
                                void *context, scrim_error *error) {
  *out = (speech_corpus){0};
  if (files->n_clips == 0) return fail(error, SCRIM_E_DATA, "no clips to learn from");
  speech_corpus c = {.n_clips = files->n_clips};
  c.clips = memory_zalloc(files->n_clips, sizeof *c.clips);
  c.speaker = memory_zalloc(files->n_clips, sizeof *c.speaker);
  c.first = memory_zalloc(files->n_clips + 1, sizeof *c.first);
  c.room = memory_zalloc(files->n_rooms + 1, sizeof *c.room);
  size_t *owner = memory_zalloc(2 * files->n_clips, sizeof *owner);
  scrim_status status;
  if (c.clips == NULL || c.speaker == NULL || c.first == NULL || c.room == NULL || owner == NULL)
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a list of %zu clips", files->n_clips);
  else
    status = load_all(&c, files, owner, owner + files->n_clips, progress, context, error);
  memory_free(owner);
  if (status == SCRIM_OK)
    *out = c;
  else
    speech_corpus_free(&c);
  return status;
}

void speech_corpus_free(speech_corpus *c) {
  for (size_t i = 0; c->clips != NULL && i < c->n_clips; i++)
    memory_wipe_free(c->clips[i].samples, c->clips[i].n * sizeof *c->clips[i].samples);
  for (size_t i = 0; i < c->n_rooms; i++) memory_free(c->room[i]);
  memory_free(c->clips);
  memory_free(c->speaker);
  memory_free(c->first);
  memory_free(c->room);
  *c = (speech_corpus){0};
}

size_t speech_corpus_length(const speech_corpus *c, size_t speaker) {
  size_t n = 0;
  for (size_t i = c->first[speaker]; i < c->first[speaker + 1]; i++) n += c->clips[i].n;
  return n;
}
