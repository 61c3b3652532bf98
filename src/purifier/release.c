#include "purifier/release.h"

#include <math.h>

void release_keep_label(float *row, size_t k, size_t label, int units) {
  const double margin = 2.0 / units, lowest = 1.0 / (double)k + margin;
  double top = row[label] > lowest ? row[label] : lowest, kept = 0;
  if (top > 1) top = 1;
  const double cap = top > margin ? top - margin : 0;
  for (size_t j = 0; j < k; j++) {
    if (j == label) continue;
    if (!(row[j] > 0)) row[j] = 0;
    if (row[j] > cap) row[j] = (float)cap;
    kept += row[j];
  }
  /* what is missing fills the room below the cap evenly; what is too much is scaled away */
  const double rest = 1 - top, room = (double)(k - 1) * cap - kept;
  const double fill = rest > kept && room > 0 ? (rest - kept) / room : 0, scale = rest < kept ? rest / kept : 1;
  for (size_t j = 0; j < k; j++)
    if (j != label) row[j] = (float)(scale * (row[j] + fill * (cap - row[j])));
  row[label] = (float)top;
}

/* Rounding the running sum, not each score, keeps the total exact and each score within one unit. */
void release_round(float *row, size_t k, size_t label, int units) {
  const double top = nearbyint((double)row[label] * units), left = units - top;
  double others = 0, sum = 0, given = 0;
  for (size_t j = 0; j < k; j++) others += j == label ? 0 : row[j];
  const double scale = others > 0 ? left / others : 0;
  for (size_t j = 0; j < k; j++) {
    if (j == label) continue;
    sum += row[j] * scale;
    const double upto = nearbyint(sum);
    row[j] = (float)((upto - given) / units);
    given = upto;
  }
  row[label] = (float)((units - given) / units);
}
