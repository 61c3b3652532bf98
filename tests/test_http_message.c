/*
 * The HTTP parser: what it takes, what it refuses and with which status, and that splitting the bytes changes nothing.
 */
#include "core/memory.h"
#include "serve/http_message.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const http_limits small = {.head_bytes = 512, .body_bytes = 64, .chunks = 4};

/* ---- feeding ---- */

/* Feeds the text in two pieces, cut at `cut`; answers how many bytes were used. */
static size_t feed_cut(http_message *m, const char *text, size_t n, size_t cut) {
  size_t used = 0;
  for (int piece = 0; piece < 2; piece++) {
    size_t end = piece == 0 ? cut : n;
    while (used < end && m->stage != HTTP_DONE && m->stage != HTTP_REFUSED)
      used += http_message_feed(m, text + used, end - used);
  }
  return used;
}

static size_t feed_bytes(http_message *m, const char *text, size_t n) {
  size_t used = 0;
  while (used < n && m->stage != HTTP_DONE && m->stage != HTTP_REFUSED) used += http_message_feed(m, text + used, 1);
  return used;
}

static void assert_same(const http_message *one, const http_message *other) {
  assert_int_equal(one->stage, other->stage);
  assert_int_equal(one->status, other->status);
  if (one->stage == HTTP_REFUSED) {
    assert_string_equal(one->why, other->why);
    return;
  }
  assert_int_equal(one->n_head, other->n_head);
  if (one->n_head > 0) assert_memory_equal(one->head, other->head, one->n_head);
  assert_int_equal(one->n_fields, other->n_fields);
  assert_memory_equal(one->fields, other->fields, one->n_fields * sizeof *one->fields);
  assert_int_equal(one->keep_alive, other->keep_alive);
  assert_int_equal(one->n_body, other->n_body);
  if (one->n_body > 0) assert_memory_equal(one->body, other->body, one->n_body);
}

/* Parses whole, byte by byte and cut at every place; all must agree. The whole parse is left in *m. */
static void parse_every_way(http_message *m, http_kind kind, const char *text, size_t n) {
  http_message other;
  http_message_init(m, kind, &small);
  size_t used = feed_cut(m, text, n, n);
  for (size_t cut = 0; cut <= n; cut++) {
    http_message_init(&other, kind, &small);
    size_t other_used = cut < n ? feed_cut(&other, text, n, cut) : feed_bytes(&other, text, n);
    assert_same(m, &other);
    if (m->stage != HTTP_REFUSED) assert_int_equal(used, other_used);
    http_message_free(&other);
  }
}

static void assert_slice(http_slice s, const char *text) {
  assert_int_equal(s.n, strlen(text));
  if (s.n > 0) assert_memory_equal(s.at, text, s.n);
}

/* ---- what is taken ---- */

static void test_request_with_length(void **state) {
  (void)state;
  static const char text[] =
      "POST /v2/models/m/infer HTTP/1.1\r\nHost: a\r\nCONTENT-length: 5\r\nX:\t padded \t\r\n\r\nhello";
  http_message m;
  parse_every_way(&m, HTTP_REQUEST, text, sizeof text - 1);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_slice(http_message_method(&m), "POST");
  assert_slice(http_message_target(&m), "/v2/models/m/infer");
  assert_slice(http_message_find(&m, "x"), "padded");
  assert_slice(http_message_find(&m, "host"), "a");
  assert_null(http_message_find(&m, "hos").at);
  assert_int_equal(m.n_body, 5);
  assert_memory_equal(m.body, "hello", 5);
  assert_int_equal(m.keep_alive, 1);
  http_message_free(&m);
}

static void test_request_in_chunks(void **state) {
  (void)state;
  static const char text[] = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: x, Close\r\n\r\n"
                             "5\r\nhello\r\n00A\r\n, 012345!\n\r\n0\r\n\r\n";
  http_message m;
  parse_every_way(&m, HTTP_REQUEST, text, sizeof text - 1);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_int_equal(m.n_body, 15);
  assert_memory_equal(m.body, "hello, 012345!\n", 15);
  assert_int_equal(m.keep_alive, 0);
  http_message_free(&m);
}

