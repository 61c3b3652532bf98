/* The proxy from end to end: right answers, its own routes, drain, reload, budget. */
#include "core/memory.h"
#include "proxy_world.h"

/* ---- right answers ---- */

/* What the filter itself makes of a row. */
static void filtered(const proxy_world *w, const float in[WORLD_K], float out[WORLD_K]) {
  scrim_filter *filter;
  scrim_key *key;
  scrim_session *session;
  float copy[WORLD_K];
  memcpy(copy, in, sizeof copy);
  assert_int_equal(scrim_filter_open(&filter, world_path(w, "filter.scrim"), NULL), SCRIM_OK);
  assert_int_equal(scrim_key_open(&key, world_path(w, "filter.key"), NULL), SCRIM_OK);
  assert_int_equal(scrim_session_create(&session, filter, key, NULL, NULL), SCRIM_OK);
  scrim_view from = {.kind = SCRIM_SCORES, .data = copy, .rows = 1, .columns = WORLD_K},
             to = {.kind = SCRIM_SCORES, .data = out, .columns = WORLD_K, .capacity = 1};
  assert_int_equal(scrim_apply(session, &from, &to, NULL), SCRIM_OK);
  scrim_session_free(session);
  scrim_key_free(key);
  scrim_filter_free(filter);
}

static void assert_filtered(const proxy_world *w, const char *list, const float in[WORLD_K]) {
  float due[WORLD_K];
  char *at = (char *)(uintptr_t)list;
  filtered(w, in, due);
  for (size_t i = 0; i < WORLD_K; i++) assert_true(strtof(at, &at) == due[i] && at++ != NULL);
}

static void test_same_as_the_filter(void **state) {
  const proxy_world *w = *state;
  static const char *const models[] = {"good", "chunked", "interim", "close", "stale", "etag", "text"};
  const float row[WORLD_K] = {0.7f, 0.2f, 0.1f};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    char *text = world_infer(models[i], "", "[0.7,0.2,0.1]", 1);
    world_answer a = world_ask(w, text);
    if (a.status != 200) print_error("%s: %s\n", models[i], a.text);
    assert_int_equal(a.status, 200);
    assert_filtered(w, strstr(a.body, "\"data\":[") + 8, row);
    assert_non_null(strstr(a.body, "\"id\":\"a\""));
    world_answer_free(&a);
    free(text);
  }
}

static void test_rows_of_kserve1(void **state) {
  const proxy_world *w = *state;
  char *text = world_request("POST", "/v1/models/rows:predict", "", "{\"instances\":[[0.1,0.2,0.7],[0.3,0.3,0.4]]}");
  world_answer a = world_ask(w, text);
  assert_int_equal(a.status, 200);
  assert_int_equal(strncmp(a.body, "{\"predictions\":[[", 17), 0);
  assert_filtered(w, a.body + 17, (const float[]){0.1f, 0.2f, 0.7f});
  assert_filtered(w, strstr(a.body, "],[") + 3, (const float[]){0.3f, 0.3f, 0.4f});
  world_answer_free(&a);
  free(text);
}

static void test_binary_tensors(void **state) {
  const proxy_world *w = *state;
  static const char json[] = "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\","
                             "\"parameters\":{\"binary_data_size\":12}}]}";
  const float row[WORLD_K] = {0.5f, 0.25f, 0.25f};
  float due[WORLD_K];
  char text[1024];
  int n = snprintf(text, sizeof text,
                   "POST /v2/models/good/infer HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: %zu\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(json), strlen(json) + sizeof row, json);
  memcpy(text + n, row, sizeof row);
  world_answer a = world_ask_bytes(w, text, (size_t)n + sizeof row);
  assert_int_equal(a.status, 200);
  const char *header = strstr(a.text, "\r\nInference-Header-Content-Length: ");
  assert_non_null(header);
  assert_int_equal(atoi(header + 35) + (int)sizeof row, a.n_body);
  assert_non_null(strstr(a.text, "Content-Type: application/octet-stream\r\n"));
  filtered(w, row, due);
  assert_memory_equal(a.body + a.n_body - sizeof row, due, sizeof row);
  world_answer_free(&a);
}

/* Bytes of the request may come in any pieces. */
static void test_every_split(void **state) {
  const proxy_world *w = *state;
  char *text = world_infer("good", "", "[0.7,0.2,0.1]", 1);
  size_t n = strlen(text);
  int fd = world_connect(w);
  for (size_t cut = 1; cut < n; cut += 3) {
    world_send(fd, text, cut);
    if (cut % 2 == 0) world_sleep(0.0005);
    world_send(fd, text + cut, n - cut);
    world_answer a = world_hear(fd);
    assert_int_equal(a.status, 200);
    assert_false(a.is_closed);
    world_answer_free(&a);
  }
  close(fd);
  free(text);
}

static void test_pipelining(void **state) {
  const proxy_world *w = *state;
  char *one = world_infer("good", "", "[0.7,0.2,0.1]", 1), *all = malloc(64 * (strlen(one) + 64) + 1);
  all[0] = '\0';
  for (int i = 0; i < 32; i++) strcat(strcat(all, one), "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n");
  int fd = world_connect(w);
  world_say(fd, all);
  for (int i = 0; i < 64; i++) {
    world_answer a = world_hear(fd);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, i % 2 == 0 ? "\"scores\"" : "{\"live\":true}"));
    world_answer_free(&a);
  }
  close(fd);
  free(one);
  free(all);
}

