/* What happens to the proxy itself, as JSON lines: start, reload, drain, faults. */
#ifndef SERVE_LOG_EVENT_H
#define SERVE_LOG_EVENT_H

#include "serve/log_file.h"

/* "info", "warning", "error"; `event` is one word, `message` a sentence such as a scrim_error's. */
scrim_status log_event_write(log_file *log, double time_s, const char *level, const char *event, const char *message,
                             scrim_error *error);

#endif
