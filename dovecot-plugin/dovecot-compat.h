/* SPDX-License-Identifier: MIT */
/*
 * The way to Dovecot's headers, and every difference between its versions that
 * matters in a login process. TLSFLOOR_DOVECOT, from configure, is 203 for 2.3
 * and 204 for 2.4.
 */
#ifndef TLSFLOOR_DOVECOT_COMPAT_H
#define TLSFLOOR_DOVECOT_COMPAT_H

#include "lib.h"

#include "array.h"
#include "auth-client.h"
#include "client-common.h"
#include "ioloop.h"
#include "iostream-ssl.h"
#include "istream.h"
#include "login-common.h"
#include "module-context.h"
#include "module-dir.h"
#include "ostream.h"
#include "str.h"
#if TLSFLOOR_DOVECOT < 204
#include "master-service-ssl-settings.h"
#endif

/* --- what is known of a connection --- */

/* 1 if TLS ended at a proxy that said so in its PROXY header. */
static inline int
compat_tls_ended_at_proxy(const struct client *client)
{
#if TLSFLOOR_DOVECOT < 204
    return client->proxied_ssl;
#else
    return client->haproxy_terminated_tls;
#endif
}

/* 1 if the client's TLS, if it has any, began with STARTTLS. */
static inline int
compat_used_starttls(const struct client *client)
{
#if TLSFLOOR_DOVECOT < 204
    return client->starttls;
#else
    return client->connection_used_starttls;
#endif
}

/*
 * 1 if the connection came with a PROXY header that names another client.
 * Dovecot keeps no mark of the header; before anything else changes them, only
 * it makes the two addresses differ.
 */
static inline int
compat_is_proxied(const struct client *client)
{
    return !net_ip_compare(&client->ip, &client->real_remote_ip) ||
           client->remote_port != client->real_remote_port;
}

/* --- fields for the auth process --- */

/* Takes out the forward fields whose names begin with prefix. */
static inline void
compat_drop_forward_fields(struct client *client, const char *prefix)
{
    size_t size = strlen(prefix);
#if TLSFLOOR_DOVECOT < 204
    string_t *fields = client->forward_fields;
    const char *const *field;

    if (fields == NULL)
        return;
    field = t_strsplit(str_c(fields), "\t");
    str_truncate(fields, 0);
    for (; *field != NULL; field++) {
        if (strncmp(*field, prefix, size) == 0)
            continue;
        if (str_len(fields) > 0)
            str_append_c(fields, '\t');
        str_append(fields, *field);
    }
    /* To an empty text Dovecot would add a separator first. */
    if (str_len(fields) == 0)
        client->forward_fields = NULL;
#else
    if (!array_is_created(&client->forward_fields))
        return;
    for (unsigned int i = array_count(&client->forward_fields); i > 0; i--) {
        if (strncmp(array_idx_elem(&client->forward_fields, i - 1), prefix, size) == 0)
            array_delete(&client->forward_fields, i - 1, 1);
    }
#endif
}

/* --- logins without TLS --- */

/* 1 if Dovecot's own settings let this client log in by a plaintext mechanism without TLS. */
static inline int
compat_allows_cleartext(const struct client *client)
{
#if TLSFLOOR_DOVECOT < 204
    return !client->set->disable_plaintext_auth && strcmp(client->ssl_set->ssl, "required") != 0;
#else
    return client->set->auth_allow_cleartext;
#endif
}

/* From now on this client may not log in by a plaintext mechanism without TLS. */
static inline void
compat_disable_cleartext(struct client *client)
{
    struct login_settings *set = p_memdup(client->pool, client->set, sizeof(*client->set));

#if TLSFLOOR_DOVECOT < 204
    set->disable_plaintext_auth = TRUE;
#else
    set->auth_allow_cleartext = FALSE;
#endif
    client->set = set;
}

/* --- TLS behind STARTTLS --- */

/*
 * For a protocol whose input does not pass the client's functions (submission):
 * changed is called when the client gets other streams. 2.3 tells nobody.
 */
static inline void
compat_hook_stream_change(struct client_vfuncs *v, void (*changed)(struct client *client))
{
#if TLSFLOOR_DOVECOT < 204
    (void)v;
    (void)changed;
#else
    v->iostream_change_post = changed;
#endif
}

/* What a handshake callback returns to let the handshake pass. */
typedef int compat_handshake_state;
#define COMPAT_HANDSHAKE_PASSES 0

/* --- the end of a connection --- */

/*
 * Dovecot adds to what it logs of a client's end "no auth attempts", "auth
 * failed" and the like, which fail2ban looks for. Not so of this client until
 * compat_tell_attempts(). 2.4 adds nothing where it has counted and greeted
 * nothing, and another word where it goes on counting.
 */
static inline void
compat_hide_attempts(struct client *client)
{
#if TLSFLOOR_DOVECOT < 204
    client->no_extra_disconnect_reason = TRUE;
#else
    client->auth_attempts = 0;
    client->banner_sent = FALSE;
    client->last_auth_fail = CLIENT_AUTH_FAIL_CODE_LOGIN_DISABLED;
    client->shutting_down = FALSE;
#endif
}

static inline void
compat_tell_attempts(struct client *client)
{
#if TLSFLOOR_DOVECOT < 204
    client->no_extra_disconnect_reason = FALSE;
#else
    client->banner_sent = TRUE;
#endif
}

#endif
