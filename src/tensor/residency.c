/* Values that live on a device: where they are current, and what is copied when. */
#include "tensor/residency.h"
#include <pthread.h>
#include <string.h>

/*
 * Threads may share weights that none of them changes; the first pass of any of them makes the device's copy. Once it
 * is there nobody takes the lock, above all not a thread that takes note of its pass, for which the others wait.
 */
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static void written_on_device(residency *r) {
  r->on_device = 1;
  r->host_behind = 1;
}

static void written_on_host(residency *r) {
  r->on_device = 0;
  r->host_behind = 0;
}

static int passed(tape *t, scrim_status status, const scrim_error *error) {
  if (status != SCRIM_OK) tape_fail(t, status, "%s", error->message);
  return status == SCRIM_OK;
}

/* ---- to the device ---- */

static int make_room(tape *t, residency *r, size_t bytes) {
  if (!r->device) r->device = t->backend->memory->room(t, bytes);
  return r->device != NULL;
}

static int bring_up(tape *t, residency *r, const void *host, size_t bytes) {
  if (r->on_device) return 1;
  r->on_device = make_room(t, r, bytes) && t->backend->memory->upload(t, r->device, host, bytes);
  return r->on_device;
}

static scrim_status bring_up_kept(const device_memory *memory, residency *r, const void *host, size_t bytes,
                                  scrim_error *error) {
  scrim_error own;
  if (!error) error = &own;
  if (r->on_device) return SCRIM_OK;
  if (!r->device) r->device = memory->keep(bytes, error);
  if (!r->device) return error->status;
  const scrim_status status = memory->upload_kept(r->device, host, bytes, error);
  if (status == SCRIM_OK) __atomic_store_n(&r->on_device, 1, __ATOMIC_RELEASE);
  return status;
}

/* Values of x, or with `gradient` its gradient, on the device of t. A gradient that is not there yet is zero. */
static int there(tape *t, tensor *x, int gradient) {
  residency *r = gradient ? &x->gradient : &x->values;
  const real *host = gradient ? x->grad : x->data;
  if (x->tape && gradient && !r->device) return residency_zero_gradient(x);
  if (x->tape) return bring_up(t, r, host, x->n * sizeof(real));
  if (__atomic_load_n(&r->on_device, __ATOMIC_ACQUIRE)) return 1;
  scrim_error error;
  pthread_mutex_lock(&kept_lock);
  x->home = t->backend;
  const scrim_status status = bring_up_kept(t->backend->memory, r, host, x->n * sizeof(real), &error);
  pthread_mutex_unlock(&kept_lock);
  return passed(t, status, &error);
}

/* ---- to the host ---- */

/* *host is made in t's arena where there is none yet. */
static int bring_down(tape *t, residency *r, void **host, size_t bytes) {
  if (!*host && !(*host = arena_alloc(t->arena, bytes))) {
    return tape_fail(t, SCRIM_E_MEMORY, "out of memory for %zu bytes from the %s", bytes, t->backend->name) != NULL;
  }
  if (!r->host_behind) return 1;
  scrim_error error;
  const scrim_status status = t->backend->memory->download(*host, r->device, bytes, &error);
  r->host_behind = status != SCRIM_OK;
  return passed(t, status, &error);
}

/* A tensor that outlives passes has room on the host. */
static int bring_down_kept(const tensor *x, residency *r, real *host) {
  if (!r->host_behind) return 1;
  const scrim_status status = x->home->memory->download(host, r->device, x->n * sizeof(real), NULL);
  r->host_behind = status != SCRIM_OK;
  return status == SCRIM_OK;
}

static int here(tensor *x, int gradient) {
  residency *r = gradient ? &x->gradient : &x->values;
  real **host = gradient ? &x->grad : &x->data;
  if (!x->tape) return bring_down_kept(x, r, *host);
  void *block = *host;
  const int made = bring_down(x->tape, r, &block, x->n * sizeof(real));
  *host = block;
  return made;
}

const real *tensor_values(tensor *x) {
  if (!x) return NULL;
  if (!x->values.host_behind) return x->data;
  return here(x, 0) ? x->data : NULL;
}

