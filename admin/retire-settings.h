/* SPDX-License-Identifier: MIT */
/*
 * The settings of Dovecot and Postfix that put the floor into the handshake
 * (RFC 8997 section 3, the other way). Asks doveconf and postconf, changes
 * nothing.
 */
#ifndef TLSFLOOR_RETIRE_SETTINGS_H
#define TLSFLOOR_RETIRE_SETTINGS_H

#include <jansson.h>

#include "doctor-facts.h"

/* What is installed here. All zero: nothing. */
struct retire_settings {
    const struct tlsfloor_policy *policy;
    char dovecot[32];              /* versions; empty: it is not here */
    struct settings now;           /* of doveconf -n */
    struct doctor_postfix postfix; /* version and services alone */
    char *texts[2];                /* that the settings point into */
};

/* The policy has to outlive it. */
void retire_settings_find(const struct tlsfloor_policy *policy, struct retire_settings *settings_r);
void retire_settings_free(struct retire_settings *settings);

/* Prints what to set and what has to be seen then. */
void retire_settings_print(const struct retire_settings *settings);

/* What to set, as tlsfloor(8) has it; NULL: no memory. */
json_t *retire_settings_json(const struct retire_settings *settings);

#endif
