/* The filters of this build. One more is one line more. */
#include "core/filter_table.h"
#include "purifier/score_filter.h"

const filter_table *const builtin_filters[] = {&scores_filter, NULL};