const real *tensor_gradient(tensor *x) {
  if (!x) return NULL;
  if (!x->gradient.host_behind) return x->grad;
  return here(x, 1) ? x->grad : NULL;
}

real *tensor_edit(tensor *x) {
  if (!tensor_values(x)) return NULL;
  written_on_host(&x->values);
  return x->data;
}

real *tensor_overwrite(tensor *x) {
  written_on_host(&x->values);
  return x->data;
}

void tensor_zero_gradient(tensor *x) {
  residency *r = &x->gradient;
  if (r->on_device && x->home->memory->zero(r->device, x->n * sizeof(real), NULL) == SCRIM_OK) {
    r->host_behind = 1;
    return;
  }
  written_on_host(r); /* from where it is taken there */
  memset(x->grad, 0, x->n * sizeof(real));
}

scrim_status tensor_follow(tensor *x, const tensor *like, scrim_error *error) {
  if (!like->home) return SCRIM_OK;
  x->home = like->home;
  return bring_up_kept(x->home->memory, &x->values, x->data, x->n * sizeof(real), error);
}

void tensor_forget_gradient(tensor *x) {
  if (x->home) x->home->memory->drop(x->gradient.device);
  x->gradient = (residency){0};
}

void tensor_forget(tensor *x) {
  if (!x || !x->home) return;
  tensor_forget_gradient(x);
  x->home->memory->drop(x->values.device);
  x->values = (residency){0};
  x->home = NULL;
}

/* ---- forward ---- */

/* What an operation writes to besides its result: the running statistics of batch norm. */
static int is_updated(const node *n, int k) {
  return n->kind == OP_BATCH_NORM && n->training && k >= 3;
}

static int inputs_there(node *n) {
  for (int k = 0; k < n->n_in; k++) {
    if (n->in[k] && !there(n->tape, n->in[k], 0)) return 0;
  }
  return !n->n_index || bring_up(n->tape, &n->index_at, n->index, n->n_index * sizeof *n->index);
}

static int forward_there(node *n) {
  tape *t = n->tape;
  if (!inputs_there(n)) return 0;
  if (n->kind == OP_RESHAPE) n->out.values.device = n->in[0]->values.device;
  if (!make_room(t, &n->out.values, n->out.n * sizeof(real))) return 0;
  if (n->n_saved && !make_room(t, &n->saved_at, n->n_saved * sizeof *n->saved)) return 0;
  if (n->n_chosen && !make_room(t, &n->chosen_at, n->n_chosen * sizeof *n->chosen)) return 0;
  t->backend->op[n->kind].forward(n);
  written_on_device(&n->out.values);
  written_on_device(&n->saved_at);
  written_on_device(&n->chosen_at);
  for (int k = 0; k < n->n_in; k++) {
    if (is_updated(n, k)) written_on_device(&n->in[k]->values);
  }
  return t->error.status == SCRIM_OK;
}

static int inputs_here(node *n) {
  for (int k = 0; k < n->n_in; k++) {
    if (n->in[k] && !tensor_values(n->in[k])) {
      return tape_fail(n->tape, SCRIM_E_DEVICE, "%s: input %d is lost on the %s", tape_op_name(n->kind), k + 1,
                       n->tape->backend->name) != NULL;
    }
  }
  return 1;
}

static int saved_here(node *n) {
  void *saved = n->saved, *chosen = n->chosen;
  const int made = (!n->n_saved || bring_down(n->tape, &n->saved_at, &saved, n->n_saved * sizeof *n->saved)) &&
                   (!n->n_chosen || bring_down(n->tape, &n->chosen_at, &chosen, n->n_chosen * sizeof *n->chosen));
  n->saved = saved;
  n->chosen = chosen;
  return made;
}

static int forward_here(node *n) {
  tape *t = n->tape;
  t->fallbacks[n->kind]++;
  t->strayed = 1;
  if (!inputs_here(n)) return 0;
  if (n->kind == OP_RESHAPE) n->out.data = n->in[0]->data;
  if (!n->out.data) n->out.data = arena_alloc(t->arena, n->out.n * sizeof(real));
  if (!n->out.data) return tape_out_of_memory(t, n->kind) != NULL;
  tape_host_kernel(t, n->kind).forward(n);
  written_on_host(&n->out.values);
  written_on_host(&n->saved_at);
  written_on_host(&n->chosen_at);
  for (int k = 0; k < n->n_in; k++) {
    if (is_updated(n, k)) written_on_host(&n->in[k]->values);
  }
  return t->error.status == SCRIM_OK;
}

