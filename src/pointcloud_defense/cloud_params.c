#include "pointcloud_defense/cloud_filter.h"
#include "pointcloud_defense/diffusion.h"

const scrim_param cloud_params[CLOUD_PARAMS] = {
    {"mode", "0 move points to their surface, 1 mark outliers, 2 remove them, 3 make them not-a-number", 0, 0, 3, 1,
     SCRIM_PARAM_APPLY},
    {"k", "neighbours of a point", 16, 1, NEIGHBOURS_MAX, 1, SCRIM_PARAM_APPLY},
    {"iterations", "mode 0: how many times points are projected onto the planes of their neighbours", 3, 1, 20, 1,
     SCRIM_PARAM_APPLY},
    {"floor", "mode 0: frames with less distortion than this many baselines pass bit for bit", 1, 0, 100, 0,
     SCRIM_PARAM_APPLY},
    {"baseline", "distortion of clean frames of the same source; 0: not known, and every frame is moved", 0, 0, 100, 0,
     SCRIM_PARAM_APPLY},
    {"quantile", "of the distortions of clean frames, that is the baseline", 0.5, 0, 1, 0, SCRIM_PARAM_APPLY},
    {"frames", "streams: how many of the last frames make the baseline, once there are 8; 0: the fixed one holds", 0, 0,
     1024, 1, SCRIM_PARAM_APPLY},
    {"measure",
     "what tells outliers: distance from the plane (0 metres, 1 over spacing, 2 over range), 3 SOR, 4 SOR of squares, "
     "5 ROR, 6 DROR, 7 DSOR, 8 mean distance to neighbours over range, 9 the filter's marker",
     8, 0, OUTLIER_LEARNED, 1, SCRIM_PARAM_APPLY},
    {"threshold", "limit of measures 0 to 2 and 6 to 9; -1: as published, as tuned on snow, or the marker's own", -1,
     -1, 1e9, 0, SCRIM_PARAM_APPLY},
    {"deviations", "standard deviations of measures 3, 4 and 7; -1: as published", -1, -1, 1e9, 0, SCRIM_PARAM_APPLY},
    {"radius", "metres, of measure 5, and the least of measure 6; -1: as published", -1, -1, 1e9, 0, SCRIM_PARAM_APPLY},
    {"cap", "share of the places that may be outliers; where it would be more, the worst are", 0.3, 0, 0.95, 0,
     SCRIM_PARAM_APPLY},
    {"zero", "1: a point at 0, 0, 0 stands for no return and passes", 1, 0, 1, 1, SCRIM_PARAM_APPLY},
    {"threads", "threads of a session; the answer is the same for any number", 1, 1, 64, 1, SCRIM_PARAM_APPLY},
    {"objects",
     "mode 0, filters with a prior: frames of so many places or fewer are objects, which it restores; 0: none are",
     4096, 0, 65536, 1, SCRIM_PARAM_APPLY},
    {"step", "objects: time step that they are diffused to; -1: chosen by the noise in them", -1, -1, DIFFUSION_STEPS,
     1, SCRIM_PARAM_APPLY},
    {"step_scale", "objects: noise that the time step stands for, in units of what the prior finds", 1, 0, 100, 0,
     SCRIM_PARAM_APPLY},
    {"clean_noise", "objects: noise, in units of the spacing, that clean ones have; those with less pass bit for bit",
     0, 0, 100, 0, SCRIM_PARAM_APPLY},
    {"step_cap", "objects: the largest time step that is chosen", 30, 1, DIFFUSION_STEPS, 1, SCRIM_PARAM_APPLY},
    {"step_levels", "objects: 1 chooses one of three levels, a third, two thirds and all of step_cap", 0, 0, 1, 1,
     SCRIM_PARAM_APPLY},
    {"passes", "objects: how many times they are restored, each time as far as the first", 3, 1, 20, 1,
     SCRIM_PARAM_APPLY},
    {"leaps", "objects: deterministic leaps that denoise; 0: every time step, with noise, as published", 2, 0,
     DIFFUSION_STEPS, 1, SCRIM_PARAM_APPLY},
    {"noise", "objects: share of the time step's noise that is added before denoising", 0.4, 0, 1, 0,
     SCRIM_PARAM_APPLY},
    {"polish", "objects: how many times points are projected after denoising", 0, 0, 20, 1, SCRIM_PARAM_APPLY},
    {"width", "prior: width of its layers; 128 as published", 32, 8, 512, 1, SCRIM_PARAM_TRAIN},
    {"latent", "prior: numbers that stand for an object; 256 as published", 16, 1, 1024, 1, SCRIM_PARAM_TRAIN},
    {"epochs", "prior: rounds of training", 12, 1, 1000000, 1, SCRIM_PARAM_TRAIN},
    {"batch", "prior: objects a step of training; 128 as published", 8, 1, 4096, 1, SCRIM_PARAM_TRAIN},
    {"points", "prior: points of an object a step of training", 512, 1, 65536, 1, SCRIM_PARAM_TRAIN},
    {"rate", "prior: learning rate, which falls to 0 along half a cosine", 0.002, 1e-9, 1, 0, SCRIM_PARAM_TRAIN},
    {"reach", "prior: time steps that it is trained for; 200 as published", 40, 1, DIFFUSION_STEPS, 1,
     SCRIM_PARAM_TRAIN},
    {"shapes", "prior: how many procedural objects it is trained on where none are given", 4000, PRIOR_LEAST_OBJECTS,
     1000000, 1, SCRIM_PARAM_TRAIN},
    {"intensity", "marker: 1 also looks at the fourth column, the intensity: more precise, for sensors like its own", 0,
     0, 1, 1, SCRIM_PARAM_TRAIN},
    {"marker_width", "marker: width of its two hidden layers", 32, 4, MARKER_MOST_WIDTH, 1, SCRIM_PARAM_TRAIN},
    {"marker_epochs", "marker: rounds of training", 12, 1, 10000, 1, SCRIM_PARAM_TRAIN},
    {"scenes", "marker: how many procedural frames it is trained on where none are given", 36, 2, 100000, 1,
     SCRIM_PARAM_TRAIN},
};

