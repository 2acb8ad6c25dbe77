/* SPDX-License-Identifier: MIT */
/*
 * The names under which the login plugin tells the auth process what it saw of
 * a session (forward fields), and what the auth process sees of them.
 */
#ifndef TLSFLOOR_PASSDB_FIELDS_H
#define TLSFLOOR_PASSDB_FIELDS_H

#define TLSFLOOR_FIELD_PREFIX "tlsfloor_"                 /* of each of them */
#define TLSFLOOR_FORWARD_TLS "tlsfloor_tls"               /* version, as reported */
#define TLSFLOOR_FORWARD_CIPHER "tlsfloor_cipher"         /* suite, as reported; "-": none */
#define TLSFLOOR_FORWARD_BITS "tlsfloor_bits"             /* decimal */
#define TLSFLOOR_FORWARD_CONNECTION "tlsfloor_connection" /* judged by trusted_networks */

/* Dovecot puts this before them. */
#define TLSFLOOR_FORWARDED(name) ("forward_" name)

/* What userdb look-ups, mail processes and scripts get of a session that is marked: the reason. */
#define TLSFLOOR_USERDB_FIELD "tlsfloor"

#endif
