/* Filters of a configuration: signed by somebody trusted, encrypted or not, of the right width, with their key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/filter_table.h"
#include "core/memory.h"
#include "serve/serve_config.h"
#include "support/files.h"
#include "support/pem_keys.h"
#include <cmocka.h>
#include <scrim/encryption.h>
#include <scrim/signature.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a filter small enough to be made at once, in the place of the built-in ones ---- */

enum { CLASSES = 3 };
static const float weights[CLASSES] = {1, 2, 3};
static const scrim_param params[] = {{"form", "as the score filter has it", 0, 0, 2, 1, SCRIM_PARAM_APPLY}};

static scrim_status tiny_load(void **out, const tensorfile *file, const scrim_config *config, scrim_error *error) {
  (void)config;
  int64_t shape[1] = {CLASSES};
  const void *data;
  *out = memory_alloc(1);
  if (*out == NULL) return SCRIM_E_MEMORY;
  scrim_status status = tensorfile_get(file, "w", TENSORFILE_F32, 1, shape, &data, error);
  if (status == SCRIM_OK) return status;
  memory_free(*out);
  *out = NULL;
  return status;
}

static size_t tiny_columns(const void *model) {
  (void)model;
  return CLASSES;
}

static scrim_status tiny_open(void **out, const void *model, const scrim_key *key, const scrim_config *config,
                              scrim_error *error) {
  (void)model, (void)key, (void)config, (void)error;
  *out = memory_alloc(1);
  return *out == NULL ? SCRIM_E_MEMORY : SCRIM_OK;
}

static const filter_table tiny = {.kind = "scores",
                                  .view_kind = SCRIM_SCORES,
                                  .params = params,
                                  .n_params = 1,
                                  .load = tiny_load,
                                  .unload = memory_free,
                                  .columns = tiny_columns,
                                  .open = tiny_open,
                                  .close = memory_free};
static const filter_table voice = {.kind = "voice",
                                   .view_kind = SCRIM_AUDIO,
                                   .load = tiny_load,
                                   .unload = memory_free,
                                   .columns = tiny_columns,
                                   .open = tiny_open,
                                   .close = memory_free};
const filter_table *const builtin_filters[] = {&tiny, &voice, NULL};

static void save_filter(const filter_table *table, const char *path) {
  tensorfile_writer *writer;
  scrim_filter *filter;
  assert_int_equal(tensorfile_writer_create(&writer, NULL), SCRIM_OK);
  assert_int_equal(tensorfile_put(writer, "w", TENSORFILE_F32, 1, (int64_t[]){CLASSES}, weights, NULL), SCRIM_OK);
  assert_int_equal(filter_build(&filter, table, writer, NULL, NULL), SCRIM_OK);
  assert_int_equal(scrim_filter_save(filter, path, NULL), SCRIM_OK);
  scrim_filter_free(filter);
  tensorfile_writer_free(writer);
}

/* ---- a folder with everything: f.scrim, its signature by a.pem, n.key, e.key, a and b ---- */

static void sign(const char *folder, const char *name, const char *private_name) {
  scrim_signer *signer;
  assert_int_equal(scrim_signer_open(&signer, files_path(folder, private_name), NULL), SCRIM_OK);
  assert_int_equal(scrim_sign_file(signer, files_path(folder, name), NULL, NULL), SCRIM_OK);
  scrim_signer_free(signer);
}

static int make_world(void **state) {
  if (files_setup(state) != 0) return 1;
  const char *folder = *state;
  save_filter(&tiny, files_path(folder, "f.scrim"));
  pem_keys_make("ED25519", files_path(folder, "a.pem"), files_path(folder, "a.pub"));
  pem_keys_make("P-256", files_path(folder, "b.pem"), files_path(folder, "b.pub"));
  sign(folder, "f.scrim", "a.pem");
  assert_int_equal(scrim_key_new(files_path(folder, "n.key"), NULL), SCRIM_OK);
  assert_int_equal(scrim_key_new(files_path(folder, "e.key"), NULL), SCRIM_OK);
  return 0;
}

