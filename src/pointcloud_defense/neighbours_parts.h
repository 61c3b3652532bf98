/* Private to neighbours*.c: the index, and one search an instruction set, all with the same answers. */
#ifndef POINTCLOUD_DEFENSE_NEIGHBOURS_PARTS_H
#define POINTCLOUD_DEFENSE_NEIGHBOURS_PARTS_H

#include "pointcloud_defense/neighbours.h"

enum { RANKED = 32, ORDERED = 64 }; /* distances that are ranked, and put in order, at a time */
enum { NEIGHBOURS_LEVELS = 8 };     /* 16^8 leaves are more than there can be points */

/* Lanes without a point are infinitely far away. */
typedef struct neighbours_leaf {
  float xyz[3][NEIGHBOURS_LANES];
  uint32_t index[NEIGHBOURS_LANES];
} neighbours_leaf;

/* Lanes without a box have low = inf and high = -inf, which is infinitely far from everything. */
typedef struct neighbours_boxes {
  float low[3][NEIGHBOURS_LANES], high[3][NEIGHBOURS_LANES];
} neighbours_boxes;

struct neighbours {
  const struct neighbours_search *search;
  pool *threads; /* for building; NULL: none */
  size_t n, places, leaves;
  int levels;                               /* of boxes; 0 only if there is no leaf */
  neighbours_leaf *leaf;                    /* [leaves] */
  neighbours_boxes *box[NEIGHBOURS_LEVELS]; /* box[0]: of leaves; box[i]: of 16 boxes of box[i - 1] */
  uint32_t *first;                          /* [n] */
  /* memory */
  size_t capacity; /* points */
  void *storage;   /* leaves and boxes */
  void *work;      /* [16 * capacity] bytes, for building only */
  size_t storage_bytes;
};

typedef struct neighbours_search {
  const char *name;
  int (*supported)(void);
  void (*find)(const neighbours *s, size_t block, size_t k, neighbours_block *out);
  size_t (*near)(const neighbours *s, const float xyz[3], size_t k, uint32_t *index, float *squared);
} neighbours_search;

extern const neighbours_search neighbours_plain, neighbours_avx2, neighbours_avx512;

/* Best first; NULL at the end. The plain one is last and always supported. */
extern const neighbours_search *const neighbours_searches[];

#endif
