/* Which part of a batch this process does. */
#ifndef TOOLS_VOICE_SHARD_H
#define TOOLS_VOICE_SHARD_H

#include <scrim.h>

typedef struct voice_shard {
  unsigned long index, count; /* 1..count; 1 of 1: everything */
} voice_shard;

/*
 * "i/n", or "auto": task SLURM_ARRAY_TASK_ID of a Slurm array (with _MIN, _STEP and _COUNT), or number
 * JOB_COMPLETION_INDEX of JOB_COMPLETION_COUNT of an indexed Kubernetes job. SCRIM_E_PARAM.
 */
scrim_status voice_shard_parse(voice_shard *shard, const char *text, scrim_error *error);

#endif
