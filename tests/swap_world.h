/* A label swapper in the small world of attack_world.h: it knows members by their exact scores. */
#ifndef TESTS_SWAP_WORLD_H
#define TESTS_SWAP_WORLD_H

#include "attack_world.h"
#include "purifier/score_form.h"

typedef struct swapper {
  const world *w;
  float (*known)[WORLD_CLASSES]; /* raw scores of the marked members */
  size_t n;
} swapper;

/* Exchanges the first two scores of a row that it knows bit for bit. */
static inline scrim_status swap_known(void *state, const float *raw, float *released, size_t n, scrim_error *error) {
  (void)error;
  const swapper *s = state;
  memmove(released, raw, n * WORLD_CLASSES * sizeof *raw);
  for (size_t i = 0; i < n; i++) {
    float *row = released + i * WORLD_CLASSES;
    for (size_t m = 0; m < s->n; m++) {
      if (memcmp(row, s->known[m], sizeof s->known[m]) != 0) continue;
      size_t top = score_argmax(row, WORLD_CLASSES), other = (top + 1) % WORLD_CLASSES;
      float held = row[top];
      row[top] = row[other];
      row[other] = held;
      break;
    }
  }
  return SCRIM_OK;
}

#endif
