/*
 * A voice filter as small as one can be, with encoders that learnt nothing: for what does not hang on what they know.
 */
#ifndef TESTS_DEID_WORLD_H
#define TESTS_DEID_WORLD_H

#include "voice_deid/voice_filter.h"
#include "voice_world.h"
#include <string.h>

enum { DEID_ENCODERS = 2, DEID_ROOMS = 3 };

/* Encoder i of those in the filter; NULL when out of memory. */
static inline speaker_encoder *deid_encoder(int i) {
  static const char *const kinds[DEID_ENCODERS] = {"statistics", "tdnn"};
  speaker_encoder_settings settings;
  speaker_encoder *e = NULL;
  random_source *random = NULL;
  if (speaker_encoder_defaults(&settings, kinds[i], NULL) != SCRIM_OK) return NULL;
  settings.width = 8;
  settings.dimensions = 8 + 4 * i;
  if (random_source_from_seed(&random, (uint64_t)i, NULL) == SCRIM_OK &&
      random_begin(random, "deid", NULL, 0, NULL) == SCRIM_OK)
    (void)!speaker_encoder_create(&e, &settings, random, NULL);
  random_source_free(random);
  return e;
}

/* A sampler for those encoders that may give all its targets; NULL when out of memory. */
static inline target_sampler *deid_sampler(void) {
  const target_settings settings = {.parts = DEID_ENCODERS, .dim = {8, 12}, .latent = 4, .hidden = 16};
  target_sampler *s = NULL;
  random_source *random = NULL;
  if (random_source_from_seed(&random, 5, NULL) == SCRIM_OK && random_begin(random, "deid", NULL, 0, NULL) == SCRIM_OK)
    (void)!target_sampler_create(&s, &settings, random, NULL);
  if (s) memset(target_sampler_allowed(s), 1, PITCH_CLASSES * TARGET_BANK);
  random_source_free(random);
  return s;
}

/* Rooms [DEID_ROOMS, VOICE_ROOM_TAPS]: a few reflections each. */
static inline void deid_rooms(float *rooms) {
  memset(rooms, 0, DEID_ROOMS * VOICE_ROOM_TAPS * sizeof *rooms);
  for (int i = 0; i < DEID_ROOMS; i++) {
    float *room = rooms + i * VOICE_ROOM_TAPS;
    room[0] = 1;
    for (int k = 1; k < 5; k++) room[30 * k + 11 * i] = 0.5f / (float)k;
  }
}

/* The parts put together: with `rooms` 0 without any. Both encoders and the sampler stay the caller's. */
static inline scrim_status deid_put(tensorfile_writer *writer, speaker_encoder *const *encoder,
                                    const target_sampler *sampler, const float *rooms) {
  const int64_t shape[] = {DEID_ROOMS, VOICE_ROOM_TAPS};
  scrim_status status = speaker_encoder_put(encoder[0], "encoder.0.", writer, NULL);
  if (status == SCRIM_OK) status = speaker_encoder_put(encoder[1], "encoder.1.", writer, NULL);
  if (status == SCRIM_OK) status = target_sampler_put(sampler, writer, NULL);
  if (status == SCRIM_OK && rooms) status = tensorfile_put(writer, "rooms", TENSORFILE_F32, 2, shape, rooms, NULL);
  return status;
}

/* A filter of few and short steps; NULL if it fails. Parameters may be overridden for a session. */
static inline scrim_filter *deid_filter(int with_rooms) {
  float rooms[DEID_ROOMS * VOICE_ROOM_TAPS];
  speaker_encoder *encoder[DEID_ENCODERS] = {deid_encoder(0), deid_encoder(1)};
  target_sampler *sampler = deid_sampler();
  tensorfile_writer *writer = NULL;
  scrim_filter *filter = NULL;
  scrim_config config;
  deid_rooms(rooms);
  scrim_status status = scrim_config_init(&config, "voice", NULL);
  static const char *const small[] = {"steps=3", "segment=1", "cut=0.5"};
  for (int i = 0; i < 3 && status == SCRIM_OK; i++) status = scrim_config_parse(&config, small[i], NULL);
  if (status == SCRIM_OK) status = tensorfile_writer_create(&writer, NULL);
  if (status == SCRIM_OK && encoder[0] && encoder[1] && sampler)
    status = deid_put(writer, encoder, sampler, with_rooms ? rooms : NULL);
  if (status == SCRIM_OK) (void)!filter_build(&filter, &voice_filter, writer, &config, NULL);
  tensorfile_writer_free(writer);
  target_sampler_free(sampler);
  for (int i = 0; i < DEID_ENCODERS; i++) speaker_encoder_free(encoder[i]);
  return filter;
}

#endif
