/* SPDX-License-Identifier: MIT */
/*
 * Runs the core over products of inputs, for compare.py: it declares policies,
 * sessions, look-ups and times, one a line, and asks for every combination.
 * Builds the structures itself and parses none of tlsfloor's own text forms but
 * the names of versions and suites. Enumerations are numbers, in the order of
 * the headers. "-" is an empty list, no name, or no time. Behind the end of each
 * array stands what matches everything, so that reading too far shows.
 *
 *   P mode floor profile weak unknown_cipher unknown_tls from percent audit
 *     trusted legacy windows         networks A/P,..; windows days:start:end,..
 *   S service version cipher user connection client         user "?": not yet
 *   L result may_cover [kind who allow until services ciphers_any networks]
 *                                  found without an exception: a look-up that broke its promise
 *   N seconds
 *   R   decide all P x S x L x N: seven letters a case, then a newline
 *   M   match all L x S x N: one digit a case, then a newline
 *   B name    its bucket
 *   V name    its version
 *   K   all suites: OpenSSL name, IANA name; then an empty line
 *
 * R and M forget what was declared.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define NETWORKS 4

struct policy_case {
    struct tlsfloor_service_policy service;
    struct tlsfloor_networks trusted;
    struct tlsfloor_networks legacy;
};

struct lookup_case {
    struct tlsfloor_lookup lookup;
    struct tlsfloor_exception exception;
    int excepts; /* 1: lookup.exception is to point to it */
};

/* What was declared; each list is of one type. */
struct list {
    void *items;
    size_t size; /* bytes of one item */
    size_t count;
    size_t room;
};

static struct list policies = {.size = sizeof(struct policy_case)};
static struct list sessions = {.size = sizeof(struct tlsfloor_facts)};
static struct list lookups = {.size = sizeof(struct lookup_case)};
static struct list times = {.size = sizeof(int64_t)};
static struct list lines = {.size = sizeof(char *)}; /* the texts of all of them */

_Noreturn static void
fail(const char *what, const char *text)
{
    fprintf(stderr, "decide-cases: %s: %s\n", what, text);
    exit(2);
}

static void *
add(struct list *list)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->items = realloc(list->items, list->room * list->size);
        if (!list->items)
            fail("no memory", "a list");
    }
    char *item = (char *)list->items + list->count++ * list->size;
    memset(item, 0, list->size);
    return item;
}

/* The next field of the line that strtok is at. */
static char *
field(void)
{
    char *text = strtok(NULL, " ");
    if (!text)
        fail("line too short", "a field is missing");
    return text;
}

static int64_t
number(void)
{
    const char *text = field();
    char *end;
    int64_t value = strtoimax(text, &end, 10);
    if (*text == '\0' || *end != '\0')
        fail("not a number", text);
    return value;
}

static int64_t
time_or(int64_t none)
{
    char *text = field();
    return strcmp(text, "-") == 0 ? none : strtoimax(text, NULL, 10);
}

static struct tlsfloor_text
text_or_empty(void)
{
    char *text = field();
    struct tlsfloor_text piece = {text, strcmp(text, "-") == 0 ? 0 : strlen(text)};
    return piece;
}

static struct tlsfloor_address
address_of(const char *text)
{
    struct tlsfloor_address address = {0};
    if (strcmp(text, "-") == 0)
        return address;
    address.family = strchr(text, ':') ? TLSFLOOR_FAMILY_IPV6 : TLSFLOOR_FAMILY_IPV4;
    int family = address.family == TLSFLOOR_FAMILY_IPV6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address.bytes) != 1)
        fail("not an address", text);
    return address;
}

/* "A/P,A/P" or "-" to at most NETWORKS networks; returns how many. */
static size_t
networks_of(char *text, struct tlsfloor_network *networks_r)
{
    size_t count = 0;
    char *rest = text;
    if (strcmp(text, "-") == 0)
        return 0;
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        char *slash = strchr(item, '/');
        if (!slash || count == NETWORKS)
            fail("not a list of networks", item);
        *slash = '\0';
        networks_r[count].address = address_of(item);
        networks_r[count++].prefix = (unsigned)strtoul(slash + 1, NULL, 10);
    }
    return count;
}

static void
read_networks(struct tlsfloor_networks *list)
{
    struct tlsfloor_network networks[NETWORKS];
    size_t count = networks_of(field(), networks);
    for (size_t i = 0; i < count; i++)
        if (tlsfloor_networks_add(list, &networks[i]) < 0)
            fail("no memory", "a network");
    tlsfloor_networks_sort(list);
}

static void
read_windows(struct tlsfloor_service_policy *service)
{
    char *rest = field();
    for (size_t i = 0; i < TLSFLOOR_WINDOWS; i++)
        service->brownout[i] = (struct tlsfloor_window){0x7f, 0, 1440};
    if (strcmp(rest, "-") == 0)
        return;
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        struct tlsfloor_window *window = &service->brownout[service->brownout_count++];
        if (service->brownout_count > TLSFLOOR_WINDOWS ||
            sscanf(item, "%u:%u:%u", &window->days, &window->start, &window->end) != 3)
            fail("not a window", item);
    }
}

