/* SPDX-License-Identifier: MIT */
/*
 * Postfix's words and tlsfloor's: every state with every verdict, whole
 * sessions in both forms of integration, and hostile values. Whatever is
 * asked, the answer is one of four forms and the audit line is one line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapter.h"
#include "policy-text.h"

/* Monday, 2026-09-21 09:30 UTC. */
#define NOW INT64_C(1789983000)

#define STRONG "ECDHE-RSA-AES256-GCM-SHA384"
#define WEAK "AES256-SHA"
#define REFUSAL "action=530 5.7.10 "
#define DEFERRAL "action=454 4.7.0 "
#define DEFERRAL_UNBANNED "action=451 4.7.0 " /* see deferral_code() */
#define HEADER "action=PREPEND X-TLS-Floor: "
#define DUNNO "action=DUNNO\n\n"

/* Two users on either side of rollout_percent = 50. */
#define BOUND "ann@example.org"
#define UNBOUND "carl@example.org"

/* --- what Postfix asks --- */

/* NULL members take the values of usual(); empty ones are sent empty. */
struct ask {
    const char *state, *address, *client_port, *server_port, *instance, *user, *tls, *cipher,
        *keysize, *context;
};

static const char *
usual(const char *value, const char *instead)
{
    return value == NULL ? instead : value;
}

/* An answer, and what it is an answer to. */
struct exchange {
    char *bytes;
    struct tlsfloor_request request;
    struct tlsfloor_response response;
};

static void
assert_one_line(const char *text)
{
    for (; *text != '\0'; text++)
        assert_true(*text >= ' ' && *text <= '~');
}

/* What holds for every answer there is. */
static void
assert_safe(const struct tlsfloor_response *response)
{
    static const char *const forms[] = {DUNNO, "action=530 5.7.10 ", "action=454 4.7.0 ",
                                        "action=451 4.7.0 ", "action=PREPEND X-"};
    const char *answer = response->answer;
    size_t size = response->answer_size, form = 0;

    assert_true(size > 2 && size < 400);
    while (form < 5 && (size < strlen(forms[form]) ||
                        memcmp(answer, forms[form], strlen(forms[form])) != 0))
        form++;
    assert_true(form < 5);
    assert_true(form != 0 || size == strlen(DUNNO));
    assert_memory_equal(answer + size - 2, "\n\n", 2);
    for (size_t i = 0; i < size - 2; i++)
        assert_true(answer[i] >= ' ' && answer[i] <= '~');
    assert_true(strlen(response->audit) < 1000);
    assert_one_line(response->audit);
    assert_one_line(response->warning);
}

/* What the exception store says, and how often it was asked. */
static struct tlsfloor_lookup store = {.result = TLSFLOOR_LOOKUP_ABSENT};
static unsigned times_asked;

static struct tlsfloor_lookup
look_up(void *context, const struct tlsfloor_facts *facts, int64_t now)
{
    assert_ptr_equal(context, &store);
    assert_int_equal(facts->service, TLSFLOOR_SERVICE_SUBMISSION);
    assert_int_equal(now, NOW);
    times_asked++;
    return store;
}

/* Asks with bytes that the exchange takes over. */
static void
exchange_bytes(struct exchange *exchange, const struct tlsfloor_policy *policy,
               struct tlsfloor_memory *memory, char *bytes, size_t size)
{
    const struct tlsfloor_judge judge = {policy, look_up, &store};
    const char *error = NULL;

    exchange->bytes = bytes;
    /* The adapter owes every byte that it hands out. */
    memset(&exchange->response, 0x7f, sizeof(exchange->response));
    tlsfloor_request_reset(&exchange->request);
    assert_int_equal(tlsfloor_request_parse(&exchange->request, bytes, size, &error), size);
    tlsfloor_adapter_answer(&judge, &exchange->request, bytes, memory, NOW, &exchange->response);
    assert_safe(&exchange->response);
}

static void
exchange(struct exchange *exchange, const struct tlsfloor_policy *policy,
         struct tlsfloor_memory *memory, const struct ask *ask)
{
    char *bytes;
    int size = asprintf(
        &bytes,
        "request=smtpd_access_policy\nprotocol_state=%s\nprotocol_name=ESMTP\n"
        "client_address=%s\nclient_name=unknown\nclient_port=%s\nserver_address=192.0.2.1\n"
        "server_port=%s\nhelo_name=client.example\nsender=a@example.org\n"
        "recipient=b@example.net\ninstance=%s\nsasl_method=\nsasl_username=%s\n"
        "encryption_protocol=%s\nencryption_cipher=%s\nencryption_keysize=%s\n"
        "policy_context=%s\n\n",
        usual(ask->state, "RCPT"), usual(ask->address, "192.0.2.7"),
        usual(ask->client_port, "50312"), usual(ask->server_port, "587"),
        usual(ask->instance, "4d2.68b0.1e.0"), usual(ask->user, BOUND),
        usual(ask->tls, "TLSv1.2"), usual(ask->cipher, STRONG), usual(ask->keysize, "256"),
        usual(ask->context, ""));

    assert_true(size > 0);
    exchange_bytes(exchange, policy, memory, bytes, (size_t)size);
}

