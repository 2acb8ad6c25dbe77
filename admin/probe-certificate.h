/* SPDX-License-Identifier: MIT */
/*
 * A server's certificate as a mail client judges it: RFC 7817. Texts of it are
 * hostile, and come out printable.
 */
#ifndef TLSFLOOR_PROBE_CERTIFICATE_H
#define TLSFLOOR_PROBE_CERTIFICATE_H

#include <openssl/ssl.h>

#include "probe-reply.h"

#define PROBE_NAMES 400

struct probe_certificate {
    int given;               /* 1: there is one; else all is zero */
    int trusted;             /* 1: the chain leads to somebody who is trusted, and is in date */
    int matches;             /* 1: it is for who it should be for */
    char why[PROBE_TEXT];    /* not trusted: why not */
    char names[PROBE_NAMES]; /* whom it is for: "a.example.org, 192.0.2.1"; cut */
    char issuer[PROBE_TEXT];
    char until[24]; /* "2027-03-31T09:30:00Z" */
};

/* Whom it should be for; see struct probe_peer. */
struct probe_reference {
    const char *name, *domain, *srv_id;
};

/* Looks at the certificate of a handshake that ended well. */
void probe_certificate_get(SSL *ssl, const struct probe_reference *reference,
                           struct probe_certificate *certificate_r);

#endif
