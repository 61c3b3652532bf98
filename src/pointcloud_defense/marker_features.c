#include "pointcloud_defense/marker_features.h"

#include "tensor/vector_math.h"

enum { LANES = NEIGHBOURS_LANES };

/* What features are made of, sixteen points side by side; lanes without a point hold zeros. */
typedef struct lane_view {
  float xyz[3][LANES], nearest[LANES], spacing[LANES], farthest[LANES];
  float own[LANES], others[LANES]; /* intensity */
} lane_view;

VECTOR_INLINE float log_ratio(float length, float range) {
  const float ratio = length / range, low = vector_select(ratio > 1e-5f, ratio, 1e-5f);
  return vector_log(vector_select(low < 1e3f, low, 1e3f));
}

VECTOR_INLINE float within(float value, float limit) {
  const float high = vector_select(value < limit, value, limit);
  return vector_select(high > -limit, high, -limit);
}

VECTOR_CLONES
static void describe(const lane_view *v, const plane_lanes *p, float count,
                     float out[restrict MARKER_FEATURES][LANES]) {
  for (size_t i = 0; i < LANES; i++) {
    const float x = v->xyz[0][i], y = v->xyz[1][i], z = v->xyz[2][i], true_range = sqrtf(x * x + y * y + z * z);
    const float range = vector_select(true_range > 1e-3f, true_range, 1e-3f);
    const float off_x = (float)p->offset[0][i], off_y = (float)p->offset[1][i], off_z = (float)p->offset[2][i];
    const float normal_x = (float)p->normal[0][i], normal_y = (float)p->normal[1][i], normal_z = (float)p->normal[2][i];
    /* Rounding may leave a variance below 0. */
    const float least = (float)p->value[0][i], middle = (float)p->value[1][i], most = (float)p->value[2][i];
    out[0][i] = log_ratio(v->spacing[i], range);
    out[1][i] = log_ratio(v->nearest[i], range);
    out[2][i] = log_ratio(v->farthest[i], range);
    out[3][i] = log_ratio(fabsf((float)p->distance[i]), range);
    out[4][i] = log_ratio(sqrtf(vector_select(least > 0, least, 0) / count), range);
    out[5][i] = log_ratio(sqrtf(vector_select(middle > 0, middle, 0) / count), range);
    out[6][i] = log_ratio(sqrtf(vector_select(most > 0, most, 0) / count), range);
    out[7][i] = log_ratio(sqrtf(off_x * off_x + off_y * off_y + off_z * off_z), range);
    out[8][i] = vector_log(range);
    out[9][i] = z / range;
    out[10][i] = fabsf(x * normal_x + y * normal_y + z * normal_z) / range;
    out[11][i] = within(-(x * off_x + y * off_y + z * off_z) / range / range, 1e3f);
    out[12][i] = vector_log(0.01f + v->own[i]);
    out[13][i] = vector_log(0.01f + v->others[i]);
  }
}

static float mean_intensity(const float *intensity, const neighbours_block *block, size_t i) {
  float sum = 0;
  for (size_t j = 0; j < block->count; j++) sum += intensity[block->index[i][j]];
  return block->count > 0 ? sum / (float)block->count : 0;
}

void marker_describe(const marker_view *view, const neighbours_block *block, const survey_point *point,
                     const plane_lanes *planes, float *features) {
  const size_t width = view->intensity != NULL ? MARKER_FEATURES : MARKER_GEOMETRY;
  float out[MARKER_FEATURES][LANES];
  lane_view v = {0};
  for (size_t i = 0; i < block->n; i++) {
    const float *at = view->xyz + 3 * (size_t)block->point[i];
    for (int axis = 0; axis < 3; axis++) v.xyz[axis][i] = at[axis];
    v.nearest[i] = block->count > 0 ? sqrtf(block->squared[i][0]) : INFINITY;
    v.spacing[i] = block->count > 0 ? point[i].spacing : INFINITY;
    v.farthest[i] = point[i].farthest;
    if (view->intensity == NULL) continue;
    v.own[i] = view->intensity[block->point[i]];
    v.others[i] = mean_intensity(view->intensity, block, i);
  }
  describe(&v, planes, block->count > 0 ? (float)block->count : 1, out);
  for (size_t i = 0; i < block->n; i++)
    for (size_t j = 0; j < width; j++) features[i * width + j] = out[j][i];
}

void marker_intensity(const float *from, size_t stride, const uint32_t *first, size_t n, float *to) {
  double sum = 0;
  size_t places = 0;
  for (size_t i = 0; i < n; i++) {
    const float value = from[i * stride];
    to[i] = value > 0 && value < INFINITY ? value : 0;
    if (first[i] != i) continue;
    sum += to[i];
    places++;
  }
  const float scale = sum > 0 ? (float)((double)places / sum) : 0;
  for (size_t i = 0; i < n; i++) to[i] = fminf(scale * to[i], 1e6f);
}
