#include "voice_deid/voice_settings.h"

const scrim_param voice_params[VOICE_PARAMS] = {
    {"mode", "0 slow: responses are found by gradients; 1 fast: the generator gives them", 0, 0, 1, 1,
     SCRIM_PARAM_APPLY},
    {"strength", "root mean square of the envelope's change, dB: what quality is traded with", 2.9, 0, 20, 0,
     SCRIM_PARAM_APPLY},
    {"peak", "most by which the envelope changes anywhere, dB", 8, 1, 60, 0, SCRIM_PARAM_APPLY},
    {"fast_ratio", "fast: strength is so many times larger, for what the generator gives costs fewer words", 1.45, 0.1,
     10, 0, SCRIM_PARAM_APPLY},
    {"steps", "slow: most steps of the optimiser on a segment", 120, 1, 10000, 1, SCRIM_PARAM_APPLY},
    {"step", "slow: dB by which a step moves", 4, 1e-4, 10, 0, SCRIM_PARAM_APPLY},
    {"target_margin", "slow: cosine distance from the target that is near enough; 0.2 as published", 0, 0, 2, 0,
     SCRIM_PARAM_APPLY},
    {"source_margin", "slow: cosine distance from the source that is far enough; 0.8 as published", 1.2, 0, 2, 0,
     SCRIM_PARAM_APPLY},
    {"target_weight", "slow: weight of nearness to the target; that of farness from the source is 1", 1, 0, 100, 0,
     SCRIM_PARAM_APPLY},
    {"plain_weight", "slow: weight of encoders that keep their features' means; of those that remove them it is 1", 0.3,
     0.001, 100, 0, SCRIM_PARAM_APPLY},
    {"moves", "slow: weight of slow moves that do not follow the speech; 0: none", 0.8, 0, 100, 0, SCRIM_PARAM_APPLY},
    {"channel", "slow: standard deviation of the channels that encoders hear through at each step, dB", 3, 0, 40, 0,
     SCRIM_PARAM_APPLY},
    {"noise", "slow: dB by which noise lies below the speech at each step, at the loudest; 0: none", 20, 0, 100, 0,
     SCRIM_PARAM_APPLY},
    {"cut", "slow: seconds of a segment that encoders hear at each step", 1.3, 0.5, 10, 0, SCRIM_PARAM_APPLY},
    {"segment", "seconds that are worked on at once", 4, 1, 6, 0, SCRIM_PARAM_APPLY},
    {"room", "how loud early reflections are; 0: none, 1: as in the room", 0.1, 0, 2, 0, SCRIM_PARAM_APPLY},
    {"unlike", "a target whose cosine to the source is higher in some encoder is drawn again", 0.3, -1, 1, 0,
     SCRIM_PARAM_APPLY},
    {"latent", "targets: numbers that stand for a speaker", 32, 1, 1024, 1, SCRIM_PARAM_TRAIN},
    {"hidden", "targets: width of the hidden layers", 256, 8, 4096, 1, SCRIM_PARAM_TRAIN},
    {"epochs", "targets: rounds of training", 60, 1, 1000000, 1, SCRIM_PARAM_TRAIN},
    {"clips", "targets: most clips of a speaker that are used; 0: all", 12, 0, 1000000, 1, SCRIM_PARAM_TRAIN},
    {"concentration", "targets: of the embeddings about what is decoded, each encoder's", 40, 0.1, 10000, 0,
     SCRIM_PARAM_TRAIN},
    {"near", "targets: quantile of the cosines between nearest training speakers that none may come nearer to one than",
     0.5, 0, 1, 0, SCRIM_PARAM_TRAIN},
    {"generator_hidden", "generator: width of its hidden layers", 256, 8, 4096, 1, SCRIM_PARAM_TRAIN},
    {"generator_epochs", "generator: rounds of training", 8, 1, 1000000, 1, SCRIM_PARAM_TRAIN},
    {"generator_batch", "generator: clips a step of training", 8, 1, 64, 1, SCRIM_PARAM_TRAIN},
    {"generator_rate", "generator: learning rate, which falls to 0 along half a cosine", 0.001, 1e-9, 1, 0,
     SCRIM_PARAM_TRAIN},
};

/* One value by name; after a first failure nothing more is read. */
static double value(const scrim_config *config, const char *name, scrim_status *status, scrim_error *error) {
  double v = 0;
  if (*status == SCRIM_OK) *status = scrim_config_get(config, name, &v, error);
  return v;
}

scrim_status voice_settings_read(voice_settings *s, const scrim_config *config, scrim_error *error) {
  scrim_status status = SCRIM_OK;
#define READ(name) value(config, name, &status, error)
  *s = (voice_settings){
      .mode = (voice_mode)READ("mode"),
      .perturb = {.strength = READ("strength"),
                  .peak = READ("peak"),
                  .steps = (int)READ("steps"),
                  .rate = READ("step"),
                  .target_margin = READ("target_margin"),
                  .source_margin = READ("source_margin"),
                  .target_weight = READ("target_weight"),
                  .plain_weight = READ("plain_weight"),
                  .moves = READ("moves"),
                  .channel = READ("channel"),
                  .noise = READ("noise"),
                  .cut = READ("cut")},
      .fast_ratio = READ("fast_ratio"),
      .segment = READ("segment"),
      .room = READ("room"),
      .unlike = READ("unlike"),
      .latent = (int)READ("latent"),
      .hidden = (int)READ("hidden"),
      .epochs = (size_t)READ("epochs"),
      .clips = (size_t)READ("clips"),
      .concentration = READ("concentration"),
      .near = READ("near"),
      .generator_hidden = (int)READ("generator_hidden"),
      .generator_epochs = (size_t)READ("generator_epochs"),
      .generator_batch = (size_t)READ("generator_batch"),
      .generator_rate = READ("generator_rate"),
  };
#undef READ
  return status;
}
