/* SPDX-License-Identifier: MIT */
/*
 * Finds out what the checks want to know: runs doveconf and postconf, reads
 * the applied state, looks at files. Changes nothing.
 */
#ifndef TLSFLOOR_DOCTOR_GATHER_H
#define TLSFLOOR_DOCTOR_GATHER_H

#include "doctor-facts.h"
#include "file.h"
#include "tlsfloor.h"

/* The facts with what they point to. */
struct doctor_gathered {
    struct doctor_facts facts;
    struct tlsfloor_policy *policy;
    char *texts[4];
};

/*
 * 0, or -1: a program is there and fails, or is not where the command line
 * says that it is, with a sentence. Without an applied policy policy_error
 * says why, else it is empty.
 */
int doctor_gather(const struct invocation *invocation, struct doctor_gathered *gathered_r,
                  char policy_error[TLSFLOOR_ERROR_TEXT], char error[TLSFLOOR_ERROR_TEXT]);

void doctor_gathered_free(struct doctor_gathered *gathered);

#endif
