/* SPDX-License-Identifier: MIT */
/*
 * Every parameter of tlsfloor.conf in one table, and the kinds of value that
 * there are. A bad value is told of with what a good one looks like; it may
 * leave its member changed, as no policy comes of a text with an error. What
 * is written reads back to the same value.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "policy-values.h"
#include "time-text.h"

/* Words are read and written through int, whatever enum they belong to. */
_Static_assert(sizeof(enum tlsfloor_mode) == sizeof(int), "an enum has the size of int");

static const struct tlsfloor_word modes[] = {
    {"observe", TLSFLOOR_MODE_OBSERVE},
    {"tag", TLSFLOOR_MODE_TAG},
    {"enforce", TLSFLOOR_MODE_ENFORCE},
    {NULL, 0},
};

static const struct tlsfloor_word floors[] = {
    {"cleartext", TLSFLOOR_TLS_CLEARTEXT},
    {"SSLv3", TLSFLOOR_TLS_SSLV3},
    {"TLSv1", TLSFLOOR_TLS_1_0},
    {"TLSv1.1", TLSFLOOR_TLS_1_1},
    {"TLSv1.2", TLSFLOOR_TLS_1_2},
    {"TLSv1.3", TLSFLOOR_TLS_1_3},
    {NULL, 0},
};

static const struct tlsfloor_word profiles[] = {
    {"none", TLSFLOOR_PROFILE_NONE},
    {"rfc9325", TLSFLOOR_PROFILE_RFC9325},
    {"rfc10015", TLSFLOOR_PROFILE_RFC10015},
    {NULL, 0},
};

static const struct tlsfloor_word answers[] = {
    {"tag", TLSFLOOR_ANSWER_TAG},
    {"reject", TLSFLOOR_ANSWER_REJECT},
    {NULL, 0},
};

static const struct tlsfloor_word unknown_tls_answers[] = {
    {"accept", TLSFLOOR_ANSWER_ACCEPT},
    {"tag", TLSFLOOR_ANSWER_TAG},
    {"reject", TLSFLOOR_ANSWER_REJECT},
    {NULL, 0},
};

static const struct tlsfloor_word proxied[] = {
    {"cleartext", TLSFLOOR_TLS_CLEARTEXT},
    {"unknown", TLSFLOOR_TLS_UNKNOWN},
    {NULL, 0},
};

static const struct tlsfloor_word yes_no[] = {
    {"yes", 1},
    {"no", 0},
    {NULL, 0},
};

static const struct tlsfloor_word audit_levels[] = {
    {"none", TLSFLOOR_AUDIT_NONE},
    {"violations", TLSFLOOR_AUDIT_VIOLATIONS},
    {"all", TLSFLOOR_AUDIT_ALL},
    {NULL, 0},
};

