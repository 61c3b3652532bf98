/* What the parts of bench_cuda share: who is measured, how time is taken, and how a figure is told. */
#ifndef BENCH_CUDA_PARTS_H
#define BENCH_CUDA_PARTS_H

#include "cuda/cuda.h"
#include "tensor/device_diffusion.h"
#include <stdio.h>

/* What the device does at best, as it was measured: that is what figures are a share of. */
typedef enum roof { ROOF_COPY, ROOF_FLOAT32, ROOF_TF32, ROOFS } roof;

typedef struct bench {
  int small;         /* 1: sizes that the emulation of the tests goes through in seconds; its times mean nothing */
  const char *frame; /* a KITTI file, or NULL: a made frame */
  const char *models;
  const char *part;
  FILE *json; /* a line an object, or NULL */
  double roof[ROOFS];
} bench;

/* ---- cuda_measure.c: failure ends the program ---- */

void must_cuda(cudaError_t status, const char *doing);
void must_scrim(scrim_status status, const scrim_error *error);
void must_hold(int held, const char *what);

double bench_now(void); /* seconds of a clock that never goes back */

enum { BENCH_ROUNDS = 20 };
typedef struct spread {
  double median, least, most, p99;
} spread;
spread spread_of(double *values, size_t n); /* sorts them */

/* Milliseconds between events around what `work` asks of the thread's stream, after warming up. */
spread measure_events(const bench *b, void (*work)(void *state), void *state);

/* Device memory of random numbers in -1..1, or zeroes. cudaFree is due. */
float *device_uniform(size_t n);
void *device_zeroes(size_t bytes);
/* The same numbers on the host, always the same ones; memory_free is due. */
float *host_uniform(size_t n);

/* ---- what is told: a row of a table, and a line of JSON ---- */

void tell_part(const char *title, const char *columns);
/* `amount` bytes or operations in so many milliseconds; the rate is a share of the roof. */
void tell_kernel(const bench *b, const char *what, spread milliseconds, double amount, roof of);
/* aim: what was aimed at, 0: nothing; `at_most` 1: less is better. note: "" or what one must know. */
void tell_figure(const bench *b, const char *what, double value, const char *unit, double aim, int at_most,
                 const char *note);

/* ---- parts; each begins with roofs if it tells shares of them ---- */

void roofs_measure(bench *b);    /* cuda_roofs.c: silently */
void bench_roofs(bench *b);      /* the same, and tells them */
void bench_clouds(bench *b);     /* cuda_clouds.c: neighbours, planes, marker, diffusion, one kernel after the other */
void bench_operations(bench *b); /* cuda_operations.c: of the table, forward and backward, and the optimiser's step */
void bench_diffusion(bench *b);  /* cuda_scenes.c: fifty steps on a scene */
void bench_frames(bench *b);     /* cuda_scenes.c: the scene filter, frame by frame */
void bench_scores(bench *b);     /* cuda_scores.c: large batches through the reformer */
int bench_steps(int n, char **of); /* cuda_steps.c: answers bench_cuda.py; the exit code */

/* A spinning sensor between walls, n points, noise of a centimetre; the same for the same n. memory_free is due. */
float *scene_make(size_t n);
/* A prior of the default size and random weights, as a device takes it, in memory for which memory_free is due. */
float *prior_random(device_prior *told); /* cuda_clouds.c */

#endif
