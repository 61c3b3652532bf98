/* The access log: what a line says, and that absent things are absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/log_access.h"
#include "support/files.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void a_line_a_request(void **state) {
  const char *path = files_path(*state, "log");
  log_file *log;
  traceparent trace;
  size_t n;
  assert_true(traceparent_parse(&trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55));
  const log_access_entry whole = {.time_s = 1.25,
                                  .method = "POST",
                                  .route = "infer",
                                  .model = "a \"b\"",
                                  .status = 200,
                                  .client = "00ff",
                                  .trace = &trace,
                                  .bytes_in = 10,
                                  .bytes_out = 20,
                                  .rows = 3,
                                  .seconds = 0.5,
                                  .upstream_seconds = 0.25};
  const log_access_entry bare = {
      .method = "?", .route = "unknown", .status = 404, .reason = "route", .upstream_seconds = -1};
  assert_int_equal(log_file_open(&log, path, NULL), SCRIM_OK);
  assert_int_equal(log_access_write(log, &whole, NULL), SCRIM_OK);
  assert_int_equal(log_access_write(log, &bare, NULL), SCRIM_OK);
  log_file_close(log);
  char *bytes = files_read(path, &n);
  assert_string_equal(bytes,
                      "{\"time\":\"1970-01-01T00:00:01.250Z\",\"method\":\"POST\",\"route\":\"infer\","
                      "\"model\":\"a \\\"b\\\"\",\"status\":200,\"client\":\"00ff\","
                      "\"trace\":\"0af7651916cd43dd8448eb211c80319c\",\"bytes_in\":10,\"bytes_out\":20,\"rows\":3,"
                      "\"seconds\":0.500000,\"upstream_seconds\":0.250000}\n"
                      "{\"time\":\"1970-01-01T00:00:00.000Z\",\"method\":\"?\",\"route\":\"unknown\",\"status\":404,"
                      "\"reason\":\"route\",\"bytes_in\":0,\"bytes_out\":0,\"rows\":0,\"seconds\":0.000000}\n");
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_line_a_request, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