static void test_responses(void **state) {
  (void)state;
  http_message m;
  static const char with_length[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  parse_every_way(&m, HTTP_RESPONSE, with_length, sizeof with_length - 1);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_int_equal(m.status, 200);
  assert_int_equal(m.n_body, 2);
  http_message_free(&m);
  static const char without_reason[] = "HTTP/1.0 404 \r\nContent-Length: 0\r\n\r\n";
  parse_every_way(&m, HTTP_RESPONSE, without_reason, sizeof without_reason - 1);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_int_equal(m.status, 404);
  assert_int_equal(m.keep_alive, 0);
  http_message_free(&m);
  static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
  parse_every_way(&m, HTTP_RESPONSE, interim, sizeof interim - 1);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_int_equal(m.n_body, 0);
  http_message_free(&m);
}

/* What follows a message stays: it is the next one's. */
static void test_pipelined(void **state) {
  (void)state;
  static const char text[] =
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET";
  http_message m;
  http_message_init(&m, HTTP_REQUEST, &small);
  size_t used = feed_cut(&m, text, sizeof text - 1, sizeof text - 1);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_int_equal(used, strlen("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"));
  http_message_reset(&m);
  assert_int_equal(m.stage, HTTP_EMPTY);
  used += feed_cut(&m, text + used, sizeof text - 1 - used, sizeof text - 1 - used);
  assert_int_equal(m.stage, HTTP_DONE);
  assert_slice(http_message_target(&m), "/2");
  assert_int_equal(m.n_body, 1);
  assert_string_equal(text + used, "GET");
  http_message_free(&m);
}

/* ---- what is refused ---- */

typedef struct refusal {
  const char *text;
  int status;
} refusal;

#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const refusal requests[] = {
    {"GET / HTTP/1.1\nHost: a\n\n", 400},                                  /* bare LF */
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},                              /* the same, later */
    {"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},                    /* bare CR */
    {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400},                           /* an empty line first */
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},                              /* two spaces */
    {"GET / HTTP/1.1 \r\n" HOST "\r\n", 400},                              /* a space behind */
    {"GET /\tx HTTP/1.1\r\n" HOST "\r\n", 400},                            /* a tab in the target */
    {"GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400},                       /* absolute form */
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400},                           /* asterisk form */
    {"GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400},                       /* not ASCII */
    {"GET /\r\n" HOST "\r\n", 400},                                        /* HTTP/0.9 */
    {"GET / HTTP/1.2\r\n" HOST "\r\n", 505},                               /* unknown minor version */
    {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},                               /* another version */
    {"GET / HTTP/11\r\n" HOST "\r\n", 400},                                /* no version */
    {"GET / http/1.1\r\n" HOST "\r\n", 400},                               /* small letters */
    {"G(T / HTTP/1.1\r\n" HOST "\r\n", 400},                               /* method with a separator */
    {"GET / HTTP/1.1\r\n\r\n", 400},                                       /* no Host */
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},                          /* two of them */
    {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400},                    /* obsolete folding */
    {"GET / HTTP/1.1\r\n" HOST "\tfolded\r\n\r\n", 400},                   /* the same with a tab */
    {"GET / HTTP/1.1\r\n" HOST "X : 1\r\n\r\n", 400},                      /* space before the colon */
    {"GET / HTTP/1.1\r\n" HOST ": 1\r\n\r\n", 400},                        /* no name */
    {"GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400},                          /* no colon */
    {"GET / HTTP/1.1\r\n" HOST "X: \x01\r\n\r\n", 400},                    /* control character */
    {"GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 400},                    /* delete */
    {POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400}, /* CL.TE */
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400}, /* TE.CL */
    {POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},          /* twice, alike */
    {POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},          /* twice, unlike */
    {POST "Content-Length: 1, 1\r\n\r\n", 400},                            /* a list */
    {POST "Content-Length: +1\r\n\r\n", 400},                              /* a sign */
    {POST "Content-Length: -1\r\n\r\n", 400},                              /* */
    {POST "Content-Length: 0x1\r\n\r\n", 400},                             /* hexadecimal */
    {POST "Content-Length: 1 1\r\n\r\n", 400},                             /* a space inside */
    {POST "Content-Length: \r\n\r\n", 400},                                /* nothing */
    {POST "Content-Length: 18446744073709551617\r\n\r\n", 400},            /* 2^64 + 1 */
    {POST "Content-Length: 65\r\n\r\n", 413},                              /* beyond the limit */
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501},
    {POST "Transfer-Encoding: \x0b"
          "chunked\r\n\r\n",
     400},
    {POST "Transfer-Encoding : chunked\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {CHUNKED "g\r\n", 400},                                                       /* no digit */
    {CHUNKED "\r\n", 400},                                                        /* no size */
    {CHUNKED "5;x=y\r\nhello\r\n0\r\n\r\n", 400},                                 /* an extension */
    {CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400},                                    /* a space */
    {CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400},                                   /* a prefix */
    {CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400},                                    /* a sign */
    {CHUNKED "5\nhello\r\n0\r\n\r\n", 400},                                       /* bare LF */
    {CHUNKED "5\rXhello\r\n0\r\n\r\n", 400},                                      /* bare CR */
    {CHUNKED "5\r\nhelloX\n0\r\n\r\n", 400},                                      /* no CR after the data */
    {CHUNKED "5\r\nhello\rX0\r\n\r\n", 400},                                      /* no LF after the data */
    {CHUNKED "5\r\nhello!\r\n0\r\n\r\n", 400},                                    /* more data than stated */
    {CHUNKED "0\r\nX: 1\r\n\r\n", 400},                                           /* a trailer */
    {CHUNKED "0\r\n\n", 400},                                                     /* bare LF at the end */
    {CHUNKED "000000005\r\nhello\r\n0\r\n\r\n", 400},                             /* nine digits */
    {CHUNKED "fffffffff\r\n", 400},                                               /* nine digits */
    {CHUNKED "ffffffff\r\n", 413},                                                /* beyond the limit */
    {CHUNKED "41\r\n", 413},                                                      /* by one byte */
    {CHUNKED "1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n0\r\n\r\n", 413}, /* five chunks */
};

