/* SPDX-License-Identifier: MIT */
/*
 * The settings of Dovecot and Postfix that put the floor into the handshake
 * (RFC 8997 section 3, the other way). Asks doveconf and postconf, changes
 * nothing.
 */
#ifndef TLSFLOOR_RETIRE_SETTINGS_H
#define TLSFLOOR_RETIRE_SETTINGS_H

#include "policy.h"

/* Prints what to set and what has to be seen then. */
void retire_print_settings(const struct tlsfloor_policy *policy);

#endif
