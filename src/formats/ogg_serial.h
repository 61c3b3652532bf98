/*
 * The number that an ogg stream is known by (RFC 3533). libogg's users draw it at random; here it is always the same,
 * so that the same sound gives the same bytes.
 */
#ifndef FORMATS_OGG_SERIAL_H
#define FORMATS_OGG_SERIAL_H

#include <scrim/status.h>

/* On all pages of a file that holds a single stream. SCRIM_E_INTERNAL: it is no such file. SCRIM_E_IO. */
scrim_status ogg_serial_set(int fd, const char *name, scrim_error *error);

#endif
