/*
 * scrim/cloud.h: the cloud filter: training, and what it found in a frame.
 *
 * After Ada3Diff (Zhang et al., ACM MM 2023, arXiv 2211.16247): how far points lie from the best-fit planes of their
 * neighbours says how much a cloud is distorted (the paper's distortion estimator), and that says how much to smooth
 * it. A filter without training data smooths by what needs none: every point is projected onto the plane of its
 * neighbours, again and again (parameter `iterations`).
 * A filter with a prior (scrim/prior.h) restores frames of few points, which are objects, by diffusion.
 *
 * Input of the filter: one frame a call, float32 [n, c], c at least 3: x, y, z (metres from the sensor, or any unit for
 * objects), then whatever rides along, which comes out bit for bit. By the parameter `mode`
 *
 *     0 move     every point comes out on its surface, in its row; less distorted frames pass bit for bit (`floor`)
 *     1 mark     all rows come out as they are; the report says which are outliers
 *     2 remove   outliers are left out, the others keep their order
 *     3 nan      x, y and z of outliers come out as not-a-number, so that an organised frame keeps its shape
 *
 * Outliers are found by `measure` and are never more than `cap` of the places that points are at: where more would go,
 * the worst go, and the report tells. So no frame comes out empty that was not empty before.
 *
 * Points that are nowhere pass in their rows untouched, whatever they are: coordinates that are not finite or are
 * beyond 1e18, and with `zero` = 1 those at exactly 0, 0, 0, which stand for no return. Points at the same place are
 * treated as one, and alike. A frame of no rows gives one of no rows.
 *
 * scrim_apply looks at each frame by itself. scrim_push does the same, one whole frame a call, but with `frames` above
 * 0 it takes the baseline from the stream's own last frames; scrim_flush ends the stream and forgets them.
 *
 * Points come out the same, bit for bit, for any number of `threads`.
 *
 * Thread safety: as for all filters. A report belongs to the thread of its session.
 */
#ifndef SCRIM_CLOUD_H
#define SCRIM_CLOUD_H

#include <scrim/device.h>
#include <scrim/filter.h>
#include <scrim/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- training ---- */

/* Clean frames of the source to be filtered. The caller's, only read; nothing is kept after the call. */
typedef struct scrim_cloud_data {
  const scrim_view *frames; /* [n_frames] of kind SCRIM_POINTS */
  size_t n_frames;
} scrim_cloud_data;

/*
 * Makes a filter, which can be applied at once or saved; the caller frees it with scrim_filter_free. `config`: kind
 * "cloud", or NULL for defaults. With data, `baseline` becomes the `quantile` of the frames' distortions, unless the
 * caller has set it; without (NULL), the filter is nothing but its settings.
 *
 * SCRIM_E_DATA: no frame has three points that are somewhere. SCRIM_E_ARGUMENT: a config of another kind, or a view
 * that is not of points. SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_train(scrim_filter **out, const scrim_cloud_data *data,
                                                          const scrim_config *config, scrim_error *error);

/* ---- what a frame was like ---- */

typedef struct scrim_cloud_report {
  size_t points;       /* rows that came in */
  size_t nowhere;      /* of these, those that are nowhere */
  size_t places;       /* different places of the others */
  double distance;     /* mean distance of a place from its neighbours' best-fit plane, metres */
  double spacing;      /* mean distance of a place from its neighbours, metres */
  double distortion;   /* distance / spacing */
  double by_range;     /* mean of distance / range */
  double baseline;     /* the distortion of clean frames that it was held against; 0: not known */
  int passed;          /* mode move: 1, came out bit for bit: under floor * baseline, or an object at time step 0 */
  int time_step;       /* of the diffusion; 0: none */
  size_t moved;        /* rows whose coordinates changed */
  size_t outliers;     /* places that are outliers by the measure */
  int capped;          /* 1: more than `cap` allows, and only the worst are marked */
  size_t marked;       /* rows that are marked, removed or made not-a-number */
  double milliseconds; /* from input to output */
  const uint8_t *mark; /* [points] 1: marked; in the order of the input */
} scrim_cloud_report;

/*
 * The frame of the session's last apply or push. `mark` lives until the session's next call. SCRIM_E_ARGUMENT: NULL, or
 * no session of a cloud filter. SCRIM_E_STATE: there was no frame, or it failed.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_report_get(const scrim_session *session, scrim_cloud_report *report,
                                                               scrim_error *error);

/* ---- audit: attacks on a classifier that the filter stands before ---- */

/* Objects of one size, any unit. The caller's, only read; nothing is kept after a call. */
typedef struct scrim_cloud_objects {
  const float *xyz;      /* [n, points, 3] finite; brought to zero mean and the unit sphere before use */
  const int32_t *labels; /* [n] true classes, from 0 */
  size_t n, points;
} scrim_cloud_objects;

