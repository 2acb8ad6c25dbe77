/* SPDX-License-Identifier: MIT */
/*
 * Hooks of Dovecot's login clients. Decides nothing by itself, keeps no client
 * alive and starts no I/O but the reading of a handshake.
 *
 * The moments, in their order: a client is allocated (without TLS it is judged
 * as cleartext, or as its proxy says); its handshake ends (its TLS is judged,
 * and only then is it greeted or its next command read); it authenticates, see
 * login-auth.c.
 */
#include "login-session.h"

#include <errno.h>
#include <unistd.h>

#include "login-auth.h"
#include "login-judge.h"
#include "login-words.h"

#define COMMAND_WAIT 1000 /* ms, for the command behind STARTTLS */

static MODULE_CONTEXT_DEFINE_INIT(login_module, &login_module_register);

static const struct tlsfloor_policy *policy;
static int envelope;
static enum tlsfloor_service service;

struct tlsfloor_login_session *
tlsfloor_login_session_of(struct client *client)
{
    return MODULE_CONTEXT_REQUIRE(client, login_module);
}

/* --- refusing a connection --- */

/* Nothing of the client may be used after this. */
static void
end_refused(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    timeout_remove(&session->to_end);
    compat_hide_attempts(client);
    client_destroy(client, t_strdup_printf("Refused by tlsfloor (%s)",
                                           tlsfloor_reason_name(session->now.reason)));
}

/* Its TLS records are not even opened. */
static void
discard_command(struct client *client)
{
    char command[4096];

    (void)!read(client->fd, command, sizeof(command));
    end_refused(client);
}

/*
 * Who has begun TLS with STARTTLS sends a command next, and may do so before
 * the refusal arrives. If that met a closed connection, the client would see a
 * reset instead of the reason: it is waited for, and thrown away.
 */
static void
await_command(struct client *client, struct tlsfloor_login_session *session)
{
    io_remove(&client->io);
    client->io = io_add(client->fd, IO_READ, discard_command, client);
    session->to_end = timeout_add(COMMAND_WAIT, end_refused, client);
}

/* Tells the client why, and ends it: nothing of it may be used after this. */
static void
refuse_connection(struct client *client, struct tlsfloor_login_session *session)
{
    const struct tlsfloor_decision *decision = &session->now;
    const struct tlsfloor_login_words *words =
        tlsfloor_login_words(session->service, decision->action);
    const char *text =
        t_strconcat(words->disconnect_code, tlsfloor_login_text(client, session, decision), NULL);

    /* Submission would close the client here, and log the text as the reason. */
    client->disconnected = TRUE;
    client_notify_disconnect(client, words->disconnect, text);
    client->disconnected = FALSE;
    if (compat_used_starttls(client) && client->v.input != NULL &&
        i_stream_get_data_size(client->input) == 0)
        await_command(client, session);
    else
        end_refused(client);
}

static void
refuse_later(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    timeout_remove(&session->to_refuse);
    refuse_connection(client, session);
}

void
tlsfloor_login_refuse_soon(struct client *client, struct tlsfloor_login_session *session,
                           enum tlsfloor_stage stage)
{
    if (session->to_refuse != NULL)
        return;
    tlsfloor_login_log_refusal(client, session, stage);
    compat_hide_attempts(client);
    /* What submission says to an EHLO that offers nothing would send some clients away. */
    o_stream_unset_flush_callback(client->output);
    session->to_refuse = timeout_add_short(0, refuse_later, client);
}

/* --- the handshake --- */

/*
 * A greeting names the mechanisms, as the auth process has told them. If that has
 * gone during the handshake, the client waits for it as one that comes now would:
 * Dovecot calls session_notify_auth_ready() again.
 */
static void
await_auth(struct client *client)
{
    client->notified_auth_ready = FALSE;
    if (client->to_auth_waiting == NULL)
        client_set_auth_waiting(client);
}