int residency_forward(node *n) {
  return tape_on_host(n->tape, n->kind) ? forward_here(n) : forward_there(n);
}

/* ---- again ---- */

/* Leaves and indices are memory of the caller's that may hold something else by now. */
static void forget_borrowed(tape *t) {
  for (node *n = t->first; n; n = n->next) {
    n->index_at.on_device = 0;
    for (int k = 0; k < n->n_in; k++) {
      if (n->in[k] && n->in[k]->tape && !n->in[k]->node) n->in[k]->values.on_device = 0;
    }
  }
}

static int weights_there(tape *t) {
  for (node *n = t->first; n; n = n->next) {
    for (int k = 0; k < n->n_in; k++) {
      if (n->in[k] && !n->in[k]->tape && !there(t, n->in[k], 0)) return 0;
    }
  }
  return 1;
}

static int run_again(tape *t) {
  forget_borrowed(t);
  for (node *n = t->first; n; n = n->next) {
    if (!residency_forward(n)) return 0;
  }
  return 1;
}

int residency_replay(tape *t) {
  const device_replay *replay = t->backend->replay;
  if (!replay || t->strayed) return run_again(t);
  if (!weights_there(t)) return 0;
  if (!t->captured) {
    if (!replay->begin(t)) return 0;
    const int ran = run_again(t);
    t->captured = replay->end(t) && ran;
  }
  if (!t->captured || !replay->launch(t)) return 0;
  for (node *n = t->first; n; n = n->next) written_on_device(&n->out.values);
  return 1;
}

/* ---- backward ---- */

int residency_zero_gradient(tensor *x) {
  tape *t = x->tape;
  scrim_error error;
  if (!make_room(t, &x->gradient, x->n * sizeof(real))) return 0;
  const scrim_status status = t->backend->memory->zero(x->gradient.device, x->n * sizeof(real), &error);
  written_on_device(&x->gradient);
  return passed(t, status, &error);
}

int residency_seed_gradient(tensor *root) {
  static const real one = 1;
  return root->tape->backend->memory->upload(root->tape, root->gradient.device, &one, sizeof one);
}

static int backward_there(node *n) {
  tape *t = n->tape;
  if (!inputs_there(n) || !there(t, &n->out, 0) || !there(t, &n->out, 1)) return 0;
  if (n->n_saved && !bring_up(t, &n->saved_at, n->saved, n->n_saved * sizeof *n->saved)) return 0;
  if (n->n_chosen && !bring_up(t, &n->chosen_at, n->chosen, n->n_chosen * sizeof *n->chosen)) return 0;
  for (int k = 0; k < n->n_in; k++) {
    if (tape_wants(n->in[k]) && !there(t, n->in[k], 1)) return 0;
  }
  t->backend->op[n->kind].backward(n);
  for (int k = 0; k < n->n_in; k++) {
    if (tape_wants(n->in[k])) written_on_device(&n->in[k]->gradient);
  }
  return t->error.status == SCRIM_OK;
}

static int backward_here(node *n) {
  tape *t = n->tape;
  t->fallbacks[n->kind]++;
  if (!inputs_here(n) || !saved_here(n) || !here(&n->out, 0) || !here(&n->out, 1)) return 0;
  for (int k = 0; k < n->n_in; k++) {
    if (tape_wants(n->in[k]) && !here(n->in[k], 1)) return 0;
  }
  tape_host_kernel(t, n->kind).backward(n);
  for (int k = 0; k < n->n_in; k++) {
    if (tape_wants(n->in[k])) written_on_host(&n->in[k]->gradient);
  }
  return t->error.status == SCRIM_OK;
}

int residency_backward(node *n) {
  return n->tape->backend->op[n->kind].backward ? backward_there(n) : backward_here(n);
}
