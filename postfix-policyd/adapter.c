/* SPDX-License-Identifier: MIT */
/*
 * Answers are DUNNO, PREPEND, 530, 454 or 451 and nothing else, one line of
 * printable ASCII: no byte of a request comes into an answer. Allocates
 * nothing. What is remembered decides only what is logged and where the
 * header goes, never whether a session may go on.
 */
#include <stdio.h>
#include <string.h>

#include "adapter.h"
#include "hash.h"
#include "reply.h"

#define PORT_MAX 65535
#define SHOWN_CONTEXT 64

/* Values of memory.message that are no hash of an instance. */
#define NO_MESSAGE 0
#define MESSAGE_SINCE_MAIL 1

static const char dunno[] = "action=DUNNO\n\n";

/* The states in which there is something to judge, the frequent ones first. */
static const struct {
    struct tlsfloor_text name;
    enum tlsfloor_stage stage;
} stages[] = {
    {{"RCPT", 4}, TLSFLOOR_STAGE_RCPT}, {{"MAIL", 4}, TLSFLOOR_STAGE_MAIL},
    {{"EHLO", 4}, TLSFLOOR_STAGE_HELO}, {{"DATA", 4}, TLSFLOOR_STAGE_DATA},
    {{"HELO", 4}, TLSFLOOR_STAGE_HELO}, {{"CONNECT", 7}, TLSFLOOR_STAGE_CONNECT},
    {{"VRFY", 4}, TLSFLOOR_STAGE_RCPT},
};

/* One request on its way to an answer. */
struct inquiry {
    const struct tlsfloor_policy *policy;
    const struct tlsfloor_request *request;
    const char *data;
    enum tlsfloor_stage stage;
    unsigned server_port;
    const struct tlsfloor_context *context; /* NULL: none that is configured */
    struct tlsfloor_facts facts;
    struct tlsfloor_decision decision;
};

/* --- request to facts --- */

static struct tlsfloor_text
get(const struct inquiry *inquiry, enum tlsfloor_attribute attribute)
{
    return tlsfloor_request_get(inquiry->request, inquiry->data, attribute);
}

/* A decimal number up to PORT_MAX; 0 for anything else. */
static unsigned
get_number(const struct inquiry *inquiry, enum tlsfloor_attribute attribute)
{
    unsigned number;

    if (tlsfloor_text_number(get(inquiry, attribute), 5, &number) != 0 || number > PORT_MAX)
        return 0;
    return number;
}

static int
find_stage(struct tlsfloor_text state, enum tlsfloor_stage *stage_r)
{
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        if (tlsfloor_text_equal(state, stages[i].name)) {
            *stage_r = stages[i].stage;
            return 1;
        }
    }
    return 0;
}

/* 1 while a later moment of the session can bring TLS, and the user's name. */
static int
is_early(const struct inquiry *inquiry)
{
    return inquiry->stage == TLSFLOOR_STAGE_CONNECT || inquiry->stage == TLSFLOOR_STAGE_HELO;
}

/* There an empty version is not cleartext, it is not known yet. */
static int
is_before_tls(const struct inquiry *inquiry)
{
    return is_early(inquiry) && get(inquiry, TLSFLOOR_ATTR_ENCRYPTION_PROTOCOL).size == 0;
}

static const struct tlsfloor_context *
find_context(const struct tlsfloor_policy *policy, struct tlsfloor_text name)
{
    for (size_t i = 0; i < policy->policy_contexts_count; i++) {
        if (tlsfloor_text_equal(name, tlsfloor_text_from(policy->policy_contexts[i].name)))
            return &policy->policy_contexts[i];
    }
    return NULL;
}

/* The name is the site's, but it may still hold anything. */
static void
put_warning(struct tlsfloor_text name, struct tlsfloor_response *response)
{
    char shown[SHOWN_CONTEXT + 1];
    size_t length = name.size < SHOWN_CONTEXT ? name.size : SHOWN_CONTEXT;

    for (size_t i = 0; i < length; i++) {
        char byte = name.data[i];

        shown[i] = byte < ' ' || byte > '~' || byte == '"' ? '?' : byte;
    }
    shown[length] = '\0';
    snprintf(response->warning, sizeof(response->warning),
             "policy_context \"%s\"%s is not in policy_contexts of tlsfloor.conf: "
             "judging by port and SASL",
             shown, name.size > length ? " (cut)" : "");
}

static void
take_context(struct inquiry *inquiry, struct tlsfloor_response *response)
{
    struct tlsfloor_text name = get(inquiry, TLSFLOOR_ATTR_POLICY_CONTEXT);

    inquiry->context = find_context(inquiry->policy, name);
    if (inquiry->context == NULL && name.size > 0)
        put_warning(name, response);
}