static void test_half_close(void **state) {
  const proxy_world *w = *state;
  char *text = world_infer("good", "", "[0.7,0.2,0.1]", 1);
  int fd = world_connect(w);
  world_say(fd, text);
  shutdown(fd, SHUT_WR);
  world_answer a = world_hear(fd);
  assert_int_equal(a.status, 200);
  assert_true(world_is_closed(fd, 1000));
  world_answer_free(&a);
  close(fd);
  free(text);
}

static void test_expect(void **state) {
  const proxy_world *w = *state;
  char *text = world_infer("good", "Expect: 100-continue\r\n", "[0.7,0.2,0.1]", 1),
       *body = strstr(text, "\r\n\r\n") + 4;
  int fd = world_connect(w);
  world_send(fd, text, (size_t)(body - text));
  world_answer a = world_hear(fd);
  assert_int_equal(a.status, 100);
  world_answer_free(&a);
  world_say(fd, body);
  a = world_hear(fd);
  assert_int_equal(a.status, 200);
  world_answer_free(&a);
  close(fd);
  free(text);
}

/* HTTP/1.0 is answered, and the connection ends. */
static void test_old_http(void **state) {
  const proxy_world *w = *state;
  int fd = world_connect(w);
  world_say(fd, "GET /v2/health/live HTTP/1.0\r\n\r\n");
  world_answer a = world_hear(fd);
  assert_int_equal(a.status, 200);
  assert_true(a.is_closed);
  assert_true(world_is_closed(fd, 1000));
  world_answer_free(&a);
  close(fd);
}

/* ---- what crosses ---- */

static void test_heads_that_cross(void **state) {
  const proxy_world *w = *state;
  static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  char head[4096], fields[512];
  snprintf(fields, sizeof fields,
           "traceparent: %s\r\nAccept-Encoding: gzip\r\nX-Debug: 1\r\nAuthorization: secret\r\nCookie: c\r\n", trace);
  char *text = world_infer("etag", fields, "[0.7,0.2,0.1]", 1);
  world_answer a = world_ask(w, text);
  assert_int_equal(a.status, 200);
  stub_upstream_last_head(w->stub, head, sizeof head);
  assert_non_null(strstr(head, trace));
  assert_int_equal(strncmp(head, "POST /v2/models/etag/infer HTTP/1.1\r\nHost: 127.0.0.1:", 52), 0);
  static const char *const dropped[] = {"Accept-Encoding", "X-Debug", "Authorization", "Cookie", "proxy", "gzip"};
  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) assert_null(strstr(head, dropped[i]));
  static const char *const kept_back[] = {"ETag", "Content-MD5", "Server-Timing", "Age", "X-Score", "0.123"};
  for (size_t i = 0; i < sizeof kept_back / sizeof *kept_back; i++) assert_null(strstr(a.text, kept_back[i]));
  world_answer_free(&a);
  free(text);
}

/* ---- its own routes ---- */

