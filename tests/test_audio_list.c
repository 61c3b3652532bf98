/* Lists of sound: every format is read as it is meant, and what would be run or is part of a file is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "formats/audio_list_parts.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries as one text, "id|path|speaker|line" each, and what ended it: a status or "". */
static void expect(const void *bytes, size_t n, scrim_audio_list_format format, const char *entries, const char *why) {
  scrim_audio_list *list;
  scrim_audio_entry entry;
  scrim_error error = {.message = ""};
  char found[1000] = "";
  int more = 1;
  scrim_status status = audio_list_open_memory(&list, bytes, n, format, &error);
  assert_int_equal(status, SCRIM_OK);
  while ((status = scrim_audio_list_next(list, &entry, &more, &error)) == SCRIM_OK && more)
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s|%s|%s|%d\n", entry.id ? entry.id : "", entry.path,
             entry.speaker ? entry.speaker : "", (int)entry.line);
  scrim_audio_list_close(list);
  assert_string_equal(found, entries);
  if (strstr(error.message, why) == NULL) print_error("%s\n", error.message);
  assert_true((status == SCRIM_OK) == (why[0] == '\0'));
  assert_non_null(strstr(error.message, why));
  if (status != SCRIM_OK) assert_false(more);
}

static void expect_text(const char *text, scrim_audio_list_format format, const char *entries, const char *why) {
  expect(text, strlen(text), format, entries, why);
}

static void paths_a_line(void **state) {
  (void)state;
  expect_text("a.wav\nb c.flac\r\n\n/d/e.ogg", SCRIM_AUDIO_LIST_AUTO, "|a.wav||1\n|b c.flac||2\n|/d/e.ogg||4\n", "");
  expect_text("", SCRIM_AUDIO_LIST_AUTO, "", "");
  expect_text("\n\n", SCRIM_AUDIO_LIST_PLAIN, "", "");
  expect("a\0b\n", 4, SCRIM_AUDIO_LIST_PLAIN, "", "line 1: a NUL within the line");
}

static void paths_that_end_with_nul(void **state) {
  (void)state;
  expect("a\nb.wav\0c.wav\0", 14, SCRIM_AUDIO_LIST_AUTO, "|a\nb.wav||1\n|c.wav||2\n", "");
  expect("a.wav\0b.wav", 11, SCRIM_AUDIO_LIST_NUL, "|a.wav||1\n|b.wav||2\n", "");
  expect("a.wav\0\0b.wav\0", 13, SCRIM_AUDIO_LIST_NUL, "|a.wav||1\n", "entry 2: an empty path");
}

static void kaldi(void **state) {
  (void)state;
  expect_text("s1-a /x/a.wav\ns1-b\t b c.wav \n", SCRIM_AUDIO_LIST_SCP, "s1-a|/x/a.wav||1\ns1-b|b c.wav||2\n", "");
  expect_text("u a.wav\nv sox x.wav -t wav - |\n", SCRIM_AUDIO_LIST_SCP, "u|a.wav||1\n", "line 2: a command");
  expect_text("v |touch pwned", SCRIM_AUDIO_LIST_SCP, "", "line 1: a command");
  expect_text("u foo.ark:1234", SCRIM_AUDIO_LIST_SCP, "", "line 1: an offset into an archive");
  expect_text("u -", SCRIM_AUDIO_LIST_SCP, "", "line 1: standard input");
  expect_text("u \n", SCRIM_AUDIO_LIST_SCP, "", "line 1: expected an utterance-id");
  expect_text("u a.wav\n\n", SCRIM_AUDIO_LIST_SCP, "u|a.wav||1\n", "line 2: expected an utterance-id");
  expect_text(" a.wav", SCRIM_AUDIO_LIST_SCP, "", "line 1: expected");
}

static void nemo(void **state) {
  (void)state;
  expect_text("{\"audio_filepath\": \"a \\u00e4.wav\", \"duration\": 3.5, \"text\": \"x\"}\n\n"
              "{\"audio_filepath\": \"b.wav\", \"speaker\": \"s 7\", \"offset\": 0}\n"
              "{\"speaker\": 12, \"audio_filepath\": \"c.wav\", \"offset\": null}\n",
              SCRIM_AUDIO_LIST_AUTO, "|a \xc3\xa4.wav||1\n|b.wav|s 7|3\n|c.wav|12|4\n", "");
  expect_text("{\"audio_filepath\": \"a.wav\", \"offset\": 1.5}", SCRIM_AUDIO_LIST_JSONL, "", "\"offset\" is not 0");
  expect_text("{\"audio_filepath\": \"cat a.wav |\"}", SCRIM_AUDIO_LIST_JSONL, "", "line 1: a command");
  expect_text("{\"audio_filepath\": \"\"}", SCRIM_AUDIO_LIST_JSONL, "", "expected an object");
  expect_text("{\"audio\": \"a\"}", SCRIM_AUDIO_LIST_JSONL, "", "expected an object");
  expect_text("[1]", SCRIM_AUDIO_LIST_JSONL, "", "expected an object");
  expect_text("{\"audio_filepath\": \"a\", \"speaker\": [1]}", SCRIM_AUDIO_LIST_JSONL, "", "\"speaker\" is no text");
  expect_text("{\"audio_filepath\": \"a\"} x", SCRIM_AUDIO_LIST_JSONL, "", "line 1: no JSON");
  expect_text("{\"audio_filepath\": \"a\"", SCRIM_AUDIO_LIST_JSONL, "", "line 1: no JSON");
}

