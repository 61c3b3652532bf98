/* scrim scores serve --config FILE */
#include "command.h"
#include "complain.h"
#include "serve/serve.h"

enum { CONFIG, CHECK };
static const option options[] = {
    [CONFIG] = {"config", 'c', 1, "FILE", "what to listen on, what to stand in front of, which filters; JSON"},
    [CHECK] = {"check", 0, 0, NULL, "read and check the configuration and the files that it names, and serve nothing"},
};

static int run(const args *a) {
  scrim_error error;
  const char *path = a->value[CONFIG];
  scrim_status status = a->value[CHECK] ? scrim_serve_check(path, &error) : scrim_serve(path, &error);
  return status == SCRIM_OK ? 0 : complain(a->command, path, &error);
}

const command cmd_scores_serve = {
    .noun = "scores",
    .verb = "serve",
    .operands = "",
    .summary = "Stand in front of a model server: the same protocol for its clients, purified scores in its answers",
    .notes =
        "Speaks HTTP/1.1, with TLS where the configuration names a certificate: Open Inference Protocol v2 (JSON and\n"
        "binary tensors), TensorFlow Serving and KServe v1. Whatever the configuration does not name is refused; an\n"
        "answer that cannot be filtered is an error, and never passes as it came.\n"
        "SIGTERM and SIGINT end it once requests under way are answered; SIGHUP reads the configuration again.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};
