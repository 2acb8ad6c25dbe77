/* SPDX-License-Identifier: MIT */
/*
 * The passdb driver "tlsfloor", which Dovecot's auth processes load. It stands
 * first in the passdb lists and judges the user whom a client has named before
 * anybody looks at the password: what it says is the same whether the password
 * is right, wrong or nobody's (RFC 8314 section 4.1). It authenticates nobody
 * and never reads the password. Who is not below the floor passes unmarked.
 */
#include "auth-compat.h"

#include "build-identity.h"
#include "dovecot-build-ids.h"
#include "passdb-fields.h"
#include "state.h"
#include "state-directory.h"
#include "store.h"
#include "verdict.h"

#define DRIVER "tlsfloor"
#define ENTRY __attribute__((visibility("default")))

ENTRY extern const char *authdb_tlsfloor_version;
ENTRY void authdb_tlsfloor_init(struct module *module);
ENTRY void authdb_tlsfloor_deinit(void);

const char *authdb_tlsfloor_version = DOVECOT_ABI_VERSION;

static const struct tlsfloor_build_id built_with[] = {
    {"libdovecot.so.0", LIBDOVECOT_BUILD_ID},
    {"", AUTH_BUILD_ID},
};

/* The applied state, as this process has it. */
static struct {
    const char *directory;
    struct tlsfloor_policy *policy;
    struct stat identity; /* of the policy */
    time_t looked;        /* for a new policy */
    struct tlsfloor_store *store;
} state;

/* --- the applied state --- */

/*
 * Takes a policy that was applied since. 1, or 0: there is none. One that
 * cannot be read replaces nothing; it is told once, and tried again when it
 * changes.
 */
static int
renew_policy(struct auth_request *request)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_policy *policy;

    state.looked = ioloop_time;
    if (!tlsfloor_state_changed(state.directory, &state.identity))
        return 0;
    policy = tlsfloor_state_load(state.directory, &state.identity, error);
    if (policy == NULL) {
        e_error(authdb_event(request), "tlsfloor: %s (the policy before stays in force)", error);
        return 0;
    }
    tlsfloor_policy_free(state.policy);
    state.policy = policy;
    return 1;
}

static void
tell_of_store(struct auth_request *request)
{
    int mended;
    const char *problem = tlsfloor_store_problem(state.store, &mended);

    if (problem != NULL)
        e_error(authdb_event(request), "tlsfloor: %s", problem);
    else if (mended)
        e_info(authdb_event(request), "tlsfloor: the exceptions can be read again");
}

/* --- facts --- */

static const char *
find_forwarded(struct auth_request *request, const char *name)
{
    return auth_fields_find(request->fields.extra_fields, name);
}

/* The login name as Dovecot has normalised it; of a master login, whom the master wants to be. */
static const char *
login_name(const struct auth_request *request)
{
    const char *requested = request->fields.requested_login_user;

    return requested != NULL ? requested : request->fields.user;
}

/* 0, or -1: the login plugin told nothing. */
static int
take_facts(struct auth_request *request, struct tlsfloor_facts *facts)
{
    const char *tls = find_forwarded(request, TLSFLOOR_FORWARDED(TLSFLOOR_FORWARD_TLS));
    const char *cipher = find_forwarded(request, TLSFLOOR_FORWARDED(TLSFLOOR_FORWARD_CIPHER));
    const char *bits = find_forwarded(request, TLSFLOOR_FORWARDED(TLSFLOOR_FORWARD_BITS));
    const char *connection =
        find_forwarded(request, TLSFLOOR_FORWARDED(TLSFLOOR_FORWARD_CONNECTION));

    if (tls == NULL || cipher == NULL || bits == NULL || connection == NULL ||
        str_to_uint(bits, &facts->bits) < 0)
        return -1;
    facts->tls_name = tlsfloor_text_from(tls);
    facts->tls = tlsfloor_tls_parse(facts->tls_name);
    if (strcmp(cipher, "-") != 0)
        facts->cipher = tlsfloor_text_from(cipher);
    facts->suite = tlsfloor_cipher_suite_find(facts->cipher);
    /* Failure leaves an address that is in no network. */
    (void)tlsfloor_address_parse(tlsfloor_text_from(connection), &facts->connection);
    (void)tlsfloor_address_parse(tlsfloor_text_from(net_ip2addr(&request->fields.remote_ip)),
                                 &facts->client);
    facts->port = request->fields.remote_port;
    facts->user = tlsfloor_user_named(tlsfloor_text_from(login_name(request)),
                                      tlsfloor_text_from(state.policy->default_domain));
    return 0;
}

/* --- the answer --- */

/* Marks the reply for the login plugin, which demands it of a session below the floor. */
static void
put_verdict(struct auth_request *request, const struct tlsfloor_decision *decision)
{
    const struct tlsfloor_exception *exception = decision->exception;
    int size = exception == NULL ? 1 : (int)exception->who.size;

    auth_request_set_field(request, TLSFLOOR_VERDICT_FIELD,
                           t_strdup_printf("%s %s %.*s %s", tlsfloor_action_name(decision->action),
                                           tlsfloor_reason_name(decision->reason), size,
                                           exception == NULL ? "-" : exception->who.data,
                                           login_name(request)),
                           NULL);
}

/* Tells mail processes and scripts. Not by a userdb_ field, which would break userdb prefetch. */
static void
put_userdb_field(struct auth_request *request, const struct tlsfloor_decision *decision)
{
    if (request->fields.userdb_reply == NULL)
        compat_init_userdb_reply(request);
    auth_request_set_userdb_field(request, TLSFLOOR_USERDB_FIELD,
                                  tlsfloor_reason_name(decision->reason));
}

