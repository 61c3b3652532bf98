/*
 * A defence in everyone's hands: the owner's, from which the audited scores come, and the attackers', through which
 * they pass their shadows' scores. Fitted once, shared by all attacks and by all strengths of a sweep.
 */
#ifndef PURIFIER_AUDIT_ATTACKER_H
#define PURIFIER_AUDIT_ATTACKER_H

#include "purifier/audit_data.h"

/*
 * Defences that an adaptive attacker fits: shadow s goes through number s % AUDIT_PURIFIERS. One that treats members
 * apart (defence.per_member) he fits on every shadow, since elsewhere it would know no members.
 */
enum { AUDIT_PURIFIERS = 4, AUDIT_MOST_PURIFIERS = 64 };

typedef struct audit_parties {
  const defence *rule;
  void *owner, *insider; /* states of the rule; insider may be the owner's */
  void *attacker[AUDIT_MOST_PURIFIERS];
  size_t n_attackers;
} audit_parties;

/* Fits a baseline for its owner and, where there are shadows, for the adaptive attacker. */
scrim_status audit_parties_fit(audit_parties *p, const defence *rule, const audit_data *d, scrim_error *error);
/* The same when the owner's and the insider's states are there already, and now p's. */
scrim_status audit_parties_fit_attackers(audit_parties *p, const audit_data *d, scrim_error *error);
void audit_parties_free(audit_parties *p);

/* Room for what one attacker sees. */
typedef struct audit_room {
  float *target;                      /* [rows, K] released */
  float *population;                  /* [n_population, K] released */
  float *shadows, *shadow_population; /* as passed through the attacker's defences */
  attack_example *examples;           /* [n_examples] */
} audit_room;
scrim_status audit_room_make(audit_room *room, const audit_data *d, scrim_error *error); /* audit_room_free is due */
void audit_room_free(audit_room *room, const audit_data *d);

/* The audited system's answers. */
scrim_status audit_release(audit_room *room, const audit_parties *p, const audit_data *d, scrim_error *error);

/* What this attacker sees of it, after audit_release. The view lives as long as the room is not used again. */
scrim_status audit_view(attack_view *view, audit_room *room, const audit_parties *p, const audit_data *d,
                        scrim_attacker attacker, scrim_error *error);

#endif
