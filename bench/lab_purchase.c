/*
 * A synthetic stand-in for Purchase-100 (whose shopping records may not be passed on): 600 bits, 100 classes. Each
 * class has a random prototype; a row is its class's prototype with every bit flipped with a fixed probability. The
 * noise is set so that a network which knows its 5,000 training rows by heart is right on 80 to 85 % of new ones, as on
 * the real set.
 */
#include "lab.h"

enum { ROWS = 20000, BITS = 600, CLASSES = 100 };
static const unsigned flip = 26050; /* of 65536 */

scrim_status lab_purchase_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error) {
  (void)folder;
  unsigned char prototype[CLASSES][BITS];
  random_source *random = NULL;
  scrim_status status = lab_set_create(out, ROWS, BITS, CLASSES, error);
  if (status == SCRIM_OK) status = random_source_from_seed(&random, seed, error);
  if (status == SCRIM_OK) status = random_begin(random, "lab-purchase", NULL, 0, error);
  if (status == SCRIM_OK) {
    for (int c = 0; c < CLASSES; c++)
      for (int j = 0; j < BITS; j++) prototype[c][j] = random_uniform(random) < 0.5;
    for (size_t i = 0; i < ROWS; i++) {
      out->y[i] = (int32_t)(i % CLASSES);
      uint64_t word = 0;
      for (int j = 0; j < BITS; j++, word >>= 16) { /* four bits from each 64-bit word */
        if (j % 4 == 0) word = random_u64(random);
        int flipped = (word & 0xffff) < flip;
        out->x[i * BITS + j] = (float)(prototype[out->y[i]][j] ^ flipped);
      }
    }
    status = random_status(random, error);
  }
  random_source_free(random);
  if (status != SCRIM_OK) lab_set_free(out);
  return status;
}
