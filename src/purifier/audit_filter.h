/* The filter under audit as a defence: the owner's as it stands, and an attacker's own, trained the same way. */
#ifndef PURIFIER_AUDIT_FILTER_H
#define PURIFIER_AUDIT_FILTER_H

#include "purifier/defence.h"

typedef struct audit_filter {
  defence rule; /* first: rule.fit finds the rest from it */
  const scrim_filter *filter;
  const scrim_key *key;
  int with_members;    /* the owner trained with members, so the attacker does */
  scrim_device device; /* where filters are trained and applied; audit_filter_init says the CPU */
} audit_filter;

/* rule.fit trains a filter of the owner's settings on the fitting party's data, under a key of that party's own. */
scrim_status audit_filter_init(audit_filter *f, const scrim_filter *filter, const scrim_key *key, scrim_error *error);

/* The owner's filter with the owner's key, as a state of f->rule. */
scrim_status audit_filter_owner(void **state, const audit_filter *f, scrim_error *error);

/* The owner's filter in the hands of an insider, who lacks the key; where the filter works under no other, with it. */
scrim_status audit_filter_insider(void **state, const audit_filter *f, uint64_t seed, scrim_error *error);

/* Another strength for a state of f->rule, without training. */
scrim_status audit_filter_strength(void *state, double strength, scrim_error *error);

#endif
