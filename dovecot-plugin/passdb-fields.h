/* SPDX-License-Identifier: MIT */
/*
 * The names under which the login plugin tells the auth process what it saw of
 * a session (forward fields), and what the auth process sees of them.
 */
#ifndef TLSFLOOR_PASSDB_FIELDS_H
#define TLSFLOOR_PASSDB_FIELDS_H

#define TLSFLOOR_FORWARD_PREFIX "tlsfloor_"
#define TLSFLOOR_FORWARD_TLS TLSFLOOR_FORWARD_PREFIX "tls"       /* version, as reported */
#define TLSFLOOR_FORWARD_CIPHER TLSFLOOR_FORWARD_PREFIX "cipher" /* suite; "-": none */
#define TLSFLOOR_FORWARD_BITS TLSFLOOR_FORWARD_PREFIX "bits"     /* decimal */
/* judged by trusted_networks */
#define TLSFLOOR_FORWARD_CONNECTION TLSFLOOR_FORWARD_PREFIX "connection"

/* Dovecot puts this before them. */
#define TLSFLOOR_FORWARDED(name) ("forward_" name)

/* What userdb look-ups, mail processes and scripts get of a session that is marked: the reason. */
#define TLSFLOOR_USERDB_FIELD "tlsfloor"

#endif
