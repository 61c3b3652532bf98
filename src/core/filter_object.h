/* What a scrim_filter is made of: for filter.c, which makes it, and session.c, which runs it. */
#ifndef CORE_FILTER_OBJECT_H
#define CORE_FILTER_OBJECT_H

#include "core/filter_table.h"

struct scrim_filter {
  const filter_table *table;
  tensorfile *file; /* the model borrows its weights */
  void *model;
  scrim_config config; /* as stored in the file */
};

#endif
