/*
 * The laboratory: makes the data on which filters are judged, above all the score filter. Real classifiers, trained
 * until they know their training rows by heart as real ones do, the scores that they give, and the attacker's shadow
 * classifiers.
 *
 * A bench program: it may print and exit, and it includes internal headers.
 */
#ifndef BENCH_LAB_H
#define BENCH_LAB_H

#include "nn/nn.h"
#include <scrim.h>

/* What the command line said. */
typedef struct lab_options {
  const char *data;             /* folder of the data sets */
  const char *out;              /* folder to write to */
  const char *model;            /* classifier file */
  const char *filter;           /* filter file, or NULL: train one */
  const char *key;              /* key file that goes with it */
  const char *frame, *filtered; /* files of points: before and after the filter */
  uint64_t seed;
  size_t seeds;   /* runs, seed, seed + 1, ... */
  size_t shadows; /* the attacker's own classifiers */
} lab_options;

/* ---- data sets ---- */

typedef struct lab_set {
  size_t n, features, classes;
  float *x;           /* [n, features], scaled as the classifier wants it */
  int32_t *y;         /* [n] */
  int32_t *attribute; /* [n] the private attribute, or NULL */
  size_t attribute_values;
} lab_set;

scrim_status lab_set_create(lab_set *out, size_t n, size_t features, size_t classes, scrim_error *error); /* zeroed */
void lab_set_free(lab_set *s);
scrim_status lab_set_shuffle(lab_set *s, uint64_t seed, scrim_error *error); /* rows into a random order */

scrim_status lab_letter_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error);
scrim_status lab_mnist_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error);
scrim_status lab_adult_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error); /* predicts income */
scrim_status lab_purchase_load(lab_set *out, const char *folder, uint64_t seed, scrim_error *error);
/* Adult with another column to predict, and one to keep private; both by the names in adult.names. */
scrim_status lab_adult_load_columns(lab_set *out, const char *folder, const char *target, const char *attribute,
                                    scrim_error *error);

/* ---- classifiers ---- */

typedef struct lab_recipe {
  const char *name;
  scrim_status (*load)(lab_set *out, const char *folder, uint64_t seed, scrim_error *error);
  int hidden[2]; /* widths of the hidden layers; 0: not there */
  nn_activation activation;
  size_t part; /* rows each of members, nonmembers, reference and population */
  size_t batch, epochs;
  double rate;
} lab_recipe;

extern const lab_recipe lab_recipes[]; /* ends at name NULL */
const lab_recipe *lab_recipe_find(const char *name);

/* Trains on rows x [n, s->features] with labels y [n]; the caller frees the network. */
scrim_status lab_classifier_fit(nn_mlp *m, const lab_recipe *recipe, const lab_set *s, const float *x, const int32_t *y,
                                size_t n, uint64_t seed, scrim_error *error);
scrim_status lab_classifier_save(const nn_mlp *m, const char *path, scrim_error *error);
scrim_status lab_classifier_open(nn_mlp *m, const char *path, scrim_error *error);

/* ---- the stage of an experiment ---- */

/* Equal parts of a shuffled set, one behind the other. */
enum { LAB_MEMBERS, LAB_NONMEMBERS, LAB_REFERENCE, LAB_POPULATION, LAB_PARTS };

typedef struct lab_stage {
  const lab_recipe *recipe;
  uint64_t seed;
  lab_set set;
  size_t part;          /* rows a part */
  nn_mlp target;        /* trained on the members */
  float *raw;           /* [LAB_PARTS * part, K] its scores */
  scrim_filter *filter; /* or NULL */
  scrim_key *key;
} lab_stage;

/* Shuffles the set, which becomes the stage's, trains the target and scores all rows. */
scrim_status lab_stage_create(lab_stage *s, const lab_recipe *recipe, lab_set *set, uint64_t seed, scrim_error *error);
void lab_stage_free(lab_stage *s);
/* Opens the filter that the options name, or trains one on the reference and the members. */
scrim_status lab_stage_filter(lab_stage *s, const lab_options *options, scrim_error *error);

/* How scores are released: raw, by a baseline fitted to the reference, or by the stage's filter. */
typedef struct lab_release {
  const char *name;
  const char *baseline; /* name in baselines[], or NULL */
  int filter;
} lab_release;
enum { LAB_RELEASES = 5 };
extern const lab_release lab_releases[LAB_RELEASES]; /* raw scores first */
/* released [LAB_PARTS * part, K]: all rows of the stage. */
scrim_status lab_release_run(const lab_release *r, const lab_stage *s, float *released, scrim_error *error);

/* Mean and standard deviation over runs. */
typedef struct lab_mean {
  double sum, squares;
  size_t n;
} lab_mean;
void lab_mean_add(lab_mean *m, double value);
double lab_mean_value(const lab_mean *m);
double lab_mean_deviation(const lab_mean *m);

/* ---- npy ---- */

scrim_status lab_write_f4(const char *folder, const char *name, const float *data, int rank, const size_t *shape,
                          scrim_error *error);
scrim_status lab_write_i4(const char *folder, const char *name, const int32_t *data, size_t n, scrim_error *error);
scrim_status lab_write_u1(const char *folder, const char *name, const unsigned char *data, size_t rows, size_t columns,
                          scrim_error *error);

/* ---- commands ---- */

scrim_status lab_make(const lab_recipe *recipe, const lab_options *options, scrim_error *error);
scrim_status lab_classify(const lab_options *options, scrim_error *error);
scrim_status lab_inversion(const lab_options *options, scrim_error *error);
scrim_status lab_attribute(const lab_options *options, scrim_error *error);
scrim_status lab_street(const lab_options *options, scrim_error *error);
scrim_status lab_cloud_attack(const lab_options *options, scrim_error *error);
scrim_status lab_cloud_picture(const lab_options *options, scrim_error *error);
scrim_status lab_voice_picture(const lab_options *options, scrim_error *error);

#endif