static scrim_status load(serve_config **out, const char *folder, const char *output, const char *trust,
                         scrim_error *error) {
  char text[1000];
  const char *path = files_path(folder, "serve.json");
  int n = snprintf(text, sizeof text,
                   "{\"listen\": [{\"address\": \"::1\", \"port\": 0}], \"upstream\": {\"host\": \"h\", \"port\": 1},"
                   "\"models\": [{\"name\": \"m\", \"dialect\": \"oip2\", \"outputs\": [{\"name\": \"o\","
                   "\"form\": \"logits\", %s}]}], %s}",
                   output, trust);
  files_write(path, text, (size_t)n);
  return serve_config_load(out, path, error);
}

#define PLAIN "\"classes\": 3, \"filter\": \"f.scrim\", \"key\": \"n.key\""
#define SEALED "\"classes\": 3, \"filter\": \"f.enc\", \"key\": \"n.key\""
#define TRUST_A "\"trusted_keys\": [\"a.pub\"]"
#define TRUST_B "\"trusted_keys\": [\"b.pub\"]"
#define TRUST_BOTH "\"trusted_keys\": [\"b.pub\", \"a.pub\"]"
#define UNSIGNED "\"allow_unsigned\": true"

static void opens(const char *folder, const char *output, const char *trust, int is_signed) {
  serve_config *config;
  scrim_session *session;
  scrim_error error = {.message = ""};
  double form;
  if (load(&config, folder, output, trust, &error) != SCRIM_OK) fail_msg("%s", error.message);
  const serve_output *o = &config->models[0].outputs[0];
  assert_int_equal(o->is_signed, is_signed);
  assert_int_equal(strlen(o->filter_hash), 64);
  assert_int_equal(scrim_config_get(&o->settings, "form", &form, NULL), SCRIM_OK);
  assert_true(form == DIALECT_LOGITS);
  assert_int_equal(scrim_session_create(&session, o->filter, o->key, &o->settings, NULL), SCRIM_OK);
  scrim_session_free(session);
  serve_config_free(config);
}

static void refuses(const char *folder, const char *output, const char *trust, scrim_status wanted, const char *words) {
  serve_config *config;
  scrim_error error = {.message = ""};
  assert_int_equal(load(&config, folder, output, trust, &error), wanted);
  assert_null(config);
  if (strstr(error.message, words) == NULL) fail_msg("'%s' does not say '%s'", error.message, words);
}

static void signed_by_somebody_trusted(void **state) {
  opens(*state, PLAIN, TRUST_A, 1);
  opens(*state, PLAIN, TRUST_BOTH, 1);
  opens(*state, PLAIN, TRUST_A ", " UNSIGNED, 1);
  refuses(*state, PLAIN, TRUST_B, SCRIM_E_KEY, "f.scrim': wrong scheme");
  refuses(*state, PLAIN, "\"trusted_keys\": [\"b.pub\", \"none.pub\"]", SCRIM_E_IO, "none.pub': No such file");
  refuses(*state, PLAIN, "\"trusted_keys\": [\"n.key\"]", SCRIM_E_KEY, "no public key");
  sign(*state, "f.scrim", "b.pem");
  pem_keys_make("ED25519", files_path(*state, "b.pem"), files_path(*state, "b.pub"));
  refuses(*state, PLAIN, TRUST_BOTH, SCRIM_E_KEY, "none of 2 trusted keys made its signature; the first: wrong scheme");
}

