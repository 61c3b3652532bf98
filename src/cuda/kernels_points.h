/*
 * Launchers of the kernels that look at clouds (kernels_places.cu, kernels_neighbours.cu, kernels_scene.cu). All
 * addresses are the device's. What they answer is, to the bit, what the functions of the same names in
 * pointcloud_defense do, but for what says otherwise: kernels are compiled without contraction, as all of Scrim is.
 */
#ifndef CUDA_KERNELS_POINTS_H
#define CUDA_KERNELS_POINTS_H

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  POINTS_LEAF = 32, /* places of a leaf, boxes of a group: a warp looks at all of them at once */
  POINTS_LEVELS = 6,
  POINTS_MOST_NEIGHBOURS = 32
};
static const uint32_t POINTS_MOST = 1u << 30; /* 32^6 */
static const uint32_t POINTS_NONE = UINT32_MAX;

/*
 * A point that stands for a place of its own, coordinates as they count (copies.h). Slots without one are infinitely
 * far away and of index POINTS_NONE.
 */
typedef struct points_place {
  float x, y, z;
  uint32_t index;
} points_place;

/*
 * The index of a cloud of n points: places in the order of a space-filling curve, leaves of 32 slots, and boxes around
 * leaves, around 32 of those, and so on. Its layout depends on n alone, so that nobody need know how many places there
 * are to launch what works on them.
 */
typedef struct points_tree {
  uint32_t n, slots; /* slots: n rounded up to leaves */
  int levels;
  points_place *place;           /* [slots] */
  float *box[POINTS_LEVELS];     /* box[0]: of leaves; [6, boxes]: least x, y, z, greatest x, y, z */
  uint32_t boxes[POINTS_LEVELS]; /* rounded up to groups of 32; those without anything are inside out */
  uint32_t *places;              /* [1] how many there are */
} points_tree;

/* What building needs besides. */
typedef struct points_work {
  uint64_t *key[2];    /* [n] */
  uint32_t *order[2];  /* [n] */
  uint32_t *histogram; /* [points_histogram(n)] */
  uint32_t *exponents; /* [256] */
} points_work;

/* Counters that sorting n points needs. */
size_t points_histogram(uint32_t n);

/* xyz [n, 3] -> the tree's places, and first [n] as copies_find has it. */
cudaError_t points_find_places(const points_tree *tree, const points_work *work, const float *xyz, uint32_t *first,
                               cudaStream_t stream);
/* The boxes of a tree whose places are there. */
cudaError_t points_put_boxes(const points_tree *tree, cudaStream_t stream);
/*
 * The k nearest of each place, 1 <= k <= POINTS_MOST_NEIGHBOURS: index, squared [k, slots], nearest first, by slot. Of
 * fewer than k others all, and nothing is written beyond.
 */
cudaError_t points_find_neighbours(const points_tree *tree, uint32_t k, uint32_t *index, float *squared,
                                   cudaStream_t stream);

/* One look at every place. Outputs are by point, copies get what their place gets; those that may be NULL say so. */
typedef struct points_survey {
  uint32_t n, k;
  points_tree tree;
  const float *xyz;       /* [n, 3] as it came */
  const uint32_t *first;  /* [n] */
  const uint32_t *index;  /* [k, slots] */
  const float *squared;   /* [k, slots] */
  const float *intensity; /* [n] over its mean, or NULL */
  float *points;   /* [n, 4]: distance from the plane, mean distance, mean squared distance, distance to the k-th */
  float *moved;    /* [n, 3] projected onto the plane; or NULL */
  float *features; /* [12 or, with intensity, 14, slots] as marker_describe has them; or NULL */
} points_survey;
cudaError_t points_run_survey(const points_survey *survey, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
