/*
 * The canary: behind the proxy the model server plants a score of 17 digits, everything goes wrong that can, and the
 * score must never reach a client.
 *
 *     test_canary                  a few hundred faults, through a proxy in this process
 *     test_canary FAULTS SCRIM     as many, through the command: `SCRIM scores serve` in a process of its own
 *
 * Memory can fail in this process only, so that those faults always meet a proxy in here. Fault number n is the same in
 * every run; a failure prints its number, the request and the answer.
 */
#include "canary_answers.h"
#include "core/memory.h"
#include "proxy_world.h"
#include <fcntl.h>
#include <sys/wait.h>

static size_t n_faults = 500;
static const char *scrim_command; /* NULL: in this process */
static size_t n_struck;           /* faults so far */

typedef struct canary_world {
  proxy_world at; /* `at.proxy` is NULL where the proxy has a process of its own */
  pid_t process;
  int client; /* a connection that is kept alive; -1: none */
} canary_world;

/* ---- the proxy, here or there ---- */

static void canary_write_config(const proxy_world *w, const char *filter) {
  static const char format[] =
      "{\"allow_unsigned\":true,\"listen\":[{\"address\":\"127.0.0.1\",\"port\":0}],"
      "\"upstream\":{\"host\":\"127.0.0.1\",\"port\":%d," WORLD_UPSTREAM "},\"models\":["
      "{\"name\":\"" CANARY_OIP2 "\",\"dialect\":\"oip2\",\"versions\":[\"2\"],\"outputs\":[%s]},"
      "{\"name\":\"" CANARY_TFSERVING "\",\"dialect\":\"tfserving\",\"outputs\":[%s]},"
      "{\"name\":\"" CANARY_V1 "\",\"dialect\":\"kserve1\",\"outputs\":[%s]}]}";
  char output[512], text[4096];
  snprintf(output, sizeof output,
           "{\"name\":\"scores\",\"form\":\"probabilities\",\"classes\":3,\"filter\":\"%s\",\"key\":\"filter.key\"}",
           filter);
  int n = snprintf(text, sizeof text, format, stub_upstream_port(w->stub), output, output, output);
  files_write(world_path(w, "serve.json"), text, (size_t)n);
}

/* Where the command says that it listens; 0: not yet. */
static int canary_port(const char *events) {
  char text[1024] = "";
  FILE *file = fopen(events, "r");
  if (file == NULL) return 0;
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = '\0';
  const char *at = strstr(text, "127.0.0.1:");
  return at != NULL ? atoi(at + strlen("127.0.0.1:")) : 0;
}