/* The kernel's facility is not open to programs. */
static const struct tlsfloor_word facilities[] = {
    {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV},
    {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
    {"ftp", LOG_FTP},       {"lpr", LOG_LPR},
    {"mail", LOG_MAIL},     {"news", LOG_NEWS},
    {"syslog", LOG_SYSLOG}, {"user", LOG_USER},
    {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7}, {NULL, 0},
};

static const struct tlsfloor_word context_kinds[] = {
    {"submission", TLSFLOOR_CONTEXT_SUBMISSION},
    {"none", TLSFLOOR_CONTEXT_NONE},
    {"unknown-tls", TLSFLOOR_CONTEXT_UNKNOWN_TLS},
    {NULL, 0},
};

/* Problems */

/* PARAMETER: "TEXT" is ..., with what may help. */
static void
reject(const struct tlsfloor_assignment *to, unsigned line, struct tlsfloor_text text,
       const char *problem, const char *nearest)
{
    tlsfloor_conf_error(to->report, line, "%s: \"%s\" %s%s%s%s%s", to->parameter->name,
                        tlsfloor_conf_quote(text).text, problem,
                        tlsfloor_conf_has_comment(text) ? "; comments stand on lines of their own"
                                                        : "",
                        nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                        nearest == NULL ? "" : "\"?");
}

void
tlsfloor_policy_reject_item(const struct tlsfloor_assignment *to,
                            const struct tlsfloor_conf_item *item, const char *problem)
{
    reject(to, item->line, item->text, problem, NULL);
}

/* The next item that is not the beginning of a comment behind a value. */
int
tlsfloor_policy_next_item(const struct tlsfloor_assignment *to, struct tlsfloor_conf_value *value,
                          struct tlsfloor_conf_item *item_r)
{
    while (!tlsfloor_conf_full(to->report) && tlsfloor_conf_next_item(value, item_r)) {
        if (item_r->text.data[0] != '#')
            return 1;
        tlsfloor_policy_reject_item(to, item_r, "is no item");
        tlsfloor_conf_skip_line(value);
    }
    return 0;
}

static struct tlsfloor_text
joined_text(const struct tlsfloor_conf_joined *joined)
{
    return (struct tlsfloor_text){joined->text, joined->size};
}

/* The member that the parameter stands for. */
static void *
member(const struct tlsfloor_assignment *to)
{
    char *base = to->parameter->in_sections ? (char *)&to->policy->services[to->service]
                                            : (char *)to->policy;

    return base + to->parameter->offset;
}

static const void *
const_member(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
             enum tlsfloor_service service)
{
    const char *base =
        parameter->in_sections ? (const char *)&policy->services[service] : (const char *)policy;

    return base + parameter->offset;
}

/* Words */

const struct tlsfloor_word *
tlsfloor_policy_find_word(const struct tlsfloor_word *words, struct tlsfloor_text text)
{
    for (; words->name != NULL; words++)
        if (tlsfloor_text_equal(text, tlsfloor_text_from(words->name)))
            return words;
    return NULL;
}

static const char *
word_name(const struct tlsfloor_word *words, int value)
{
    while (words->name != NULL && words->value != value)
        words++;
    return words->name == NULL ? "" : words->name;
}

void
tlsfloor_policy_reject_word(const struct tlsfloor_assignment *to, unsigned line,
                            struct tlsfloor_text text, const struct tlsfloor_word *words)
{
    struct tlsfloor_conf_nearest nearest = {.text = text};
    char problem[256] = "is none of ";
    size_t used = strlen(problem);

    for (const struct tlsfloor_word *word = words; word->name != NULL; word++) {
        tlsfloor_conf_nearest_try(&nearest, word->name);
        if (used < sizeof problem)
            used += (size_t)snprintf(problem + used, sizeof problem - used, "%s%s",
                                     word == words ? "" : ", ", word->name);
    }
    reject(to, line, text, problem, nearest.name);
}

static void
parse_word(const struct tlsfloor_assignment *to)
{
    struct tlsfloor_conf_joined joined;
    const struct tlsfloor_word *word;

    tlsfloor_conf_join(to->value, &joined);
    word = tlsfloor_policy_find_word(to->parameter->words, joined_text(&joined));
    if (word == NULL)
        tlsfloor_policy_reject_word(to, to->value.line, joined_text(&joined), to->parameter->words);
    else
        memcpy(member(to), &word->value, sizeof word->value);
}

static void
format_word(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
            enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    int value;

    memcpy(&value, const_member(parameter, policy, service), sizeof value);
    tlsfloor_conf_put(output, " ");
    tlsfloor_conf_put(output, word_name(parameter->words, value));
}

/* Numbers */

int
tlsfloor_policy_parse_digits(struct tlsfloor_text text, unsigned largest, unsigned *number_r)
{
    return tlsfloor_text_number(text, 5, number_r) == 0 && *number_r <= largest ? 0 : -1;
}

static void
put_number(struct tlsfloor_conf_output *output, unsigned number)
{
    char text[16];

    snprintf(text, sizeof text, " %u", number);
    tlsfloor_conf_put(output, text);
}

static void
parse_percent(const struct tlsfloor_assignment *to)
{
    struct tlsfloor_conf_joined joined;

    tlsfloor_conf_join(to->value, &joined);
    if (tlsfloor_policy_parse_digits(joined_text(&joined), 100, member(to)) != 0)
        reject(to, to->value.line, joined_text(&joined), "is not a whole number from 0 to 100",
               NULL);
}

static void
format_percent(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
               enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    put_number(output, *(const unsigned *)const_member(parameter, policy, service));
}

static void
parse_ports(const struct tlsfloor_assignment *to)
{
    struct tlsfloor_conf_value value = to->value;
    struct tlsfloor_conf_item item;
    size_t *count = &to->policy->submission_ports_count;
    unsigned *ports = to->policy->submission_ports;

    *count = 0;
    while (tlsfloor_policy_next_item(to, &value, &item)) {
        unsigned port = 0;
        size_t i = 0;

        if (tlsfloor_policy_parse_digits(item.text, 65535, &port) != 0 || port == 0) {
            tlsfloor_policy_reject_item(to, &item, "is not a port number from 1 to 65535");
            continue;
        }
        while (i < *count && ports[i] != port)
            i++;
        if (i < *count) {
            tlsfloor_policy_reject_item(to, &item, "is there twice");
        } else if (*count == TLSFLOOR_PORTS) {
            tlsfloor_policy_reject_item(to, &item, "is one port too many: 16 is the most");
            return;
        } else {
            ports[(*count)++] = port;
        }
    }
}

static void
format_ports(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
             enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    (void)parameter;
    (void)service;
    for (size_t i = 0; i < policy->submission_ports_count; i++)
        put_number(output, policy->submission_ports[i]);
}

/* Dates */

static void
parse_date(const struct tlsfloor_assignment *to)
{
    int64_t *seconds = member(to);
    struct tlsfloor_conf_joined joined;

    tlsfloor_conf_join(to->value, &joined);
    if (joined.size == 0)
        *seconds = INT64_MIN;
    else if (tlsfloor_date_parse(joined_text(&joined), seconds) != 0)
        reject(to, to->value.line, joined_text(&joined), "is not a date such as 2027-03-31", NULL);
}

static void
format_date(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
            enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    int64_t seconds = *(const int64_t *)const_member(parameter, policy, service);
    char date[11];

    if (seconds == INT64_MIN)
        return;
    tlsfloor_date_format(seconds, date);
    tlsfloor_conf_put(output, " ");
    tlsfloor_conf_put(output, date);
}

/* Networks */

static void
parse_networks(const struct tlsfloor_assignment *to)
{
    const struct tlsfloor_networks **where = member(to);
    int legacy = to->parameter == &tlsfloor_policy_values[TLSFLOOR_PARAMETER_legacy_networks];
    struct tlsfloor_networks *list = &to->policy->lists[2 * (size_t)to->service + (size_t)legacy];
    struct tlsfloor_conf_value value = to->value;
    struct tlsfloor_conf_item item;

    tlsfloor_networks_free(list);
    while (tlsfloor_policy_next_item(to, &value, &item)) {
        struct tlsfloor_network network;
        const char *problem;

        if (tlsfloor_network_parse(item.text, &network, &problem) != 0) {
            tlsfloor_policy_reject_item(to, &item, problem);
        } else if (tlsfloor_networks_add(list, &network) != 0) {
            tlsfloor_conf_error(to->report, 0, "out of memory");
            return;
        }
    }
    tlsfloor_networks_sort(list);
    *where = list;
}

static void
format_networks(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
                enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    const struct tlsfloor_networks *list =
        *(const struct tlsfloor_networks *const *)const_member(parameter, policy, service);
    const char *separator = list->count > 4 ? "\n    " : " ";

    for (size_t i = 0; i < list->count; i++) {
        char text[TLSFLOOR_NETWORK_TEXT];

        tlsfloor_network_format(&list->items[i], text);
        tlsfloor_conf_put(output, separator);
        tlsfloor_conf_put(output, text);
    }
}

/* Policy contexts */

static const char *
parse_context(const struct tlsfloor_policy *policy, struct tlsfloor_text text,
              struct tlsfloor_context *context)
{
    const char *equals = memchr(text.data, '=', text.size);
    size_t size = equals == NULL ? 0 : (size_t)(equals - text.data);
    const struct tlsfloor_word *kind;

    if (size == 0)
        return "is not NAME=submission, NAME=none or NAME=unknown-tls (without blanks)";
    kind = tlsfloor_policy_find_word(context_kinds,
                                     (struct tlsfloor_text){equals + 1, text.size - size - 1});
    if (kind == NULL)
        return "is not NAME=submission, NAME=none or NAME=unknown-tls (without blanks)";
    if (size >= sizeof context->name)
        return "has a name of more than 63 bytes";
    *context = (struct tlsfloor_context){.kind = (enum tlsfloor_context_kind)kind->value};
    memcpy(context->name, text.data, size);
    for (size_t i = 0; i < policy->policy_contexts_count; i++)
        if (strcmp(policy->policy_contexts[i].name, context->name) == 0)
            return "names a context for the second time";
    return NULL;
}

static void
parse_contexts(const struct tlsfloor_assignment *to)
{
    struct tlsfloor_policy *policy = to->policy;
    struct tlsfloor_conf_value value = to->value;
    struct tlsfloor_conf_item item;

    policy->policy_contexts_count = 0;
    while (tlsfloor_policy_next_item(to, &value, &item)) {
        struct tlsfloor_context context;
        const char *problem = parse_context(policy, item.text, &context);

        if (problem != NULL) {
            tlsfloor_policy_reject_item(to, &item, problem);
        } else if (policy->policy_contexts_count == TLSFLOOR_CONTEXTS) {
            tlsfloor_policy_reject_item(to, &item, "is one context too many: 16 is the most");
            return;
        } else {
            policy->policy_contexts[policy->policy_contexts_count++] = context;
        }
    }
}

static void
format_contexts(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
                enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    (void)parameter;
    (void)service;
    for (size_t i = 0; i < policy->policy_contexts_count; i++) {
        const struct tlsfloor_context *context = &policy->policy_contexts[i];

        tlsfloor_conf_put(output, " ");
        tlsfloor_conf_put(output, context->name);
        tlsfloor_conf_put(output, "=");
        tlsfloor_conf_put(output, word_name(context_kinds, (int)context->kind));
    }
}

/* Strings */

static void
parse_string(const struct tlsfloor_assignment *to)
{
    const struct tlsfloor_parameter *parameter = to->parameter;
    struct tlsfloor_conf_joined joined;
    const char *problem = NULL;

    tlsfloor_conf_join(to->value, &joined);
    if (parameter->none && strcmp(joined.text, "none") == 0) {
        *(char *)member(to) = '\0';
        return;
    }
    if (joined.cut || joined.size >= parameter->size) {
        tlsfloor_conf_error(to->report, to->value.line, "%s is longer than %zu bytes",
                            parameter->name, parameter->size - 1);
        return;
    }
    problem = parameter->check(joined.text);
    if (problem != NULL)
        reject(to, to->value.line, joined_text(&joined), problem, NULL);
    else
        memcpy(member(to), joined.text, joined.size + 1);
}

static void
format_string(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
              enum tlsfloor_service service, struct tlsfloor_conf_output *output)
{
    const char *string = const_member(parameter, policy, service);

    if (string[0] == '\0' && parameter->none)
        string = "none";
    if (string[0] != '\0')
        tlsfloor_conf_put(output, " ");
    tlsfloor_conf_put(output, string);
}

/* The table */

#define OF_SERVICE(member) \
    .name = #member, .in_sections = 1, .offset = offsetof(struct tlsfloor_service_policy, member)
#define OF_POLICY(member) .name = #member, .offset = offsetof(struct tlsfloor_policy, member)
#define WORD(table) .parse = parse_word, .format = format_word, .words = (table)
#define STRING(limit, function) \
    .parse = parse_string, .format = format_string, .size = (limit), .check = (function)
#define NETWORKS .parse = parse_networks, .format = format_networks

#define DEFAULT_REJECT_TEXT                                                        \
    "Your mail program does not protect this connection well enough (%{version}; " \
    "needed: %{floor} or newer with a strong cipher). "                            \
    "Please update it or change its settings. %{help_url}"

const struct tlsfloor_parameter tlsfloor_policy_values[TLSFLOOR_PARAMETERS] = {
    [TLSFLOOR_PARAMETER_mode] = {OF_SERVICE(mode), .initial = "enforce", WORD(modes)},
    [TLSFLOOR_PARAMETER_floor] = {OF_SERVICE(floor), .initial = "TLSv1.2", WORD(floors)},
    [TLSFLOOR_PARAMETER_cipher_profile] = {OF_SERVICE(cipher_profile), .initial = "rfc9325",
                                           WORD(profiles)},
    [TLSFLOOR_PARAMETER_weak_ciphers] = {OF_SERVICE(weak_ciphers), .initial = "tag", WORD(answers)},
    [TLSFLOOR_PARAMETER_unknown_cipher] = {OF_SERVICE(unknown_cipher), .initial = "tag",
                                           WORD(answers)},
    [TLSFLOOR_PARAMETER_unknown_tls] = {OF_SERVICE(unknown_tls), .initial = "tag",
                                        WORD(unknown_tls_answers)},
    [TLSFLOOR_PARAMETER_proxied_tls] = {OF_SERVICE(proxied_tls), .initial = "cleartext",
                                        WORD(proxied)},
    [TLSFLOOR_PARAMETER_trusted_networks] = {OF_SERVICE(trusted_networks),
                                             .initial = "127.0.0.0/8 ::1/128", NETWORKS},
    [TLSFLOOR_PARAMETER_legacy_networks] = {OF_SERVICE(legacy_networks),
                                            .initial = "0.0.0.0/0 ::/0", NETWORKS},
    [TLSFLOOR_PARAMETER_exceptions] = {OF_POLICY(exceptions),
                                       .initial = TLSFLOOR_SYSCONFDIR "/exceptions",
                                       STRING(TLSFLOOR_PATH, tlsfloor_policy_check_path),
                                       .none = 1},
    [TLSFLOOR_PARAMETER_dovecot_passdb] = {OF_POLICY(dovecot_passdb), .initial = "no",
                                           WORD(yes_no)},
    [TLSFLOOR_PARAMETER_default_domain] = {OF_POLICY(default_domain), .initial = "",
                                           STRING(TLSFLOOR_DOMAIN, tlsfloor_policy_check_domain)},
    [TLSFLOOR_PARAMETER_rollout_from] = {OF_SERVICE(rollout_from), .initial = "",
                                         .parse = parse_date, .format = format_date},
    [TLSFLOOR_PARAMETER_rollout_percent] = {OF_SERVICE(rollout_percent), .initial = "100",
                                            .parse = parse_percent, .format = format_percent},
    [TLSFLOOR_PARAMETER_brownout] = {OF_SERVICE(brownout), .initial = "",
                                     .parse = tlsfloor_policy_parse_brownout,
                                     .format = tlsfloor_policy_format_brownout},
    [TLSFLOOR_PARAMETER_reject_text] = {OF_SERVICE(reject_text), .initial = DEFAULT_REJECT_TEXT,
                                        STRING(TLSFLOOR_REJECT_TEXT,
                                               tlsfloor_policy_check_reject_text)},
    [TLSFLOOR_PARAMETER_help_url] = {OF_SERVICE(help_url), .initial = "",
                                     STRING(TLSFLOOR_HELP_URL, tlsfloor_policy_check_url)},
    [TLSFLOOR_PARAMETER_imap_alert] = {OF_POLICY(imap_alert), .initial = "yes", WORD(yes_no)},
    [TLSFLOOR_PARAMETER_tag_header] = {OF_POLICY(tag_header), .initial = "X-TLS-Floor",
                                       STRING(TLSFLOOR_HEADER_NAME, tlsfloor_policy_check_header),
                                       .none = 1},
    [TLSFLOOR_PARAMETER_audit] = {OF_SERVICE(audit), .initial = "all", WORD(audit_levels)},
    [TLSFLOOR_PARAMETER_syslog_facility] = {OF_POLICY(syslog_facility), .initial = "mail",
                                            WORD(facilities)},
    [TLSFLOOR_PARAMETER_submission_ports] = {OF_POLICY(submission_ports), .initial = "587 465",
                                             .parse = parse_ports, .format = format_ports},
    [TLSFLOOR_PARAMETER_policy_contexts] = {OF_POLICY(policy_contexts), .initial = "",
                                            .parse = parse_contexts, .format = format_contexts},
};
