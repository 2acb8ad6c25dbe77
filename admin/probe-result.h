/* SPDX-License-Identifier: MIT */
/*
 * What a probe has found, and how it is printed.
 */
#ifndef TLSFLOOR_PROBE_RESULT_H
#define TLSFLOOR_PROBE_RESULT_H

#include "cipher-suites.h"
#include "probe-clients.h"
#include "probe-target.h"

#define PROBE_REASONS 4

struct probe_result {
    struct probe_target target;
    const char *name; /* that the certificate should have */
    char address[64];
    struct probe_talk today; /* what a mail program of today gets */
    struct probe_client clients[PROBE_CLIENTS];
    struct probe_talk talks[PROBE_CLIENTS];                /* what each of these gets */
    char reasons[PROBE_REASONS][PROBE_NAMES + PROBE_TEXT]; /* not to call it confidential */
    size_t reason_count;
};

/* "fine", "weak", "violation", "unknown": by RFC 9325; empty without a suite. */
const char *probe_judge_suite(const char *suite);

/* 1 if this was no question for the server: it has no STARTTLS, or OpenSSL cannot ask it. */
int probe_is_untried(const struct probe_result *result, size_t client);

void probe_print(const struct probe_result *result);

/* 0, or -1: no memory. */
int probe_print_json(const struct probe_result *result);

#endif
