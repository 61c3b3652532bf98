/* Which targets of a trained sampler are allowed, and how they compare with real speakers. */
#ifndef VOICE_DEID_TARGET_MEASURE_H
#define VOICE_DEID_TARGET_MEASURE_H

#include "voice_deid/target_train.h"

/* Fills the sampler's marks and all of the figures but `validation`. SCRIM_E_DATA: a class is left without targets. */
scrim_status target_measure(target_sampler *s, const target_data *data, double near, target_figures *figures,
                            scrim_error *error);

#endif
