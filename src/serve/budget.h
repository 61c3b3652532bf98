/*
 * A query budget for each client: so many score rows in a fixed window of time. Attacks that see nothing but labels
 * need many queries; a budget is what stands against them.
 *
 * Clients are told apart by an HMAC of their identity under a key drawn at start: the table holds no names, and nobody
 * can choose names that collide. The table has a fixed size; a client that it has no room for is refused until the
 * window ends, since the other answer would give a budget to each made-up name. Windows are aligned to one clock for
 * all clients, so that two windows' worth can fall together around their border, and no more.
 *
 * Nothing is kept over a restart: budgets begin anew. All calls may come from several threads at once.
 */
#ifndef SERVE_BUDGET_H
#define SERVE_BUDGET_H

#include <scrim/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct budget_rule {
  uint64_t rows;   /* a client and window */
  double window_s; /* at least 1 */
  size_t clients;  /* most in one window */
} budget_rule;

typedef enum budget_answer {
  BUDGET_ALLOWED = 0,
  BUDGET_SPENT, /* the client would exceed its rows: nothing was charged */
  BUDGET_FULL,  /* a client that there is no room for in this window */
  BUDGET_FAILED /* OpenSSL failed: to be treated as a refusal */
} budget_answer;

typedef struct budget budget;
scrim_status budget_create(budget **out, const budget_rule *rule, scrim_error *error);
void budget_free(budget *b); /* wipes; NULL is fine */

/* Charges `rows` at `now_s`, of a clock that does not go back. *retry_s (may be NULL): until the window ends. */
budget_answer budget_take(budget *b, const void *identity, size_t n_bytes, uint64_t rows, double now_s,
                          double *retry_s);

/* A new rule for all; what was charged in the window under way stays charged unless the window's length changes. The
 * number of clients is fixed at creation. */
void budget_change(budget *b, const budget_rule *rule);

#endif
