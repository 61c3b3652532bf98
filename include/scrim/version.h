/* scrim/version.h: semantic version of these headers and of the library that was loaded. */
#ifndef SCRIM_VERSION_H
#define SCRIM_VERSION_H

#include <scrim/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCRIM_VERSION_MAJOR 0
#define SCRIM_VERSION_MINOR 1
#define SCRIM_VERSION_PATCH 0
#define SCRIM_VERSION "0.1.0"

/* Version of the library in use, for comparison with SCRIM_VERSION. Static storage. */
SCRIM_API const char *scrim_version(void);

#ifdef __cplusplus
}
#endif
#endif
