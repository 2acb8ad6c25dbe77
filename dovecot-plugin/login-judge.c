/* SPDX-License-Identifier: MIT */
/*
 * Facts are taken anew whenever they are needed: a client's address and TLS
 * may have changed. What the client sent comes only into facts.
 */
#include "login-judge.h"

#include "envelope-file.h"
#include "reply.h"

/* --- facts --- */

struct tlsfloor_address
tlsfloor_login_address(const struct ip_addr *ip)
{
    struct tlsfloor_address address;

    /* Failure (a unix socket has no address) leaves one that is in no network. */
    (void)tlsfloor_address_parse(tlsfloor_text_from(net_ip2addr(ip)), &address);
    return address;
}

int
tlsfloor_login_has_tls(const struct client *client)
{
    return client->ssl_iostream != NULL && ssl_iostream_is_handshaked(client->ssl_iostream);
}

static void
take_tls(const struct client *client, const struct tlsfloor_login_session *session,
         struct tlsfloor_facts *facts)
{
    /* TLS that began at once behind a proxy that ended TLS is the proxy's own. */
    if (client->ssl_iostream == NULL ||
        (compat_tls_ended_at_proxy(client) && !compat_used_starttls(client))) {
        facts->tls = session->without_tls;
        return;
    }
    facts->tls_name = tlsfloor_text_from(ssl_iostream_get_protocol_name(client->ssl_iostream));
    facts->tls = tlsfloor_tls_parse(facts->tls_name);
    facts->cipher = tlsfloor_text_from(ssl_iostream_get_cipher(client->ssl_iostream, &facts->bits));
    facts->suite = tlsfloor_cipher_suite_find(facts->cipher);
}

struct tlsfloor_facts
tlsfloor_login_facts(const struct client *client, const struct tlsfloor_login_session *session)
{
    struct tlsfloor_facts facts = {
        .service = session->service,
        .connection = session->connection,
        .client = tlsfloor_login_address(&client->ip),
        .port = client->remote_port,
    };

    take_tls(client, session, &facts);
    return facts;
}

/* --- decisions --- */

/* 1 if some exception could cover the session: the envelope says no, or cannot be read. */
static int
may_be_excepted(const struct tlsfloor_login_session *session, const struct tlsfloor_facts *facts)
{
    struct tlsfloor_envelope envelope;

    if (!session->policy->dovecot_passdb || !tlsfloor_policy_asks_store(session->policy, facts))
        return 0;
    if (tlsfloor_envelope_is_gone(session->envelope_fd) ||
        tlsfloor_envelope_read(session->envelope_fd, &envelope) != 0)
        return 1;
    return tlsfloor_envelope_match(&envelope, facts, ioloop_time);
}

/* While no user is named. Without our passdb nobody ever will be: nothing stays undecided. */
static struct tlsfloor_decision
decide(const struct tlsfloor_login_session *session, struct tlsfloor_facts *facts)
{
    const struct tlsfloor_lookup lookup = {
        .result = TLSFLOOR_LOOKUP_ABSENT,
        .may_cover = may_be_excepted(session, facts),
    };
    struct tlsfloor_decision decision =
        tlsfloor_policy_decide(session->policy, facts, &lookup, ioloop_time);

    if (decision.action == TLSFLOOR_UNDECIDED && !session->policy->dovecot_passdb) {
        facts->user.state = TLSFLOOR_USER_NONE;
        decision = tlsfloor_policy_decide(session->policy, facts, &lookup, ioloop_time);
    }
    return decision;
}

int
tlsfloor_login_refuses(const struct tlsfloor_decision *decision)
{
    return decision->action == TLSFLOOR_REFUSE || decision->action == TLSFLOOR_DEFER;
}

void
tlsfloor_login_judge(const struct client *client, struct tlsfloor_login_session *session)
{
    struct tlsfloor_facts facts = tlsfloor_login_facts(client, session);

    session->now = decide(session, &facts);
}

void
tlsfloor_login_judge_tls(struct client *client, struct tlsfloor_login_session *session)
{
    session->judged_tls = 1;
    compat_tell_attempts(client);
    tlsfloor_login_judge(client, session);
}

