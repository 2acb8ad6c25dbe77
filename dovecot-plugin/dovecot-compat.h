/* SPDX-License-Identifier: MIT */
/*
 * The way to Dovecot's headers, and every difference between its versions that
 * matters here. Written for 2.3.
 */
#ifndef TLSFLOOR_DOVECOT_COMPAT_H
#define TLSFLOOR_DOVECOT_COMPAT_H

#include "lib.h"

#include "auth-client.h"
#include "client-common.h"
#include "ioloop.h"
#include "iostream-ssl.h"
#include "istream.h"
#include "login-common.h"
#include "master-service-ssl-settings.h"
#include "module-context.h"
#include "module-dir.h"
#include "str.h"

/* 1 if TLS ended at a proxy that said so in its PROXY header. */
static inline int
compat_tls_ended_at_proxy(const struct client *client)
{
    return client->proxied_ssl;
}

/* 1 if the client's TLS, if it has any, began with STARTTLS. */
static inline int
compat_used_starttls(const struct client *client)
{
    return client->starttls;
}

/*
 * 1 if the connection came with a PROXY header that names another client. 2.3
 * keeps no mark of the header; before anything else changes them, only it makes
 * the two addresses differ.
 */
static inline int
compat_is_proxied(const struct client *client)
{
    return !net_ip_compare(&client->ip, &client->real_remote_ip) ||
           client->remote_port != client->real_remote_port;
}

/* The forward fields that the auth process will see, as one text. */
static inline const char *
compat_forward_fields(const struct client *client)
{
    return client->forward_fields == NULL ? "" : str_c(client->forward_fields);
}

/* Takes size bytes at start out of that text. */
static inline void
compat_remove_forward_fields(struct client *client, size_t start, size_t size)
{
    str_delete(client->forward_fields, start, size);
}

/* 1 if Dovecot's own settings let this client log in by a plaintext mechanism without TLS. */
static inline int
compat_allows_cleartext(const struct client *client)
{
    return !client->set->disable_plaintext_auth && strcmp(client->ssl_set->ssl, "required") != 0;
}

/* From now on this client may not log in by a plaintext mechanism without TLS. */
static inline void
compat_disable_cleartext(struct client *client)
{
    struct login_settings *set = p_memdup(client->pool, client->set, sizeof(*client->set));

    set->disable_plaintext_auth = TRUE;
    client->set = set;
}

#endif
