/* SPDX-License-Identifier: MIT */
/*
 * The same claims, proved on the wire: handshakes with the listeners that the
 * configuration has, and logins that are to be refused, with a name that
 * nobody has.
 */
#ifndef TLSFLOOR_DOCTOR_LIVE_H
#define TLSFLOOR_DOCTOR_LIVE_H

#include "doctor-facts.h"

#define DOCTOR_PROOFS 64

struct doctor_proofs {
    char items[DOCTOR_PROOFS][320]; /* sentences */
    size_t count;
};

/* Adds a sentence; title: what it is about. */
void doctor_proof(struct doctor_proofs *proofs, const char *title, const char *sentence);

/* Tries every listener; what is as it should be is a proof, all else a finding. */
void doctor_prove(const struct doctor_facts *facts, struct findings *findings,
                  struct doctor_proofs *proofs);

#endif
