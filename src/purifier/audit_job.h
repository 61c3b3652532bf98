/*
 * The jobs of an audit: a defence, and the attackers who are let loose on it. No job writes what another one reads, so
 * that they run at once on several threads; each keeps its rows of the report, the same whoever runs first.
 */
#ifndef PURIFIER_AUDIT_JOB_H
#define PURIFIER_AUDIT_JOB_H

#include "purifier/audit_attacker.h"
#include "purifier/audit_filter.h"
#include <pthread.h>

/* What all jobs see. */
typedef struct audit_context {
  audit_data data;
  audit_filter filter;
  double began;         /* by the steady clock */
  pthread_mutex_t lock; /* of what follows, and of the caller's progress */
  size_t done, planned; /* attacks */
  int is_stopped;       /* 1: a job failed, or the caller cancelled: the others need not go on */
} audit_context;

/* Which attackers run, and with how many attacks: bits 1 << scrim_attacker. */
typedef struct audit_suite {
  unsigned full, lean;
  int is_point; /* 1: of a curve; its attacks show in worst_auc alone */
} audit_suite;

extern const audit_suite audit_suite_point; /* what the points of curves are attacked by */

typedef struct audit_job {
  const defence *rule; /* the context's filter.rule: the filter itself */
  audit_suite suite;
  int is_more; /* 1: more attackers of the defence before it, whose worst they may be */
  int sweeps;  /* 1: the filter at each strength, too; its job has the adaptive attacker */
  /* What comes out. Utilities: the defence's, of which a job that is_more fills in the worst alone, then points. */
  scrim_scores_report rows;
  scrim_status status;
  scrim_error error;
} audit_job;

/* How many attacks a job runs. */
size_t audit_job_attacks(const audit_job *job, const audit_context *context);

/* A thread's room, as large as all shadows; it is reused from job to job. */
typedef struct audit_desk audit_desk;
void audit_desk_free(audit_desk *desk); /* NULL is fine */

/*
 * Runs the job, whose status and error say how it went. If others stopped, it may end before it is through. *desk: the
 * thread's, NULL before its first job, and the caller's to free.
 */
void audit_job_run(audit_job *job, audit_context *context, audit_desk **desk);
void audit_job_free(audit_job *job); /* its rows */

#endif
