#include "purifier/score_filter.h"
#include "purifier/swapper.h"

#include <math.h>

const scrim_param score_params[SCORE_PARAMS] = {
    /* apply */
    {"form", "what rows hold: 0 probabilities, 1 logits, 2 log-probabilities", 0, 0, 2, 1, SCRIM_PARAM_APPLY},
    {"strength",
     "0: reformed rows as they are, 1: one code word a class (prototype table); between: fewer levels, or more merged; "
     "chosen by training where members and true labels are given",
     0.7, 0, 1, 0, SCRIM_PARAM_APPLY},
    {"mix", "at strength 0, the share of the raw row in the released one: 1 is near-identity", 0, 0, 1, 0,
     SCRIM_PARAM_APPLY},
    {"decimals", "digits of a released score", 3, 1, 7, 1, SCRIM_PARAM_APPLY},
    {"input_step", "grid that scores are rounded to on the way in; 0 is none", 1e-4, 0, 0.1, 0, SCRIM_PARAM_APPLY},
    {"noise",
     "standard deviations of keyed latent noise where the reformer's row is used (strength 0, rank 1); the same for "
     "the same row",
     0, 0, 4, 0, SCRIM_PARAM_APPLY},
    {"swap", "1: swap the labels of marked members (costs accuracy on members; needs members and a key in training)", 0,
     0, 1, 1, SCRIM_PARAM_APPLY},
    /* train */
    {"hidden1", "width of the first hidden layer; 0: by the number of classes", 0, 0, 8192, 1, SCRIM_PARAM_TRAIN},
    {"hidden2", "width of the second hidden layer; 0: by the number of classes", 0, 0, 8192, 1, SCRIM_PARAM_TRAIN},
    {"hidden3", "width of the third hidden layer; 0: by the number of classes", 0, 0, 8192, 1, SCRIM_PARAM_TRAIN},
    {"latent", "width of the latent; 0: by the number of classes", 0, 0, 1024, 1, SCRIM_PARAM_TRAIN},
    {"log_features", "1: the encoder sees log-probabilities, 0: probabilities as published", 0, 0, 1, 1,
     SCRIM_PARAM_TRAIN},
    {"weight_reconstruction", "weight of the squared distance to the raw row", 1, 0, 1e6, 0, SCRIM_PARAM_TRAIN},
    {"weight_label", "weight of the cross entropy to the predicted label (the paper's lambda)", 0.1, 0, 1e6, 0,
     SCRIM_PARAM_TRAIN},
    {"weight_kl", "weight of the KL divergence of the latent; large values collapse it", 1e-3, 0, 1e6, 0,
     SCRIM_PARAM_TRAIN},
    {"weight_calibration", "weight of the cross entropy to the true label, where reference labels are given", 1, 0, 1e6,
     0, SCRIM_PARAM_TRAIN},
    {"rank", "what ranks rows into levels: 0 the classifier's confidence, 1 the reformer's", 0, 0, 1, 1,
     SCRIM_PARAM_TRAIN},
    {"epochs", "most passes over the reference", 100, 1, 100000, 1, SCRIM_PARAM_TRAIN},
    {"batch", "rows a step", 50, 2, 65536, 1, SCRIM_PARAM_TRAIN},
    {"rate", "learning rate (Adam, amsgrad, betas 0.5 and 0.999)", 1e-3, 1e-8, 1, 0, SCRIM_PARAM_TRAIN},
    {"weight_decay", "L2 penalty", 0, 0, 1, 0, SCRIM_PARAM_TRAIN},
    {"holdout", "share of the reference that picks the epoch", 0.2, 0.01, 0.9, 0, SCRIM_PARAM_TRAIN},
    {"patience", "epochs without a better one before training stops; 0: never", 20, 0, 100000, 1, SCRIM_PARAM_TRAIN},
    {"leak",
     "with members, strength is chosen so that an attacker who knows how hard rows are gains about this over labels, "
     "in AUC",
     0.02, 0, 0.5, 0, SCRIM_PARAM_TRAIN},
    {"swap_rate", "share of correct members to mark; -1: from the accuracy gap", -1, -1, 1, 0, SCRIM_PARAM_TRAIN},
    {"swap_step",
     "widest cells of the swap index, in log-probability; halved until few others fall into members' cells", 1,
     SWAPPER_LEAST_STEP, SWAPPER_MOST_STEP, 0, SCRIM_PARAM_TRAIN},
    {"swap_grids", "shifted grids in the swap index", 4, 1, SWAPPER_MOST_GRIDS, 1, SCRIM_PARAM_TRAIN},
};

/* One value by name; after a first failure nothing more is read. */
static double value(const scrim_config *config, const char *name, scrim_status *status, scrim_error *error) {
  double v = 0;
  if (*status == SCRIM_OK) *status = scrim_config_get(config, name, &v, error);
  return v;
}

scrim_status score_settings_read(score_settings *s, const scrim_config *config, scrim_error *error) {
  scrim_status status = SCRIM_OK;
#define READ(name) value(config, name, &status, error)
  *s = (score_settings){
      .hidden = {(int)READ("hidden1"), (int)READ("hidden2"), (int)READ("hidden3")},
      .latent = (int)READ("latent"),
      .log_features = (int)READ("log_features"),
      .epochs = (size_t)READ("epochs"),
      .batch = (size_t)READ("batch"),
      .patience = (size_t)READ("patience"),
      .rate = READ("rate"),
      .weight_decay = READ("weight_decay"),
      .holdout = READ("holdout"),
      .weight_reconstruction = READ("weight_reconstruction"),
      .weight_label = READ("weight_label"),
      .weight_kl = READ("weight_kl"),
      .weight_calibration = READ("weight_calibration"),
      .leak = READ("leak"),
      .rank_reformed = (int)READ("rank"),
      .swap_rate = READ("swap_rate"),
      .swap_step = READ("swap_step"),
      .swap_grids = (int)READ("swap_grids"),
      .form = (score_form)READ("form"),
      .strength = READ("strength"),
      .mix = READ("mix"),
      .noise = READ("noise"),
      .input_step = READ("input_step"),
      .decimals = (int)READ("decimals"),
      .swap = (int)READ("swap"),
  };
#undef READ
  return status;
}

int score_units(int decimals, size_t k) {
  int units = (int)lround(pow(10, decimals));
  while ((size_t)units < 4 * k) units *= 10; /* an even row of K classes must fit on the grid */
  return units;
}
