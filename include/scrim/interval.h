/* scrim/interval.h: a measured figure, and between what it lies. */
#ifndef SCRIM_INTERVAL_H
#define SCRIM_INTERVAL_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scrim_interval {
  double value, low, high; /* 95 %, bootstrap: over rows of tables, over speakers of speech */
} scrim_interval;

#ifdef __cplusplus
}
#endif
#endif
