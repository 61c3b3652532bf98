/* The configuration's schema: what each field becomes, what is its default, and what is refused where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "support/config_text.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char least[] =
    "{\"listen\": [{\"address\": \"127.0.0.1\", \"port\": 0}], \"upstream\": {\"host\": \"h\", \"port\": 1},"
    "\"models\": [{\"name\": \"m\", \"dialect\": \"kserve1\", \"outputs\": [{\"name\": \"o\", \"form\": \"logits\","
    "\"classes\": 2, \"filter\": \"f\", \"key\": \"k\"}]}], \"trusted_keys\": [\"t\"]}";

static serve_config *parse(const char *text) {
  serve_config *config;
  scrim_error error = {.message = ""};
  if (serve_config_parse(&config, text, strlen(text), &error) != SCRIM_OK) fail_msg("%s", error.message);
  return config;
}

static void servers_and_limits(void **state) {
  (void)state;
  serve_config *c = parse(config_text_whole);
  assert_int_equal(c->workers, 2);
  assert_int_equal(c->n_listeners, 1);
  const serve_listener *l = &c->listeners[0];
  assert_string_equal(l->address, "127.0.0.1");
  assert_int_equal(l->port, 8443);
  assert_string_equal(l->certificate, "c.pem");
  assert_string_equal(l->private_key, "k.pem");
  assert_string_equal(l->client_ca, "ca.pem");
  assert_int_equal(l->require_client_certificate, 1);
  assert_string_equal(c->metrics->address, "::1");
  assert_int_equal(c->metrics->port, 9100);
  assert_null(c->metrics->certificate);
  assert_int_equal(c->metrics_on_listeners, 1);
  assert_string_equal(c->upstream.host, "model");
  assert_int_equal(c->upstream.port, 8085);
  assert_int_equal(c->upstream.tls, 1);
  assert_string_equal(c->upstream.ca, "/up/ca.pem");
  assert_string_equal(c->upstream.server_name, "m");
  assert_string_equal(c->upstream.certificate, "uc.pem");
  assert_string_equal(c->upstream.private_key, "uk.pem");
  assert_int_equal(c->upstream.connections, 8);
  assert_true(c->upstream.connect_timeout_s == 1.5 && c->upstream.deadline_s == 20 && c->upstream.idle_s == 5);
  const serve_limits *m = &c->limits;
  assert_true(m->header_bytes == 8192 && m->body_bytes == 1048576 && m->chunks == 100 && m->rows == 10);
  assert_true(m->connections == 11 && m->header_deadline_s == 3 && m->body_deadline_s == 4 && m->minimum_rate == 50);
  assert_true(m->keep_alive_s == 6 && m->drain_s == 7);
  serve_config_free(c);
  serve_config_free(NULL);
}

static void models_and_the_rest(void **state) {
  (void)state;
  serve_config *c = parse(config_text_whole);
  assert_int_equal(c->n_models, 2);
  const serve_model *letter = &c->models[0], *digit = &c->models[1];
  assert_string_equal(letter->name, "letter");
  assert_int_equal(letter->n_versions, 2);
  assert_string_equal(letter->versions[1], "2");
  assert_int_equal(letter->dialect, DIALECT_OIP2);
  assert_string_equal(letter->allowed[0], "label");
  assert_int_equal(letter->n_outputs, 2);
  const serve_output *p = &letter->outputs[0], *l = &letter->outputs[1];
  assert_true(p->form == DIALECT_PROBABILITIES && p->classes == 3 && p->n_order == 3);
  assert_true(p->order[0] == 2 && p->order[1] == 0 && p->order[2] == 1);
  assert_string_equal(p->filter_path, "p.scrim");
  assert_string_equal(p->key_path, "p.key");
  assert_string_equal(p->encryption_key_path, "kek.key");
  assert_true(l->form == DIALECT_LOGITS && l->order == NULL && l->encryption_key_path == NULL && l->filter == NULL);
  assert_int_equal(digit->dialect, DIALECT_TFSERVING);
  assert_string_equal(digit->signature, "s");
  assert_int_equal(digit->n_versions + digit->n_allowed, 0);
  assert_int_equal(digit->outputs[0].form, DIALECT_LOG_PROBABILITIES);
  assert_string_equal(c->request_headers[0], "x-request-id");
  assert_int_equal(c->budget.identity, SERVE_IDENTITY_HEADER);
  assert_string_equal(c->budget.header, "x-client");
  assert_true(c->budget.rows == 1000 && c->budget.window_s == 3600 && c->budget.clients == 50);
  assert_string_equal(c->logs.access, "-");
  assert_string_equal(c->logs.audit, "audit.jsonl");
  assert_string_equal(c->logs.audit_signing_key, "sign.pem");
  assert_string_equal(c->logs.audit_hash_key, "hash.key");
  assert_true(c->logs.audit_every == 10 && c->logs.audit_sync == 1);
  assert_int_equal(c->allow_unsigned, 1);
  assert_int_equal(c->n_trusted_keys, 2);
  assert_string_equal(c->trusted_keys[1], "b.pem");
  serve_config_free(c);
}

/* The defaults that the manual page gives. */
static void defaults(void **state) {
  (void)state;
  serve_config *c = parse(least);
  assert_int_equal(c->workers, 1);
  assert_null(c->listeners[0].certificate);
  assert_null(c->metrics);
  assert_int_equal(c->metrics_on_listeners, 0);
  assert_int_equal(c->upstream.tls, 0);
  assert_int_equal(c->upstream.connections, 64);
  assert_true(c->upstream.connect_timeout_s == 2 && c->upstream.deadline_s == 30 && c->upstream.idle_s == 30);
  const serve_limits *m = &c->limits;
  assert_true(m->header_bytes == 16384 && m->body_bytes == 67108864 && m->chunks == 65536 && m->rows == 65536);
  assert_true(m->connections == 1024 && m->header_deadline_s == 10 && m->body_deadline_s == 30);
  assert_true(m->minimum_rate == 1000 && m->keep_alive_s == 60 && m->drain_s == 30);
  assert_int_equal(c->budget.identity, SERVE_IDENTITY_NONE);
  assert_true(c->budget.window_s == 86400 && c->budget.clients == 65536);
  assert_null(c->logs.access);
  assert_null(c->logs.audit);
  assert_int_equal(c->logs.audit_every, 1000);
  assert_int_equal(c->allow_unsigned, 0);
  serve_config_free(c);
}

