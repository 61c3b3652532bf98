/* The voice filter's table, and what its sessions are made of. */
#ifndef VOICE_DEID_VOICE_FILTER_H
#define VOICE_DEID_VOICE_FILTER_H

#include "core/filter_table.h"
#include "voice_deid/voice_model.h"
#include "voice_deid/voice_settings.h"

extern const filter_table voice_filter;

#endif
