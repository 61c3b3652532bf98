/*
 * scrim/status.h: what every fallible call answers.
 *
 * A call that can fail returns a scrim_status and takes a scrim_error as its last argument. The error may be NULL.
 * On success the error is left untouched; on failure it names the value, the limit and the place.
 * The library never prints, exits, aborts or reads the environment.
 *
 * The comment of a call names the statuses that it can answer and what they mean there. Three go without saying:
 * SCRIM_E_ARGUMENT for NULL where it is not allowed, SCRIM_E_MEMORY and SCRIM_E_INTERNAL. A handle that a call was to
 * make is NULL if it fails.
 *
 * Thread safety: all functions here are pure. A scrim_error belongs to one thread.
 */
#ifndef SCRIM_STATUS_H
#define SCRIM_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(SCRIM_BUILD) && defined(__GNUC__)
#define SCRIM_API __attribute__((visibility("default")))
#else
#define SCRIM_API
#endif

#if defined(__GNUC__)
#define SCRIM_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SCRIM_MUST_CHECK
#endif

/* Codes are only ever appended: a number keeps its meaning for ever. */
typedef enum scrim_status {
  SCRIM_OK = 0,
  SCRIM_E_ARGUMENT = 1,    /* the call breaks its contract: NULL, zero size, wrong kind of view */
  SCRIM_E_PARAM = 2,       /* unknown parameter, or a value outside its published range */
  SCRIM_E_DATA = 3,        /* the caller's data: not finite, does not sum to 1, wrong number of columns */
  SCRIM_E_FORMAT = 4,      /* the bytes of a file are not what its format demands */
  SCRIM_E_IO = 5,          /* the operating system refused to open, read, write or rename */
  SCRIM_E_MEMORY = 6,      /* out of memory */
  SCRIM_E_KEY = 7,         /* key missing, unreadable, malformed, or not the one that the filter was made with */
  SCRIM_E_UNSUPPORTED = 8, /* a well-formed request that this build or this filter cannot serve */
  SCRIM_E_STATE = 9,       /* calls in the wrong order */
  SCRIM_E_CANCELLED = 10,  /* the caller's progress function asked to stop */
  SCRIM_E_INTERNAL = 11,   /* a defect of the library */
  SCRIM_E_DEVICE = 12      /* no GPU, no driver or no backend for it; or the device failed */
} scrim_status;

typedef struct scrim_error {
  scrim_status status;
  int64_t row;       /* zero-based row of the caller's data that is at fault, or -1 */
  char message[240]; /* one line, NUL-terminated, no trailing newline */
} scrim_error;

/* "SCRIM_E_DATA" for SCRIM_E_DATA; "unknown status" for a number that is none. Static storage. */
SCRIM_API const char *scrim_status_name(scrim_status status);

/* The scrim command's exit code: 0, 64 usage, 65 bad data, 70 internal, 74 I/O, 75 try again, 77 key. */
SCRIM_API int scrim_status_exit_code(scrim_status status);

#ifdef __cplusplus
}
#endif
#endif
