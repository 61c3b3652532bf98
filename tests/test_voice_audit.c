/* The whole audit on voices made by rule: who is there is found, who is not is not, and nothing hangs on threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/memory.h"
#include "deid_world.h"
#include "support/files.h"
#include "talkers_world.h"
#include "voice_deid/attack_removal.h"
#include <cmocka.h>
#include <scrim.h>
#include <stdio.h>
#include <stdlib.h>

enum { SPEAKERS = 4, EACH = 4, CLIPS = SPEAKERS * EACH, SAMPLES = 12000, TALKERS = 2 * SPEAKERS };

static void *folder;
static char names[4 * CLIPS][128];
static scrim_voice_clip clips[CLIPS], train[CLIPS];
static const char *same[CLIPS], *noise[CLIPS], *encoders[2];
static char speakers[TALKERS][16], encoder_names[2][128];
static scrim_filter *filter;
static scrim_key *key;

/* ---- the world: two groups of talkers, silence-free noise in place of the first group, and two encoders ---- */

static const char *save(int i, const char *prefix, const float *x) {
  char name[32];
  snprintf(name, sizeof name, "%s-%d.wav", prefix, i % CLIPS);
  snprintf(names[i], sizeof names[i], "%s", files_path(folder, name));
  return scrim_audio_write(names[i], x, SAMPLES, 1, 16000, 16, NULL) == SCRIM_OK ? names[i] : NULL;
}

/* A talker who says the same in every clip, in a little noise: whatever an encoder hears, it hears it again. */
static void speak(int talker, uint64_t *random, float *x) {
  talkers_speak(talker, (unsigned)talker, x, SAMPLES);
  for (int j = 0; j < SAMPLES; j++) x[j] += 0.002f * (float)voice_noise(random);
}

static int make_clips(void) {
  static float x[SAMPLES];
  uint64_t random = 1;
  for (int s = 0; s < TALKERS; s++) snprintf(speakers[s], sizeof speakers[s], "s%d", s);
  for (int i = 0; i < CLIPS; i++) {
    speak(i / EACH, &random, x);
    clips[i] = (scrim_voice_clip){.path = save(i, "clip", x), .speaker = speakers[i / EACH]};
    speak(SPEAKERS + i / EACH, &random, x);
    train[i] = (scrim_voice_clip){.path = save(CLIPS + i, "train", x), .speaker = speakers[SPEAKERS + i / EACH]};
    for (int j = 0; j < SAMPLES; j++) x[j] = 0.2f * (float)voice_noise(&random);
    same[i] = clips[i].path;
    noise[i] = save(2 * CLIPS + i, "noise", x);
    if (!clips[i].path || !train[i].path || !noise[i]) return 0;
  }
  return 1;
}

static int make_encoder(int i) {
  char name[32];
  speaker_encoder *e = deid_encoder(i);
  tensorfile_writer *writer = NULL;
  snprintf(name, sizeof name, "enc-%d.scrim", i);
  snprintf(encoder_names[i], sizeof encoder_names[i], "%s", files_path(folder, name));
  encoders[i] = encoder_names[i];
  scrim_status status = tensorfile_writer_create(&writer, NULL);
  if (status == SCRIM_OK) status = speaker_encoder_put(e, "", writer, NULL);
  if (status == SCRIM_OK) status = tensorfile_save(writer, encoders[i], NULL);
  tensorfile_writer_free(writer);
  speaker_encoder_free(e);
  return status == SCRIM_OK;
}

static int open_all(void **state) {
  static const unsigned char bytes[SCRIM_KEY_BYTES] = {7};
  (void)state;
  if (files_setup(&folder) != 0 || !make_clips() || !make_encoder(0) || !make_encoder(1)) return 1;
  filter = deid_filter(1);
  return !filter || scrim_key_create(&key, bytes, NULL) != SCRIM_OK;
}

static int close_all(void **state) {
  (void)state;
  scrim_filter_free(filter);
  scrim_key_free(key);
  return files_teardown(&folder);
}