static void
read_policy(void)
{
    struct policy_case *policy = add(&policies);
    struct tlsfloor_service_policy *service = &policy->service;
    service->mode = (enum tlsfloor_mode)number();
    service->floor = (enum tlsfloor_tls)number();
    service->cipher_profile = (enum tlsfloor_profile)number();
    service->weak_ciphers = (enum tlsfloor_answer)number();
    service->unknown_cipher = (enum tlsfloor_answer)number();
    service->unknown_tls = (enum tlsfloor_answer)number();
    service->rollout_from = time_or(INT64_MIN);
    service->rollout_percent = (unsigned)number();
    service->audit = (enum tlsfloor_audit_level)number();
    read_networks(&policy->trusted);
    read_networks(&policy->legacy);
    read_windows(service);
}

/* A name and its parts around the last '@'. */
static void
split(struct tlsfloor_text name, struct tlsfloor_text *local_r, struct tlsfloor_text *domain_r)
{
    const char *at = memrchr(name.data, '@', name.size);
    *local_r = name;
    if (!at)
        return;
    local_r->size = (size_t)(at - name.data);
    domain_r->data = at + 1;
    domain_r->size = name.size - local_r->size - 1;
}

static struct tlsfloor_user
user_of(char *text)
{
    struct tlsfloor_user user = {.state = TLSFLOOR_USER_NAMED};
    if (strcmp(text, "?") == 0)
        user.state = TLSFLOOR_USER_NOT_YET;
    else if (strcmp(text, "-") == 0)
        user.state = TLSFLOOR_USER_NONE;
    else
        split(tlsfloor_text_from(text), &user.local, &user.domain);
    return user;
}

static void
read_session(void)
{
    struct tlsfloor_facts *facts = add(&sessions);
    facts->service = (enum tlsfloor_service)number();
    facts->tls_name = tlsfloor_text_from(field());
    facts->tls = tlsfloor_tls_parse(facts->tls_name);
    facts->cipher = text_or_empty();
    facts->suite = tlsfloor_cipher_suite_find(facts->cipher);
    facts->user = user_of(field());
    facts->connection = address_of(field());
    facts->client = address_of(field());
}

static void
read_exception(struct tlsfloor_exception *exception, const char *kind)
{
    exception->kind = (enum tlsfloor_who)strtol(kind, NULL, 10);
    exception->who = tlsfloor_text_from(field());
    if (exception->kind != TLSFLOOR_WHO_ANYBODY)
        split(exception->who, &exception->local, &exception->domain);
    exception->allow = (enum tlsfloor_tls)number();
    exception->until = time_or(TLSFLOOR_NEVER);
    exception->services = (unsigned)number();
    exception->ciphers_any = (int)number();
    exception->from_count = networks_of(field(), exception->from);
    for (size_t i = exception->from_count; i < TLSFLOOR_EXCEPTION_NETWORKS; i++)
        exception->from[i].address.family = TLSFLOOR_FAMILY_IPV4; /* 0.0.0.0/0 */
}

static void
read_lookup(void)
{
    struct lookup_case *item = add(&lookups);
    item->lookup.result = (enum tlsfloor_lookup_result)number();
    item->lookup.may_cover = (int)number();
    const char *kind = strtok(NULL, " ");
    if (kind) {
        item->excepts = 1;
        read_exception(&item->exception, kind);
    }
}

/* Another value in every field, so that a policy of the wrong service shows. */
static struct tlsfloor_service_policy
contrast(const struct policy_case *policy)
{
    struct tlsfloor_service_policy other = policy->service;
    other.mode = (enum tlsfloor_mode)((other.mode + 1) % 3);
    other.floor = other.floor == TLSFLOOR_TLS_1_2 ? TLSFLOOR_TLS_1_0 : TLSFLOOR_TLS_1_2;
    other.cipher_profile = (enum tlsfloor_profile)((other.cipher_profile + 1) % 3);
    other.weak_ciphers = (enum tlsfloor_answer)(1 - other.weak_ciphers);
    other.unknown_cipher = (enum tlsfloor_answer)(1 - other.unknown_cipher);
    other.unknown_tls = (enum tlsfloor_answer)((other.unknown_tls + 1) % 3);
    other.trusted_networks = &policy->legacy;
    other.legacy_networks = &policy->trusted;
    other.rollout_percent = 100 - other.rollout_percent;
    other.brownout_count = 0;
    other.audit = (enum tlsfloor_audit_level)((other.audit + 1) % 3);
    return other;
}

