#include "pointcloud_defense/distortion.h"

distortion distortion_of(const survey_point *points, const float *xyz, const uint32_t *first, size_t n) {
  double plane = 0, spacing = 0, by_range = 0;
  size_t places = 0, with_range = 0;
  for (size_t i = 0; i < n; i++) {
    if (first[i] != i) continue;
    const float range = survey_range(xyz + 3 * i);
    places++;
    plane += points[i].plane;
    spacing += points[i].spacing;
    if (range > 0) {
      with_range++;
      by_range += points[i].plane / range;
    }
  }
  return (distortion){.places = places,
                      .metres = places > 0 ? plane / (double)places : 0,
                      .spacing = places > 0 ? spacing / (double)places : 0,
                      .by_spacing = spacing > 0 ? plane / spacing : 0,
                      .by_range = with_range > 0 ? by_range / (double)with_range : 0};
}

double distortion_quantile(const double *values, size_t n, double quantile) {
  /* The one that has `rank` others before it. There are few, one a frame: counting needs no copy. */
  const size_t rank = (size_t)(quantile * (double)(n - 1));
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    size_t before = 0;
    for (size_t j = 0; j < n; j++) before += values[j] < values[i] || (values[j] == values[i] && j < i);
    if (before == rank) at = i;
  }
  return values[at];
}

void baseline_init(baseline *b, size_t frames) {
  *b = (baseline){.frames = frames};
}

void baseline_add(baseline *b, double value) {
  if (b->frames == 0) return;
  b->value[b->next] = value;
  b->next = (b->next + 1) % b->frames;
  if (b->n < b->frames) b->n++;
}

double baseline_quantile(const baseline *b, double quantile, double fallback) {
  const size_t due = b->frames < BASELINE_LEAST_FRAMES ? b->frames : BASELINE_LEAST_FRAMES;
  if (b->n == 0 || b->n < due) return fallback;
  return distortion_quantile(b->value, b->n, quantile);
}
