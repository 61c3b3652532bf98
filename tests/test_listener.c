/* Listening sockets: both families, ports of the system's choice, and addresses that are none. */
#include "serve/listener.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void test_listen_and_accept(void **state) {
  (void)state;
  int fd;
  char name[LISTENER_NAME];
  assert_int_equal(listener_open(&fd, "127.0.0.1", 0, NULL), SCRIM_OK);
  listener_name(fd, name);
  assert_int_equal(strncmp(name, "127.0.0.1:", 10), 0);
  uint16_t port = (uint16_t)atoi(name + 10);
  assert_true(port > 0);
  assert_int_equal(listener_accept(fd), -1); /* nobody waits, and it does not either */
  int client = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&p, 1, 1000), 1);
  int accepted = listener_accept(fd);
  assert_true(accepted >= 0);
  char byte;
  assert_int_equal(recv(accepted, &byte, 1, 0), -1); /* does not block */
  scrim_error error;
  int second;
  assert_int_equal(listener_open(&second, "127.0.0.1", port, &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, name + 10));
  close(accepted);
  close(client);
  close(fd);
}

static void test_version_6(void **state) {
  (void)state;
  int fd;
  char name[LISTENER_NAME];
  if (listener_open(&fd, "::1", 0, NULL) != SCRIM_OK) skip(); /* a machine without it */
  listener_name(fd, name);
  assert_int_equal(strncmp(name, "[::1]:", 6), 0);
  close(fd);
}

static void test_no_address(void **state) {
  (void)state;
  static const char *const names[] = {"localhost", "", "127.0.0.1 ", "1.2.3", "::g"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int fd;
    scrim_error error;
    assert_int_equal(listener_open(&fd, names[i], 0, &error), SCRIM_E_PARAM);
    assert_non_null(strstr(error.message, "no numeric address"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_listen_and_accept),
      cmocka_unit_test(test_version_6),
      cmocka_unit_test(test_no_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
