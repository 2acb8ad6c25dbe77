/* SPDX-License-Identifier: MIT */
/*
 * Every attempt passes session_sasl_filter_mech(), whatever its mechanism and
 * command, before anything of it leaves the login process; and what comes of
 * it passes session_sasl_check_login(), or, for a proxy and for nologin, only
 * session_sasl_callback().
 */
#include "login-auth.h"

#include "login-judge.h"
#include "login-words.h"
#include "passdb-fields.h"

/*
 * Hands the facts to the auth process, anew on every attempt. They replace those
 * of the attempt before, and what a trusted peer may have set under their names.
 */
static void
forward_facts(struct client *client, struct tlsfloor_login_session *session)
{
    struct tlsfloor_facts facts = tlsfloor_login_facts(client, session);
    char address[TLSFLOOR_ADDRESS_TEXT];

    compat_drop_forward_fields(client, TLSFLOOR_FIELD_PREFIX);
    tlsfloor_address_format(&facts.connection, address);
    client_add_forward_field(client, TLSFLOOR_FORWARD_TLS,
                             facts.tls_name.size == 0 ? tlsfloor_tls_name(facts.tls)
                                                      : facts.tls_name.data);
    client_add_forward_field(client, TLSFLOOR_FORWARD_CIPHER,
                             facts.cipher.size == 0 ? "-" : facts.cipher.data);
    client_add_forward_field(client, TLSFLOOR_FORWARD_BITS, t_strdup_printf("%u", facts.bits));
    client_add_forward_field(client, TLSFLOOR_FORWARD_CONNECTION, address);
}

static void
deny(struct client *client, struct tlsfloor_login_session *session,
     const struct tlsfloor_decision *decision)
{
    session->denied = 1;
    session->denial = *decision;
    compat_hide_attempts(client);
}

/* Logs what was decided of a named user, and keeps a denial for session_auth_result(). */
static void
conclude(struct client *client, struct tlsfloor_login_session *session,
         struct tlsfloor_facts *facts, struct tlsfloor_text user,
         const struct tlsfloor_decision *decision)
{
    struct tlsfloor_text final = tlsfloor_text_from(client->virtual_user);
    struct tlsfloor_audit audit = {.stage = TLSFLOOR_STAGE_AUTH};

    facts->user = tlsfloor_user_named(user, tlsfloor_text_from(session->policy->default_domain));
    if (!tlsfloor_text_equal_fold(user, final))
        audit.login = final;
    tlsfloor_login_log(client, session, facts, decision, &audit);
    if (tlsfloor_login_refuses(decision))
        deny(client, session, decision);
}

/* What the auth process says of this attempt's user: 1, or 0: nothing. */
static int
find_verdict(const struct tlsfloor_login_session *session, const char *const *fields,
             struct tlsfloor_verdict *verdict_r)
{
    return session->policy->dovecot_passdb && tlsfloor_verdict_find(fields, verdict_r);
}

/*
 * The name that the client gave for its user. EXTERNAL gives none but that of
 * the certificate, and of a master login the original name is the master's.
 */
static struct tlsfloor_text
given_name(const struct client *client)
{
    struct tlsfloor_text original = tlsfloor_text_from(client->virtual_user_orig);

    if (original.size == 0 || client->virtual_auth_user != NULL)
        return tlsfloor_text_from(client->virtual_user);
    return original;
}

/* Judges a login with its user's name. 1: it goes on; 0: it is denied. */
static int
pass_login(struct client *client, struct tlsfloor_login_session *session, const char *const *fields)
{
    const struct tlsfloor_lookup nobody = {.result = TLSFLOOR_LOOKUP_ABSENT};
    struct tlsfloor_facts facts = tlsfloor_login_facts(client, session);
    struct tlsfloor_exception exception = {.kind = TLSFLOOR_WHO_USER};
    struct tlsfloor_text user = given_name(client);
    struct tlsfloor_decision decision;
    struct tlsfloor_verdict verdict;

    if (find_verdict(session, fields, &verdict)) {
        user = verdict.user;
        decision = tlsfloor_login_follow(session, &verdict, &exception);
    } else {
        facts.user = tlsfloor_user_named(user, tlsfloor_text_from(session->policy->default_domain));
        decision = tlsfloor_policy_decide(session->policy, &facts, &nobody, ioloop_time);
        /* Whom a partial rollout does not bind: its refusals are temporary. */
        if (session->needs_verdict && !tlsfloor_login_refuses(&decision))
            decision.action = TLSFLOOR_DEFER;
    }
    conclude(client, session, &facts, user, &decision);
    if (session->denied)
        return 0;
    tlsfloor_login_alert(client, session, &decision);
    return 1;
}

/* A failed login that the auth process marked as denied by policy. */
static void
take_denial(struct client *client, struct tlsfloor_login_session *session,
            const char *const *fields)
{
    struct tlsfloor_facts facts = tlsfloor_login_facts(client, session);
    struct tlsfloor_exception exception = {.kind = TLSFLOOR_WHO_USER};
    struct tlsfloor_decision decision;
    struct tlsfloor_verdict verdict;

    if (!find_verdict(session, fields, &verdict))
        return;
    decision = tlsfloor_login_follow(session, &verdict, &exception);
    if (tlsfloor_login_refuses(&decision))
        conclude(client, session, &facts, verdict.user, &decision);
}

