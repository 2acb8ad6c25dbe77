/* SPDX-License-Identifier: MIT */
/*
 * A client of a login process to facts, facts to a decision, and a decision to
 * what is said of it: to the client and in the log. Changes nothing else.
 */
#ifndef TLSFLOOR_LOGIN_JUDGE_H
#define TLSFLOOR_LOGIN_JUDGE_H

#include "login-session.h"

#include "verdict.h"

struct tlsfloor_address tlsfloor_login_address(const struct ip_addr *ip);

/* 1 if the client has TLS whose handshake is over. */
int tlsfloor_login_has_tls(const struct client *client);

/* The client as it is now, its user not yet named. */
struct tlsfloor_facts tlsfloor_login_facts(const struct client *client,
                                           const struct tlsfloor_login_session *session);

/* Judges the client as it is now, into session->now. */
void tlsfloor_login_judge(const struct client *client, struct tlsfloor_login_session *session);

/* The same for a client whose handshake has just ended. */
void tlsfloor_login_judge_tls(struct client *client, struct tlsfloor_login_session *session);

/* The decision that a verdict of the auth process comes to; exception lives as long as it. */
struct tlsfloor_decision tlsfloor_login_follow(const struct tlsfloor_login_session *session,
                                               const struct tlsfloor_verdict *verdict,
                                               struct tlsfloor_exception *exception);

/* 1 for REFUSE and DEFER. */
int tlsfloor_login_refuses(const struct tlsfloor_decision *decision);

/* What the client is to read, in the data stack. */
const char *tlsfloor_login_text(const struct client *client,
                                const struct tlsfloor_login_session *session,
                                const struct tlsfloor_decision *decision);

/* Writes the audit line into Dovecot's log if it is due; sends the event tlsfloor_decision. */
void tlsfloor_login_log(struct client *client, const struct tlsfloor_login_session *session,
                        const struct tlsfloor_facts *facts,
                        const struct tlsfloor_decision *decision, struct tlsfloor_audit *audit);

/* The same for a refusal as session->now says, which came before the user was named. */
void tlsfloor_login_log_refusal(struct client *client, const struct tlsfloor_login_session *session,
                                enum tlsfloor_stage stage);

/* Tells an IMAP user who gets in below the floor (parameter imap_alert). */
void tlsfloor_login_alert(struct client *client, const struct tlsfloor_login_session *session,
                          const struct tlsfloor_decision *decision);

#endif
