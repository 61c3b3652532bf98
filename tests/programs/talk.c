/*
 * talk PORT: sends standard input to 127.0.0.1 and prints what comes back until the other side closes. 1: no
 * connection.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char bytes[65536];
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;
  for (size_t n; (n = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
    for (size_t sent = 0; sent < n;) {
      ssize_t more = send(fd, bytes + sent, n - sent, MSG_NOSIGNAL);
      if (more <= 0) break;
      sent += (size_t)more;
    }
  shutdown(fd, SHUT_WR);
  for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;) fwrite(bytes, 1, (size_t)n, stdout);
  close(fd);
  return fflush(stdout) != 0;
}
