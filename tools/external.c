#include "external.h"
#include "complain.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER_BYTES = 32, PATIENCE_SECONDS = 120 };

struct external {
  size_t features, classes;
  pid_t child;
  int to, from;   /* our ends of the two pipes, or -1 */
  char *question; /* one row as text, from `asked` on still to be written */
  size_t asked, question_length;
  char *answer; /* text that came and is no whole line yet */
  size_t answer_length, answer_capacity;
  scrim_error problem; /* status SCRIM_OK: none */
};

/* ---- starting and stopping ---- */

static void run_child(const char *line, int in, int out) {
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) execl("/bin/sh", "sh", "-c", line, (char *)NULL);
  _exit(127);
}

/* Only dup2 copies of the pipes' ends reach the child's program. */
static int open_pipe(int ends[2]) {
  if (pipe(ends) != 0) return 0;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 1;
}

static scrim_status start_child(external *e, const char *line, scrim_error *error) {
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  if (open_pipe(in) && open_pipe(out)) e->child = fork();
  if (e->child == 0) run_child(line, in[0], out[1]);
  int reason = errno;
  if (in[0] >= 0) close(in[0]);
  if (out[1] >= 0) close(out[1]);
  e->to = in[1];
  e->from = out[0];
  if (e->child < 0) return complain_later(error, SCRIM_E_IO, -1, "cannot start '%s': %s", line, strerror(reason));
  fcntl(e->to, F_SETFL, O_NONBLOCK);
  fcntl(e->from, F_SETFL, O_NONBLOCK);
  return SCRIM_OK;
}

scrim_status external_start(external **out, const char *line, size_t features, size_t classes, scrim_error *error) {
  external *e = calloc(1, sizeof *e);
  *out = NULL;
  if (!e) return complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  e->features = features;
  e->classes = classes;
  e->child = e->to = e->from = -1;
  e->answer_capacity = classes * NUMBER_BYTES + NUMBER_BYTES;
  e->question = malloc(features * NUMBER_BYTES);
  e->answer = malloc(e->answer_capacity);
  scrim_status status = e->question && e->answer ? start_child(e, line, error)
                                                 : complain_later(error, SCRIM_E_MEMORY, -1, "out of memory");
  if (status == SCRIM_OK)
    *out = e;
  else
    external_stop(e);
  return status;
}

void external_stop(external *e) {
  if (!e) return;
  if (e->to >= 0) close(e->to);
  if (e->from >= 0) close(e->from);
  if (e->child > 0) {
    kill(e->child, SIGTERM);
    while (waitpid(e->child, NULL, 0) < 0 && errno == EINTR) continue;
  }
  free(e->question);
  free(e->answer);
  free(e);
}

const scrim_error *external_problem(const external *e) {
  return e->problem.status == SCRIM_OK ? NULL : &e->problem;
}

/* ---- asking ---- */

static void write_question(external *e, const float *row) {
  size_t length = 0;
  for (size_t j = 0; j < e->features; j++)
    length += (size_t)snprintf(e->question + length, NUMBER_BYTES, "%.9g%c", (double)row[j],
                               j + 1 < e->features ? ',' : '\n');
  e->question_length = length;
  e->asked = 0;
}

/* Writes what the pipe takes of rows *sent..n-1. */
static scrim_status send_rows(external *e, const float *inputs, size_t n, size_t *sent) {
  while (*sent < n) {
    if (e->asked == e->question_length) write_question(e, inputs + *sent * e->features);
    ssize_t wrote = write(e->to, e->question + e->asked, e->question_length - e->asked);
    if (wrote < 0 && (errno == EAGAIN || errno == EINTR)) return SCRIM_OK;
    if (wrote < 0)
      return complain_later(&e->problem, SCRIM_E_IO, (int64_t)*sent, "the classifier takes no more input: %s",
                            strerror(errno));
    e->asked += (size_t)wrote;
    if (e->asked < e->question_length) return SCRIM_OK;
    ++*sent;
  }
  return SCRIM_OK;
}

/* One line, ended by NUL, holds exactly K numbers. */
static scrim_status read_scores(external *e, const char *line, float *scores) {
  const char *at = line;
  for (size_t j = 0; j < e->classes; j++) {
    char *end;
    scores[j] = strtof(at, &end);
    int last = j + 1 == e->classes;
    if (end == at || (*end != (last ? '\0' : ',') && !(last && *end == '\r')))
      return complain_later(&e->problem, SCRIM_E_DATA, -1, "the classifier answered '%.60s', not %zu numbers", line,
                            e->classes);
    at = end + 1;
  }
  return SCRIM_OK;
}

/* Takes what the pipe has; whole lines become rows *received... of scores. */
static scrim_status receive_rows(external *e, float *scores, size_t n, size_t *received) {
  ssize_t got = read(e->from, e->answer + e->answer_length, e->answer_capacity - e->answer_length - 1);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return SCRIM_OK;
  if (got <= 0)
    return complain_later(&e->problem, SCRIM_E_IO, -1, "the classifier ended after %zu of %zu answers", *received, n);
  e->answer_length += (size_t)got;
  for (;;) {
    char *end = memchr(e->answer, '\n', e->answer_length);
    if (!end) break;
    *end = '\0';
    if (*received == n)
      return complain_later(&e->problem, SCRIM_E_DATA, -1, "the classifier answered more rows than it was asked");
    scrim_status status = read_scores(e, e->answer, scores + *received * e->classes);
    if (status != SCRIM_OK) return status;
    ++*received;
    e->answer_length -= (size_t)(end + 1 - e->answer);
    memmove(e->answer, end + 1, e->answer_length);
  }
  if (e->answer_length == e->answer_capacity - 1)
    return complain_later(&e->problem, SCRIM_E_DATA, -1, "the classifier's answer is longer than %zu numbers",
                          e->classes);
  return SCRIM_OK;
}

/* Writes and reads as the pipes allow: a classifier that answers while it is asked must not end in a deadlock. */
int external_classify(const float *inputs, size_t n, float *scores, void *context) {
  external *e = context;
  size_t sent = 0, received = 0;
  scrim_status status = SCRIM_OK;
  while (received < n && status == SCRIM_OK) {
    struct pollfd ends[2] = {{.fd = e->from, .events = POLLIN}, {.fd = sent < n ? e->to : -1, .events = POLLOUT}};
    int ready = poll(ends, 2, PATIENCE_SECONDS * 1000);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      status = complain_later(&e->problem, SCRIM_E_IO, -1,
                              "the classifier answered %zu of %zu rows in %d s (does it flush its output?)", received,
                              sent, PATIENCE_SECONDS);
    if (status == SCRIM_OK && ends[0].revents) status = receive_rows(e, scores, n, &received);
    if (status == SCRIM_OK && ends[1].revents) status = send_rows(e, inputs, n, &sent);
  }
  return status != SCRIM_OK;
}
