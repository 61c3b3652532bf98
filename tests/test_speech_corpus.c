/* Reading speech for training: speakers in order, rates and channels, rooms, what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "talkers_world.h"
#include "voice_deid/front_end.h"
#include "voice_deid/speech_corpus.h"
#include <cmocka.h>
#include <scrim/audio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES = 4, MOST = 9000 };
static char folder[] = "/tmp/scrim-corpus-XXXXXX";
static char path[FILES + 1][64];
static float x[2 * MOST];

static void write_file(int i, size_t frames, size_t channels, double rate) {
  snprintf(path[i], sizeof path[i], "%s/%d.wav", folder, i);
  assert_int_equal(scrim_audio_write(path[i], x, frames, channels, rate, 16, NULL), SCRIM_OK);
}

/* Files of 8000 samples, of 4000 in two channels of which one is silent, of 3000 at 8 kHz, a room, and silence. */
static int open_all(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL) return 1;
  talkers_speak(0, 0, x, MOST);
  write_file(0, 8000, 1, SPEECH_RATE);
  write_file(2, 3000, 1, 8000);
  for (size_t i = 4000; i-- > 0;) x[2 * i] = x[i], x[2 * i + 1] = 0;
  write_file(1, 4000, 2, SPEECH_RATE);
  for (size_t i = 0; i < 1000; i++) x[i] = expf(-0.01f * (float)i);
  write_file(3, 1000, 1, SPEECH_RATE);
  memset(x, 0, sizeof x);
  write_file(4, 1000, 1, SPEECH_RATE);
  talkers_speak(0, 0, x, MOST);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i <= FILES; i++) remove(path[i]);
  return rmdir(folder);
}

static void speakers_are_gathered(void **state) {
  (void)state;
  const scrim_voice_clip clips[] = {{path[0], "anna"}, {path[1], "bert"}, {path[2], "anna"}};
  const char *rooms[] = {path[3]};
  const scrim_voice_corpus files = {clips, 3, rooms, 1};
  speech_corpus c;
  assert_int_equal(speech_corpus_load(&c, &files, NULL, NULL, NULL), SCRIM_OK);
  assert_int_equal(c.n_speakers, 2);
  assert_string_equal(c.speaker[0], "anna");
  assert_string_equal(c.speaker[1], "bert");
  assert_int_equal(c.first[1], 2);
  assert_int_equal(c.first[2], 3);
  assert_int_equal(c.clips[0].n, 8000);
  assert_int_equal(c.clips[1].n, 6000); /* 3000 at 8 kHz */
  assert_int_equal(c.clips[2].n, 4000);
  assert_int_equal(speech_corpus_length(&c, 0), 14000);
  for (size_t i = 0; i < 4000; i++) {
    assert_true(fabsf((float)c.clips[0].samples[i] / 32768 - x[i]) < 1e-4f);
    assert_true(fabsf((float)c.clips[2].samples[i] / 32768 - x[i] / 2) < 1e-4f);
  }
  double energy = 0;
  for (size_t i = 0; i < SPEECH_MOST_ROOM; i++) energy += (double)c.room[0][i] * c.room[0][i];
  assert_true(fabs(energy - 1) < 1e-4);
  assert_true(c.room[0][1000] == 0);
  speech_corpus_free(&c);
  assert_null(c.clips);
}

static int stop(const scrim_progress *progress, void *context) {
  *(int *)context += 1;
  assert_string_equal(progress->stage, "reading");
  return 1;
}

static void what_cannot_be_learnt_from_is_refused(void **state) {
  (void)state;
  const scrim_voice_clip clips[] = {{path[0], "anna"}, {path[4], "bert"}}, absent = {"/nowhere/a.wav", "anna"};
  scrim_voice_corpus files = {clips, 0, NULL, 0};
  speech_corpus c;
  scrim_error error;
  int calls = 0;
  assert_int_equal(speech_corpus_load(&c, &files, NULL, NULL, &error), SCRIM_E_DATA);
  files.n_clips = 2;
  assert_int_equal(speech_corpus_load(&c, &files, NULL, NULL, &error), SCRIM_E_DATA);
  assert_non_null(strstr(error.message, path[4]));
  assert_non_null(strstr(error.message, "nothing but silence"));
  assert_null(c.clips);
  files = (scrim_voice_corpus){&absent, 1, NULL, 0};
  assert_int_equal(speech_corpus_load(&c, &files, NULL, NULL, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "/nowhere/a.wav"));
  files = (scrim_voice_corpus){clips, 1, NULL, 0};
  assert_int_equal(speech_corpus_load(&c, &files, stop, &calls, &error), SCRIM_E_CANCELLED);
  assert_int_equal(calls, 1);
}

static void out_of_memory_is_said(void **state) {
  (void)state;
  const scrim_voice_clip clips[] = {{path[1], "anna"}, {path[2], "bert"}};
  const char *rooms[] = {path[3]};
  const scrim_voice_corpus files = {clips, 2, rooms, 1};
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long at = 1; status != SCRIM_OK; at++) {
    speech_corpus c;
    memory_fail_at(at, 0);
    status = speech_corpus_load(&c, &files, NULL, NULL, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || (status == SCRIM_E_MEMORY && c.clips == NULL));
    speech_corpus_free(&c);
    assert_true(at < 500);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(speakers_are_gathered),
      cmocka_unit_test(what_cannot_be_learnt_from_is_refused),
      cmocka_unit_test(out_of_memory_is_said),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
