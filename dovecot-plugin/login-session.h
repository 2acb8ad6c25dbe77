/* SPDX-License-Identifier: MIT */
/*
 * One client of a Dovecot login process, from its connection to its login:
 * what it does becomes facts, policy decides, and the answer is carried out.
 * A client that is not below the floor notices nothing.
 */
#ifndef TLSFLOOR_LOGIN_SESSION_H
#define TLSFLOOR_LOGIN_SESSION_H

#include "dovecot-compat.h"

#include "audit.h"
#include "policy.h"

/* Lives in the client's pool. */
struct tlsfloor_login_session {
    union login_client_module_context module_ctx; /* the functions that ours stand before */
    const struct tlsfloor_policy *policy;
    enum tlsfloor_service service;
    int envelope_fd;                    /* of the applied state; -1: none */
    struct tlsfloor_address connection; /* the client's address before ID or XCLIENT */
    enum tlsfloor_tls without_tls;      /* what it means here that Dovecot sees no TLS */

    unsigned judged_tls : 1;      /* the handshake is over, and its TLS was judged */
    unsigned greeting_held : 1;   /* the greeting waits for that */
    unsigned reading : 1;         /* client->io is ours, for the handshake */
    unsigned cleartext_shut : 1;  /* no login without TLS */
    unsigned needs_verdict : 1;   /* this attempt's user has to be allowed by the auth process */
    unsigned denied : 1;          /* this attempt, as denial says */
    struct tlsfloor_decision now; /* of the client as it is, its user not yet named */
    struct tlsfloor_decision denial;

    sasl_server_callback_t *sasl_callback; /* Dovecot's own, of this attempt */
    string_t *held;                        /* what waits for the handshake behind STARTTLS */
    struct timeout *to_judge;              /* a handshake has ended that no input tells of */
    struct timeout *to_refuse;             /* the connection will be refused */
    struct timeout *to_end;                /* of waiting for a client that was refused */
};

/*
 * Watches every client that is allocated from now on until deinit. The policy
 * and the open envelope (-1: none) must live as long. Does nothing in a process
 * whose service is not subject.
 */
void tlsfloor_login_session_init(struct module *module, const struct tlsfloor_policy *policy,
                                 int envelope_fd);
void tlsfloor_login_session_deinit(void);

/* The session of a client that is watched. */
struct tlsfloor_login_session *tlsfloor_login_session_of(struct client *client);

/*
 * Refuses the connection as session->now says: in the log at once, to the client
 * when Dovecot has let go of it, and before anything else that it is to be told.
 */
void tlsfloor_login_refuse_soon(struct client *client, struct tlsfloor_login_session *session,
                                enum tlsfloor_stage stage);

#endif
