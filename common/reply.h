/* SPDX-License-Identifier: MIT */
/*
 * What a refused client is told: reject_text with its %{...} filled in, one
 * line of printable ASCII (RFC 8314 section 4.1 asks for a clear indication).
 */
#ifndef TLSFLOOR_REPLY_H
#define TLSFLOOR_REPLY_H

#include "policy.h"

/* Room for every reply text, the final NUL included. */
#define TLSFLOOR_REPLY_TEXT 380

/* 0 if reject_text is fit to be sent, or -1 with a constant sentence in error_r. */
int tlsfloor_reply_check(const char *reject_text, const char **error_r);

/* The text for a REFUSE or DEFER of this session; text_r has TLSFLOOR_REPLY_TEXT bytes. */
void tlsfloor_reply_format(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts,
                           const struct tlsfloor_decision *decision, char *text_r);

#endif
