/* The filters of this build. One more is one line more. */
#include "core/filter_table.h"
#include "pointcloud_defense/cloud_filter.h"
#include "purifier/score_filter.h"
#include "voice_deid/voice_filter.h"

const filter_table *const builtin_filters[] = {&scores_filter, &voice_filter, &cloud_filter, NULL};