static scrim_voice_audit audit_of(void) {
  return (scrim_voice_audit){
      .clips = clips, .n_clips = CLIPS, .encoders = encoders, .n_encoders = 1, .enrol = 2, .threads = 1, .seed = 3};
}

static scrim_voice_audit_report *run(const scrim_filter *f, const scrim_voice_audit *audit) {
  scrim_voice_audit_report *report;
  scrim_error error;
  if (scrim_voice_audit_run(&report, f, f ? key : NULL, audit, &error) != SCRIM_OK) fail_msg("%s", error.message);
  return report;
}

static const scrim_voice_result *find(const scrim_voice_audit_report *report, const char *system,
                                      const char *listener) {
  for (size_t i = 0; i < report->n_results; i++)
    if (strcmp(report->results[i].system, system) == 0 && strcmp(report->results[i].listener, listener) == 0)
      return &report->results[i];
  fail_msg("no result of '%s' by '%s'", system, listener);
  return NULL;
}

static const scrim_voice_cost *find_cost(const scrim_voice_audit_report *report, const char *system) {
  for (size_t i = 0; i < report->n_costs; i++)
    if (strcmp(report->costs[i].system, system) == 0) return &report->costs[i];
  fail_msg("no cost of '%s'", system);
  return NULL;
}

/* ---- the tests ---- */

/* Clean speech as "another system" is as clean speech; noise in its place tells nothing of anybody. */
static void what_is_there_is_found_and_what_is_not_is_not(void **state) {
  (void)state;
  const scrim_voice_other others[] = {{.name = "same", .own = same, .attacker = same}, {.name = "noise", .own = noise}};
  scrim_voice_audit audit = audit_of();
  audit.others = others;
  audit.n_others = 2;
  scrim_voice_audit_report *report = run(NULL, &audit);
  assert_int_equal(report->n_results, 3);
  const scrim_voice_result *none = find(report, "none", "enc-0"), *copy = find(report, "same", "enc-0");
  const scrim_voice_result *hidden = find(report, "noise", "enc-0");
  assert_true(none->ignorant.value < 0.05 && none->identified.value > 0.95);
  assert_float_equal(none->source_cosine, 1, 1e-6);
  assert_float_equal(none->accepted, 1, 0);
  assert_float_equal(copy->identified.value, none->identified.value, 0);
  assert_float_equal(copy->ignorant.value, none->ignorant.value, 1e-12);
  assert_float_equal(copy->linkability, none->linkability, 0);
  assert_float_equal(find_cost(report, "same")->distortion, 0, 1e-9);
  assert_float_equal(find_cost(report, "same")->intelligibility, 1, 1e-6);
  assert_true(hidden->ignorant.value > 0.35 && hidden->identified.value < 0.6);
  assert_true(hidden->source_cosine < none->source_cosine);
  assert_true(find_cost(report, "noise")->distortion > 5 && find_cost(report, "noise")->intelligibility < 0.3);
  assert_true(isnan(find_cost(report, "noise")->seconds) && isnan(hidden->semi.value));
  scrim_voice_audit_report_free(report);
}