/* The store is asked where an exception without bounds lets the session in, and nowhere else. */
static int
asks_rightly(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts)
{
    static const struct tlsfloor_exception everything = {
        .kind = TLSFLOOR_WHO_ANYBODY,
        .allow = TLSFLOOR_TLS_CLEARTEXT,
        .until = TLSFLOOR_NEVER,
        .services = ~0U,
    };
    const struct tlsfloor_lookup lookup = {TLSFLOOR_LOOKUP_FOUND, &everything, 1};
    struct tlsfloor_decision decision = tlsfloor_policy_decide(policy, facts, &lookup, 0);
    return tlsfloor_policy_asks_store(policy, facts) ==
           (decision.reason == TLSFLOOR_REASON_EXCEPTION);
}

static void
decide(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts,
       const struct lookup_case *item, int64_t now, int wrong)
{
    struct tlsfloor_lookup lookup = item->lookup;
    if (item->excepts)
        lookup.exception = &item->exception;
    struct tlsfloor_decision decision = tlsfloor_policy_decide(policy, facts, &lookup, now);
    wrong |= decision.exception && decision.exception != &item->exception;
    char letters[7] = {(char)('a' + decision.action),
                       (char)('a' + decision.reason),
                       (char)('a' + decision.rule),
                       (char)('a' + decision.floor),
                       (char)('a' + decision.mode),
                       (char)(wrong                ? '!'
                              : decision.exception ? 'x'
                                                   : '-'),
                       tlsfloor_policy_audits(policy, facts, &decision) ? 'l' : '-'};
    fwrite(letters, sizeof(letters), 1, stdout);
}

static void
decide_session(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts)
{
    const struct lookup_case *lookup = lookups.items;
    const int64_t *now = times.items;
    int wrong = !asks_rightly(policy, facts);
    for (size_t l = 0; l < lookups.count; l++)
        for (size_t n = 0; n < times.count; n++)
            decide(policy, facts, &lookup[l], now[n], wrong);
}

static void
decide_all(void)
{
    static struct tlsfloor_policy policy;
    struct policy_case *item = policies.items;
    const struct tlsfloor_facts *facts = sessions.items;
    for (size_t p = 0; p < policies.count; p++) {
        item[p].service.trusted_networks = &item[p].trusted;
        item[p].service.legacy_networks = &item[p].legacy;
        struct tlsfloor_service_policy other = contrast(&item[p]);
        for (size_t i = 0; i < TLSFLOOR_SERVICES; i++)
            policy.services[i] = other;
        for (size_t s = 0; s < sessions.count; s++) {
            policy.services[facts[s].service] = item[p].service;
            decide_session(&policy, &facts[s]);
            policy.services[facts[s].service] = other;
        }
    }
    putchar('\n');
}

static void
match_all(void)
{
    const struct lookup_case *lookup = lookups.items;
    const struct tlsfloor_facts *facts = sessions.items;
    const int64_t *now = times.items;
    for (size_t l = 0; l < lookups.count; l++)
        for (size_t s = 0; s < sessions.count; s++)
            for (size_t n = 0; n < times.count; n++)
                putchar('0' +
                        (int)tlsfloor_exception_match(&lookup[l].exception, &facts[s], now[n]));
    putchar('\n');
}

static void
forget(void)
{
    struct policy_case *policy = policies.items;
    char **line = lines.items;
    for (size_t i = 0; i < policies.count; i++) {
        tlsfloor_networks_free(&policy[i].trusted);
        tlsfloor_networks_free(&policy[i].legacy);
    }
    for (size_t i = 0; i < lines.count; i++)
        free(line[i]);
    policies.count = sessions.count = lookups.count = times.count = lines.count = 0;
}

static void
print_suites(void)
{
    for (size_t i = 0; i < tlsfloor_cipher_suites_count; i++)
        printf("%s %s\n", tlsfloor_cipher_suites[i].openssl, tlsfloor_cipher_suites[i].iana);
    putchar('\n');
}

static void
print_bucket(void)
{
    struct tlsfloor_user user = user_of(field());
    printf("%u\n", tlsfloor_policy_bucket(&user));
}

/* One line, which lives until forget(). */
static void
obey(char *line)
{
    const char *verb = strtok(line, " ");
    switch (verb ? verb[0] : '\0') {
    case 'P':
        read_policy();
        break;
    case 'S':
        read_session();
        break;
    case 'L':
        read_lookup();
        break;
    case 'N':
        *(int64_t *)add(&times) = number();
        break;
    case 'R':
        decide_all();
        break;
    case 'M':
        match_all();
        break;
    case 'B':
        print_bucket();
        break;
    case 'V':
        printf("%d\n", (int)tlsfloor_tls_parse(tlsfloor_text_from(field())));
        break;
    case 'K':
        print_suites();
        break;
    default:
        fail("unknown line", line);
    }
    if (verb[0] == 'R' || verb[0] == 'M')
        forget();
}

int
main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    while ((size = getline(&line, &room, stdin)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char **kept = add(&lines);
        *kept = line; /* kept: the cases point into it */
        obey(line);
        line = NULL;
        room = 0;
    }
    free(line);
    forget();
    free(policies.items);
    free(sessions.items);
    free(lookups.items);
    free(times.items);
    free(lines.items);
    return fflush(stdout) == 0 ? 0 : 2;
}