static const refusal responses[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", 502},                        /* ends with the connection */
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 502},      /* no space after the status */
    {"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", 502},    /* too small */
    {"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", 502},    /* too large */
    {"HTTP/1.1 2x0 X\r\nContent-Length: 0\r\n\r\n", 502},    /* no number */
    {"HTTP/1.1 200 \x01\r\nContent-Length: 0\r\n\r\n", 502}, /* control character */
    {"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", 505},   /* another version */
    {"ICY 200 OK\r\nContent-Length: 0\r\n\r\n", 502},        /* another protocol */
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
};

static void assert_refused(http_kind kind, const refusal *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    http_message m;
    parse_every_way(&m, kind, list[i].text, strlen(list[i].text));
    if (m.stage != HTTP_REFUSED || m.status != list[i].status) print_error("%s", list[i].text);
    assert_int_equal(m.stage, HTTP_REFUSED);
    assert_int_equal(m.status, list[i].status);
    assert_int_equal(http_message_feed(&m, "more", 4), 0);
    http_message_free(&m);
  }
}

static void test_refused_requests(void **state) {
  (void)state;
  assert_refused(HTTP_REQUEST, requests, sizeof requests / sizeof *requests);
}

static void test_refused_responses(void **state) {
  (void)state;
  assert_refused(HTTP_RESPONSE, responses, sizeof responses / sizeof *responses);
}

static void test_nul_in_field(void **state) {
  (void)state;
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
  http_message m;
  parse_every_way(&m, HTTP_REQUEST, text, sizeof text - 1);
  assert_int_equal(m.stage, HTTP_REFUSED);
  assert_int_equal(m.status, 400);
  http_message_free(&m);
}

/* ---- limits ---- */

static int status_of(const http_limits *limits, const char *text, size_t n) {
  http_message m;
  http_message_init(&m, HTTP_REQUEST, limits);
  feed_cut(&m, text, n, n / 2);
  int status = m.stage == HTTP_REFUSED ? m.status : m.stage == HTTP_DONE ? 200 : 0;
  http_message_free(&m);
  return status;
}

static void test_limits_of_the_head(void **state) {
  (void)state;
  static const http_limits limits = {.head_bytes = 16384, .body_bytes = 64, .chunks = 4};
  static char text[32768];
  memset(text, 'a', sizeof text);
  memcpy(text, "GET /", 5);
  assert_int_equal(status_of(&limits, text, sizeof text), 414); /* a first line without an end */
  memcpy(text + 5 + HTTP_TARGET_BYTES, " HTTP/1.1\r\nHost: a\r\n\r\n", 22);
  assert_int_equal(status_of(&limits, text, 5 + HTTP_TARGET_BYTES + 22), 414);
  memset(text, 'a', sizeof text);
  memcpy(text, "GET /", 5);
  memcpy(text + 4 + HTTP_TARGET_BYTES, " HTTP/1.1\r\nHost: a\r\n\r\n", 22);
  assert_int_equal(status_of(&limits, text, 4 + HTTP_TARGET_BYTES + 22), 200);
  memset(text, 'a', sizeof text);
  memcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
  assert_int_equal(status_of(&limits, text, sizeof text), 431);
  memcpy(text + 16380, "\r\n\r\n", 4); /* exactly the limit */
  assert_int_equal(status_of(&limits, text, 16384), 200);
  memset(text + 16380, 'a', 4);
  memcpy(text + 16381, "\r\n\r\n", 4); /* one more */
  assert_int_equal(status_of(&limits, text, 16385), 431);
}

static void test_number_of_fields(void **state) {
  (void)state;
  static const http_limits limits = {.head_bytes = 16384, .body_bytes = 64, .chunks = 4};
  for (int more = 0; more < 2; more++) {
    char text[4096] = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < HTTP_FIELDS + more; i++) strcat(text, "X: 1\r\n");
    strcat(text, "\r\n");
    assert_int_equal(status_of(&limits, text, strlen(text)), more ? 431 : 200);
  }
}

