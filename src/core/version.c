/* The version of the library that was loaded. */
#include <scrim/version.h>

const char *scrim_version(void) {
  return SCRIM_VERSION;
}