static void assert_says(const proxy_world *w, const char *request, int status, const char *words) {
  world_answer a = world_ask(w, request);
  if (a.status != status) print_error("%s%s", request, a.text);
  assert_int_equal(a.status, status);
  assert_non_null(strstr(a.text, words));
  assert_null(strstr(a.text, WORLD_CANARY));
  world_answer_free(&a);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

static void test_own_routes(void **state) {
  const proxy_world *w = *state;
  assert_says(w, GET("/v2/health/live"), 200, "{\"live\":true}");
  assert_says(w, GET("/v2/health/ready"), 200, "{\"ready\":true}");
  assert_says(w, GET("/v2"), 200, "\"name\":\"scrim\"");
  assert_says(w, GET("/v2/models/good/ready"), 200, "{\"name\":\"good\",\"ready\":true}");
  assert_says(w, GET("/v2/models/good/versions/2/ready"), 200, "\"ready\":true");
  assert_says(w, GET("/v2/models/s500/ready"), 503, "{\"name\":\"s500\",\"ready\":false}");
  assert_says(w, GET("/v1/models/rows"), 200, "{\"name\":\"rows\",\"ready\":true}");
  assert_says(w, GET("/metrics"), 200, "scrim_requests_total{code=\"200\"}");
}

static void test_refused_routes(void **state) {
  const proxy_world *w = *state;
  assert_says(w, GET("/"), 404, "{\"error\":\"");
  assert_says(w, GET("/v2/models/good"), 404, "{\"error\":\"");
  assert_says(w, GET("/v2/models/good/config"), 404, "{\"error\":\"");
  assert_says(w, GET("/v2/models/other/ready"), 404, "{\"error\":\"");
  assert_says(w, GET("/v2/models/good/versions/3/ready"), 404, "{\"error\":\"");
  assert_says(w, GET("/v2/models/rows/ready"), 404, "{\"error\":\"");
  assert_says(w, GET("/v1/models/good"), 404, "{\"error\":\"");
  assert_says(w, GET("/v2/models/good/infer"), 405, "\r\nAllow: POST\r\n");
  assert_says(w, "DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 405, "\r\nAllow: GET\r\n");
}

static void test_refused_requests(void **state) {
  const proxy_world *w = *state;
  static const struct {
    const char *fields, *body;
    int status;
  } bad[] = {
      {"Content-Encoding: gzip\r\n", "{}", 415},
      {"Expect: money\r\n", "{}", 417},
      {"Inference-Header-Content-Length: x\r\n", "{}", 400},
      {"Inference-Header-Content-Length: 1\r\nInference-Header-Content-Length: 1\r\n", "{}", 400},
      {"Inference-Header-Content-Length: 3\r\n", "{}", 400},
      {"", "", 400},
      {"", "{", 400},
      {"", "{}", 400},
      {"", "{\"inputs\":[],\"outputs\":[{\"name\":\"scores\",\"parameters\":{\"classification\":3}}]}", 400},
      {"", "{\"inputs\":[],\"outputs\":[{\"name\":\"logits\"}]}", 400},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char *text = world_request("POST", "/v2/models/good/infer", bad[i].fields, bad[i].body);
    world_refused(w, text, strlen(text), bad[i].status);
    free(text);
  }
  char *text = world_request("GET", "/v2/health/live", "", "x");
  world_refused(w, text, strlen(text), 400);
  free(text);
}

/* ---- drain, reload ---- */

static void test_drain(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "", "", stub_upstream_port(w->stub), "\"answer_seconds\":5");
  world_start(w);
  int idle = world_connect(w), busy = world_connect(w);
  world_say(idle, GET("/v2/health/live"));
  world_answer a = world_hear(idle);
  assert_int_equal(a.status, 200);
  world_answer_free(&a);
  char *text = world_infer("slow", "", "[0.7,0.2,0.1]", 1);
  world_say(busy, text);
  world_sleep(0.2);
  proxy_drain(w->proxy);
  assert_true(world_is_closed(idle, 1000)); /* at once, while the other waits */
  assert_false(proxy_is_over(w->proxy));
  a = world_hear(busy);
  assert_int_equal(a.status, 200);
  assert_true(a.is_closed);
  close(busy);
  for (int i = 0; i < 100 && !proxy_is_over(w->proxy); i++) world_sleep(0.05);
  assert_true(proxy_is_over(w->proxy));
  world_answer_free(&a);
  world_stop(w);
  close(idle);
  free(text);
}

/* From the moment of draining nobody new is let in. */
static void test_doors_close(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "\"workers\":2,", "", stub_upstream_port(w->stub), "\"answer_seconds\":5");
  world_start(w);
  int busy = world_connect(w);
  char *text = world_infer("slow", "", "[0.7,0.2,0.1]", 1);
  world_say(busy, text);
  world_sleep(0.1);
  proxy_drain(w->proxy);
  world_sleep(0.2);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
  world_stop(w);
  close(fd);
  close(busy);
  free(text);
}