static void
release_greeting(struct client *client, struct tlsfloor_login_session *session)
{
    if (session->reading)
        io_remove(&client->io);
    if (!auth_client_is_connected(auth_client)) {
        await_auth(client);
        return;
    }
    session->greeting_held = 0;
    session->module_ctx.super.notify_auth_ready(client);
    /* What came behind the handshake may have been taken off the socket already. */
    if (session->reading)
        i_stream_set_input_pending(client->input, TRUE);
    session->reading = 0;
}

/* What was to be said behind STARTTLS. */
static void
release_held(struct client *client, struct tlsfloor_login_session *session)
{
    string_t *held = session->held;

    session->held = NULL;
    session->module_ctx.super.send_raw_data(client, str_data(held), str_len(held));
}

/* The handshake failed: as Dovecot itself would say it. */
static void
give_up_handshake(struct client *client)
{
    const char *reason = "Connection closed";

    if (errno != EPIPE)
        reason =
            t_strdup_printf("%s: %s", reason, ssl_iostream_get_last_error(client->ssl_iostream));
    client_destroy(client, reason);
}

/*
 * Goes on with the handshake, and judges at its end. 1: there is nothing to
 * wait for; 0: there is; -1: the client is gone.
 */
static int
finish_handshake(struct client *client, struct tlsfloor_login_session *session)
{
    if (client->ssl_iostream == NULL || session->judged_tls)
        return 1;
    if (!tlsfloor_login_has_tls(client)) {
        int result = ssl_iostream_handshake(client->ssl_iostream);

        if (result < 0)
            give_up_handshake(client);
        if (result <= 0)
            return result;
    }
    tlsfloor_login_judge_tls(client, session);
    if (tlsfloor_login_refuses(&session->now)) {
        session->held = NULL;
        tlsfloor_login_log_refusal(client, session, TLSFLOOR_STAGE_CONNECT);
        refuse_connection(client, session);
        return -1;
    }
    if (session->greeting_held)
        release_greeting(client, session);
    if (session->held != NULL)
        release_held(client, session);
    return 1;
}

/*
 * ManageSieve says behind STARTTLS, without waiting for the handshake, what it
 * offers. Who is going to be refused must not take that for an invitation.
 */
static void
session_starttls(struct client *client)
{
    tlsfloor_login_session_of(client)->held = str_new(client->pool, 1024);
    tlsfloor_login_session_of(client)->module_ctx.super.starttls(client);
}

static void
session_send_raw_data(struct client *client, const void *data, size_t size)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    if (session->held != NULL)
        str_append_data(session->held, data, size);
    else
        session->module_ctx.super.send_raw_data(client, data, size);
}

/* Reads for clients that Dovecot does not read from before it has greeted them. */
static void
read_handshake(struct client *client)
{
    (void)finish_handshake(client, tlsfloor_login_session_of(client));
}

static void
session_input(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    if (finish_handshake(client, session) == 1)
        session->module_ctx.super.input(client);
}

/* After STARTTLS a whole handshake, and the command behind it, may come within one input event. */
static bool
session_input_next_cmd(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    return finish_handshake(client, session) == 1 &&
           session->module_ctx.super.input_next_cmd(client);
}

static void
session_notify_auth_ready(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    if (client->ssl_iostream == NULL && session->now.reason == TLSFLOOR_REASON_UNKNOWN_TLS &&
        tlsfloor_login_refuses(&session->now)) {
        tlsfloor_login_refuse_soon(client, session, TLSFLOOR_STAGE_CONNECT);
        return;
    }
    if (session->greeting_held && session->judged_tls) {
        release_greeting(client, session);
        return;
    }
    if (client->ssl_iostream == NULL || session->judged_tls) {
        session->module_ctx.super.notify_auth_ready(client);
        if (session->cleartext_shut)
            compat_hide_attempts(client);
        return;
    }
    session->greeting_held = 1;
    /* What Dovecot logs of a client that leaves during its handshake depends on this. */
    client->banner_sent = TRUE;
    if (client->io == NULL) {
        session->reading = 1;
        client->io = io_add_istream(client->input, read_handshake, client);
        /* The handshake may be over, and the client waiting for the greeting. */
        i_stream_set_input_pending(client->input, TRUE);
    }
}