static void
fail_on_problem(void *context, enum tlsfloor_severity severity, unsigned line,
                const char *sentence)
{
    (void)context;
    if (severity == TLSFLOOR_ERROR)
        fail_msg("policy: line %u: %s", line, sentence);
}

static struct tlsfloor_policy *
parse_policy(const char *text)
{
    struct tlsfloor_policy *policy =
        tlsfloor_policy_parse(tlsfloor_text_from(text), fail_on_problem, NULL);

    assert_non_null(policy);
    return policy;
}

/* One answer, as a letter. */
static char
classify(const struct tlsfloor_response *response)
{
    static const struct {
        const char *begin;
        char letter;
    } forms[] = {{DUNNO, '.'},
                 {REFUSAL, 'R'},
                 {DEFERRAL, 'T'},
                 {DEFERRAL_UNBANNED, 't'},
                 {HEADER, 'H'}};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strncmp(response->answer, forms[i].begin, strlen(forms[i].begin)) == 0)
            return forms[i].letter;
    }
    return '?';
}

/* --- every state with every verdict --- */

static const char *const states[] = {"CONNECT", "EHLO", "HELO", "MAIL",           "RCPT", "DATA",
                                     "VRFY",    "ETRN", "",     "END-OF-MESSAGE", "rcpt", "BDAT"};
#define STATES (sizeof(states) / sizeof(states[0]))

/*
 * For each state the answer (R refuse, T and t defer with 454 and 451,
 * H header, . DUNNO) and whether
 * it is audited (a). The user is named from MAIL on.
 */