static void unsigned_only_when_told(void **state) {
  remove(files_path(*state, "f.scrim.sig"));
  refuses(*state, PLAIN, TRUST_A, SCRIM_E_KEY, "f.scrim': is not signed");
  opens(*state, PLAIN, UNSIGNED, 0);
  opens(*state, PLAIN, TRUST_A ", " UNSIGNED, 0);
  /* A signature that is there must be good all the same. */
  files_write(files_path(*state, "f.scrim.sig"), "x", 1);
  refuses(*state, PLAIN, TRUST_A ", " UNSIGNED, SCRIM_E_KEY, "f.scrim': malformed signature");
  opens(*state, PLAIN, UNSIGNED, 0);
}

static void one_changed_byte(void **state) {
  const char *path = files_path(*state, "f.scrim");
  size_t n;
  char *bytes = files_read(path, &n);
  bytes[n - 1] ^= 1;
  files_write(path, bytes, n);
  refuses(*state, PLAIN, TRUST_A, SCRIM_E_KEY, "f.scrim': wrong content");
  bytes[0] ^= 1;
  files_write(path, bytes, n);
  refuses(*state, PLAIN, UNSIGNED, SCRIM_E_FORMAT, "f.scrim': ");
  free(bytes);
  remove(path);
  refuses(*state, PLAIN, UNSIGNED, SCRIM_E_IO, "f.scrim': No such file");
}

static void encrypted(void **state) {
  scrim_key *key;
  assert_int_equal(scrim_key_open(&key, files_path(*state, "e.key"), NULL), SCRIM_OK);
  assert_int_equal(scrim_encrypt_file(files_path(*state, "f.scrim"), files_path(*state, "f.enc"), key, NULL), SCRIM_OK);
  scrim_key_free(key);
  sign(*state, "f.enc", "a.pem");
  opens(*state, SEALED ", \"encryption_key\": \"e.key\"", TRUST_A, 1);
  refuses(*state, SEALED, TRUST_A, SCRIM_E_KEY, "is encrypted, and the configuration names no encryption_key");
  refuses(*state, SEALED ", \"encryption_key\": \"n.key\"", TRUST_A, SCRIM_E_KEY,
          "f.enc': encrypted under another key");
  refuses(*state, PLAIN ", \"encryption_key\": \"e.key\"", TRUST_A, SCRIM_E_FORMAT, "f.scrim': no encrypted file");
}

static void the_right_filter_and_key(void **state) {
  refuses(*state, "\"classes\": 4, \"filter\": \"f.scrim\", \"key\": \"n.key\"", TRUST_A, SCRIM_E_PARAM,
          "f.scrim': takes 3 classes, and output 'o' has 4");
  refuses(*state, "\"classes\": 3, \"filter\": \"f.scrim\", \"key\": \"none.key\"", TRUST_A, SCRIM_E_IO, "none.key");
  refuses(*state, "\"classes\": 3, \"filter\": \"f.scrim\", \"key\": \"a.pub\"", TRUST_A, SCRIM_E_KEY, "a.pub");
  save_filter(&voice, files_path(*state, "f.scrim"));
  sign(*state, "f.scrim", "a.pem");
  refuses(*state, PLAIN, TRUST_A, SCRIM_E_PARAM, "f.scrim': is a filter for 'voice', not for scores");
}

static void memory_runs_out(void **state) {
  serve_config *config;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = load(&config, *state, PLAIN, TRUST_A, NULL);
    memory_fail_at(0, 0);
    assert_int_equal(config != NULL, status == SCRIM_OK);
    serve_config_free(config);
    assert_true(n < 100);
  }
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(signed_by_somebody_trusted, make_world, files_teardown),
      cmocka_unit_test_setup_teardown(unsigned_only_when_told, make_world, files_teardown),
      cmocka_unit_test_setup_teardown(one_changed_byte, make_world, files_teardown),
      cmocka_unit_test_setup_teardown(encrypted, make_world, files_teardown),
      cmocka_unit_test_setup_teardown(the_right_filter_and_key, make_world, files_teardown),
      cmocka_unit_test_setup_teardown(memory_runs_out, make_world, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