/* One value by name; after a first failure nothing more is read. */
static double value(const scrim_config *config, const char *name, scrim_status *status, scrim_error *error) {
  double v = 0;
  if (*status == SCRIM_OK) *status = scrim_config_get(config, name, &v, error);
  return v;
}

scrim_status cloud_settings_read(cloud_settings *s, const scrim_config *config, scrim_error *error) {
  scrim_status status = SCRIM_OK;
#define READ(name) value(config, name, &status, error)
  *s = (cloud_settings){
      .mode = (cloud_mode)READ("mode"),
      .k = (size_t)READ("k"),
      .iterations = (int)READ("iterations"),
      .floor = READ("floor"),
      .baseline = READ("baseline"),
      .quantile = READ("quantile"),
      .frames = (size_t)READ("frames"),
      .outlier = {.rule = (outlier_rule)READ("measure"),
                  .threshold = READ("threshold"),
                  .deviations = READ("deviations"),
                  .radius = READ("radius")},
      .cap = READ("cap"),
      .zero_is_nowhere = (int)READ("zero"),
      .threads = (unsigned)READ("threads"),
      .objects = (size_t)READ("objects"),
      .step = (int)READ("step"),
      .step_scale = READ("step_scale"),
      .clean_noise = READ("clean_noise"),
      .step_cap = (int)READ("step_cap"),
      .step_levels = (int)READ("step_levels"),
      .passes = (int)READ("passes"),
      .leaps = (int)READ("leaps"),
      .noise = READ("noise"),
      .polish = (int)READ("polish"),
      .prior = {.shape = {(int)READ("width"), (int)READ("latent")},
                .epochs = (size_t)READ("epochs"),
                .batch = (size_t)READ("batch"),
                .points = (size_t)READ("points"),
                .rate = READ("rate"),
                .reach = (int)READ("reach")},
      .shapes = (size_t)READ("shapes"),
      .marker = {.shape = {(int)READ("marker_width"), (int)READ("intensity")},
                 .k = (size_t)READ("k"),
                 .epochs = (size_t)READ("marker_epochs"),
                 .zero_is_nowhere = (int)READ("zero"),
                 .threads = (unsigned)READ("threads")},
      .scenes = (size_t)READ("scenes"),
  };
#undef READ
  if (status == SCRIM_OK) outliers_fill_in(&s->outlier);
  return status;
}
