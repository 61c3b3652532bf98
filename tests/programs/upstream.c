/* upstream [PORT]: the stub model server for scripts. Prints its port, serves until it is killed. */
#include "support/stub_upstream.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  stub_upstream *stub = stub_upstream_start(argc > 1 ? atoi(argv[1]) : 0, NULL);
  if (stub == NULL) return 1;
  printf("%d\n", stub_upstream_port(stub));
  fflush(stdout);
  for (;;) pause();
}