static void tables(void **state) {
  (void)state;
  expect_text("file\tspeaker\tseconds\na.wav\ts1\t3\nb c.wav\ts2\n", SCRIM_AUDIO_LIST_TSV,
              "|a.wav|s1|2\n|b c.wav|s2|3\n", "");
  expect_text("a.wav\tspeaker\n", SCRIM_AUDIO_LIST_TSV, "", "");
  expect_text("a.wav\ts1\nb.wav\tspeaker\n", SCRIM_AUDIO_LIST_TSV, "|a.wav|s1|1\n|b.wav|speaker|2\n", "");
  expect_text("a.wav", SCRIM_AUDIO_LIST_TSV, "", "line 1: expected a path, a tab and a speaker");
  expect_text("a.wav\t\ts1", SCRIM_AUDIO_LIST_TSV, "", "line 1: expected a path");
  expect_text("\ts1", SCRIM_AUDIO_LIST_TSV, "", "line 1: expected a path");
}

static void what_is_too_long(void **state) {
  (void)state;
  const size_t n = (1 << 20) + 10;
  char *text = malloc(n);
  assert_non_null(text);
  memset(text, 'a', n);
  expect(text, n, SCRIM_AUDIO_LIST_PLAIN, "", "line 1: longer than 1 MiB");
  expect(text, 4096, SCRIM_AUDIO_LIST_PLAIN, "", "line 1: a path of more than 4095 bytes");
  expect(text, n, SCRIM_AUDIO_LIST_NUL, "", "entry 1: ");
  expect(text, 4096, SCRIM_AUDIO_LIST_NUL, "", "entry 1: a path of more than 4095 bytes");
  text[900] = '\n';
  char longest[1000];
  snprintf(longest, sizeof longest, "|%.900s||1\n", text);
  expect(text, 901, SCRIM_AUDIO_LIST_PLAIN, longest, "");
  free(text);
}

static void names_tell_the_format(void **state) {
  static const char *const names[] = {"wav.scp", "m.jsonl", "m.json", "s.tsv"};
  static const char *const texts[] = {"id a", "{\"audio_filepath\": \"a\"}", "{\"audio_filepath\": \"a\"}", "a\ts"};
  for (size_t i = 0; i < 4; i++) {
    scrim_audio_list *list;
    scrim_audio_entry entry;
    int found;
    const char *path = files_path(*state, names[i]);
    files_write(path, texts[i], strlen(texts[i]));
    assert_int_equal(scrim_audio_list_open(&list, path, SCRIM_AUDIO_LIST_AUTO, NULL), SCRIM_OK);
    assert_int_equal(scrim_audio_list_next(list, &entry, &found, NULL), SCRIM_OK);
    assert_true(found);
    assert_string_equal(entry.path, "a");
    scrim_audio_list_close(list);
  }
  scrim_audio_list_format format;
  assert_int_equal(scrim_audio_list_format_parse(&format, "nul", NULL), SCRIM_OK);
  assert_int_equal(format, SCRIM_AUDIO_LIST_NUL);
  assert_int_equal(scrim_audio_list_format_parse(&format, "auto", NULL), SCRIM_OK);
  assert_int_equal(scrim_audio_list_format_parse(&format, "xml", NULL), SCRIM_E_PARAM);
}

static void failing_memory_is_an_error(void **state) {
  (void)state;
  scrim_audio_list *list;
  int failures = 0;
  for (unsigned long at = 1;; at++) {
    memory_fail_at(at, 0);
    const scrim_status status = audio_list_open_memory(&list, "a\n", 2, SCRIM_AUDIO_LIST_AUTO, NULL);
    memory_fail_at(0, 0);
    if (status == SCRIM_OK) break;
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_null(list);
    failures++;
  }
  assert_true(failures >= 4);
  scrim_audio_list_close(list);
  scrim_audio_list_close(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(paths_a_line),
      cmocka_unit_test(paths_that_end_with_nul),
      cmocka_unit_test(kaldi),
      cmocka_unit_test(nemo),
      cmocka_unit_test(tables),
      cmocka_unit_test(what_is_too_long),
      cmocka_unit_test_setup_teardown(names_tell_the_format, files_setup, files_teardown),
      cmocka_unit_test(failing_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