/* A context outranks the port, the port outranks SASL. */
static int
is_subject(const struct inquiry *inquiry)
{
    if (inquiry->context != NULL)
        return inquiry->context->kind != TLSFLOOR_CONTEXT_NONE;
    return tlsfloor_policy_has_port(inquiry->policy, inquiry->server_port) ||
           get(inquiry, TLSFLOOR_ATTR_SASL_USERNAME).size > 0;
}

static void
take_tls(struct inquiry *inquiry)
{
    struct tlsfloor_facts *facts = &inquiry->facts;

    /* What Postfix reports there is the hop from the proxy, which is not judged. */
    if (inquiry->context != NULL && inquiry->context->kind == TLSFLOOR_CONTEXT_UNKNOWN_TLS) {
        facts->tls = TLSFLOOR_TLS_UNKNOWN;
        return;
    }
    facts->tls_name = get(inquiry, TLSFLOOR_ATTR_ENCRYPTION_PROTOCOL);
    if (facts->tls_name.size == 0) {
        facts->tls = TLSFLOOR_TLS_CLEARTEXT;
        return;
    }
    facts->tls = tlsfloor_tls_parse(facts->tls_name);
    facts->cipher = get(inquiry, TLSFLOOR_ATTR_ENCRYPTION_CIPHER);
    facts->suite = tlsfloor_cipher_suite_find(facts->cipher);
    facts->bits = get_number(inquiry, TLSFLOOR_ATTR_ENCRYPTION_KEYSIZE);
}

static void
take_facts(struct inquiry *inquiry)
{
    struct tlsfloor_facts *facts = &inquiry->facts;
    struct tlsfloor_text name = get(inquiry, TLSFLOOR_ATTR_SASL_USERNAME);

    facts->service = TLSFLOOR_SERVICE_SUBMISSION;
    take_tls(inquiry);
    if (name.size > 0)
        facts->user =
            tlsfloor_user_named(name, tlsfloor_text_from(inquiry->policy->default_domain));
    else
        facts->user.state = is_early(inquiry) ? TLSFLOOR_USER_NOT_YET : TLSFLOOR_USER_NONE;
    /* Failure leaves an address that is in no network. */
    (void)tlsfloor_address_parse(get(inquiry, TLSFLOOR_ATTR_CLIENT_ADDRESS), &facts->client);
    facts->connection = facts->client;
    facts->port = get_number(inquiry, TLSFLOOR_ATTR_CLIENT_PORT);
}

/* --- decision to answer --- */

static void
put_dunno(struct tlsfloor_response *response)
{
    memcpy(response->answer, dunno, sizeof(dunno));
    response->answer_size = sizeof(dunno) - 1;
}

static void
put_reply(const struct inquiry *inquiry, const char *code, struct tlsfloor_response *response)
{
    char text[TLSFLOOR_REPLY_TEXT];

    tlsfloor_reply_format(inquiry->policy, &inquiry->facts, &inquiry->decision, text);
    response->answer_size = (size_t)snprintf(response->answer, sizeof(response->answer),
                                             "action=%s %s\n\n", code, text);
}

/* What tells one message from the next at DATA: more than MESSAGE_SINCE_MAIL, or NO_MESSAGE. */
static uint64_t
message_key(const struct inquiry *inquiry)
{
    struct tlsfloor_text instance = get(inquiry, TLSFLOOR_ATTR_INSTANCE);

    if (instance.size == 0)
        return NO_MESSAGE;
    return tlsfloor_hash_add(TLSFLOOR_HASH_START, instance.data, instance.size) | 2;
}

/*
 * 1 if this request is to bring the message its header, and remembers that.
 * A message is known by its MAIL, or, where nobody asks at MAIL, by its
 * instance: a client may repeat a DATA that some other rule has refused.
 */
static int
take_header_turn(const struct inquiry *inquiry, struct tlsfloor_memory *memory)
{
    uint64_t before = memory->message;

    if (inquiry->stage == TLSFLOOR_STAGE_MAIL) {
        memory->message = MESSAGE_SINCE_MAIL;
        return 1;
    }
    if (inquiry->stage != TLSFLOOR_STAGE_DATA)
        return 0;
    memory->message = message_key(inquiry);
    return before == NO_MESSAGE || (before != MESSAGE_SINCE_MAIL && before != memory->message);
}

static void
put_tag(const struct inquiry *inquiry, struct tlsfloor_memory *memory,
        struct tlsfloor_response *response)
{
    const struct tlsfloor_cipher_suite *suite = inquiry->facts.suite;
    const char *header = inquiry->policy->tag_header;

    if (!tlsfloor_decision_shows_tag(&inquiry->decision) || header[0] == '\0' ||
        !take_header_turn(inquiry, memory)) {
        put_dunno(response);
        return;
    }
    response->answer_size = (size_t)snprintf(
        response->answer, sizeof(response->answer),
        "action=PREPEND %s: reason=%s; version=%s%s%s\n\n", header,
        tlsfloor_reason_name(inquiry->decision.reason), tlsfloor_tls_name(inquiry->facts.tls),
        suite == NULL ? "" : "; tls ", suite == NULL ? "" : suite->iana);
}

