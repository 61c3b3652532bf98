/* Opening files with libsndfile from several threads. */
#include "core/error.h"
#include "formats/audio_parts.h"
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

scrim_status audio_library_open(SNDFILE **out, SF_INFO *sf, int mode, int fd, SF_VIRTUAL_IO *io, void *context,
                                const char *name, scrim_error *error) {
  static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&turn);
  *out = io != NULL ? sf_open_virtual(io, mode, sf, context) : sf_open_fd(fd, mode, sf, 0);
  scrim_status status = *out != NULL ? SCRIM_OK : audio_library_reason(name, error);
  pthread_mutex_unlock(&turn);
  return status;
}
