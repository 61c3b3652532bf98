/* Bind, listen, accept. */
#include "serve/listener.h"
#include "core/error.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union listener_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} listener_address;

/* Answers the length of what the text says, 0 if it is no numeric address. */
static socklen_t listener_parse(listener_address *to, const char *text, uint16_t port) {
  memset(to, 0, sizeof *to);
  if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(port);
    return sizeof to->v4;
  }
  if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1) {
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons(port);
    return sizeof to->v6;
  }
  return 0;
}

static int listener_prepare(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

scrim_status listener_open(int *fd, const char *address, uint16_t port, scrim_error *error) {
  listener_address to;
  socklen_t length = listener_parse(&to, address, port);
  if (length == 0) return fail(error, SCRIM_E_PARAM, "cannot listen on '%s': no numeric address", address);
  int yes = 1, s = socket(to.any.sa_family, SOCK_STREAM, 0);
  if (s >= 0 && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      (to.any.sa_family == AF_INET || setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
      bind(s, &to.any, length) == 0 && listen(s, LISTENER_BACKLOG) == 0 && listener_prepare(s)) {
    *fd = s;
    return SCRIM_OK;
  }
  scrim_status status = fail_errno(error, SCRIM_E_IO, "cannot listen on %s, port %u", address, (unsigned)port);
  if (s >= 0) close(s);
  return status;
}

void listener_name(int fd, char name[LISTENER_NAME]) {
  listener_address own;
  socklen_t length = sizeof own;
  char address[INET6_ADDRSTRLEN] = "?";
  memset(&own, 0, sizeof own);
  if (getsockname(fd, &own.any, &length) != 0) own.any.sa_family = AF_UNSPEC;
  if (own.any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &own.v6.sin6_addr, address, sizeof address);
    snprintf(name, LISTENER_NAME, "[%s]:%u", address, (unsigned)ntohs(own.v6.sin6_port));
  } else {
    inet_ntop(AF_INET, &own.v4.sin_addr, address, sizeof address);
    snprintf(name, LISTENER_NAME, "%s:%u", address, (unsigned)ntohs(own.v4.sin_port));
  }
}

int listener_accept(int fd) {
  int client = accept(fd, NULL, NULL), yes = 1;
  if (client < 0) return -1;
  if (!listener_prepare(client)) {
    close(client);
    return -1;
  }
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* an answer goes out when it is there */
  return client;
}