static void every_system_meets_every_listener(void **state) {
  (void)state;
  scrim_voice_audit audit = audit_of();
  audit.n_clips = 2 * EACH;
  audit.n_encoders = 2;
  audit.baselines = audit.removal = 1;
  audit.seconds = 0.6;
  audit.train = train;
  audit.n_train = 2 * EACH;
  scrim_voice_audit_report *report = run(filter, &audit);
  size_t removals = 0;
  while (attack_removals[removals].name) removals++;
  assert_int_equal(report->n_costs, 5); /* none, scrim, three baselines */
  assert_int_equal(report->n_results, 2 * (5 + removals));
  for (size_t i = 0; i < report->n_results; i++) {
    const scrim_voice_result *r = &report->results[i];
    const int is_removal = strstr(r->system, ", then ") != NULL;
    assert_string_equal(r->listener, i % 2 ? "enc-1" : "enc-0");
    assert_int_equal(r->clips, 2 * EACH);
    assert_int_equal(r->speakers, 2);
    assert_true(r->identified.low <= r->identified.value && r->identified.value <= r->identified.high);
    assert_true(r->ignorant.value >= 0 && r->ignorant.value <= 1);
    assert_true(isnan(r->linkability)); /* 12 mated pairs are too few */
    assert_int_equal(isnan(r->lazy.value) != 0, is_removal);
    assert_int_equal(isnan(r->semi.value) != 0, is_removal);
  }
  for (size_t i = 0; i < report->n_costs; i++) {
    const scrim_voice_cost *c = &report->costs[i];
    assert_true(i == 0 ? c->distortion == 0 : c->distortion > 0.1);
    assert_true(c->seconds >= 0 && (isnan(c->intelligibility) || c->intelligibility <= 1));
  }
  scrim_voice_audit_report_free(report);
}

static void the_filter_s_own_encoders_listen(void **state) {
  (void)state;
  scrim_voice_audit audit = audit_of();
  audit.n_clips = 2 * EACH;
  audit.n_encoders = 0;
  audit.own_encoders = 1;
  audit.seconds = 0.5;
  scrim_voice_audit_report *report = run(filter, &audit);
  assert_int_equal(report->n_results, 2 * DEID_ENCODERS);
  assert_string_equal(report->results[0].listener, "filter 0 (statistics)");
  assert_string_equal(report->results[1].listener, "filter 1 (tdnn)");
  scrim_voice_audit_report_free(report);
}

