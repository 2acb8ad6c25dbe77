/* SPDX-License-Identifier: MIT */
/*
 * Whom to probe: a host and port as an admin writes them, names of services,
 * and SRV records (RFC 6186, RFC 8314 section 5.1).
 */
#ifndef TLSFLOOR_PROBE_TARGET_H
#define TLSFLOOR_PROBE_TARGET_H

#include "file.h"
#include "probe-reply.h"

#define PROBE_HOST 256

struct probe_target {
    char host[PROBE_HOST];
    unsigned port;
    enum probe_protocol protocol; /* UNKNOWN: the port does not say */
    int starttls;
    char domain[PROBE_HOST]; /* whose SRV record led to the host; empty: none did */
    char srv_id[PROBE_HOST]; /* "_imaps.example.org"; empty likewise */
};

/*
 * Takes HOST, HOST:PORT, HOST:SERVICE, [ADDRESS]:PORT, ADDRESS or
 * _SERVICE._tcp.DOMAIN, for which it asks the DNS. starttls: the protocol of
 * that option, or NULL. 0, or -1 with a sentence.
 */
int probe_target_find(const char *text, const char *starttls, struct probe_target *target_r,
                      char error[TLSFLOOR_ERROR_TEXT]);

#endif
