/* SPDX-License-Identifier: MIT */
/*
 * TLS versions in the order in which they protect, and their names as
 * OpenSSL, Postfix and Dovecot write them. Never fails: a name that is not
 * understood is TLSFLOOR_TLS_UNKNOWN.
 */
#ifndef TLSFLOOR_TLS_NAMES_H
#define TLSFLOOR_TLS_NAMES_H

#include "text.h"

/* Comparable with < and > but for UNKNOWN, which is on no scale. */
enum tlsfloor_tls {
    TLSFLOOR_TLS_UNKNOWN = 0, /* TLS, version not known: ended at a proxy */
    TLSFLOOR_TLS_CLEARTEXT,   /* no TLS at all */
    TLSFLOOR_TLS_SSLV2,       /* seen perhaps, never a floor */
    TLSFLOOR_TLS_SSLV3,
    TLSFLOOR_TLS_1_0, /* "TLSv1" means exactly 1.0 */
    TLSFLOOR_TLS_1_1,
    TLSFLOOR_TLS_1_2,
    TLSFLOOR_TLS_1_3,
    TLSFLOOR_TLS_NEWER /* "TLSv1.4" and whatever comes after it */
};

/* The version that a name means; names are case-sensitive. */
enum tlsfloor_tls tlsfloor_tls_parse(struct tlsfloor_text name);

/* The name of a version: "cleartext", "SSLv2" ... "TLSv1.3", "newer", "unknown". */
const char *tlsfloor_tls_name(enum tlsfloor_tls tls);

#endif