/* Stopping does not wait for anybody. */
static void test_stop_cuts_off(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "", "", stub_upstream_port(w->stub), "\"answer_seconds\":5");
  world_start(w);
  char *text = world_infer("slow", "", "[0.7,0.2,0.1]", 1);
  int fd = world_connect(w);
  world_say(fd, text);
  world_sleep(0.1);
  double began = world_seconds();
  world_stop(w);
  assert_true(world_seconds() < began + 1);
  world_answer a = world_hear(fd);
  assert_int_equal(a.status, 0);
  assert_int_equal(a.n, 0);
  world_answer_free(&a);
  close(fd);
  free(text);
}

static void test_reload(void **state) {
  proxy_world *w = *state;
  scrim_error error;
  world_write_config(w, "\"workers\":2,", "", stub_upstream_port(w->stub), "\"answer_seconds\":5");
  world_start(w);
  int kept = world_connect(w), busy = world_connect(w);
  char *slow = world_infer("slow", "", "[0.7,0.2,0.1]", 1), *good = world_infer("good", "", "[0.7,0.2,0.1]", 1);
  world_say(kept, good);
  world_answer a = world_hear(kept);
  assert_int_equal(a.status, 200);
  world_answer_free(&a);
  world_say(busy, slow);
  world_sleep(0.1);

  files_write(world_path(w, "serve.json"), "{", 1); /* a bad one changes nothing */
  assert_int_not_equal(proxy_reload(w->proxy, world_path(w, "serve.json"), &error), SCRIM_OK);
  world_is_well(w);
  world_write_config(w, "\"workers\":3,", "", stub_upstream_port(w->stub), "\"answer_seconds\":5");
  assert_int_equal(proxy_reload(w->proxy, world_path(w, "serve.json"), &error), SCRIM_E_UNSUPPORTED);
  assert_non_null(strstr(error.message, "workers"));
  world_is_well(w);

  world_write_config(w, "\"workers\":2,\"limits\":{\"rows\":1,\"body_bytes\":1024},", "", stub_upstream_port(w->stub),
                     "\"answer_seconds\":5");
  assert_int_equal(proxy_reload(w->proxy, world_path(w, "serve.json"), &error), SCRIM_OK);
  world_is_well(w);
  char *two = world_infer("good", "", "[0.7,0.2,0.1,0.3,0.3,0.4]", 2);
  world_refused(w, two, strlen(two), 413);
  world_say(kept, two); /* a connection from before the reload */
  a = world_hear(kept);
  assert_int_equal(a.status, 413);
  world_answer_free(&a);
  a = world_hear(busy); /* a request from before the reload */
  assert_int_equal(a.status, 200);
  world_answer_free(&a);
  world_stop(w);
  close(kept);
  close(busy);
  free(slow);
  free(good);
  free(two);
}

/* Each request for memory fails in turn: no start, or a good one; nothing stays behind. The same for a reload. */
static void test_start_without_memory(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "\"workers\":2,\"budget\":{\"identity\":\"header\",\"header\":\"x\",\"rows\":9},", "",
                     stub_upstream_port(w->stub), WORLD_UPSTREAM);
  for (unsigned long n = 1; w->proxy == NULL; n += 1 + n / 64) {
    serve_config *config;
    scrim_error error;
    assert_int_equal(serve_config_load(&config, world_path(w, "serve.json"), &error), SCRIM_OK);
    memory_fail_at(n, 0);
    scrim_status status = proxy_start(&w->proxy, config, &error);
    memory_fail_at(0, 0);
    assert_true(status == SCRIM_OK || w->proxy == NULL);
  }
  int failures = 0;
  scrim_status status = SCRIM_E_MEMORY;
  for (unsigned long n = 1; status != SCRIM_OK; n += 1 + n / 8) {
    memory_fail_at(n, 0);
    status = proxy_reload(w->proxy, world_path(w, "serve.json"), NULL);
    memory_fail_at(0, 0);
    failures += status != SCRIM_OK;
  }
  assert_true(failures > 20);
  world_stop(w);
}

/* ---- budget and room ---- */

static int status_for(const proxy_world *w, const char *fields, size_t rows) {
  char *text = world_infer("good", fields, rows == 2 ? "[0.7,0.2,0.1,0.3,0.3,0.4]" : "[0.7,0.2,0.1]", rows);
  world_answer a = world_ask(w, text);
  int status = a.status;
  if (status == 429) assert_non_null(strstr(a.text, "\r\nRetry-After: "));
  world_answer_free(&a);
  free(text);
  return status;
}