/* Stands between an attempt's outcome and Dovecot. */
static void
session_sasl_callback(struct client *client, enum sasl_server_reply reply, const char *data,
                      const char *const *fields)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    switch (reply) {
    case SASL_SERVER_REPLY_SUCCESS:
        /* With fields it is a proxy or nologin, which sasl_check_login does not see. */
        if (fields != NULL && !pass_login(client, session, fields))
            auth_client_send_cancel(auth_client, client->master_auth_id);
        break;
    case SASL_SERVER_REPLY_AUTH_FAILED:
        if (!session->denied)
            take_denial(client, session, fields);
        break;
    case SASL_SERVER_REPLY_AUTH_ABORTED:
    case SASL_SERVER_REPLY_MASTER_FAILED:
    case SASL_SERVER_REPLY_MASTER_FAILED_LIMIT:
    case SASL_SERVER_REPLY_CONTINUE:
        break;
    }
    if (session->denied)
        session->sasl_callback(client, SASL_SERVER_REPLY_AUTH_FAILED, NULL, NULL);
    else
        session->sasl_callback(client, reply, data, fields);
}

/* 1: the attempt may go to the auth process; 0: it is denied, and nothing of it goes there. */
static int
begin_attempt(struct client *client, struct tlsfloor_login_session *session)
{
    session->sasl_callback = client->sasl_callback;
    client->sasl_callback = session_sasl_callback;
    compat_tell_attempts(client);
    tlsfloor_login_judge(client, session);
    session->needs_verdict = session->now.action == TLSFLOOR_UNDECIDED;
    if (tlsfloor_login_refuses(&session->now)) {
        if (session->to_refuse == NULL)
            tlsfloor_login_log_refusal(client, session, TLSFLOOR_STAGE_AUTH);
        deny(client, session, &session->now);
        return 0;
    }
    if (session->policy->dovecot_passdb)
        forward_facts(client, session);
    return 1;
}

/*
 * Asked for each mechanism that is to be shown, and once when an attempt
 * begins. For submission after STARTTLS it is the first sight of the new TLS.
 */
static bool
session_sasl_filter_mech(struct client *client, struct auth_mech_desc *mech)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    if (session->module_ctx.super.sasl_filter_mech != NULL &&
        !session->module_ctx.super.sasl_filter_mech(client, mech))
        return FALSE;
    if (!session->judged_tls && tlsfloor_login_has_tls(client)) {
        tlsfloor_login_judge_tls(client, session);
        if (tlsfloor_login_refuses(&session->now))
            tlsfloor_login_refuse_soon(client, session,
                                       client->authenticating ? TLSFLOOR_STAGE_AUTH
                                                              : TLSFLOOR_STAGE_HELO);
    }
    if (client->authenticating && client->sasl_callback != session_sasl_callback)
        return begin_attempt(client, session);
    /* ManageSieve lists its mechanisms before the handshake has ended. */
    return (client->ssl_iostream != NULL && !session->judged_tls) ||
           !tlsfloor_login_refuses(&session->now);
}

static bool
session_sasl_check_login(struct client *client)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);

    if (session->module_ctx.super.sasl_check_login != NULL &&
        !session->module_ctx.super.sasl_check_login(client))
        return FALSE;
    if (pass_login(client, session, client->auth_passdb_args))
        return TRUE;
    sasl_server_auth_failed(client, NULL, NULL);
    return FALSE;
}

static void
session_auth_result(struct client *client, enum client_auth_result result,
                    const struct client_auth_reply *reply, const char *text)
{
    struct tlsfloor_login_session *session = tlsfloor_login_session_of(client);
    const struct tlsfloor_login_words *words;

    /* Dovecot refused a cleartext login for which we shut the door. */
    if (!session->denied && session->cleartext_shut && client->ssl_iostream == NULL &&
        (result == CLIENT_AUTH_RESULT_SSL_REQUIRED ||
         result == CLIENT_AUTH_RESULT_MECH_SSL_REQUIRED)) {
        tlsfloor_login_log_refusal(client, session, TLSFLOOR_STAGE_AUTH);
        deny(client, session, &session->now);
    }
    if (session->denied) {
        session->denied = 0;
        words = tlsfloor_login_words(session->service, session->denial.action);
        result = words->result;
        text = t_strconcat(words->result_code,
                           tlsfloor_login_text(client, session, &session->denial), NULL);
    }
    session->module_ctx.super.auth_result(client, result, reply, text);
}

void
tlsfloor_login_auth_hook(struct client_vfuncs *v)
{
    v->sasl_filter_mech = session_sasl_filter_mech;
    v->sasl_check_login = session_sasl_check_login;
    v->auth_result = session_auth_result;
}
