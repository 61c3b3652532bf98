/* The baselines, with what each draws for an utterance. */
#include "voice_deid/voice_baseline.h"
#include "voice_deid/baseline_mcadams.h"
#include "voice_deid/baseline_room.h"

static scrim_status apply_fixed(const float *x, size_t n, random_source *random, float *y, scrim_error *error) {
  (void)random;
  return baseline_mcadams(x, n, 0.8, y, error);
}

static scrim_status apply_random(const float *x, size_t n, random_source *random, float *y, scrim_error *error) {
  const double coefficient = 0.5 + 0.4 * random_uniform(random);
  scrim_status status = random_status(random, error);
  return status == SCRIM_OK ? baseline_mcadams(x, n, coefficient, y, error) : status;
}

static scrim_status apply_room(const float *x, size_t n, random_source *random, float *y, scrim_error *error) {
  const double decay = 0.2 + 0.3 * random_uniform(random), ratio = 3 + 5 * random_uniform(random);
  return baseline_room(x, n, decay, ratio, random, y, error);
}

const voice_baseline voice_baselines[] = {
    {"mcadams 0.8", apply_fixed}, {"mcadams random", apply_random}, {"room", apply_room}, {0}};
