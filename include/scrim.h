/* scrim.h: everything that a user of the library may include. */
#ifndef SCRIM_H
#define SCRIM_H

#include <scrim/audio.h>
#include <scrim/audio_list.h>
#include <scrim/cloud.h>
#include <scrim/config.h>
#include <scrim/device.h>
#include <scrim/digest.h>
#include <scrim/encryption.h>
#include <scrim/filter.h>
#include <scrim/interval.h>
#include <scrim/key.h>
#include <scrim/marker.h>
#include <scrim/points.h>
#include <scrim/prior.h>
#include <scrim/progress.h>
#include <scrim/scores.h>
#include <scrim/signature.h>
#include <scrim/status.h>
#include <scrim/table.h>
#include <scrim/version.h>
#include <scrim/voice.h>
#include <scrim/voice_audit.h>
#include <scrim/voice_encoder.h>

#endif