static enum passdb_result
answer(struct auth_request *request, const struct tlsfloor_decision *decision)
{
    switch (decision->action) {
    case TLSFLOOR_ACCEPT:
        if (decision->reason != TLSFLOOR_REASON_EXCEPTION)
            return PASSDB_RESULT_NEXT;
        put_verdict(request, decision);
        put_userdb_field(request, decision);
        return PASSDB_RESULT_NEXT;
    case TLSFLOOR_TAG:
        put_verdict(request, decision);
        if (tlsfloor_decision_shows_tag(decision))
            put_userdb_field(request, decision);
        return PASSDB_RESULT_NEXT;
    case TLSFLOOR_REFUSE:
    case TLSFLOOR_DEFER:
    case TLSFLOOR_UNDECIDED:
        break;
    }
    put_verdict(request, decision);
    /* Others behind this address shall not wait because of it. */
    auth_request_import_auth(request, "no-penalty", "");
    return PASSDB_RESULT_USER_DISABLED;
}

/* --- the judgement --- */

/* 1 for a passdb of this driver; 2.4 makes a module for each of them. */
static int
is_ours(const struct auth_passdb *passdb)
{
    return strcmp(passdb->passdb->iface.name, DRIVER) == 0;
}

/* NULL if the driver stands where it has to, else what is wrong. */
static const char *
misplacement(struct auth_request *request)
{
    const struct auth *auth = auth_request_get_auth(request);
    const struct auth_passdb *first = auth->passdbs, *first_master = auth->masterdbs;

    if (first == NULL || !is_ours(first))
        return COMPAT_PASSDB " is not the first passdb";
    if (first_master != NULL && !is_ours(first_master))
        return COMPAT_MASTER_PASSDB " is not the first master passdb";
    return NULL;
}

static struct tlsfloor_decision
decide(const struct tlsfloor_facts *facts)
{
    struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_ABSENT};

    if (tlsfloor_policy_asks_store(state.policy, facts))
        lookup = tlsfloor_store_get(state.store, state.policy->snapshot, facts, ioloop_time);
    return tlsfloor_policy_decide(state.policy, facts, &lookup, ioloop_time);
}

/* Judges by what was told of the session. 0, or -1: nothing was told. */
static int
judge_facts(struct auth_request *request, struct tlsfloor_facts *facts,
            struct tlsfloor_decision *decision_r)
{
    for (int tries = 0; tries < TLSFLOOR_STORE_TRIES; tries++) {
        if (take_facts(request, facts) != 0)
            return -1;
        *decision_r = decide(facts);
        /* Exceptions that are not this policy's come with a policy that was not read yet. */
        if (!tlsfloor_store_is_outdated(state.store) || !renew_policy(request))
            break;
    }
    tell_of_store(request);
    return 0;
}

static enum passdb_result
judge(struct auth_request *request)
{
    struct tlsfloor_facts facts = {
        .service = tlsfloor_service_parse(tlsfloor_text_from(compat_protocol(request)))};
    struct tlsfloor_decision decision = {.reason = TLSFLOOR_REASON_UNKNOWN_TLS};
    const char *problem;

    if (facts.service == TLSFLOOR_SERVICE_NONE)
        return PASSDB_RESULT_NEXT;
    if (state.looked != ioloop_time)
        (void)renew_policy(request);
    if (!state.policy->dovecot_passdb) {
        /* Then the login plugin lets nobody below the floor come so far. */
        e_error(authdb_event(request), "tlsfloor: judges nobody here: set dovecot_passdb = yes in "
                                       "tlsfloor.conf, or take the passdb away");
        return PASSDB_RESULT_NEXT;
    }
    if (judge_facts(request, &facts, &decision) != 0) {
        e_error(authdb_event(request),
                "tlsfloor: nothing is known of the TLS of this session: set login_plugins = "
                "tlsfloor for service %s, and run doveadm reload",
                compat_protocol(request));
        return answer(request, &decision);
    }
    problem = misplacement(request);
    if (problem != NULL) {
        e_error(authdb_event(request), "tlsfloor: %s: logins below the floor are denied", problem);
        if (decision.reason == TLSFLOOR_REASON_EXCEPTION)
            decision.action = TLSFLOOR_REFUSE;
    }
    return answer(request, &decision);
}

static void
verify_plain(struct auth_request *request, const char *password, verify_plain_callback_t *callback)
{
    (void)password;
    callback(judge(request), request);
}

static void
lookup_credentials(struct auth_request *request, lookup_credentials_callback_t *callback)
{
    callback(judge(request), NULL, 0, request);
}

static struct passdb_module_interface driver = {
    .name = DRIVER,
    .verify_plain = verify_plain,
    .lookup_credentials = lookup_credentials,
};

/* --- life --- */

void
authdb_tlsfloor_init(struct module *module)
{
    char error[TLSFLOOR_ERROR_TEXT];

    (void)module;
    if (tlsfloor_build_identity_check(built_with, N_ELEMENTS(built_with), error, sizeof(error)) !=
        0)
        i_fatal("tlsfloor: %s", error);
    state.directory = tlsfloor_state_directory();
    state.policy = tlsfloor_state_load(state.directory, &state.identity, error);
    if (state.policy == NULL)
        i_fatal("tlsfloor: %s", error);
    state.store = tlsfloor_store_new(state.directory);
    if (state.store == NULL)
        i_fatal("tlsfloor: no memory");
    passdb_register_module(&driver);
}

void
authdb_tlsfloor_deinit(void)
{
    passdb_unregister_module(&driver);
    tlsfloor_store_free(state.store);
    tlsfloor_policy_free(state.policy);
}