static void canary_start_process(canary_world *c) {
  char *config = strdup(world_path(&c->at, "serve.json")), *events = strdup(world_path(&c->at, "events"));
  c->process = fork();
  assert_int_not_equal(c->process, -1);
  if (c->process == 0) {
    int fd = open(events, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0)
      execl(scrim_command, scrim_command, "scores", "serve", "--config", config, (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 400 && (c->at.port = canary_port(events)) == 0; i++) world_sleep(0.025);
  assert_int_not_equal(c->at.port, 0);
  free(config);
  free(events);
}

static int canary_setup_stopped(void **state) {
  canary_world *c = calloc(1, sizeof *c);
  void *world;
  if (c == NULL || world_setup(&world) != 0) return 1;
  c->at = *(proxy_world *)world;
  free(world);
  c->client = -1;
  *state = c;
  canary_write_config(&c->at, "filter.scrim");
  return 0;
}

static int canary_setup_here(void **state) {
  if (canary_setup_stopped(state) != 0) return 1;
  world_start(&((canary_world *)*state)->at);
  return 0;
}

static int canary_setup(void **state) {
  if (scrim_command == NULL) return canary_setup_here(state);
  if (canary_setup_stopped(state) != 0) return 1;
  canary_start_process(*state);
  return 0;
}

static int canary_teardown(void **state) {
  canary_world *c = *state;
  int code = 0;
  if (c->client >= 0) close(c->client);
  if (c->process > 0) {
    kill(c->process, SIGTERM);
    waitpid(c->process, &code, 0);
    if (code != 0) print_error("the command ended with %#x\n", (unsigned)code);
  }
  proxy_world *world = malloc(sizeof *world);
  *world = c->at;
  free(c);
  void *inside = world;
  return world_teardown(&inside) != 0 || code != 0;
}

/* ---- a client ---- */

static void canary_hang_up(canary_world *c) {
  if (c->client >= 0) close(c->client);
  c->client = -1;
}

/* Asks over the connection that is there. */
static world_answer canary_hear(canary_world *c, const void *bytes, size_t n) {
  if (c->client < 0) c->client = world_connect(&c->at);
  world_send(c->client, bytes, n);
  world_answer a = world_hear(c->client);
  if (a.status == 0 || a.is_closed) canary_hang_up(c);
  return a;
}

/* One fault: asks, and fails if the answer tells the score, is none, or is not what `verdict` wants. */
static int canary_strike(canary_world *c, const char *name, const void *bytes, size_t n, canary_verdict verdict) {
  world_answer a = canary_hear(c, bytes, n);
  int status = a.status, is_seen = canary_is_seen(a.text, a.n);
  int is_right = verdict == CANARY_FILTERED  ? status == 200
                 : verdict == CANARY_REFUSED ? status >= 400
                                             : status == 200 || status >= 400;
  if (is_seen || !is_right)
    print_error("fault %zu, %s: status %d%s\n%.*s\n%s\n", n_struck, name, status, is_seen ? ", LEAKED" : "", (int)n,
                (const char *)bytes, a.text);
  assert_false(is_seen);
  assert_true(is_right);
  world_answer_free(&a);
  n_struck++;
  return status;
}

static void canary_tell_upstream(canary_world *c, canary_dialect dialect, size_t rows) {
  canary_bytes answer;
  int closes;
  canary_answer(&answer, &closes, dialect, rows, 0, &(canary_random){0});
  stub_upstream_script(c->at.stub, answer.at, answer.n, closes);
}

/* ---- the eye sees: otherwise nothing below means anything ---- */

static void test_the_eye(void **state) {
  canary_world *c = *state;
  for (canary_dialect dialect = 0; dialect < CANARY_DIALECTS; dialect++)
    for (size_t rows = 1; rows <= CANARY_MAX_ROWS; rows++) {
      canary_bytes ask;
      canary_ask(&ask, dialect, rows, "");
      canary_tell_upstream(c, dialect, rows);
      proxy_world direct = c->at;
      direct.port = stub_upstream_port(c->at.stub);
      world_answer raw = world_ask_bytes(&direct, ask.at, ask.n);
      assert_int_equal(raw.status, 200);
      assert_true(canary_is_seen(raw.text, raw.n));
      world_answer_free(&raw);
      canary_strike(c, "none", ask.at, ask.n, CANARY_FILTERED);
    }
  n_struck = 0; /* those were none */
}

/* ---- answers that are not what they should be ---- */

/* Answers to questions about many rows are checked beside the loop, whatever they hold: so is half of what follows. */
static size_t canary_asked(size_t fault, size_t rows, canary_random *random) {
  enum { MANY = 100 };
  int must_match = strcmp(canary_fault_name(fault), "more rows than asked") == 0;
  return canary_draw(random, 2) == 0 || must_match ? rows : MANY;
}

static void test_faulty_answers(void **state) {
  canary_world *c = *state;
  size_t count[64][2] = {{0}};
  for (size_t i = 0; i < n_faults; i++) {
    canary_random random = {.state = i};
    size_t fault = 1 + i % (canary_n_faults - 1), rows = 1 + canary_draw(&random, CANARY_MAX_ROWS);
    canary_dialect dialect = (canary_dialect)(i / (canary_n_faults - 1) % CANARY_DIALECTS);
    canary_bytes ask, answer;
    int closes;
    canary_ask(&ask, dialect, canary_asked(fault, rows, &random), "");
    canary_verdict verdict = canary_answer(&answer, &closes, dialect, rows, fault, &random);
    stub_upstream_script(c->at.stub, answer.at, answer.n, closes);
    int status = canary_strike(c, canary_fault_name(fault), ask.at, ask.n, verdict);
    count[fault][status == 200]++;
  }
  for (size_t i = 1; i < canary_n_faults; i++)
    print_message("    %-26s %5zu refused %5zu filtered\n", canary_fault_name(i), count[i][0], count[i][1]);
}

/* ---- ways around the filter ---- */

#define INPUTS "\"inputs\":[{\"name\":\"x\",\"shape\":[1,1],\"datatype\":\"FP32\",\"data\":[1]}]"
#define OUTPUT(parameters) "{" INPUTS ",\"outputs\":[{\"name\":\"scores\",\"parameters\":{" parameters "}}]}"
#define ROWS "{\"instances\":[[1]]}"
#define INFER "/v2/models/" CANARY_OIP2 "/infer"

/* By the numbers that docs/SERVE.md gives them. */
static const struct {
  int number;
  const char *method, *target, *fields, *body;
  canary_verdict verdict;
} ways[] = {
    {1, "POST", INFER, "Inference-Header-Content-Length: 0\r\n", "abcd", CANARY_REFUSED},
    {1, "POST", INFER, "", "{" INPUTS ",\"parameters\":{\"binary_data_output\":true}}", CANARY_EITHER},
    {2, "POST", INFER, "", OUTPUT("\"binary_data\":true"), CANARY_EITHER},
    {2, "POST", INFER, "", OUTPUT("\"datatype\":\"FP64\""), CANARY_REFUSED},
    {3, "POST", INFER, "", OUTPUT("\"classification\":3"), CANARY_REFUSED},
    {3, "POST", INFER, "", OUTPUT("\"classific\\u0061tion\":3"), CANARY_REFUSED},
    {3, "POST", "/v1/models/" CANARY_TFSERVING ":classify", "", "{\"examples\":[{\"x\":1}]}", CANARY_REFUSED},
    {4, "POST", INFER, "", OUTPUT("\"shared_memory_region\":\"r\",\"shared_memory_byte_size\":12"), CANARY_REFUSED},
    {4, "POST", "/v2/systemsharedmemory/region/r/register", "", "{\"key\":\"/r\",\"byte_size\":12}", CANARY_REFUSED},
    {4, "GET", "/v2/cudasharedmemory/status", "", "", CANARY_REFUSED},
    {5, "PRI", "*", "", "SM\r\n\r\n", CANARY_REFUSED},
    {5, "POST", "/inference.GRPCInferenceService/ModelInfer", "Content-Type: application/grpc\r\nTE: trailers\r\n",
     "abcdefg", CANARY_REFUSED},
    {5, "POST", "/tensorflow.serving.PredictionService/Predict", "Content-Type: application/grpc\r\n", "abcdefg",
     CANARY_REFUSED},
    {5, "POST", INFER, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n", "{" INPUTS "}",
     CANARY_EITHER},
    {6, "POST", "/v2/models/" CANARY_OIP2 "/versions/9/infer", "", "{" INPUTS "}", CANARY_REFUSED},
    {6, "POST", "/v2/models/inner/infer", "", "{" INPUTS "}", CANARY_REFUSED},
    {6, "POST", "/v2/models/" CANARY_OIP2 "/../inner/infer", "", "{" INPUTS "}", CANARY_REFUSED},
    {6, "POST", "/v2/models/" CANARY_OIP2 "%2f..%2finner/infer", "", "{" INPUTS "}", CANARY_REFUSED},
    {6, "POST", INFER "?version=9", "", "{" INPUTS "}", CANARY_REFUSED},
    {6, "POST", "/v1/models/" CANARY_TFSERVING "/labels/old:predict", "", ROWS, CANARY_REFUSED},
    {7, "POST", INFER, "", "{" INPUTS ",\"outputs\":[{\"name\":\"logits\"}]}", CANARY_REFUSED},
    {7, "POST", INFER, "", "{" INPUTS ",\"outputs\":[{\"name\":\"scores\"},{\"name\":\"logits\"}]}", CANARY_REFUSED},
    {7, "POST", "/v1/models/" CANARY_TFSERVING ":predict", "", "{\"signature_name\":\"debug\",\"instances\":[[1]]}",
     CANARY_REFUSED},
    {7, "POST", "/v1/models/" CANARY_TFSERVING ":predict", "", "{\"instances\":[[1]],\"output_filter\":[\"logits\"]}",
     CANARY_REFUSED},
    {8, "POST", INFER, "Content-Encoding: gzip\r\n", "{" INPUTS "}", CANARY_REFUSED},
    {8, "POST", INFER, "Accept-Encoding: gzip, br\r\n", "{" INPUTS "}", CANARY_EITHER},
    {9, "POST", "/v1/models/" CANARY_V1 ":explain", "", ROWS, CANARY_REFUSED},
    {9, "POST", "/v1/models/" CANARY_TFSERVING ":regress", "", "{\"examples\":[{\"x\":1}]}", CANARY_REFUSED},
    {9, "POST", "/v2/models/" CANARY_OIP2 "/explain", "", "{" INPUTS "}", CANARY_REFUSED},
    {9, "POST", "/v2/models/" CANARY_OIP2 "/generate_stream", "", "{\"text_input\":\"x\"}", CANARY_REFUSED},
    {9, "POST", "/v1/models/" CANARY_OIP2 ":predict", "", ROWS, CANARY_REFUSED},
    {9, "POST", "/v2/models/" CANARY_V1 "/infer", "", "{" INPUTS "}", CANARY_REFUSED},
    {9, "POST", "/predictions/" CANARY_OIP2, "", "[1]", CANARY_REFUSED},
    {9, "POST", "/invocations", "", ROWS, CANARY_REFUSED},
    {9, "POST", "/v1/projects/p/locations/l/endpoints/1:predict", "", ROWS, CANARY_REFUSED},
    {10, "GET", "/v2/trace/setting", "", "", CANARY_REFUSED},
    {10, "POST", "/v2/models/" CANARY_OIP2 "/trace/setting", "", "{\"trace_level\":[\"TENSORS\"]}", CANARY_REFUSED},
    {10, "POST", "/v2/logging", "", "{\"log_verbose_level\":9}", CANARY_REFUSED},
    {10, "GET", "/v2/models/stats", "", "", CANARY_REFUSED},
    {10, "GET", "/v2/models/" CANARY_OIP2, "", "", CANARY_REFUSED},
    {10, "POST", "/v2/repository/index", "", "{}", CANARY_REFUSED},
    {10, "GET", "/metrics", "", "", CANARY_REFUSED},
    {10, "GET", "/v2/docs", "", "", CANARY_REFUSED},
};
enum { N_WAYS = sizeof ways / sizeof *ways };

/* The model server would play along each time, in each of the protocols. */
static void test_ways_around(void **state) {
  canary_world *c = *state;
  size_t count[11] = {0};
  for (size_t i = 0; i < n_faults / 5 || i < N_WAYS; i++) {
    size_t way = i % N_WAYS;
    char name[16], *text = world_request(ways[way].method, ways[way].target, ways[way].fields, ways[way].body);
    snprintf(name, sizeof name, "way %d", ways[way].number);
    canary_tell_upstream(c, (canary_dialect)(i / N_WAYS % CANARY_DIALECTS), 1);
    canary_strike(c, name, text, strlen(text), ways[way].verdict);
    count[ways[way].number]++;
    free(text);
  }
  for (int i = 1; i <= 10; i++) {
    assert_true(count[i] > 0);
    print_message("    way around %-15d %5zu\n", i, count[i]);
  }
}

/* ---- filters that are no good ---- */

/* A damaged copy in `bad.scrim`. */
static void canary_damage_filter(const proxy_world *w, canary_random *random) {
  size_t n;
  char *bytes = files_read(world_path(w, "filter.scrim"), &n);
  switch (canary_draw(random, 3)) {
  case 0:
    n = canary_draw(random, n);
    break;
  case 1:
    for (int i = 0; i < 4; i++) bytes[canary_draw(random, n < 4096 ? n : 4096)] ^= (char)(1 + canary_draw(random, 255));
    break;
  default:
    for (size_t at = canary_draw(random, n), i = at; i < n && i < at + 256; i++) bytes[i] = '\xff';
  }
  files_write(world_path(w, "bad.scrim"), bytes, n);
  free(bytes);
}

static void test_bad_filters(void **state) {
  canary_world *c = *state;
  for (size_t i = 0; i < n_faults / 20; i++) {
    canary_random random = {.state = ~i};
    canary_dialect dialect = (canary_dialect)(i % CANARY_DIALECTS);
    canary_bytes ask;
    canary_damage_filter(&c->at, &random);
    canary_write_config(&c->at, "bad.scrim");
    if (c->process > 0)
      kill(c->process, SIGHUP);
    else
      proxy_reload(c->at.proxy, world_path(&c->at, "serve.json"), NULL);
    canary_ask(&ask, dialect, 2, "");
    canary_tell_upstream(c, dialect, 2);
    for (int again = 0; again < 3; again++) {
      /* Damage may leave a filter that is one: its answers need not be whole, only never raw. */
      canary_strike(c, "bad filter", ask.at, ask.n, CANARY_EITHER);
      if (c->process > 0) world_sleep(0.002);
    }
  }
}

/* ---- memory ---- */

/* Without the parser of world_hear, which would ask for memory itself. Answers the status; 0: no whole head. */
static int canary_ask_without_memory(canary_world *c, const canary_bytes *ask, unsigned long n, int lasting) {
  char answer[8192];
  size_t got = 0;
  int fd = world_connect(&c->at), status = 0;
  memory_fail_at(n, lasting);
  world_send(fd, ask->at, ask->n);
  for (ssize_t more = 1; more > 0 && got < sizeof answer - 1;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    more = poll(&p, 1, WORLD_PATIENCE_MS) > 0 ? recv(fd, answer + got, sizeof answer - 1 - got, 0) : -1;
    if (more > 0) got += (size_t)more;
  }
  memory_fail_at(0, 0);
  close(fd);
  answer[got] = '\0';
  assert_false(canary_is_seen(answer, got));
  if (strstr(answer, "\r\n\r\n") != NULL) assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
  n_struck++;
  return status;
}

/* Each request for memory in turn, in each dialect, on the loop and beside it, once and for good. */
static void test_failed_allocations(void **state) {
  canary_world *c = *state;
  size_t struck = n_struck;
  unsigned long step = n_faults < 2000 ? 7 : 1; /* the short run takes every seventh */
  for (canary_dialect dialect = 0; dialect < CANARY_DIALECTS; dialect++) {
    canary_bytes ask;
    canary_tell_upstream(c, dialect, 2);
    for (int way = 0; way < 4; way++) {
      canary_ask(&ask, dialect, way < 2 ? 2 : 100, "Connection: close\r\n");
      for (unsigned long n = 1, in_a_row = 0; in_a_row < 3; n += step)
        in_a_row = canary_ask_without_memory(c, &ask, n, way % 2) == 200 ? in_a_row + 1 : 0;
    }
  }
  print_message("    failed allocations         %5zu\n", n_struck - struck);
  print_message("canary: %zu faults, never seen\n", n_struck);
}

int main(int argc, char **argv) {
  if (argc > 1) n_faults = (size_t)strtoull(argv[1], NULL, 10);
  if (argc > 2) scrim_command = argv[2];
  const struct CMUnitTest anywhere[] = {
      cmocka_unit_test(test_the_eye),
      cmocka_unit_test(test_faulty_answers),
      cmocka_unit_test(test_ways_around),
      cmocka_unit_test(test_bad_filters),
  };
  const struct CMUnitTest here[] = {cmocka_unit_test(test_failed_allocations)};
  int failed = cmocka_run_group_tests(anywhere, canary_setup, canary_teardown);
  return failed + cmocka_run_group_tests(here, canary_setup_here, canary_teardown);
}
