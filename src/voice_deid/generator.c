#include "voice_deid/generator.h"
#include "core/error.h"
#include "core/memory.h"
#include <stdio.h>
#include <string.h>

enum { LAYERS = 3 };

struct generator {
  int width, hidden;
  nn_mlp network; /* [2 * width] -> [GENERATOR_MAP] */
};

scrim_status generator_create(generator **out, int width, int hidden, random_source *init, scrim_error *error) {
  *out = NULL;
  generator *g = memory_zalloc(1, sizeof *g);
  if (g == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a generator");
  g->width = width;
  g->hidden = hidden;
  const int widths[] = {2 * width, hidden, hidden, GENERATOR_MAP};
  scrim_status status = nn_mlp_create(&g->network, LAYERS, widths, NN_SILU, init, error);
  if (status == SCRIM_OK)
    *out = g;
  else
    memory_free(g);
  return status;
}

void generator_free(generator *g) {
  if (g == NULL) return;
  nn_mlp_free(&g->network);
  memory_free(g);
}

nn_params *generator_params(const generator *g) {
  return g->network.params;
}

tensor *generator_map(tape *t, const generator *g, tensor *embeddings) {
  tensor *map = nn_mlp_forward(t, &g->network, embeddings);
  return op_reshape(t, map, 2, (int[]){ENVELOPE_BANDS, ENVELOPE_STATE});
}

scrim_status generator_make(const generator *g, tape *t, const float *const *source, const float *const *target,
                            const int *dim, int n_parts, float *map, scrim_error *error) {
  float *both = memory_zalloc(2 * (size_t)g->width, sizeof *both);
  if (both == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a generator's input");
  for (int p = 0, at = 0; p < n_parts; at += dim[p++]) {
    memcpy(both + at, source[p], (size_t)dim[p] * sizeof *both);
    memcpy(both + g->width + at, target[p], (size_t)dim[p] * sizeof *both);
  }
  tape_reset(t);
  const float *made = tensor_values(generator_map(t, g, tape_input(t, both, 2, (int[]){1, 2 * g->width})));
  scrim_status status = tape_status(t, error);
  if (status == SCRIM_OK) memcpy(map, made, GENERATOR_MAP * sizeof *map);
  memory_wipe_free(both, 2 * (size_t)g->width * sizeof *both);
  return status;
}

/* ---- files ---- */

scrim_status generator_put(const generator *g, tensorfile_writer *writer, scrim_error *error) {
  char text[32];
  snprintf(text, sizeof text, "%d", g->hidden);
  scrim_status status = tensorfile_put_meta(writer, "generator.hidden", text, error);
  return status == SCRIM_OK ? nn_params_put(g->network.params, "generator.", writer, error) : status;
}

scrim_status generator_get(generator **out, int width, const tensorfile *file, scrim_error *error) {
  *out = NULL;
  const char *text = tensorfile_meta(file, "generator.hidden");
  int hidden;
  char end;
  if (text == NULL) return SCRIM_OK;
  if (sscanf(text, "%d%c", &hidden, &end) != 1 || hidden < 1 || hidden > 4096)
    return fail(error, SCRIM_E_FORMAT, "'generator.hidden' is %s, not in 1..4096", text);
  generator *g;
  scrim_status status = generator_create(&g, width, hidden, NULL, error);
  if (status != SCRIM_OK) return status;
  status = nn_params_get(g->network.params, "generator.", file, error);
  nn_params_freeze(g->network.params);
  if (status == SCRIM_OK)
    *out = g;
  else
    generator_free(g);
  return status;
}
