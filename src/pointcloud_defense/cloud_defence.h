/*
 * What may stand between points and a classifier, side by side: nothing, the published baselines, the filter itself.
 *
 * A further one is a row of cloud_defences: an `apply` of its own, or, for other ways to run the filter, `filter` with
 * the settings that differ.
 */
#ifndef POINTCLOUD_DEFENSE_CLOUD_DEFENCE_H
#define POINTCLOUD_DEFENSE_CLOUD_DEFENCE_H

#include "core/random.h"
#include "pointcloud_defense/cloud_filter.h"
#include "pointcloud_defense/plane_pull.h"

/* Points as they came out; room for as many as went in. */
typedef struct cloud_defended {
  float *xyz;     /* [n, 3] all finite */
  uint32_t *from; /* [n] the row that each was when it went in */
  size_t n;
  int moves; /* plane projections that they went through, of k neighbours: for attackers who know; 0: none */
  size_t k;
} cloud_defended;

typedef struct cloud_defence cloud_defence;
typedef struct cloud_defence_room cloud_defence_room;

struct cloud_defence {
  const char *name;
  int is_random; /* 1: draws from `random` */
  int projects;  /* 1: points may go through plane projections */
  /* xyz [n, 3] -> out, whose arrays have room for n */
  scrim_status (*apply)(const cloud_defence *self, cloud_defence_room *room, random_source *random, const float *xyz,
                        size_t n, cloud_defended *out, scrim_error *error);
  int moves;              /* plane projections */
  const char *const *set; /* of the filter: settings over its own, NULL at the end, or NULL */
};

extern const cloud_defence cloud_defences[]; /* the first is nothing at all; ends with a name of NULL */
enum { CLOUD_DEFENCES_MOST = 16 };
size_t cloud_defences_count(void);

/* What one thread needs to run one defence; `filter` and `key` are borrowed. */
scrim_status cloud_defence_open(cloud_defence_room **out, const cloud_defence *self, const scrim_filter *filter,
                                const scrim_key *key, scrim_error *error);
void cloud_defence_close(cloud_defence_room *room); /* NULL is fine */

/*
 * The attacker's way back: slope_out [out->n, 3], at what came out of the last apply of xyz [n, 3], is added to slope
 * [n, 3]. Points keep their rows' slopes (BPDA with identity), and with `hold` it goes through the planes
 * (plane_pull.h).
 */
scrim_status cloud_defence_pull(cloud_defence_room *room, const cloud_defended *out, const float *xyz, size_t n,
                                int hold, const float *slope_out, float *slope, scrim_error *error);

#endif
