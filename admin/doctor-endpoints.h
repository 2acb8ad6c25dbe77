/* SPDX-License-Identifier: MIT */
/*
 * The listeners that the configuration of Dovecot and Postfix has, as somebody
 * on this host can reach them.
 */
#ifndef TLSFLOOR_DOCTOR_ENDPOINTS_H
#define TLSFLOOR_DOCTOR_ENDPOINTS_H

#include "doctor-facts.h"
#include "log-line.h"
#include "probe-talk.h"

/* A listener, and what is claimed of it. */
struct doctor_endpoint {
    char title[160]; /* "Dovecot imap, 127.0.0.1 port 993" */
    enum tlsfloor_log_program program;
    enum tlsfloor_service service;
    enum tlsfloor_tls oldest; /* that the settings accept */
    int decides_late;         /* 1: the refusal may come after a good login only */
    struct probe_peer peer;
    struct tlsfloor_address address;
};

/*
 * Gives each listener that offers logins, but those that a proxy is before. A
 * server on all addresses is reached at one that is not the loopback.
 */
typedef void doctor_endpoint_fn(void *context, const struct doctor_endpoint *endpoint);
void doctor_endpoints_each(const struct doctor_facts *facts, doctor_endpoint_fn *each,
                           void *context);

#endif
