#include "voice_shard.h"
#include "complain.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const unsigned long most_shards = 1000000;

/* Digits up to `end`; 0 if it is no number of at most `most`. */
static int read_number(const char *text, char end, unsigned long most, unsigned long *value) {
  char *stop = NULL;
  errno = 0;
  *value = isdigit((unsigned char)*text) ? strtoul(text, &stop, 10) : 0;
  return stop && *stop == end && errno == 0 && *value <= most;
}

/* A variable of the environment; `otherwise` if it is not there (-1: it must be). */
static scrim_status from_environment(const char *name, long otherwise, unsigned long *value, scrim_error *error) {
  const char *text = getenv(name);
  if (!text && otherwise >= 0) {
    *value = (unsigned long)otherwise;
    return SCRIM_OK;
  }
  if (!text) return complain_later(error, SCRIM_E_PARAM, -1, "--shard auto: %s is not set", name);
  if (!read_number(text, '\0', 1000 * most_shards, value))
    return complain_later(error, SCRIM_E_PARAM, -1, "--shard auto: %s is '%.40s', not a number", name, text);
  return SCRIM_OK;
}

static scrim_status from_slurm(voice_shard *shard, scrim_error *error) {
  unsigned long id = 0, first = 0, step = 1;
  scrim_status status = from_environment("SLURM_ARRAY_TASK_ID", -1, &id, error);
  if (status == SCRIM_OK) status = from_environment("SLURM_ARRAY_TASK_COUNT", -1, &shard->count, error);
  if (status == SCRIM_OK) status = from_environment("SLURM_ARRAY_TASK_MIN", -1, &first, error);
  if (status == SCRIM_OK) status = from_environment("SLURM_ARRAY_TASK_STEP", 1, &step, error);
  if (status != SCRIM_OK) return status;
  if (step == 0 || id < first || (id - first) % step != 0 || (id - first) / step >= shard->count)
    return complain_later(error, SCRIM_E_PARAM, -1,
                          "--shard auto: task %lu is none of %lu that begin at %lu, in steps of %lu", id, shard->count,
                          first, step);
  shard->index = (id - first) / step + 1;
  return SCRIM_OK;
}

static scrim_status from_kubernetes(voice_shard *shard, scrim_error *error) {
  scrim_status status = from_environment("JOB_COMPLETION_INDEX", -1, &shard->index, error);
  if (status == SCRIM_OK) status = from_environment("JOB_COMPLETION_COUNT", -1, &shard->count, error);
  shard->index++;
  return status;
}

static scrim_status from_text(voice_shard *shard, const char *text, scrim_error *error) {
  const char *slash = strchr(text, '/');
  if (slash && read_number(text, '/', most_shards, &shard->index) &&
      read_number(slash + 1, '\0', most_shards, &shard->count))
    return SCRIM_OK;
  return complain_later(error, SCRIM_E_PARAM, -1, "--shard is '%.40s', but must be I/N or auto", text);
}

scrim_status voice_shard_parse(voice_shard *shard, const char *text, scrim_error *error) {
  const int is_auto = strcmp(text, "auto") == 0, slurm = is_auto && getenv("SLURM_ARRAY_TASK_ID") != NULL;
  if (slurm && getenv("JOB_COMPLETION_INDEX"))
    return complain_later(error, SCRIM_E_PARAM, -1,
                          "--shard auto: both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set");
  if (is_auto && !slurm && !getenv("JOB_COMPLETION_INDEX"))
    return complain_later(error, SCRIM_E_PARAM, -1,
                          "--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set");
  scrim_status status = !is_auto ? from_text(shard, text, error)
                        : slurm  ? from_slurm(shard, error)
                                 : from_kubernetes(shard, error);
  if (status != SCRIM_OK) return status;
  if (shard->index < 1 || shard->index > shard->count)
    return complain_later(error, SCRIM_E_PARAM, -1, "shard %lu of %lu: the first is 1/%lu, the last %lu/%lu",
                          shard->index, shard->count, shard->count, shard->count, shard->count);
  return SCRIM_OK;
}
