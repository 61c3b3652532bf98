/*
 * Attacks on a classifier of points. All but the corruptions follow the classifier's gradient down to the points, and,
 * if the attacker knows of a defence, through it: forward through the very defence, back by BPDA (Athalye et al. 2018),
 * averaged over draws where the defence is random (expectation over randomness).
 *
 * Objects fit the unit sphere. Everything random is drawn from the attacker's source, in the stream where it stands.
 */
#ifndef POINTCLOUD_DEFENSE_ATTACK_CLOUD_H
#define POINTCLOUD_DEFENSE_ATTACK_CLOUD_H

#include "pointcloud_defense/cloud_defence.h"
#include "pointcloud_defense/victim.h"

/* What an attacker climbs. */
typedef enum attack_cloud_goal {
  ATTACK_CLOUD_ENTROPY, /* cross entropy of the true class */
  ATTACK_CLOUD_MARGIN   /* largest logit of another class less that of the true one */
} attack_cloud_goal;

/* One thread's attacker. `victim`, `defence` and `room` are the caller's. */
typedef struct attack_cloud {
  const victim *victim;
  const cloud_defence *defence; /* that he knows of; NULL: of none */
  cloud_defence_room *room;     /* of that defence */
  int hold;                     /* the way back goes through planes, as of cloud_defence_pull */
  size_t samples;               /* draws of a random defence that a gradient is averaged over */
  size_t iterations;
  double budget; /* what it means is the attack's to say */
  tape *tape;
  random_source *random;
  neighbours *index;
  /* memory */
  size_t capacity; /* points */
  cloud_defended defended;
  float *slope, *first, *second, *best; /* [capacity, 3] each */
} attack_cloud;

/* Fills tape (of that backend; NULL: the CPU's), random, index and memory; the rest is the caller's to set. */
scrim_status attack_cloud_open(attack_cloud *a, const backend *b, size_t capacity, uint64_t seed, scrim_error *error);
void attack_cloud_close(attack_cloud *a); /* all 0 is fine */

typedef struct attack_cloud_height {
  double goal;   /* mean over draws */
  double margin; /* the same of ATTACK_CLOUD_MARGIN; above 0 the classifier is fooled */
} attack_cloud_height;

/*
 * How high xyz [n, 3] is, n at most the capacity, and the gradient of it [n, 3] (NULL: not wanted). Where a defence
 * left no points, the classifier counts as fooled and the gradient is 0.
 */
scrim_status attack_cloud_climb(attack_cloud *a, const float *xyz, size_t n, int32_t label, attack_cloud_goal goal,
                                attack_cloud_height *height, float *slope, scrim_error *error);

/* 1: fooling the attacked classifier once is all there is to gain. */
int attack_cloud_is_done(const attack_cloud *a, attack_cloud_height height);

/* Brings x [values] within `most` of clean, coordinate by coordinate. */
void attack_cloud_clip(float *x, const float *clean, size_t values, double most);

/* A cloud that may have more or fewer points than it had. */
typedef struct attack_cloud_points {
  float *xyz; /* [capacity, 3] */
  size_t n;
} attack_cloud_points;

typedef enum attack_cloud_kind {
  ATTACK_CLOUD_ONCE,   /* has one budget, its own */
  ATTACK_CLOUD_SHIFT,  /* budget: distance that points move, by the attack's norm */
  ATTACK_CLOUD_CORRUPT /* nobody attacks: budget is the severity, 1 to 5 */
} attack_cloud_kind;

/* Which defences it also runs through, by attackers who know them. */
typedef enum attack_cloud_adapts {
  ATTACK_CLOUD_ADAPTS_NOT,
  ATTACK_CLOUD_ADAPTS_TO_ALL,
  ATTACK_CLOUD_ADAPTS_TO_ESTIMATES /* those that go by distortion */
} attack_cloud_adapts;

typedef struct attack_cloud_rule {
  const char *name;
  attack_cloud_kind kind;
  double budget; /* of ATTACK_CLOUD_ONCE; 0: it has none */
  attack_cloud_adapts adapts;
  /* clean [n, 3] of class `label` -> out, which has room for attack_cloud_most(n) */
  scrim_status (*run)(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                      scrim_error *error);
} attack_cloud_rule;

extern const attack_cloud_rule attack_cloud_rules[]; /* ends with a name of NULL */
size_t attack_cloud_most(size_t n);                  /* points that any of them may make of n */

/* ---- attack_cloud_gradient.c ---- */

/* One step along the gradient, of length budget * sqrt(3 n): Goodfellow et al. 2015 in the norm L2. */
scrim_status attack_cloud_fgm(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                              scrim_error *error);
/* Madry et al. 2018, from a random start; coordinates move by `budget` at most, the highest iterate is given. */
scrim_status attack_cloud_pgd_linf(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error);
/* The same by an attacker who keeps distortion low as well: half his step goes there. */
scrim_status attack_cloud_pgd_flat(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error);
/* As attack_cloud_pgd_linf; all coordinates together move by budget * sqrt(3 n) at most. */
scrim_status attack_cloud_pgd_l2(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                                 scrim_error *error);

/* ---- attack_cloud_estimator.c ---- */

/*
 * Turns a slope [n, 3] of any length, found at xyz [n, 3], so that who climbs it also lowers the distances of points
 * from the planes of their neighbours: both of one mean size, and `weight` times the second.
 */
scrim_status attack_cloud_flatten(attack_cloud *a, const float *xyz, size_t n, double weight, float *slope,
                                  scrim_error *error);

/* ---- attack_cloud_optimised.c ---- */

/*
 * Carlini and Wagner 2017: the least squared shift that fools, by Adam and a search for the weight of fooling; points
 * are as they were if nothing does. No budget.
 */
scrim_status attack_cloud_cw(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                             scrim_error *error);
/*
 * After Tsai et al. 2020: fools by a margin while points stay near the clean ones and near their neighbours, so that
 * outlier removal finds nothing. Coordinates move by `budget` at most.
 */
scrim_status attack_cloud_knn(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                              scrim_error *error);

/* ---- attack_cloud_number.c: how many points there are ---- */

/* Adds budget * n points, which start near the most salient ones and go anywhere within the object's bounding box. */
scrim_status attack_cloud_add(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                              scrim_error *error);
/* Drops budget * n points at random. */
scrim_status attack_cloud_drop(attack_cloud *a, const float *clean, size_t n, int32_t label, attack_cloud_points *out,
                               scrim_error *error);
/* Drops budget * n points, a few at a time, whose way to the centre raises the loss most: Zheng et al. 2019. */
scrim_status attack_cloud_saliency(attack_cloud *a, const float *clean, size_t n, int32_t label,
                                   attack_cloud_points *out, scrim_error *error);

#endif
