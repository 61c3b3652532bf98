/*
 * The envelope of speech at 16 kHz: what a moving response follows, and how band gains become one.
 *
 * Bands are evenly spaced on the mel scale. At each node, every `hop` samples, speech has a state: the first cepstra of
 * its band levels, each of mean 0 and variance 1 over the segment's active nodes, and a constant 1; all are scaled
 * down where there is next to no sound. So a linear map of the state is a change of the voice that treats like sounds
 * alike and leaves pauses as they are.
 */
#ifndef VOICE_DEID_ENVELOPE_H
#define VOICE_DEID_ENVELOPE_H

#include <scrim/status.h>
#include <stddef.h>

enum {
  ENVELOPE_HOP = 320,    /* samples between nodes: 20 ms */
  ENVELOPE_BANDS = 24,   /* of gains and levels */
  ENVELOPE_CEPSTRA = 12, /* of a state */
  ENVELOPE_STATE = ENVELOPE_CEPSTRA + 1,
  ENVELOPE_ORDER = 96, /* cepstra that gains become: details of 160 Hz */
  ENVELOPE_TAPS = 160  /* of a response: 10 ms */
};

/* Nodes that a moving response needs for n samples. */
int envelope_nodes(size_t n);

typedef struct envelope envelope; /* tables and scratch; one thread at a time */
scrim_status envelope_create(envelope **out, scrim_error *error);
void envelope_free(envelope *e); /* wipes; NULL is fine */

/*
 * States [nodes, ENVELOPE_STATE] and activities [nodes], 0 to 1, of x [n]: active is what is less than 40 dB below the
 * loudest node. All 0 in silence.
 */
void envelope_measure(envelope *e, const float *x, size_t n, float *states, float *activity);

/*
 * [ENVELOPE_BANDS, ENVELOPE_ORDER]: gains in dB, as a row times this, are the cepstra of the log magnitude that goes
 * through them at the bands' centres in straight lines, without its level. As op_minimum_phase takes them.
 */
const float *envelope_cepstra(const envelope *e);

#endif
