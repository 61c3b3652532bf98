/*
 * scrim/voice_audit.h: what attackers still learn of who speaks, and what people lose.
 *
 * Speech of known speakers goes through the filter and through what else a user would pick, and each of several
 * listeners (speaker encoders) tells who speaks. Attackers come in three kinds:
 *
 *     ignorant        has clean speech of the speakers, and knows of no defence
 *     lazy-informed   has their speech hidden with the same defence, under a key of his own
 *     semi-informed   besides learns, from speech of other speakers that he hid himself, how hidden voices vary
 *
 * All figures are of speech at 16 kHz, mono: channels are averaged, other rates resampled.
 */
#ifndef SCRIM_VOICE_AUDIT_H
#define SCRIM_VOICE_AUDIT_H

#include <scrim/filter.h>
#include <scrim/interval.h>
#include <scrim/progress.h>
#include <scrim/voice.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Speech that something else has hidden, to be measured in the same run. */
typedef struct scrim_voice_other {
  const char *name;            /* of the system */
  const char *const *own;      /* [n_clips] paths: each clip as its owner published it */
  const char *const *attacker; /* [n_clips] as an attacker hid it; NULL: as own, for what draws nothing */
  const char *const *train;    /* [n_train] as an attacker hid his training speech; NULL: nobody learns from it */
} scrim_voice_other;

/*
 * Takes what a system made of clip `clip`, as its owner publishes it: x [n] at 16 kHz. A non-zero answer stops the
 * audit with SCRIM_E_IO. Called from several threads at once.
 */
typedef int (*scrim_voice_keep_fn)(const char *system, size_t clip, const float *x, size_t n, void *context);

/* The caller's, only read; nothing is kept after the call. */
typedef struct scrim_voice_audit {
  const scrim_voice_clip *clips; /* [n_clips] at least two speakers, one with two clips */
  size_t n_clips;
  const scrim_voice_clip *train; /* [n_train] of other speakers: with them there are semi-informed attackers */
  size_t n_train;
  const char *judge;           /* path of the outside judge, or NULL */
  const char *const *encoders; /* [n_encoders] paths of speaker encoders; at least one must listen */
  size_t n_encoders;
  int own_encoders;                /* 1: those that the filter was made against listen, too */
  const scrim_voice_other *others; /* [n_others] */
  size_t n_others;
  int baselines;              /* 1: McAdams' coefficient, fixed and random, and a plain room, in the same run */
  int removal;                /* 1: attempts to undo the filter, made on clean speech alike, before anybody listens */
  const scrim_config *config; /* of the filter's sessions; NULL: its own settings */
  int by_speaker;             /* 1: one pseudonym a speaker; 0: a target of its own for each clip */
  double seconds;             /* of each clip that are used; 0: 8 */
  size_t enrol;               /* clips that a speaker is known by, at most half of what he has; 0: 5 */
  unsigned threads;           /* the same figures for any number but for the time; 0: one a processor */
  uint64_t seed;              /* of the attackers' keys and of what baselines draw */
  scrim_progress_fn progress; /* or NULL; a step is a clip */
  void *context;              /* for progress */
  scrim_voice_keep_fn keep;   /* or NULL */
  void *keep_context;
} scrim_voice_audit;

/* What one listener makes of one system. What was not measured is not-a-number. */
typedef struct scrim_voice_result {
  char system[96];   /* "none", "scrim", "scrim, then mp3", "mcadams 0.8", ... */
  char listener[64]; /* "judge", an encoder's file name without its ending, or "filter 0 (tdnn)" */
  size_t clips, speakers;
  scrim_interval identified; /* share of clips whose speaker is found among all; ignorant attacker */
  double identified_lazy;    /* the same for the lazy-informed one */
  double accepted;           /* share accepted as their own clean recordings, at the threshold of clean speech's EER */
  double source_cosine;      /* mean cosine between hidden and clean clips */
  scrim_interval ignorant;   /* equal error rates, all pairs of clips */
  scrim_interval lazy;
  scrim_interval semi;
  double linkability; /* D_sys between clips as published: 0 nothing links a speaker's, 1 all does; needs 20 pairs */
} scrim_voice_result;

/* What a system costs its user. */
typedef struct scrim_voice_cost {
  char system[96];
  double distortion;      /* mel-cepstral, dB (mean over clips) */
  double intelligibility; /* STOI (mean over clips); not-a-number where no clip is long enough */
  double seconds;         /* of one processor for a second of speech; not-a-number for others' */
} scrim_voice_cost;

typedef struct scrim_voice_audit_report {
  size_t n_results, n_costs;
  const scrim_voice_result *results; /* [n_results] by system, then listener */
  const scrim_voice_cost *costs;     /* [n_costs] by system; removal attempts have none */
} scrim_voice_audit_report;

/*
 * Audits a voice filter under the owner's key; NULL for both: only what else there is. What listeners say of strangers
 * holds only if the filter was not made against them. The report is the caller's to free with
 * scrim_voice_audit_report_free.
 *
 * SCRIM_E_DATA: too few speakers or clips, or a clip that is broken; the error names it. SCRIM_E_ARGUMENT: NULL where
 * that is not allowed, no listener, or a filter of another kind. SCRIM_E_IO, SCRIM_E_FORMAT: a file. SCRIM_E_CANCELLED,
 * SCRIM_E_MEMORY.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_voice_audit_run(scrim_voice_audit_report **out,
                                                              const scrim_filter *filter, const scrim_key *key,
                                                              const scrim_voice_audit *audit, scrim_error *error);
SCRIM_API void scrim_voice_audit_report_free(scrim_voice_audit_report *report); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