static void the_hash_is_of_the_bytes(void **state) {
  (void)state;
  serve_config *a = parse(least), *b;
  char *spaced = config_text_with(least, "{", "{ ");
  b = parse(spaced);
  assert_int_equal(strlen(a->hash), 64);
  assert_string_not_equal(a->hash, b->hash);
  free(spaced);
  serve_config_free(a);
  serve_config_free(b);
}

static void places_of_faults(void **state) {
  (void)state;
  static const struct {
    const char *old, *new, *message;
  } cases[] = {
      {"\"workers\"", "\"worker\"", "$.worker: unknown field"},
      {"\"workers\": 2", "\"workers\": 0", "$.workers: 0 is not in 1..256"},
      {"\"workers\": 2", "\"workers\": 1.5", "$.workers: must be a whole number"},
      {"\"workers\": 2", "\"workers\": \"2\"", "$.workers: must be a whole number"},
      {"8443", "65536", "$.listen[0].port: 65536 is not in 0..65535"},
      {"8443", "-1", "$.listen[0].port: -1 is not in 0..65535"},
      {"\"c.pem\"", "7", "$.listen[0].tls.certificate: must be a string"},
      {"\"c.pem\"", "\"\"", "$.listen[0].tls.certificate: must not be empty"},
      {"\"key\": \"k.pem\", ", "", "$.listen[0].tls.key: is missing"},
      {"true}}]", "1}}]", "$.listen[0].tls.require_client_certificate: must be true or false"},
      {"\"::1\", ", "\"::1\", \"x\": 1,", "$.metrics.listen.x: unknown field"},
      {"\"port\": 8085, ", "", "$.upstream.port: is missing"},
      {"\"connect_seconds\": 1.5", "\"connect_seconds\": 0", "$.upstream.connect_seconds: 0 is not in 0.01..60"},
      {"\"answer_seconds\": 20", "\"answer_seconds\": 1e9",
       "$.upstream.answer_seconds: 1000000000 is not in 0.01..3600"},
      {"\"header_bytes\": 8192", "\"header_bytes\": 100", "$.limits.header_bytes: 100 is not in 1024..1048576"},
      {"\"letter\"", "\"let/ter\"", "$.models[0].name: 'let/ter' must be letters, digits, '.', '_' and '-' only"},
      {"[\"1\", \"2\"]", "[]", "$.models[0].versions: has 0 elements, and must have 1..64"},
      {"[\"1\", \"2\"]", "[\"1\", \"1\"]", "$.models[0].versions[1]: '1' is there twice"},
      {"[\"1\", \"2\"]", "\"1\"", "$.models[0].versions: must be a list"},
      {"\"oip2\"", "\"grpc\"", "$.models[0].dialect: 'grpc' is none of 'oip2', 'tfserving', 'kserve1'"},
      {"\"logits\"", "\"logit\"",
       "$.models[0].outputs[1].form: 'logit' is none of 'probabilities', 'logits', 'log-probabilities'"},
      {"\"classes\": 4", "\"classes\": 1", "$.models[0].outputs[1].classes: 1 is not in 2..65536"},
      {"[2, 0, 1]", "[2, 0, -1]", "$.models[0].outputs[0].order[2]: -1 is not in 0..2147483647"},
      {"{\"name\": \"d\"", "{\"name\": null", "$.models[1].outputs[0].name: must be a string"},
      {"\"identity\": \"header\", ", "", "$.budget.identity: is missing"},
      {"\"every\": 10", "\"every\": 0", "$.logs.audit.every: 0 is not in 1..10000"},
      {"\"file\": \"audit.jsonl\", ", "", "$.logs.audit.file: is missing"},
      {"[\"a.pem\", \"b.pem\"]", "[\"a.pem\", {}]", "$.trusted_keys[1]: must be a string"},
      {"{\"file\"", "7, \"x\": {\"file\"", "$.logs.audit: must be an object"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *text = config_text_with(config_text_whole, cases[i].old, cases[i].new);
    config_text_refused(text, cases[i].message);
    free(text);
  }
  config_text_refused("[]", "$: must be an object");
  config_text_refused("{}", "$.listen: is missing");
}

/* What the guard in front of the parser refuses: SCRIM_E_FORMAT or SCRIM_E_DATA, and nothing of it is read. */
static void what_is_no_json(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "{",
                                    "{}x",
                                    "{\"workers\":1,\"workers\":2}",
                                    "{\"workers\":01}",
                                    "{'workers':1}",
                                    "{\"workers\":NaN}",
                                    "{\"a\":\"\\u0000\"}",
                                    "{,}",
                                    "\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    serve_config *config;
    scrim_error error = {.message = ""};
    scrim_status status = serve_config_parse(&config, bad[i], strlen(bad[i]), &error);
    assert_true(status == SCRIM_E_FORMAT || status == SCRIM_E_DATA);
    assert_null(config);
    assert_true(error.message[0] != '\0');
  }
  /* Every cut. */
  for (size_t n = 0; n < sizeof least - 1; n++) {
    serve_config *config;
    assert_int_not_equal(serve_config_parse(&config, least, n, NULL), SCRIM_OK);
    assert_null(config);
  }
}

