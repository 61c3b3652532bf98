#include "voice_deid/perturb_pass.h"
#include <math.h>

tensor *perturb_gains(tape *t, const perturb_segment *s, tensor *map, tensor *moves, double peak) {
  tensor *gains = op_linear(t, tape_input(t, s->states, 2, (int[]){s->nodes, ENVELOPE_STATE}), map, NULL);
  if (moves != NULL) gains = op_add(t, gains, moves);
  return op_affine(t, op_tanh(t, op_affine(t, gains, (float)(1 / peak), 0)), (float)peak, 0);
}

double perturb_size(const perturb_segment *s, const float *gains) {
  double sum = 0, total = 1e-9;
  for (int j = 0; j < s->nodes; j++) {
    for (int b = 0; b < ENVELOPE_BANDS; b++) {
      const double gain = (double)gains[j * ENVELOPE_BANDS + b];
      sum += gain * gain;
    }
    total += (double)s->activity[j];
  }
  return sqrt(sum / (total * ENVELOPE_BANDS));
}

tensor *perturb_responses(tape *t, const envelope *e, tensor *gains) {
  tensor *table = tape_input(t, envelope_cepstra(e), 2, (int[]){ENVELOPE_BANDS, ENVELOPE_ORDER});
  return op_minimum_phase(t, op_matmul(t, gains, table), ENVELOPE_TAPS);
}

tensor *perturb_output(tape *t, const perturb_segment *s, tensor *responses) {
  return op_moving_filter(t, tape_input(t, s->sent, 2, (int[]){1, s->n}), responses, ENVELOPE_HOP);
}

tensor *perturb_loss(tape *t, const perturb_segment *s, const perturb_settings *settings, channel *c, int slot,
                     const speaker_encoder *encoder, int e, tensor *output, random_source *random) {
  const channel_settings hears = {
      .spread = settings->channel, .noise = settings->noise, .cut = (int)(settings->cut * SPEECH_RATE)};
  const int dim[] = {1, speaker_encoder_about(encoder)->dimensions};
  tensor *embedding = speaker_encoder_embed(t, encoder, channel_pass(c, t, slot, output, &hears, random));
  tensor *to_target = op_cosine(t, embedding, tape_input(t, s->target[e], 2, dim));
  tensor *to_source = op_cosine(t, embedding, tape_input(t, s->source[e], 2, dim));
  tensor *near = op_hinge(t, to_target, (float)(1 - settings->target_margin));
  tensor *far = op_hinge(t, op_affine(t, to_source, -1, 0), (float)(settings->source_margin - 1));
  const double weight = speaker_encoder_about(encoder)->front.mean_removal ? 1 : settings->plain_weight;
  return op_affine(t, op_add(t, op_affine(t, near, (float)settings->target_weight, 0), far), (float)weight, 0);
}
