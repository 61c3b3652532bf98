/* Opening files with libsndfile from several threads. */
#include "core/error.h"
#include "formats/audio_parts.h"
#include <fcntl.h>
#include <pthread.h>

/* Why the last open of this process failed. */
static scrim_status audio_library_reason(const char *name, scrim_error *error) {
  switch (sf_error(NULL)) {
  case SF_ERR_UNRECOGNISED_FORMAT:
    return fail(error, SCRIM_E_FORMAT, "'%s' is not sound in any format that libsndfile knows", name);
  case SF_ERR_SYSTEM:
    return fail(error, SCRIM_E_IO, "cannot open '%s' as sound: %s", name, sf_strerror(NULL));
  case SF_ERR_UNSUPPORTED_ENCODING:
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' has an encoding that libsndfile does not take", name);
  default:
    return fail(error, SCRIM_E_FORMAT, "'%s' is broken: %s", name, sf_strerror(NULL));
  }
}

/*
 * A copy, because an open that fails closes the descriptor, whatever it is told about it (libsndfile 1.2.0). Closed by
 * its owner once more, its number may be another thread's by then: what that one writes goes nowhere, or into a third
 * file.
 */
scrim_status audio_library_open(SNDFILE **out, SF_INFO *sf, int mode, int fd, SF_VIRTUAL_IO *io, void *context,
                                const char *name, scrim_error *error) {
  static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
  const int copy = io == NULL ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
  *out = NULL;
  if (io == NULL && copy < 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", name);
  pthread_mutex_lock(&turn);
  *out = io != NULL ? sf_open_virtual(io, mode, sf, context) : sf_open_fd(copy, mode, sf, SF_TRUE);
  scrim_status status = *out != NULL ? SCRIM_OK : audio_library_reason(name, error);
  pthread_mutex_unlock(&turn);
  return status;
}