static void names_are_taken_from_the_file_s_folder(void **state) {
  const char *path = files_path(*state, "serve.json");
  serve_config *config;
  scrim_error error;
  char wanted[600];
  files_write(path, least, sizeof least - 1);
  /* It fails at the first file that it opens, and names it. */
  assert_int_equal(serve_config_load(&config, path, &error), SCRIM_E_IO);
  assert_null(config);
  snprintf(wanted, sizeof wanted, "cannot open '%s': No such file or directory", files_path(*state, "t"));
  assert_string_equal(error.message, wanted);
  files_write(path, "{}", 2);
  assert_int_equal(serve_config_load(&config, path, &error), SCRIM_E_PARAM);
  snprintf(wanted, sizeof wanted, "'%s': $.listen: is missing", path);
  assert_string_equal(error.message, wanted);
  assert_int_equal(serve_config_load(&config, files_path(*state, "none"), &error), SCRIM_E_IO);
}

static void memory_runs_out(void **state) {
  (void)state;
  serve_config *config;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status == SCRIM_E_MEMORY; n++) {
    memory_fail_at(n, 0);
    status = serve_config_parse(&config, config_text_whole, strlen(config_text_whole), NULL);
    memory_fail_at(0, 0);
    assert_int_equal(config != NULL, status == SCRIM_OK);
    serve_config_free(config);
    assert_true(n < 100);
  }
  assert_int_equal(status, SCRIM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(servers_and_limits),
      cmocka_unit_test(models_and_the_rest),
      cmocka_unit_test(defaults),
      cmocka_unit_test(the_hash_is_of_the_bytes),
      cmocka_unit_test(places_of_faults),
      cmocka_unit_test(what_is_no_json),
      cmocka_unit_test_setup_teardown(names_are_taken_from_the_file_s_folder, files_setup, files_teardown),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