static void test_budget(void **state) {
  proxy_world *w = *state;
  world_write_config(w,
                     "\"budget\":{\"identity\":\"header\",\"header\":\"x-client\",\"rows\":3,\"window_seconds\":3600,"
                     "\"clients\":2},",
                     "", stub_upstream_port(w->stub), WORLD_UPSTREAM);
  world_start(w);
  size_t asked = stub_upstream_requests(w->stub);
  assert_int_equal(status_for(w, "", 1), 401);
  assert_int_equal(status_for(w, "X-Client: \r\n", 1), 401);
  assert_int_equal(status_for(w, "X-Client: a\r\nX-Client: b\r\n", 1), 401);
  assert_int_equal(stub_upstream_requests(w->stub), asked);
  assert_int_equal(status_for(w, "X-Client: a\r\n", 2), 200);
  assert_int_equal(status_for(w, "X-Client: a\r\n", 2), 429);
  assert_int_equal(status_for(w, "X-Client: a\r\n", 1), 200);
  assert_int_equal(status_for(w, "X-Client: a\r\n", 1), 429);
  assert_int_equal(status_for(w, "X-Client: b\r\n", 1), 200);
  assert_int_equal(status_for(w, "X-Client: c\r\n", 1), 429); /* no room for a third */
  assert_int_equal(stub_upstream_requests(w->stub), asked + 3);
  world_stop(w);
}

static void test_connections_are_bounded(void **state) {
  proxy_world *w = *state;
  world_write_config(w, "\"limits\":{\"connections\":2},", "", stub_upstream_port(w->stub), WORLD_UPSTREAM);
  world_start(w);
  int one = world_connect(w), two = world_connect(w);
  world_say(one, GET("/v2/health/live"));
  world_answer a = world_hear(one);
  world_answer_free(&a);
  world_say(two, GET("/v2/health/live"));
  a = world_hear(two);
  world_answer_free(&a);
  assert_says(w, GET("/v2/health/live"), 503, "too many connections");
  close(one);
  world_sleep(0.1);
  assert_says(w, GET("/v2/health/live"), 200, "live");
  close(two);
  world_stop(w);
}

/* The port for metrics shows these and health, and nothing else does. */
static void test_metrics_listener(void **state) {
  proxy_world *w = *state;
  char name[LISTENER_NAME];
  world_write_config(w, "\"metrics\":{\"listen\":{\"address\":\"127.0.0.1\",\"port\":0}},", "",
                     stub_upstream_port(w->stub), WORLD_UPSTREAM);
  world_start(w);
  assert_says(w, GET("/metrics"), 404, "error");
  assert_true(proxy_address(w->proxy, 1, name));
  proxy_world metrics = *w;
  metrics.port = atoi(strchr(name, ':') + 1);
  assert_says(&metrics, GET("/metrics"), 200, "scrim_requests_total");
  assert_says(&metrics, GET("/v2/health/live"), 200, "live");
  assert_says(&metrics, GET("/v2"), 404, "error");
  char *text = world_infer("good", "", "[0.7,0.2,0.1]", 1);
  world_refused(&metrics, text, strlen(text), 404);
  free(text);
  world_stop(w);
}

int main(void) {
  const struct CMUnitTest shared[] = {
      cmocka_unit_test(test_same_as_the_filter),
      cmocka_unit_test(test_rows_of_kserve1),
      cmocka_unit_test(test_binary_tensors),
      cmocka_unit_test(test_every_split),
      cmocka_unit_test(test_pipelining),
      cmocka_unit_test(test_half_close),
      cmocka_unit_test(test_expect),
      cmocka_unit_test(test_old_http),
      cmocka_unit_test(test_heads_that_cross),
      cmocka_unit_test(test_own_routes),
      cmocka_unit_test(test_refused_routes),
      cmocka_unit_test(test_refused_requests),
  };
  const struct CMUnitTest own[] = {
      cmocka_unit_test(test_start_without_memory),
      cmocka_unit_test(test_doors_close),
      cmocka_unit_test(test_drain),
      cmocka_unit_test(test_stop_cuts_off),
      cmocka_unit_test(test_reload),
      cmocka_unit_test(test_budget),
      cmocka_unit_test(test_connections_are_bounded),
      cmocka_unit_test(test_metrics_listener),
  };
  int failed = cmocka_run_group_tests(shared, world_setup_proxy, world_teardown);
  return failed + cmocka_run_group_tests(own, world_setup, world_teardown);
}