/*
 * Postfix logs "Client host rejected" at CONNECT and "Data command rejected" at
 * DATA. After a 454, fail2ban's stock filter takes either for an attack, and
 * would ban everybody behind that address; after a 451 it does not.
 */
static const char *
deferral_code(const struct inquiry *inquiry)
{
    int attack_alike =
        inquiry->stage == TLSFLOOR_STAGE_CONNECT || inquiry->stage == TLSFLOOR_STAGE_DATA;

    return attack_alike ? "451 4.7.0" : "454 4.7.0";
}

static void
put_answer(const struct inquiry *inquiry, struct tlsfloor_memory *memory,
           struct tlsfloor_response *response)
{
    switch (inquiry->decision.action) {
    case TLSFLOOR_REFUSE:
        put_reply(inquiry, "530 5.7.10", response);
        return;
    case TLSFLOOR_DEFER:
        put_reply(inquiry, deferral_code(inquiry), response);
        return;
    case TLSFLOOR_TAG:
        put_tag(inquiry, memory, response);
        return;
    case TLSFLOOR_UNDECIDED:
    case TLSFLOOR_ACCEPT:
        put_dunno(response);
        return;
    }
}

/* --- audit --- */

/* Session, user and result as one number, never 0. */
static uint64_t
hash_result(const struct inquiry *inquiry)
{
    const struct tlsfloor_facts *facts = &inquiry->facts;
    const unsigned numbers[] = {facts->port, inquiry->server_port, inquiry->decision.action,
                                inquiry->decision.reason};
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, numbers, sizeof(numbers));

    hash = tlsfloor_hash_add(hash, facts->client.bytes, sizeof(facts->client.bytes));
    hash = tlsfloor_user_hash(hash, &facts->user);
    return hash == 0 ? 1 : hash;
}

/* Audits once a session, user and result, however many recipients and messages. */
static void
put_audit(const struct inquiry *inquiry, struct tlsfloor_memory *memory,
          struct tlsfloor_response *response)
{
    struct tlsfloor_audit audit = {.stage = inquiry->stage};
    uint64_t hash;

    if (!tlsfloor_policy_audits(inquiry->policy, &inquiry->facts, &inquiry->decision))
        return;
    hash = hash_result(inquiry);
    if (hash == memory->session)
        return;
    memory->session = hash;
    audit.session = get(inquiry, TLSFLOOR_ATTR_INSTANCE);
    tlsfloor_audit_format(&audit, &inquiry->facts, &inquiry->decision, response->audit);
}

/*
 * Drops what is remembered of an earlier session or message. Sessions are
 * told apart by the client's port; without one, by the EHLO before STARTTLS.
 */
static void
forget(const struct inquiry *inquiry, struct tlsfloor_memory *memory)
{
    if (inquiry->stage == TLSFLOOR_STAGE_CONNECT ||
        (is_before_tls(inquiry) && get_number(inquiry, TLSFLOOR_ATTR_CLIENT_PORT) == 0))
        memory->session = 0;
    if (inquiry->stage == TLSFLOOR_STAGE_MAIL)
        memory->message = NO_MESSAGE;
}

static void
judge_session(struct inquiry *inquiry, const struct tlsfloor_judge *judge, int64_t now)
{
    struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_ABSENT};

    if (tlsfloor_policy_asks_store(judge->policy, &inquiry->facts))
        lookup = judge->look_up(judge->context, &inquiry->facts, now);
    inquiry->decision = tlsfloor_policy_decide(judge->policy, &inquiry->facts, &lookup, now);
}

void
tlsfloor_adapter_answer(const struct tlsfloor_judge *judge, const struct tlsfloor_request *request,
                        const char *data, struct tlsfloor_memory *memory, int64_t now,
                        struct tlsfloor_response *response_r)
{
    struct inquiry inquiry = {.policy = judge->policy, .request = request, .data = data};

    response_r->audit[0] = '\0';
    response_r->warning[0] = '\0';
    put_dunno(response_r);
    if (!find_stage(get(&inquiry, TLSFLOOR_ATTR_PROTOCOL_STATE), &inquiry.stage))
        return;
    forget(&inquiry, memory);
    take_context(&inquiry, response_r);
    inquiry.server_port = get_number(&inquiry, TLSFLOOR_ATTR_SERVER_PORT);
    if (!is_subject(&inquiry) || is_before_tls(&inquiry))
        return;
    take_facts(&inquiry);
    judge_session(&inquiry, judge, now);
    put_answer(&inquiry, memory, response_r);
    put_audit(&inquiry, memory, response_r);
}
