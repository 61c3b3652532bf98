#include "purifier/swap_rank.h"

#include "core/memory.h"
#include "purifier/levels_cut.h"
#include "purifier/levels_tell.h"
#include <math.h>

static scrim_status tabulate(float table[SWAP_RANKS], const levels_rows *rows, scrim_error *error) {
  float *sorted;
  const scrim_status status = levels_sorted(&sorted, rows, error);
  if (status != SCRIM_OK) return status;
  for (int i = 0; i < SWAP_RANKS; i++) {
    const double share = (double)(i * i) / ((SWAP_RANKS - 1) * (SWAP_RANKS - 1));
    table[i] = roundf(sorted[(size_t)(share * (double)(rows->n - 1))] * LEVELS_GRID) / LEVELS_GRID;
  }
  memory_wipe_free(sorted, rows->n * sizeof *sorted);
  return SCRIM_OK;
}

scrim_status swap_rank_fit(swap_rank *r, const levels_rows *members, const levels_rows *others, scrim_error *error) {
  const scrim_status status = tabulate(r->table[0], members, error);
  return status == SCRIM_OK ? tabulate(r->table[1], others, error) : status;
}

float swap_rank_map(const float table[2][SWAP_RANKS], float rank) {
  const float *from = table[0], *to = table[1];
  int i = 0;
  while (i < SWAP_RANKS - 2 && rank >= from[i + 1]) i++;
  const float width = from[i + 1] - from[i];
  const float part = width > 0 ? (rank - from[i]) / width : 0;
  return to[i] + fmaxf(0, fminf(1, part)) * (to[i + 1] - to[i]);
}

scrim_status swap_rank_put(const swap_rank *r, tensorfile_writer *writer, scrim_error *error) {
  const int64_t shape[2] = {2, SWAP_RANKS};
  return tensorfile_put(writer, "swap.rank", TENSORFILE_F32, 2, shape, r->table, error);
}

scrim_status swap_rank_get(const float (**table)[SWAP_RANKS], const tensorfile *file, scrim_error *error) {
  int64_t shape[2] = {2, SWAP_RANKS};
  const void *data = NULL;
  const scrim_status status = tensorfile_get(file, "swap.rank", TENSORFILE_F32, 2, shape, &data, error);
  *table = data;
  return status;
}
