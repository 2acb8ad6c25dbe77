/* SPDX-License-Identifier: MIT */
/*
 * The way to the headers of Dovecot's auth process, as dovecot-compat.h is to
 * those of its login processes, and every difference that matters there.
 */
#ifndef TLSFLOOR_AUTH_COMPAT_H
#define TLSFLOOR_AUTH_COMPAT_H

#include "lib.h"

#include "auth-fields.h"
#include "auth-request.h"
#include "auth.h"
#include "ioloop.h"
#include "module-dir.h"
#include "passdb.h"

/* How dovecot.conf names our passdbs. */
#if TLSFLOOR_DOVECOT < 204
#define COMPAT_PASSDB "passdb { driver = tlsfloor }"
#define COMPAT_MASTER_PASSDB "passdb { driver = tlsfloor, master = yes }"
#else
#define COMPAT_PASSDB "passdb tlsfloor { }"
#define COMPAT_MASTER_PASSDB "passdb tlsfloor-master { driver = tlsfloor, master = yes }"
#endif

/* The protocol that the user logs in by: imap, smtp ... */
static inline const char *
compat_protocol(const struct auth_request *request)
{
#if TLSFLOOR_DOVECOT < 204
    return request->fields.service;
#else
    return request->fields.protocol;
#endif
}

static inline void
compat_init_userdb_reply(struct auth_request *request)
{
#if TLSFLOOR_DOVECOT < 204
    auth_request_init_userdb_reply(request, FALSE);
#else
    auth_request_init_userdb_reply(request);
#endif
}

#endif
