/* The secret inside a key, for those who derive from it. */
#ifndef CORE_KEY_BYTES_H
#define CORE_KEY_BYTES_H

#include <scrim/key.h>

/* [SCRIM_KEY_BYTES], as long as the key lives. Never copied into memory that is not wiped. */
const unsigned char *key_bytes(const scrim_key *key);

#endif
