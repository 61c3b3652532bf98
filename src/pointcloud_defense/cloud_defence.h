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
  int time_step; /* that the filter diffused to; 0: it did not */
  int moves;     /* plane projections of k neighbours, for attackers to go back through; 0: none */
  size_t k;
} cloud_defended;

/* One of the draws of a defence that draws. */
typedef struct cloud_draw {
  random_source *random;
  size_t number; /* the filter draws from keys: number i is under the i-th of the room's, and round again */
} cloud_draw;

typedef struct cloud_defence cloud_defence;
typedef struct cloud_defence_room cloud_defence_room;

struct cloud_defence {
  const char *name;
  int projects;    /* 1: points may go through plane projections, or what they can stand in for */
  int estimates;   /* 1: what it does hangs on the distortion that it finds */
  int needs_prior; /* 1: is there for filters with a prior alone */
  int is_probe;    /* 1: shows what one setting does, and nobody would run it: no aim of adaptive attackers */
  /* xyz [n, 3] -> out, whose arrays have room for n */
  scrim_status (*apply)(const cloud_defence *self, cloud_defence_room *room, const cloud_draw *draw, const float *xyz,
                        size_t n, cloud_defended *out, scrim_error *error);
  int moves;              /* plane projections */
  const char *const *set; /* of the filter: settings over its own, NULL at the end, or NULL */
};

extern const cloud_defence cloud_defences[]; /* the first is nothing at all; ends with a name of NULL */
enum { CLOUD_DEFENCES_MOST = 16 };

/* Those that there are with a filter, in their order; answers how many. */
size_t cloud_defences_for(const scrim_filter *filter, const cloud_defence *list[CLOUD_DEFENCES_MOST]);

/*
 * What one thread needs to run one defence. `keys` [n_keys]: of the filter, one at least; an attacker who averages over
 * its draws has several of his own. `device`: where the filter computes.
 */
scrim_status cloud_defence_open(cloud_defence_room **out, const cloud_defence *self, const scrim_filter *filter,
                                const scrim_key *const *keys, size_t n_keys, scrim_device device, scrim_error *error);
void cloud_defence_close(cloud_defence_room *room);      /* NULL is fine */
int cloud_defence_draws(const cloud_defence_room *room); /* 1: the same points may come out in other ways */

/*
 * The attacker's way back: slope_out [out->n, 3], at what came out of the last apply of xyz [n, 3], is added to slope
 * [n, 3]. Points keep their rows' slopes (BPDA with identity), and with `hold` it goes through the planes
 * (plane_pull.h).
 */
scrim_status cloud_defence_pull(cloud_defence_room *room, const cloud_defended *out, const float *xyz, size_t n,
                                int hold, const float *slope_out, float *slope, scrim_error *error);

#endif