/* A filter that may not change anything hides nobody. */
static void settings_may_be_overridden(void **state) {
  (void)state;
  scrim_config config;
  scrim_voice_audit audit = audit_of();
  assert_int_equal(scrim_config_init(&config, "voice", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_parse(&config, "strength=0", NULL), SCRIM_OK);
  assert_int_equal(scrim_config_parse(&config, "room=0", NULL), SCRIM_OK);
  audit.n_clips = 2 * EACH;
  audit.seconds = 0.5;
  audit.config = &config;
  scrim_voice_audit_report *report = run(filter, &audit);
  assert_true(find(report, "scrim", "enc-0")->source_cosine > 0.9999);
  assert_true(find_cost(report, "scrim")->distortion < 0.1);
  scrim_voice_audit_report_free(report);
}

static void threads_change_nothing_but_the_time(void **state) {
  (void)state;
  scrim_voice_audit audit = audit_of();
  audit.n_clips = 2 * EACH;
  audit.baselines = audit.by_speaker = 1;
  audit.seconds = 0.6;
  scrim_voice_audit_report *one = run(filter, &audit);
  audit.threads = 3;
  scrim_voice_audit_report *three = run(filter, &audit);
  assert_int_equal(one->n_results, three->n_results);
  for (size_t i = 0; i < one->n_results; i++) {
    const scrim_voice_result *a = &one->results[i], *b = &three->results[i];
    assert_string_equal(a->system, b->system);
    assert_memory_equal(&a->ignorant, &b->ignorant, sizeof a->ignorant);
    assert_memory_equal(&a->lazy, &b->lazy, sizeof a->lazy);
    assert_float_equal(a->source_cosine, b->source_cosine, 0);
    assert_memory_equal(&a->identified, &b->identified, sizeof a->identified);
  }
  for (size_t i = 0; i < one->n_costs; i++) assert_float_equal(one->costs[i].distortion, three->costs[i].distortion, 0);
  scrim_voice_audit_report_free(one);
  scrim_voice_audit_report_free(three);
}

/* Called from several threads: each clip has a place of its own. */
static int keep_peak(const char *system, size_t clip, const float *x, size_t n, void *context) {
  float *peak = context;
  if (strcmp(system, "same") != 0) return clip == 3 && strcmp(system, "none") != 0;
  for (size_t i = 0; i < n; i++) peak[clip] = fmaxf(peak[clip], fabsf(x[i]));
  return 0;
}

static void what_systems_make_can_be_kept(void **state) {
  (void)state;
  const scrim_voice_other others[] = {{.name = "same", .own = same}, {.name = "noise", .own = noise}};
  float peak[CLIPS] = {0};
  scrim_voice_audit audit = audit_of();
  audit.others = others;
  audit.n_others = 1;
  audit.threads = 2;
  audit.keep = keep_peak;
  audit.keep_context = peak;
  scrim_voice_audit_report_free(run(NULL, &audit));
  for (int i = 0; i < CLIPS; i++) assert_float_equal(peak[i], 0.5, 1e-3); /* as talkers_speak makes them */
  audit.n_others = 2;
  scrim_voice_audit_report *report;
  scrim_error error;
  assert_int_equal(scrim_voice_audit_run(&report, NULL, NULL, &audit, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "'noise' made of clip 3"));
}

static int stop_at_once(const scrim_progress *progress, void *context) {
  ++*(int *)context;
  assert_string_equal(progress->stage, "none");
  return 1;
}

static void assert_refused(const scrim_filter *f, const scrim_key *k, const scrim_voice_audit *audit,
                           scrim_status status, const char *word) {
  scrim_voice_audit_report *report;
  scrim_error error = {0};
  assert_int_equal(scrim_voice_audit_run(&report, f, k, audit, &error), status);
  assert_null(report);
  if (!strstr(error.message, word)) fail_msg("'%s' does not say '%s'", error.message, word);
}

static void what_cannot_be_audited_is_refused(void **state) {
  (void)state;
  scrim_voice_audit audit = audit_of();
  assert_refused(filter, NULL, &audit, SCRIM_E_ARGUMENT, "together");
  audit.n_encoders = 0;
  assert_refused(NULL, NULL, &audit, SCRIM_E_ARGUMENT, "listener");
  audit = audit_of();
  audit.n_clips = 0;
  assert_refused(NULL, NULL, &audit, SCRIM_E_ARGUMENT, "clips");
  audit.n_clips = EACH; /* one speaker */
  assert_refused(NULL, NULL, &audit, SCRIM_E_DATA, "both kinds");
  audit = audit_of();
  audit.judge = encoders[0];
  assert_refused(NULL, NULL, &audit, SCRIM_E_FORMAT, "stem_w");
  audit = audit_of();
  const scrim_voice_clip broken[] = {clips[0], {.path = encoders[0], .speaker = "x"}};
  audit.clips = broken;
  audit.n_clips = 2;
  assert_refused(NULL, NULL, &audit, SCRIM_E_FORMAT, "enc-0");
  int calls = 0;
  audit = audit_of();
  audit.progress = stop_at_once;
  audit.context = &calls;
  assert_refused(NULL, NULL, &audit, SCRIM_E_CANCELLED, "none");
  assert_int_equal(calls, 1);
}

static void every_failed_request_is_reported(void **state) {
  (void)state;
  scrim_voice_audit audit = audit_of();
  audit.n_clips = EACH + 1;
  audit.removal = 1;
  audit.seconds = 0.5;
  scrim_voice_audit_report *report = NULL;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n += 1 + n) {
    memory_fail_at(n, 1);
    status = scrim_voice_audit_run(&report, filter, key, &audit, NULL);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK ? report != NULL : report == NULL);
  }
  scrim_voice_audit_report_free(report);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_there_is_found_and_what_is_not_is_not),
      cmocka_unit_test(every_system_meets_every_listener),
      cmocka_unit_test(the_filter_s_own_encoders_listen),
      cmocka_unit_test(settings_may_be_overridden),
      cmocka_unit_test(threads_change_nothing_but_the_time),
      cmocka_unit_test(what_systems_make_can_be_kept),
      cmocka_unit_test(what_cannot_be_audited_is_refused),
      cmocka_unit_test(every_failed_request_is_reported),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