struct verdict {
    const char *name;
    const char *policy;
    struct ask ask;
    const char *answers;
    const char *audits;
    const char *audit; /* how each line begins */
};
static const struct verdict verdicts[] = {
    {"compliant", "", {.tls = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"},
     "............", "...aaaa.....", "tlsfloor: action=accept reason=compliant rule=RFC8997 "},
    {"compliant, violations audited", "audit = violations\n", {.tls = "TLSv1.2"},
     "............", "............", ""},
    {"weak cipher", "", {.tls = "TLSv1.2", .cipher = WEAK},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=weak-cipher rule=RFC9325-4.1 "},
    {"unknown cipher", "", {.tls = "TLSv1.2", .cipher = "NEW-CIPHER"},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=unknown-cipher "},
    {"mode tag", "mode = tag\n", {.tls = "TLSv1"},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=version rule=RFC8997 "},
    {"mode tag, no header", "mode = tag\ntag_header = none\n", {.tls = "TLSv1"},
     "............", "...aaaa.....", "tlsfloor: action=tag reason=version rule=RFC8997 "},
    {"mode observe", "mode = observe\n", {.tls = "TLSv1"},
     "............", "...aaaa.....", "tlsfloor: action=tag reason=version rule=RFC8997 "},
    {"not bound by the rollout", "rollout_percent = 0\n", {.tls = "TLSv1"},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=version rule=RFC8997 "},
    {"version refused", "", {.tls = "TLSv1.1"},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "},
    {"version refused, nothing audited", "audit = none\n", {.tls = "TLSv1.1"},
     "RRRRRRR.....", "............", ""},
    {"cipher refused", "", {.tls = "TLSv1.2", .cipher = "ECDHE-RSA-NULL-SHA"},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=cipher rule=RFC9325-4.1 "},
    {"cleartext, not yet and then refused", "", {.tls = "", .cipher = "", .keysize = "0"},
     "...RRRR.....", "...aaaa.....", "tlsfloor: action=refuse reason=cleartext rule=RFC8314-4.1 "},
    {"in a brown-out", "rollout_from = 2027-01-01\nbrownout = Mon 09:00-10:00\n",
     {.tls = "TLSv1"},
     "tTTTTtT.....", "aaaaaaa.....", "tlsfloor: action=defer reason=version rule=RFC8997 "},
    {"partial rollout, undecided and then deferred", "rollout_percent = 50\n",
     {.tls = "TLSv1", .user = BOUND},
     "...TTtT.....", "...aaaa.....", "tlsfloor: action=defer reason=version rule=RFC8997 "},
    {"partial rollout, undecided and then tagged", "rollout_percent = 50\n",
     {.tls = "TLSv1", .user = UNBOUND},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=version rule=RFC8997 "},
    {"trusted network", "trusted_networks = 192.0.2.0/24\n", {.tls = "TLSv1"},
     "............", "...aaaa.....", "tlsfloor: action=accept reason=trusted-network "},
    {"TLS ended upstream", "policy_contexts = up=unknown-tls\n",
     {.tls = "TLSv1.3", .context = "up"},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=unknown-tls rule=local "},
    {"TLS ended upstream, refused",
     "policy_contexts = up=unknown-tls\nunknown_tls = reject\n",
     {.tls = "TLSv1.3", .context = "up"},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=unknown-tls rule=local "},
    {"a version nobody knows", "", {.tls = "XTLS"},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=unknown-tls rule=local "},
    {"nobody logged in, compliant", "", {.user = ""},
     "............", "............", ""},
    {"nobody logged in, refused", "", {.tls = "TLSv1", .user = ""},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "},
    {"mail transfer", "", {.tls = "", .user = "", .server_port = "25"},
     "............", "............", ""},
};

static void
assert_verdict(const struct tlsfloor_policy *policy, const struct verdict *verdict, size_t at)
{
    struct tlsfloor_memory memory = {0};
    struct exchange got;
    struct ask ask = verdict->ask;
    int audited = verdict->audits[at] == 'a';

    ask.state = states[at];
    if (at < 3)
        ask.user = "";
    exchange(&got, policy, &memory, &ask);
    if (classify(&got.response) != verdict->answers[at] ||
        (got.response.audit[0] != '\0') != audited)
        fail_msg("%s at \"%s\": %s%s", verdict->name, states[at], got.response.answer,
                 got.response.audit);
    if (audited)
        assert_memory_equal(got.response.audit, verdict->audit, strlen(verdict->audit));
    assert_string_equal(got.response.warning, "");
    free(got.bytes);
}

static void
assert_verdicts(const struct verdict *verdict)
{
    struct tlsfloor_policy *policy = parse_policy(verdict->policy);

    assert_int_equal(strlen(verdict->answers), STATES);
    assert_int_equal(strlen(verdict->audits), STATES);
    for (size_t at = 0; at < STATES; at++)
        assert_verdict(policy, verdict, at);
    tlsfloor_policy_free(policy);
}

static void
test_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        assert_verdicts(&verdicts[i]);
}

/* --- exceptions --- */

#define OF_ANN "ann@example.org allow=TLSv1 until=2027-03-31 from=192.0.2.0/24"
#define OF_ALL "* allow=TLSv1 until=2027-03-31 from=192.0.2.0/24"

/* What the store says to whoever asks, and whether a verdict needs to ask it. */
static const struct {
    enum tlsfloor_lookup_result result;
    const char *exception;
    int may_cover;
    int asked;
    struct verdict verdict;
} exceptions[] = {
    {TLSFLOOR_LOOKUP_FOUND, OF_ANN, 1, 1,
     {"excepted, once he is named", "", {.tls = "TLSv1"},
     "............", "...aaaa.....", "tlsfloor: action=accept reason=exception rule=RFC8314-4.1 "}},
    {TLSFLOOR_LOOKUP_FOUND, OF_ALL, 1, 1,
     {"everybody is excepted", "", {.tls = "TLSv1"},
     "............", "...aaaa.....", "tlsfloor: action=accept reason=exception rule=RFC8314-4.1 "}},
    {TLSFLOOR_LOOKUP_ABSENT, NULL, 1, 1,
     {"somebody else is excepted", "", {.tls = "TLSv1"},
     "...RRRR.....", "...aaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_ABSENT, NULL, 0, 1,
     {"nobody could be", "", {.tls = "TLSv1"},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_ERROR, NULL, 1, 1,
     {"the store is broken", "", {.tls = "TLSv1"},
     "tTTTTtT.....", "aaaaaaa.....", "tlsfloor: action=defer reason=store-error rule=local "}},
    {TLSFLOOR_LOOKUP_ERROR, NULL, 0, 1,
     {"the store is broken, but nobody could be excepted", "", {.tls = "TLSv1"},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_ERROR, NULL, 1, 1,
     {"the store is broken, but it is only tagged", "mode = tag\n", {.tls = "TLSv1"},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=version rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_FOUND, OF_ANN, 1, 0,
     {"not from there", "legacy_networks = 198.51.100.0/24\n", {.tls = "TLSv1"},
     "RRRRRRR.....", "aaaaaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_FOUND, OF_ANN, 1, 1,
     {"what was found is for another network", "", {.tls = "TLSv1", .address = "192.0.3.1"},
     "...RRRR.....", "...aaaa.....", "tlsfloor: action=refuse reason=version rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_ERROR, NULL, 1, 0,
     {"the store is broken, a compliant session", "", {.tls = "TLSv1.2"},
     "............", "...aaaa.....", "tlsfloor: action=accept reason=compliant rule=RFC8997 "}},
    {TLSFLOOR_LOOKUP_ERROR, NULL, 1, 0,
     {"the store is broken, a weak cipher", "", {.tls = "TLSv1.2", .cipher = WEAK},
     "...H.H......", "...aaaa.....", "tlsfloor: action=tag reason=weak-cipher rule=RFC9325-4.1 "}},
    {TLSFLOOR_LOOKUP_ERROR, NULL, 1, 0,
     {"the store is broken, a trusted network", "trusted_networks = 192.0.2.0/24\n",
     {.tls = "TLSv1"},
     "............", "...aaaa.....", "tlsfloor: action=accept reason=trusted-network "}},
};

static void
test_exceptions(void **state)
{
    struct tlsfloor_exception exception;
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        store.result = exceptions[i].result;
        store.may_cover = exceptions[i].may_cover;
        store.exception = exceptions[i].exception == NULL ? NULL : &exception;
        if (store.exception != NULL)
            assert_int_equal(tlsfloor_exception_parse(tlsfloor_text_from(exceptions[i].exception),
                                                      tlsfloor_text_from(NULL), &exception, error,
                                                      sizeof(error)),
                             1);
        times_asked = 0;
        assert_verdicts(&exceptions[i].verdict);
        /* at the seven states in which a session is judged */
        assert_int_equal(times_asked, exceptions[i].asked ? 7 : 0);
    }
    store = (struct tlsfloor_lookup){.result = TLSFLOOR_LOOKUP_ABSENT};
}

/* The audit line names the exception, and the change of a verdict is a new line. */
static void
test_audited_exception(void **state)
{
    struct tlsfloor_policy *policy = parse_policy("");
    const struct ask ask = {.state = "MAIL", .tls = "TLSv1"};
    struct tlsfloor_memory memory = {0};
    struct tlsfloor_exception exception;
    struct exchange got;
    char error[256];

    (void)state;
    assert_int_equal(tlsfloor_exception_parse(tlsfloor_text_from(OF_ANN), tlsfloor_text_from(NULL),
                                              &exception, error, sizeof(error)),
                     1);
    store = (struct tlsfloor_lookup){TLSFLOOR_LOOKUP_FOUND, &exception, 1};
    exchange(&got, policy, &memory, &ask);
    assert_non_null(strstr(got.response.audit, " exception=ann@example.org "));
    free(got.bytes);
    exchange(&got, policy, &memory, &ask);
    assert_string_equal(got.response.audit, "");
    free(got.bytes);
    store = (struct tlsfloor_lookup){.result = TLSFLOOR_LOOKUP_ABSENT};
    exchange(&got, policy, &memory, &ask);
    assert_non_null(strstr(got.response.audit, " action=refuse "));
    assert_non_null(strstr(got.response.audit, " exception=- "));
    free(got.bytes);
    tlsfloor_policy_free(policy);
}

/* --- whole sessions --- */

/*
 * Events: e EHLO before STARTTLS, E EHLO after it, M R D V as they begin, x
 * ETRN, C CONNECT, c CONNECT before TLS. In between, n: another client port,
 * a: another client address, p: another server port, i: the next message, A:
 * the user in capitals, o: another user, z: nobody, s: TLS 1.3, w: the first
 * version again, k: a weak cipher, t: mode = tag from now on.
 */
static const struct {
    const char *name;
    const char *policy;
    const char *tls;
    const char *client_port;
    const char *events;
    const char *answers; /* of the events that ask */
    const char *audits;
} sessions[] = {
    {"header at MAIL", "mode = tag\n", "TLSv1", "50312", "eEMRRRiMRR", "..H...H..", "..a......"},
    {"header at DATA", "mode = tag\n", "TLSv1", "50312", "RRRDiRRD", "...H..H", "a......"},
    {"header at MAIL, not at DATA", "mode = tag\n", "TLSv1", "50312", "eEMRRDiMRRD",
     "..H...H...", "..a......."},
    {"a DATA that another rule refused, again", "mode = tag\n", "TLSv1", "50312", "RDDRDiRD",
     ".H....H", "a......"},
    {"a MAIL that another rule refused, again", "mode = tag\n", "TLSv1", "50312", "MMRD", "HH..",
     "a..."},
    {"ETRN and VRFY in between", "mode = tag\n", "TLSv1", "50312", "MxVRxD", "H.....", "a....."},
    {"a MAIL without header", "mode = tag\n", "TLSv1", "50312", "MsMwD", "H.H", "aaa"},
    {"observed", "mode = observe\n", "TLSv1", "50312", "eEMRDiMRD", "........", "..a....."},
    {"compliant", "", "TLSv1.3", "50312", "eEMRDiMRD", "........", "..a....."},
    {"refused at EHLO, once and again", "", "TLSv1", "50312", "eEEEE", ".RRRR", ".a..."},
    {"refused at EHLO, with AUTH not stopped", "", "TLSv1", "50312", "eEMMR", ".RRRR", ".aa.."},
    {"refused at MAIL, again and again", "", "", "50312", "eMMeMM", ".RR.RR", ".a...."},
    {"refused at a hundred RCPT", "", "TLSv1", "50312", "RRRRRRRRRR", "RRRRRRRRRR", "a........."},
    {"another client port is another session", "", "TLSv1", "50312", "RRnRRnR", "RRRRR", "a.a.a"},
    {"no client port: EHLO before STARTTLS", "", "TLSv1", "unknown", "eEEeEE", ".RR.RR", ".a..a."},
    {"no client port: CONNECT", "mode = tag\n", "TLSv1", "0", "CEMRcEMR", "..H...H.", "..a...a."},
    {"the same client port: CONNECT", "mode = tag\n", "TLSv1", "50312", "CMRCMR", ".H..H.",
     ".a..a."},
    {"another client address is another session", "", "TLSv1", "50312", "RRaR", "RRR", "a.a"},
    {"another server port is another session", "", "TLSv1", "50312", "RRpR", "RRR", "a.a"},
    {"refused at EHLO and MAIL, nobody named", "", "TLSv1", "50312", "zeEMR", ".RRR", ".a.."},
    {"the user in capitals", "mode = tag\n", "TLSv1", "50312", "MRAMR", "H.H.", "a..."},
    {"another user", "mode = tag\n", "TLSv1", "50312", "MRoMR", "H.H.", "a.a."},
    {"another result", "mode = tag\n", "TLSv1", "50312", "MRsMR", "H...", "a.a."},
    {"another reason", "mode = tag\n", "TLSv1.1", "50312", "MRskMR", "H.H.", "a.a."},
    {"another action", "", "TLSv1.1", "50312", "MRtMR", "RRH.", "a.a."},
};

static void
apply_event(char event, struct ask *ask, const char *tls)
{
    switch (event) {
    case 'n':
        ask->client_port = strcmp(ask->client_port, "50312") == 0 ? "50313" : "50312";
        return;
    case 'i':
        ask->instance = "4d2.68b0.1e.1";
        return;
    case 'a':
        ask->address = "192.0.2.8";
        return;
    case 'p':
        ask->server_port = "465";
        return;
    case 'z':
        ask->user = "";
        return;
    case 'k':
        ask->cipher = WEAK;
        return;
    case 'A':
        ask->user = "ANN@Example.ORG";
        return;
    case 'o':
        ask->user = "ann2@example.org";
        return;
    case 's':
        ask->tls = "TLSv1.3";
        return;
    case 'w':
        ask->tls = tls;
        return;
    }
    fail_msg("event %c", event);
}

/* 1 if the event asks, with the question in *ask_r. */
static int
ask_event(char event, const struct ask *session, struct ask *ask_r)
{
    static const struct {
        char event;
        const char *state;
    } asked[] = {{'C', "CONNECT"}, {'c', "CONNECT"}, {'e', "EHLO"}, {'E', "EHLO"}, {'M', "MAIL"},
                 {'R', "RCPT"},    {'D', "DATA"},    {'V', "VRFY"}, {'x', "ETRN"}};
    size_t i = 0;

    while (i < sizeof(asked) / sizeof(asked[0]) && asked[i].event != event)
        i++;
    if (i == sizeof(asked) / sizeof(asked[0]))
        return 0;
    *ask_r = *session;
    ask_r->state = asked[i].state;
    if (strchr("CceE", event) != NULL)
        ask_r->user = "";
    if (strchr("ce", event) != NULL)
        ask_r->tls = ask_r->cipher = "";
    if (strchr("CceEM", event) != NULL)
        ask_r->instance = "";
    return 1;
}

static void
test_sessions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
        struct tlsfloor_policy *policy = parse_policy(sessions[i].policy);
        struct ask session = {.tls = sessions[i].tls, .client_port = sessions[i].client_port};
        struct tlsfloor_memory memory = {0};
        char answers[32] = "", audits[32] = "";
        size_t count = 0;

        for (const char *event = sessions[i].events; *event != '\0'; event++) {
            struct exchange got;
            struct ask ask;

            if (*event == 't') {
                tlsfloor_policy_free(policy);
                policy = parse_policy("mode = tag\n");
                continue;
            }
            if (!ask_event(*event, &session, &ask)) {
                apply_event(*event, &session, sessions[i].tls);
                continue;
            }
            exchange(&got, policy, &memory, &ask);
            answers[count] = classify(&got.response);
            audits[count++] = got.response.audit[0] == '\0' ? '.' : 'a';
            free(got.bytes);
        }
        if (strcmp(answers, sessions[i].answers) != 0 || strcmp(audits, sessions[i].audits) != 0)
            print_error("%s: %s %s\n", sessions[i].name, answers, audits);
        assert_string_equal(answers, sessions[i].answers);
        assert_string_equal(audits, sessions[i].audits);
        tlsfloor_policy_free(policy);
    }
}

/* --- who is judged, and by what --- */

static const char contexts[] = "policy_contexts = mua=submission mx=none up=unknown-tls\n";

static const struct {
    const char *name;
    const char *policy;
    struct ask ask;
    char answer;
    const char *audit; /* a piece of the line; NULL: no line */
} services[] = {
    {"port 587", "", {.tls = "TLSv1"}, 'R', "service=submission"},
    {"port 465", "", {.tls = "TLSv1", .server_port = "465"}, 'R', "service=submission"},
    {"port 25 without SASL", "", {.tls = "TLSv1", .server_port = "25", .user = ""}, '.', NULL},
    {"port 25 with SASL", "", {.tls = "TLSv1", .server_port = "25"}, 'R', "service=submission"},
    {"port 25 with SASL, cleartext", "", {.tls = "", .server_port = "25"}, 'R', "reason=cleartext"},
    {"port 25 with SASL, compliant", "", {.server_port = "25"}, '.', "reason=compliant"},
    {"no port", "", {.tls = "TLSv1", .server_port = "", .user = ""}, '.', NULL},
    {"a port that is no number", "", {.tls = "TLSv1", .server_port = "587x", .user = ""}, '.',
     NULL},
    {"a port that is too large", "", {.tls = "TLSv1", .server_port = "66123", .user = ""}, '.',
     NULL},
    {"a port of one's own", "submission_ports = 2587\n",
     {.tls = "TLSv1", .server_port = "2587", .user = ""}, 'R', "service=submission"},
    {"587 is not the port", "submission_ports = 2587\n",
     {.tls = "TLSv1", .server_port = "587", .user = ""}, '.', NULL},
    {"a context over port 25", contexts,
     {.tls = "TLSv1", .server_port = "25", .user = "", .context = "mua"}, 'R', "user=-"},
    {"XCLIENT: no version, a context that judges", contexts,
     {.state = "MAIL", .tls = "", .cipher = "", .keysize = "0", .server_port = "25",
      .context = "mua"}, 'R', "reason=cleartext"},
    {"a context over port 587", contexts, {.tls = "TLSv1", .context = "mx"}, '.', NULL},
    {"a context over SASL", contexts, {.tls = "", .server_port = "25", .context = "mx"}, '.', NULL},
    {"TLS ended upstream", contexts,
     {.state = "MAIL", .tls = "", .cipher = "", .server_port = "25", .context = "up"}, 'H',
     "tls=unknown cipher=- bits=0"},
    {"TLS ended upstream, TLS to the proxy", contexts,
     {.state = "MAIL", .tls = "TLSv1.3", .context = "up"}, 'H', "tls=unknown cipher=- bits=0"},
    {"TLS ended upstream, first EHLO", contexts,
     {.state = "EHLO", .tls = "", .user = "", .context = "up"}, '.', NULL},
    {"absent at EHLO: not yet", "rollout_percent = 50\n",
     {.state = "EHLO", .tls = "TLSv1", .user = ""}, '.', NULL},
    {"named at EHLO", "rollout_percent = 50\n", {.state = "EHLO", .tls = "TLSv1"}, 'T',
     "stage=helo user=" BOUND},
    {"absent at MAIL: final", "rollout_percent = 50\n",
     {.state = "MAIL", .tls = "TLSv1", .user = ""}, 'T', "user=-"},
    {"absent at RCPT: final", "rollout_percent = 50\n", {.tls = "TLSv1", .user = ""}, 'T',
     "user=-"},
    {"no address: not trusted", "trusted_networks = 0.0.0.0/0 ::/0\n",
     {.tls = "TLSv1", .address = "unknown"}, 'R', "client=unknown"},
    {"IPv6", "trusted_networks = 2001:db8::/32\n", {.tls = "TLSv1", .address = "2001:db8::7"},
     '.', "client=2001:db8::7"},
    {"IPv4 in IPv6", "trusted_networks = 192.0.2.7\n",
     {.tls = "TLSv1", .address = "::ffff:192.0.2.7"}, '.', "client=192.0.2.7"},
    {"default domain", "default_domain = example.org\n", {.user = "ann"}, '.',
     "user=ann@example.org"},
    {"no default domain", "", {.user = "ann"}, '.', "user=ann "},
    {"section [submission]", "[submission]\nfloor = TLSv1\nweak_ciphers = tag\n",
     {.tls = "TLSv1.1", .cipher = STRONG}, '.', "floor=TLSv1 "},
    {"section [imap]", "[imap]\nfloor = TLSv1\n", {.tls = "TLSv1.1"}, 'R', "floor=TLSv1.2"},
    {"stage connect", "", {.state = "CONNECT", .tls = "TLSv1", .user = "", .server_port = "465"},
     'R', "stage=connect"},
    {"stage helo", "", {.state = "HELO", .tls = "TLSv1", .user = ""}, 'R', "stage=helo"},
    {"stage mail", "", {.state = "MAIL", .tls = "TLSv1", .instance = ""}, 'R', "stage=mail"},
    {"stage data", "", {.state = "DATA", .tls = "TLSv1"}, 'R', "stage=data"},
    {"stage of VRFY", "", {.state = "VRFY", .tls = "TLSv1"}, 'R', "stage=rcpt"},
    {"session", "", {.tls = "TLSv1"}, 'R', "session=4d2.68b0.1e.0"},
    {"no session", "", {.tls = "TLSv1", .instance = ""}, 'R', "session=-"},
    {"version as reported", "", {.tls = "TLSv1.4"}, '.', "tls=TLSv1.4 cipher=" STRONG},
    {"client port", "", {.client_port = "65535"}, '.', "port=65535 "},
    {"client port too large", "", {.client_port = "65536"}, '.', "port=0 "},
    {"client port negative", "", {.client_port = "-1"}, '.', "port=0 "},
    {"client port with blank", "", {.client_port = " 80"}, '.', "port=0 "},
    {"client port in hexadecimal", "", {.client_port = "0x50"}, '.', "port=0 "},
    {"client port unknown", "", {.client_port = "unknown"}, '.', "port=0 "},
    {"client port beyond any type", "", {.client_port = "18446744073709551617"}, '.', "port=0 "},
    {"key size", "", {.keysize = "128"}, '.', "bits=128 "},
    {"key size empty", "", {.keysize = ""}, '.', "bits=0 "},
    {"key size no number", "", {.keysize = "1e3"}, '.', "bits=0 "},
};

static void
test_services(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        struct tlsfloor_policy *policy = parse_policy(services[i].policy);
        struct tlsfloor_memory memory = {0};
        struct exchange got;

        exchange(&got, policy, &memory, &services[i].ask);
        if (classify(&got.response) != services[i].answer ||
            (services[i].audit == NULL ? got.response.audit[0] != '\0'
                                       : strstr(got.response.audit, services[i].audit) == NULL))
            fail_msg("%s: %s%s", services[i].name, got.response.answer, got.response.audit);
        free(got.bytes);
        tlsfloor_policy_free(policy);
    }
}

/* --- the words of an answer --- */

static void
test_answers(void **state)
{
    static const struct {
        const char *policy;
        struct ask ask;
        const char *want;
    } answers[] = {
        {"", {.state = "MAIL"}, DUNNO},
        {"reject_text = No %{version} here\n", {.tls = "TLSv1"}, REFUSAL "No TLSv1 here\n\n"},
        {"reject_text = No %{version} here\nrollout_percent = 50\n", {.tls = "TLSv1"},
         DEFERRAL "No TLSv1 here\n\n"},
        {"mode = tag\n", {.state = "MAIL", .tls = "TLSv1", .cipher = "ECDHE-RSA-AES256-SHA"},
         HEADER "reason=version; version=TLSv1; tls TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA\n\n"},
        {"mode = tag\n", {.state = "DATA", .tls = "", .cipher = ""},
         HEADER "reason=cleartext; version=cleartext\n\n"},
        {"", {.state = "MAIL", .cipher = "NEW\"; x=y"},
         HEADER "reason=unknown-cipher; version=TLSv1.2\n\n"},
        {"", {.state = "MAIL", .tls = "XTLS"}, HEADER "reason=unknown-tls; version=unknown; tls "
         "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n\n"},
        {"mode = tag\ntag_header = X-Old\n", {.state = "MAIL", .tls = "", .cipher = ""},
         "action=PREPEND X-Old: reason=cleartext; version=cleartext\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct tlsfloor_policy *policy = parse_policy(answers[i].policy);
        struct tlsfloor_memory memory = {0};
        struct exchange got;

        exchange(&got, policy, &memory, &answers[i].ask);
        assert_int_equal(got.response.answer_size, strlen(answers[i].want));
        assert_memory_equal(got.response.answer, answers[i].want, got.response.answer_size);
        free(got.bytes);
        tlsfloor_policy_free(policy);
    }
}

/* The longest text that the configuration takes still fits. */
static void
test_longest_answer(void **state)
{
    char text[512];
    struct tlsfloor_policy *policy;
    struct tlsfloor_memory memory = {0};
    struct exchange got;

    (void)state;
    snprintf(text, sizeof(text), "help_url = https://%0100d/\nreject_text = %0175d%%{help_url}\n",
             0, 0);
    policy = parse_policy(text);
    exchange(&got, policy, &memory, &(struct ask){.tls = "SSLv3"});
    assert_true(got.response.answer_size > 290);
    free(got.bytes);
    tlsfloor_policy_free(policy);
}

/* --- warnings --- */

static void
test_warnings(void **state)
{
    static const struct {
        const char *context;
        const char *want; /* a piece of the warning; NULL: none */
        char answer;      /* at port 587, TLSv1 */
    } warnings[] = {
        {"", NULL, 'R'},
        {"mua", NULL, 'R'},
        {"mx", NULL, '.'},
        {"mu", "policy_context \"mu\" is not in policy_contexts", 'R'},
        {"muaa", "\"muaa\"", 'R'},
        {"MUA", "\"MUA\"", 'R'},
        {"a\"b\x1b[2J\xff\x7f", "\"a?b?[2J??\" is not", 'R'},
        {"0123456789012345678901234567890123456789012345678901234567890123",
         "\"0123456789012345678901234567890123456789012345678901234567890123\" is not", 'R'},
        {"01234567890123456789012345678901234567890123456789012345678901234567890123456789",
         "\"0123456789012345678901234567890123456789012345678901234567890123\" (cut) is not", 'R'},
    };
    struct tlsfloor_policy *policy = parse_policy(contexts);

    (void)state;
    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
        struct tlsfloor_memory memory = {0};
        struct exchange got;

        exchange(&got, policy, &memory,
                 &(struct ask){.tls = "TLSv1", .context = warnings[i].context});
        assert_int_equal(classify(&got.response), warnings[i].answer);
        if (warnings[i].want == NULL)
            assert_string_equal(got.response.warning, "");
        else
            assert_non_null(strstr(got.response.warning, warnings[i].want));
        free(got.bytes);
    }
    tlsfloor_policy_free(policy);
}

/* --- never a permit --- */

static const char *const versions[] = {"",        "SSLv2",   "SSLv3",   "TLSv1", "TLSv1.1",
                                       "TLSv1.2", "TLSv1.3", "TLSv1.4", "OK"};
static const char *const ciphers[] = {"", STRONG, WEAK, "NULL-SHA", "OK"};
static const char *const policies[] = {
    "",
    "mode = tag\n",
    "mode = observe\n",
    "rollout_percent = 50\n",
    "rollout_percent = 0\n",
    "floor = cleartext\ncipher_profile = none\n",
    "floor = TLSv1.3\nweak_ciphers = reject\nunknown_cipher = reject\nunknown_tls = reject\n",
    "unknown_tls = accept\naudit = none\n",
    "rollout_from = 2027-01-01\nbrownout = Mon 09:00-10:00\n",
    "mode = tag\ntag_header = none\n",
    "reject_text = 250 OK\n",
};

static void
ask_all_users(const struct tlsfloor_policy *policy, struct ask ask)
{
    static const char *const users[] = {"", BOUND, UNBOUND, "OK"};
    static const char *const ports[] = {"587", "25"};
    static const char *const names[] = {"", "mua", "mx", "up", "OK"};
    struct tlsfloor_memory memory = {0};

    for (size_t i = 0; i < 4 * 2 * 5; i++) {
        struct exchange got;

        ask.user = users[i % 4];
        ask.server_port = ports[i / 4 % 2];
        ask.context = names[i / 8];
        exchange(&got, policy, &memory, &ask); /* asserts what holds for every answer */
        free(got.bytes);
    }
}

static void
test_never_a_permit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        char text[512];
        struct tlsfloor_policy *policy;

        snprintf(text, sizeof(text), "%s%s", contexts, policies[i]);
        policy = parse_policy(text);
        for (size_t at = 0; at < STATES; at++) {
            for (size_t version = 0; version < sizeof(versions) / sizeof(versions[0]); version++) {
                for (size_t cipher = 0; cipher < sizeof(ciphers) / sizeof(ciphers[0]); cipher++)
                    ask_all_users(policy, (struct ask){.state = states[at],
                                                       .tls = versions[version],
                                                       .cipher = ciphers[cipher]});
            }
        }
        tlsfloor_policy_free(policy);
    }
}

/* --- hostile values --- */

static const char *const names[] = {
    "helo_name",      "client_address",     "client_port",       "server_port",
    "instance",       "sasl_username",      "protocol_state",    "encryption_protocol",
    "policy_context", "encryption_keysize", "encryption_cipher", "sender",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* A submission at MAIL in which the attribute has a value of size bytes. */
static char *
build_hostile(const char *attribute, const char *value, size_t size, size_t *size_r)
{
    static const char rest[] = "\nprotocol_state=MAIL\nclient_address=192.0.2.7\nclient_port=1\n"
                               "server_port=587\nsasl_username=ann\nencryption_protocol=TLSv1\n"
                               "encryption_cipher=AES256-SHA\n\n";
    size_t name = strlen(attribute);
    char *bytes = malloc(name + 1 + size + sizeof(rest) - 1);

    assert_non_null(bytes);
    memcpy(bytes, attribute, name);
    bytes[name] = '=';
    memcpy(bytes + name + 1, value, size);
    memcpy(bytes + name + 1 + size, rest, sizeof(rest) - 1);
    *size_r = name + 1 + size + sizeof(rest) - 1;
    return bytes;
}

static void
ask_hostile(const struct tlsfloor_policy *policy, const char *value, size_t size)
{
    for (size_t i = 0; i < NAMES; i++) {
        struct tlsfloor_memory memory = {0};
        struct exchange got;
        size_t all;
        char *bytes = build_hostile(names[i], value, size, &all);

        exchange_bytes(&got, policy, &memory, bytes, all);
        if (strcmp(names[i], "helo_name") == 0)
            assert_int_equal(classify(&got.response), 'R');
        free(got.bytes);
    }
}

static void
test_hostile_values(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } values[] = {
#define VALUE(literal) {literal, sizeof(literal) - 1}
        VALUE(""),
        VALUE("\0"),
        VALUE("\0\0\0=\0"),
        VALUE("\""),
        VALUE("\\"),
        VALUE("a\" action=accept reason=\"compliant"),
        VALUE("a\\\" action=accept"),
        VALUE("a\r"),
        VALUE("\r"),
        VALUE("=OK"),
        VALUE("@"),
        VALUE("@@@"),
        VALUE("ann@"),
        VALUE("@example.org"),
        VALUE("%s%s%s%n"),
        VALUE("%{version}"),
        VALUE("\x80\xff\xfe\xc3\x28"),
        VALUE("\x1b[31m"),
        VALUE("action=OK"),
        VALUE("-"),
        VALUE(" "),
    };
    static char large[30000];
    static const unsigned char fill[] = {'a', '"', '\\', '\0', 0xff, '@', '9', '=', ' '};
    struct tlsfloor_policy *policy = parse_policy("mode = enforce\n");

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        ask_hostile(policy, values[i].bytes, values[i].size);
    for (size_t i = 0; i < sizeof(fill); i++) {
        memset(large, fill[i], sizeof(large));
        ask_hostile(policy, large, 5000);
        ask_hostile(policy, large, sizeof(large));
    }
    for (int byte = 0; byte < 256; byte++) {
        char value[3] = {'a', (char)byte, 'b'};

        if (byte != '\n')
            ask_hostile(policy, value, 3);
    }
    tlsfloor_policy_free(policy);
}

/* An empty request, and one of foreign attributes, are answered too. */
static void
test_bare_requests(void **state)
{
    static const char *const bare[] = {"\n", "a=b\n\n", "protocol_state=\n\n",
                                       "protocol_state=MAIL\n\n", "protocol_state=RCPT\n\n"};
    struct tlsfloor_policy *policy = parse_policy("");

    (void)state;
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
        struct tlsfloor_memory memory = {0};
        struct exchange got;
        char *bytes = strdup(bare[i]);

        assert_non_null(bytes);
        exchange_bytes(&got, policy, &memory, bytes, strlen(bytes));
        assert_int_equal(classify(&got.response), '.');
        assert_string_equal(got.response.audit, "");
        free(got.bytes);
    }
    tlsfloor_policy_free(policy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state),    cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_services),       cmocka_unit_test(test_answers),
        cmocka_unit_test(test_longest_answer), cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_never_a_permit), cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_bare_requests),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_audited_exception),
    };

    return cmocka_run_group_tests_name("adapter", tests, NULL, NULL);
}
