/* SPDX-License-Identifier: MIT */
/*
 * Old mail programs to play: one version of TLS each, or one kind of weak
 * cipher suites each. What the linked OpenSSL cannot speak is counted.
 */
#ifndef TLSFLOOR_PROBE_CLIENTS_H
#define TLSFLOOR_PROBE_CLIENTS_H

#include "probe-talk.h"
#include "tls-names.h"

#define PROBE_CLIENTS 14
#define PROBE_SUITES 8192

struct probe_client {
    const char *name;      /* "TLSv1", "RC4" */
    enum tlsfloor_tls tls; /* the version that it is about; UNKNOWN: it is about suites */
    struct probe_offer offer;
    char suites[PROBE_SUITES]; /* that offer.suites points to */
    unsigned known, spoken;    /* suites of its kind; and those that this OpenSSL has */
};

/* All of them. 0, or -1: no memory. */
int probe_clients_make(struct probe_client clients_r[PROBE_CLIENTS]);

#endif