/* The rule that goes with a reason that the auth process gave. */
static enum tlsfloor_rule
rule_of(const struct tlsfloor_login_session *session, enum tlsfloor_reason reason)
{
    if (reason == session->now.reason)
        return session->now.rule;
    return reason == TLSFLOOR_REASON_EXCEPTION ? TLSFLOOR_RULE_RFC8314_4_1 : TLSFLOOR_RULE_LOCAL;
}

struct tlsfloor_decision
tlsfloor_login_follow(const struct tlsfloor_login_session *session,
                      const struct tlsfloor_verdict *verdict, struct tlsfloor_exception *exception)
{
    struct tlsfloor_decision decision = session->now;

    decision.action = verdict->action;
    decision.reason = verdict->reason;
    decision.rule = rule_of(session, verdict->reason);
    if (verdict->who.size > 0) {
        exception->who = verdict->who;
        decision.exception = exception;
    }
    return decision;
}

/* --- what is said --- */

const char *
tlsfloor_login_text(const struct client *client, const struct tlsfloor_login_session *session,
                    const struct tlsfloor_decision *decision)
{
    struct tlsfloor_facts facts = tlsfloor_login_facts(client, session);
    char *text = t_malloc_no0(TLSFLOOR_REPLY_TEXT);

    tlsfloor_reply_format(session->policy, &facts, decision, text);
    return text;
}

void
tlsfloor_login_log(struct client *client, const struct tlsfloor_login_session *session,
                   const struct tlsfloor_facts *facts, const struct tlsfloor_decision *decision,
                   struct tlsfloor_audit *audit)
{
    struct event_passthrough *event =
        event_create_passthrough(client->event)
            ->set_name("tlsfloor_decision")
            ->add_str("action", tlsfloor_action_name(decision->action))
            ->add_str("reason", tlsfloor_reason_name(decision->reason))
            ->add_str("tls_protocol", tlsfloor_tls_name(facts->tls));
    char line[TLSFLOOR_AUDIT_LINE];

    if (!tlsfloor_policy_audits(session->policy, facts, decision)) {
        e_debug(event->event(), "tlsfloor: not audited");
        return;
    }
    audit->session = tlsfloor_text_from(client_get_session_id(client));
    tlsfloor_audit_format(audit, facts, decision, line);
    e_info(event->event(), "%s", line);
}

void
tlsfloor_login_log_refusal(struct client *client, const struct tlsfloor_login_session *session,
                           enum tlsfloor_stage stage)
{
    struct tlsfloor_facts facts = tlsfloor_login_facts(client, session);
    struct tlsfloor_audit audit = {.stage = stage};

    tlsfloor_login_log(client, session, &facts, &session->now, &audit);
}

/* 1 for a session that goes on below the floor, and whose user is to hear of it. */
static int
deserves_alert(const struct tlsfloor_decision *decision)
{
    switch (decision->reason) {
    case TLSFLOOR_REASON_CLEARTEXT:
    case TLSFLOOR_REASON_VERSION:
    case TLSFLOOR_REASON_CIPHER:
    case TLSFLOOR_REASON_EXCEPTION:
        return 1;
    case TLSFLOOR_REASON_STORE_ERROR:
    case TLSFLOOR_REASON_NOT_SUBJECT:
    case TLSFLOOR_REASON_COMPLIANT:
    case TLSFLOOR_REASON_WEAK_CIPHER:
    case TLSFLOOR_REASON_TRUSTED_NETWORK:
    case TLSFLOOR_REASON_UNKNOWN_TLS:
    case TLSFLOOR_REASON_UNKNOWN_CIPHER:
        break;
    }
    return 0;
}

void
tlsfloor_login_alert(struct client *client, const struct tlsfloor_login_session *session,
                     const struct tlsfloor_decision *decision)
{
    if (session->service != TLSFLOOR_SERVICE_IMAP || !session->policy->imap_alert ||
        !deserves_alert(decision))
        return;
    client_send_raw(client, t_strdup_printf("* OK [ALERT] %s\r\n",
                                            tlsfloor_login_text(client, session, decision)));
}
