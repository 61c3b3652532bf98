/* One hash table of clients, keyed, of fixed size, that empties itself when the window ends. */
#include "serve/budget.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

enum { BUDGET_MAX_CLIENTS = 1 << 24 };

/* Of a window that is over: free. Window 0 never is the present one, so that a zeroed table is empty. */
typedef struct budget_slot {
  uint64_t tag[2]; /* of the client's HMAC */
  uint64_t window;
  uint64_t rows;
} budget_slot;

struct budget {
  pthread_mutex_t lock;
  random_source *source;
  budget_rule rule;
  budget_slot *slots; /* [n_slots], open addressing, linear probing; never more than half full */
  size_t n_slots;     /* a power of two */
  size_t max_clients;
  uint64_t window;   /* counted from 1; never goes back */
  double window_end; /* of the caller's clock */
  size_t n_clients;  /* in this window */
};

/* ---- life ---- */

static scrim_status budget_draw_key(budget *b, scrim_error *error) {
  unsigned char bytes[SCRIM_KEY_BYTES];
  scrim_key *key = NULL;
  if (RAND_priv_bytes(bytes, sizeof bytes) != 1)
    return fail(error, SCRIM_E_INTERNAL, "the random generator gives no bytes for the budget's key");
  scrim_status status = scrim_key_create(&key, bytes, error);
  memory_wipe(bytes, sizeof bytes);
  if (status == SCRIM_OK) status = random_source_create(&b->source, key, error);
  scrim_key_free(key);
  return status;
}

scrim_status budget_create(budget **out, const budget_rule *rule, scrim_error *error) {
  *out = NULL;
  if (rule->clients == 0 || rule->clients > BUDGET_MAX_CLIENTS)
    return fail(error, SCRIM_E_ARGUMENT, "a budget for %zu clients: it must be 1..%d", rule->clients,
                BUDGET_MAX_CLIENTS);
  if (!(rule->window_s >= 1))
    return fail(error, SCRIM_E_ARGUMENT, "a budget's window of %g s: it must be at least 1", rule->window_s);
  budget *b = memory_zalloc(1, sizeof *b);
  if (b == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a budget");
  pthread_mutex_init(&b->lock, NULL);
  b->rule = *rule;
  b->max_clients = rule->clients;
  for (b->n_slots = 2; b->n_slots < 2 * rule->clients;) b->n_slots *= 2;
  scrim_status status = SCRIM_OK;
  b->slots = memory_zalloc(b->n_slots, sizeof *b->slots);
  if (b->slots == NULL)
    status = fail(error, SCRIM_E_MEMORY, "out of memory for a budget of %zu clients", rule->clients);
  if (status == SCRIM_OK) status = budget_draw_key(b, error);
  if (status == SCRIM_OK)
    *out = b;
  else
    budget_free(b);
  return status;
}

void budget_free(budget *b) {
  if (b == NULL) return;
  random_source_free(b->source);
  pthread_mutex_destroy(&b->lock);
  memory_wipe_free(b->slots, b->n_slots * sizeof *b->slots);
  memory_free(b);
}

void budget_change(budget *b, const budget_rule *rule) {
  pthread_mutex_lock(&b->lock);
  if (rule->window_s != b->rule.window_s) b->window_end = 0; /* the next call begins a window of the new length */
  b->rule = *rule;
  pthread_mutex_unlock(&b->lock);
}

/* ---- taking ---- */

/* Windows are multiples of their length on the caller's clock: all slots of an older one are free at once. */
static void budget_turn(budget *b, double now_s) {
  if (b->window > 0 && now_s < b->window_end) return;
  b->window++;
  b->n_clients = 0;
  b->window_end = (double)((uint64_t)(now_s / b->rule.window_s) + 1) * b->rule.window_s;
}

/* The client's slot, or the free one that it may take; the table always has one. */
static budget_slot *budget_find(budget *b, const uint64_t tag[2]) {
  for (size_t i = (size_t)tag[0] & (b->n_slots - 1);; i = (i + 1) & (b->n_slots - 1)) {
    budget_slot *slot = &b->slots[i];
    if (slot->window != b->window || (slot->tag[0] == tag[0] && slot->tag[1] == tag[1])) return slot;
  }
}

static budget_answer budget_charge(budget *b, const uint64_t tag[2], uint64_t rows) {
  budget_slot *slot = budget_find(b, tag);
  int is_new = slot->window != b->window;
  uint64_t used = is_new ? 0 : slot->rows;
  if (is_new && b->n_clients == b->max_clients) return BUDGET_FULL;
  /* used may be above the rule after budget_change. */
  if (used > b->rule.rows || rows > b->rule.rows - used) return BUDGET_SPENT;
  if (is_new) b->n_clients++;
  *slot = (budget_slot){{tag[0], tag[1]}, b->window, used + rows};
  return BUDGET_ALLOWED;
}

budget_answer budget_take(budget *b, const void *identity, size_t n_bytes, uint64_t rows, double now_s,
                          double *retry_s) {
  union {
    unsigned char bytes[RANDOM_BLOCK_BYTES];
    uint64_t words[RANDOM_BLOCK_BYTES / sizeof(uint64_t)];
  } digest;
  budget_answer answer = BUDGET_FAILED;
  pthread_mutex_lock(&b->lock);
  budget_turn(b, now_s);
  if (random_digest(b->source, "budget", identity, n_bytes, digest.bytes, NULL) == SCRIM_OK)
    answer = budget_charge(b, digest.words, rows);
  if (retry_s != NULL) *retry_s = b->window_end > now_s ? b->window_end - now_s : 0;
  pthread_mutex_unlock(&b->lock);
  return answer;
}
