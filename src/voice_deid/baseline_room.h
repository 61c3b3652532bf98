/* A plain room: a direct sound, and behind it noise that dies away. */
#ifndef VOICE_DEID_BASELINE_ROOM_H
#define VOICE_DEID_BASELINE_ROOM_H

#include "core/random.h"

/*
 * x [n] at 16 kHz -> y [n], apart from x, of the same energy. `decay`: seconds to fall by 60 dB, at most 1; `ratio`:
 * energy of the direct sound over that of the rest, dB. The noise is drawn from `random`.
 */
scrim_status baseline_room(const float *x, size_t n, double decay, double ratio, random_source *random, float *y,
                           scrim_error *error);

#endif