typedef struct scrim_cloud_audit {
  scrim_cloud_objects objects;
  /* Path of a file that scrim_cloud_victim_train wrote, or of a published PointNet without transformer, safetensors
   * (docs/man/scrim.1 names the tensors). */
  const char *victim;
  const char *source; /* another such: attacks are made on it and tried on the victim (transfer); NULL: on the victim */
  size_t points;      /* points of each object that are used, drawn at random; 0: all */
  /*
   * Attacks by name, comma between: fgm, pgd-linf, pgd-flat (keeps distortion low as well), pgd-l2, knn, cw, add, drop,
   * saliency, or a corruption: rotation, shear, uniform, gaussian, impulse, background, upsample, cutout, density,
   * density-inc, ffd, rbf, rbf-inverse, occlusion, lidar. NULL: all.
   */
  const char *attacks;
  const char *defences;  /* by name, as results have them, comma between; "none" is always there; NULL: all */
  const double *budgets; /* [n_budgets] shifts in units of the sphere's radius; NULL: 0.01, 0.02, 0.05 */
  size_t n_budgets;
  int adaptive;               /* 1: pgd-linf and pgd-flat also by attackers who know the defence */
  int full;                   /* 1: corruptions at all 5 severities instead of 3 alone */
  size_t iterations;          /* of every attack; 0: 20, with `full` 200 */
  size_t samples;             /* draws that an adaptive gradient is averaged over, where a defence draws; 0: 8 */
  unsigned threads;           /* the same report for any number but for the milliseconds; 0: one a processor */
  uint64_t seed;              /* same filter, key, data, seed and device: the same report */
  scrim_progress_fn progress; /* or NULL; a step is an attack */
  void *context;              /* for progress */
  scrim_device device;        /* where victims answer, filters compute and attackers differentiate; 0: the CPU */
} scrim_cloud_audit;

/*
 * What attackers know of the defence. Adaptive ones send points through it and take gradients back by BPDA. Of the
 * filter they know all but the key: where it draws from one, they average over keys of their own.
 */
typedef enum scrim_cloud_attacker {
  SCRIM_CLOUD_UNAWARE = 0,
  SCRIM_CLOUD_ADAPTIVE = 1, /* back: every point keeps its gradient */
  /* back: through the planes that points were projected on, or might have been, held where they are */
  SCRIM_CLOUD_ADAPTIVE_PLANES = 2
} scrim_cloud_attacker;

typedef struct scrim_cloud_audit_result {
  /*
   * "none", "SRS", "SOR", "plane x1", "plane x3", "scrim"; for filters with a prior also "step 3", "step 7", "step 15",
   * "step 30" and "levels": the filter with a fixed time step, and with one of three; and "thorough": with six passes
   * of step 7 and twice the noise, for those who would rather harm clean objects than miss an attack
   */
  char defence[32];
  char attack[32]; /* a name as above, or "clean" */
  scrim_cloud_attacker attacker;
  /*
   * fgm and pgd-l2: root of the mean square that coordinates may move; pgd-linf, pgd-flat and knn: the most one may;
   * add, drop and saliency: share of the points; corruptions: severity; clean and cw: 0, none.
   */
  double budget;
  size_t n;                /* objects */
  double accuracy;         /* share of them that the victim then classifies rightly */
  double low, high;        /* its 95 % interval (Wilson) */
  double attacked_chamfer; /* mean Chamfer distance (squared, both ways) from the clean object: of what was attacked */
  double chamfer;          /* the same of what came out of the defence */
  double points;           /* mean number that came out */
  double milliseconds;     /* mean time of the defence */
  double time_step;        /* mean time step that it diffused to; 0: it did not */
} scrim_cloud_audit_result;

typedef struct scrim_cloud_audit_report {
  size_t n;
  const scrim_cloud_audit_result *results; /* [n] "clean" first; by attack, then budget, then defence */
} scrim_cloud_audit_report;

/*
 * Attacks the classifier, and sees what each defence makes of that. The filter runs with its own settings. `key`: of
 * the session; NULL: one that everybody has. The report is the caller's to free with scrim_cloud_audit_report_free.
 *
 * SCRIM_E_DATA names the first bad object. SCRIM_E_PARAM: no such attack, or a budget that is not in 0..1.
 * SCRIM_E_ARGUMENT: NULL where that is not allowed, or a filter of another kind. SCRIM_E_FORMAT, SCRIM_E_IO: the
 * victim's file. SCRIM_E_CANCELLED, SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_audit_run(scrim_cloud_audit_report **out,
                                                              const scrim_filter *filter, const scrim_key *key,
                                                              const scrim_cloud_audit *audit, scrim_error *error);
SCRIM_API void scrim_cloud_audit_report_free(scrim_cloud_audit_report *report); /* NULL is fine */

/* A classifier of points to train: a victim for audits where there is none at hand, or where several are wanted. */
typedef struct scrim_cloud_victim {
  /* pointnet: features of points alone; edge: of points and their neighbours; attention: of all points together */
  const char *network;         /* NULL: pointnet */
  scrim_cloud_objects objects; /* 2 at least; as many classes as the largest label says */
  size_t epochs;               /* 1 at least */
  uint64_t seed;               /* same network, objects and seed: the same file, bit for bit */
  scrim_progress_fn progress;  /* or NULL */
  void *context;               /* for progress */
  scrim_device device;         /* where it is trained; 0: the CPU */
} scrim_cloud_victim;

/* Trains it and writes it to `path`. SCRIM_E_PARAM: no such network. Other errors as above. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_cloud_victim_train(const char *path, const scrim_cloud_victim *victim,
                                                                 scrim_error *error);

#ifdef __cplusplus
}
#endif
#endif