/*
 * Submission reads its input by itself, and is judged at the next EHLO. This is
 * for who does not send one. Inside the callback the TLS version is not known
 * yet, and the client must not be destroyed.
 */
static void
judge_later(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    timeout_remove(&session->to_judge);
    (void)finish_handshake(client, session);
}

static compat_handshake_state
handshake_ended(const char **error_r, void *context)
{
    struct client *client = context;
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    (void)error_r;
    if (session->to_judge == NULL)
        session->to_judge = timeout_add(COMMAND_WAIT, judge_later, client);
    return COMPAT_HANDSHAKE_PASSES;
}

static void
session_streams_changed(struct client *client)
{
    if (client->ssl_iostream != NULL && !tlsfloor_login_session_of(client)->judged_tls)
        ssl_iostream_set_handshake_callback(client->ssl_iostream, handshake_ended, client);
}

/* --- life of a client --- */

static void
session_destroy(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    timeout_remove(&session->to_judge);
    timeout_remove(&session->to_refuse);
    timeout_remove(&session->to_end);
    session->module_ctx.super.destroy(client);
}

static enum tlsfloor_tls
tls_without_tls(const struct client *client, const struct tlsfloor_login_session *session)
{
    if (compat_tls_ended_at_proxy(client))
        return TLSFLOOR_TLS_UNKNOWN;
    if (compat_is_proxied(client))
        return session->policy->services[session->service].proxied_tls;
    return TLSFLOOR_TLS_CLEARTEXT;
}

/* Without TLS, which may still come, nobody is sent away, but logins are not offered either. */
static void
judge_cleartext(struct client *client, struct tlsfloor_login_session *session)
{
    tlsfloor_login_judge(client, session);
    if (tlsfloor_login_refuses(&session->now) && compat_allows_cleartext(client)) {
        session->cleartext_shut = 1;
        compat_disable_cleartext(client);
        /* Who leaves because nothing is offered must not be taken for an attacker either. */
        compat_hide_attempts(client);
    }
}

static void
session_allocated(struct client *client)
{
    struct tlsfloor_login_session *session = p_new(client->pool, struct tlsfloor_login_session, 1);
    struct client_vfuncs *v = client->vlast;

    session->module_ctx.super = *v;
    client->vlast = &session->module_ctx.super;
    if (v->input != NULL)
        v->input = session_input;
    else
        compat_hook_stream_change(v, session_streams_changed);
    if (v->input_next_cmd != NULL)
        v->input_next_cmd = session_input_next_cmd;
    if (v->starttls != NULL) {
        v->starttls = session_starttls;
        v->send_raw_data = session_send_raw_data;
    }
    v->notify_auth_ready = session_notify_auth_ready;
    v->destroy = session_destroy;
    tlsfloor_login_auth_hook(v);
    MODULE_CONTEXT_SET(client, login_module, session);

    session->policy = policy;
    session->service = service;
    session->envelope_fd = envelope;
    session->connection = tlsfloor_login_address(&client->ip);
    session->without_tls = tls_without_tls(client, session);
    if (client->ssl_iostream == NULL)
        judge_cleartext(client, session);
}

static const struct login_client_hooks hooks = {.client_allocated = session_allocated};

void
tlsfloor_login_session_init(struct module *module, const struct tlsfloor_policy *applied,
                            int envelope_fd)
{
    policy = applied;
    envelope = envelope_fd;
    service = tlsfloor_service_parse(tlsfloor_text_from(login_binary->protocol));
    if (service != TLSFLOOR_SERVICE_NONE)
        login_client_hooks_add(module, &hooks);
}

void
tlsfloor_login_session_deinit(void)
{
    if (service != TLSFLOOR_SERVICE_NONE)
        login_client_hooks_remove(&hooks);
}