/* Memory follows what has come, and a body at its limit is taken. */
static void test_memory_of_the_body(void **state) {
  (void)state;
  static const http_limits limits = {.head_bytes = 512, .body_bytes = 64 << 20, .chunks = 4};
  static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n";
  http_message m;
  http_message_init(&m, HTTP_REQUEST, &limits);
  assert_int_equal(http_message_feed(&m, head, sizeof head - 1), sizeof head - 1);
  assert_int_equal(m.body_capacity, 0);
  assert_int_equal(http_message_feed(&m, "x", 1), 1);
  assert_true(m.body_capacity <= 4096);
  http_message_free(&m);
  assert_int_equal(status_of(&limits, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n", 55), 413);
}

static void test_large_buffers_are_given_back(void **state) {
  (void)state;
  static const http_limits limits = {.head_bytes = 512, .body_bytes = 4 * HTTP_KEPT_BYTES, .chunks = 4};
  static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262144\r\n\r\n";
  static char body[262144];
  http_message m;
  http_message_init(&m, HTTP_REQUEST, &limits);
  http_message_feed(&m, head, sizeof head - 1);
  http_message_feed(&m, body, sizeof body);
  assert_int_equal(m.stage, HTTP_DONE);
  http_message_reset(&m);
  assert_null(m.body);
  http_message_free(&m);
}

/* A large body moves for the last time when it outgrows HTTP_GROWN_BYTES, is all there, and can be taken out. */
static void test_large_bodies(void **state) {
  (void)state;
  enum { N = 3 << 20 };
  static const http_limits limits = {.head_bytes = 512, .body_bytes = 4 << 20, .chunks = 4};
  static const char *const heads[] = {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3145728\r\n\r\n",
                                      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n300000\r\n"};
  char *body = malloc(N);
  for (size_t i = 0; i < N; i++) body[i] = (char)(i * 2654435761u >> 24);
  for (int chunked = 0; chunked < 2; chunked++) {
    http_message m;
    http_message_init(&m, HTTP_REQUEST, &limits);
    feed_cut(&m, heads[chunked], strlen(heads[chunked]), 0);
    for (size_t at = 0; at < N; at += 65536) {
      assert_int_equal(http_message_feed(&m, body + at, 65536), 65536);
      assert_int_equal(m.body_capacity > HTTP_GROWN_BYTES, at + 65536 > HTTP_GROWN_BYTES);
      if (at + 65536 > HTTP_GROWN_BYTES) assert_int_equal(m.body_capacity, chunked ? limits.body_bytes : N);
    }
    if (chunked) assert_int_equal(http_message_feed(&m, "\r\n0\r\n\r\n", 7), 7);
    assert_int_equal(m.stage, HTTP_DONE);
    http_body taken = http_message_take_body(&m);
    assert_int_equal(taken.n, N);
    assert_memory_equal(taken.bytes, body, N);
    assert_null(m.body);
    assert_int_equal(m.n_body + m.body_capacity, 0);
    memory_free(taken.bytes);
    http_message_free(&m);
  }
  free(body);
}

static void test_out_of_memory(void **state) {
  (void)state;
  static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 1);
    assert_int_equal(status_of(&small, text, sizeof text - 1), 503);
    memory_fail_at(0, 0);
  }
  assert_int_equal(status_of(&small, text, sizeof text - 1), 200);
}

/* ---- slices ---- */

static void test_slices(void **state) {
  (void)state;
  assert_true(http_slice_lists((http_slice){"a ,\tClose", 9}, "close"));
  assert_true(http_slice_lists((http_slice){"close", 5}, "close"));
  assert_false(http_slice_lists((http_slice){"closed", 6}, "close"));
  assert_false(http_slice_lists((http_slice){"a, clos", 7}, "close"));
  assert_false(http_slice_lists((http_slice){"", 0}, "close"));
  assert_true(http_slice_is_nocase((http_slice){"GzIp", 4}, "gzip"));
  assert_false(http_slice_is_nocase((http_slice){"gzi", 3}, "gzip"));
  assert_false(http_slice_is_nocase((http_slice){"gzipx", 5}, "gzip"));
  assert_true(http_slice_is((http_slice){"abc", 3}, "abc"));
  assert_false(http_slice_is((http_slice){"abC", 3}, "abc"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request_with_length),
      cmocka_unit_test(test_request_in_chunks),
      cmocka_unit_test(test_responses),
      cmocka_unit_test(test_pipelined),
      cmocka_unit_test(test_refused_requests),
      cmocka_unit_test(test_refused_responses),
      cmocka_unit_test(test_nul_in_field),
      cmocka_unit_test(test_limits_of_the_head),
      cmocka_unit_test(test_number_of_fields),
      cmocka_unit_test(test_memory_of_the_body),
      cmocka_unit_test(test_large_buffers_are_given_back),
      cmocka_unit_test(test_large_bodies),
      cmocka_unit_test(test_out_of_memory),
      cmocka_unit_test(test_slices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
