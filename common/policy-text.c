/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor.conf as a whole: lines to parameters and sections, and back. Goes on
 * after an error, so that one run tells of all; a policy comes only of a text
 * without any. Reading takes time in proportion to the text; nothing is read
 * but the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy-values.h"

enum open {
    OPEN_NOTHING = 0, /* a line that continues is an error */
    OPEN_PARAMETER,
    OPEN_IGNORED /* what continues a line that was an error is passed over */
};

struct reader {
    struct tlsfloor_conf_report report;
    struct tlsfloor_policy *policy;
    struct tlsfloor_text rest;
    unsigned line;
    int cr_told; /* 1: a CR LF has been told of */
    enum tlsfloor_service section;
    int section_unknown;   /* 1: what stands in it is passed over */
    int services_complete; /* 1: the services hold the part before the first section */
    unsigned section_lines[TLSFLOOR_SERVICES];
    enum open open;
    struct tlsfloor_assignment assignment;                  /* OPEN_PARAMETER: its value so far */
    unsigned lines[TLSFLOOR_SERVICES][TLSFLOOR_PARAMETERS]; /* 0: not set there */
};

/* Parameters */

static struct tlsfloor_text
text_of(const char *begin, const char *end)
{
    return (struct tlsfloor_text){begin, (size_t)(end - begin)};
}

static const struct tlsfloor_parameter *
find_parameter(struct tlsfloor_text name)
{
    for (size_t i = 0; i < TLSFLOOR_PARAMETERS; i++)
        if (tlsfloor_text_equal(name, tlsfloor_text_from(tlsfloor_policy_values[i].name)))
            return &tlsfloor_policy_values[i];
    return NULL;
}

static void
set_defaults(struct tlsfloor_policy *policy, struct tlsfloor_conf_report *report)
{
    for (size_t i = 0; i < TLSFLOOR_PARAMETERS; i++) {
        const struct tlsfloor_parameter *parameter = &tlsfloor_policy_values[i];

        parameter->parse(&(struct tlsfloor_assignment){
            .parameter = parameter,
            .policy = policy,
            .service = TLSFLOOR_SERVICE_NONE,
            .value = {.text = tlsfloor_text_from(parameter->initial)},
            .report = report,
        });
    }
}

/* Gives each service what stands before the first section. */
static void
complete_services(struct tlsfloor_policy *policy)
{
    for (size_t i = 1; i < TLSFLOOR_SERVICES; i++)
        policy->services[i] = policy->services[0];
}

static void
unknown_parameter(struct reader *reader, struct tlsfloor_text name)
{
    struct tlsfloor_conf_nearest nearest = {.text = name};

    for (size_t i = 0; i < TLSFLOOR_PARAMETERS; i++)
        tlsfloor_conf_nearest_try(&nearest, tlsfloor_policy_values[i].name);
    tlsfloor_conf_error(
        &reader->report, reader->line, "unknown parameter \"%s\"%s%s%s",
        tlsfloor_conf_quote(name).text, nearest.name == NULL ? "" : "; did you mean \"",
        nearest.name == NULL ? "" : nearest.name, nearest.name == NULL ? "" : "\"?");
}

/* 0, or -1 and told: the parameter must not stand here, or not again. */
static int
check_place(struct reader *reader, const struct tlsfloor_parameter *parameter)
{
    unsigned *first = &reader->lines[reader->section][parameter - tlsfloor_policy_values];

    if (reader->section != TLSFLOOR_SERVICE_NONE && !parameter->in_sections) {
        tlsfloor_conf_error(&reader->report, reader->line,
                            "%s is for all services: it belongs before the first section",
                            parameter->name);
        return -1;
    }
    if (*first != 0) {
        tlsfloor_conf_error(&reader->report, reader->line,
                            "%s is set a second time: line %u set it already", parameter->name,
                            *first);
        return -1;
    }
    *first = reader->line;
    return 0;
}

/* "name = value", without the white space around it. */
static void
open_parameter(struct reader *reader, struct tlsfloor_text text)
{
    const char *equals = memchr(text.data, '=', text.size);
    const struct tlsfloor_parameter *parameter;
    struct tlsfloor_text name;

    reader->open = OPEN_IGNORED;
    if (equals == NULL || equals == text.data) {
        tlsfloor_conf_error(&reader->report, reader->line, "\"%s\" is not name = value",
                            tlsfloor_conf_quote(text).text);
        return;
    }
    name = tlsfloor_conf_trim(text_of(text.data, equals));
    parameter = find_parameter(name);
    if (parameter == NULL)
        unknown_parameter(reader, name);
    if (parameter == NULL || reader->section_unknown || check_place(reader, parameter) != 0)
        return;
    reader->open = OPEN_PARAMETER;
    reader->assignment = (struct tlsfloor_assignment){
        .parameter = parameter,
        .policy = reader->policy,
        .service = reader->section,
        .value = {.text = text_of(equals + 1, text.data + text.size), .line = reader->line},
        .report = &reader->report,
    };
}

/* The value of the parameter is complete: the next one begins, or a section, or the text ends. */
static void
close_parameter(struct reader *reader)
{
    if (reader->open == OPEN_PARAMETER)
        reader->assignment.parameter->parse(&reader->assignment);
    reader->open = OPEN_NOTHING;
}

static void
continue_value(struct reader *reader, struct tlsfloor_text text)
{
    struct tlsfloor_conf_value *value = &reader->assignment.value;

    switch (reader->open) {
    case OPEN_NOTHING:
        tlsfloor_conf_error(&reader->report, reader->line,
                            "the line begins with white space, but there is no line that it could "
                            "continue");
        break;
    case OPEN_PARAMETER:
        value->text = text_of(value->text.data, text.data + text.size);
        break;
    case OPEN_IGNORED:
        break;
    }
}

/* Sections */

/* The service of "[imap]", or NONE. */
static enum tlsfloor_service
header_service(struct tlsfloor_text text)
{
    if (text.size < 2 || text.data[0] != '[' || text.data[text.size - 1] != ']')
        return TLSFLOOR_SERVICE_NONE;
    return tlsfloor_service_parse((struct tlsfloor_text){text.data + 1, text.size - 2});
}

static void
unknown_section(struct reader *reader, struct tlsfloor_text text)
{
    struct tlsfloor_conf_nearest nearest = {.text = text};

    if (text.size >= 2 && text.data[text.size - 1] == ']')
        nearest.text = tlsfloor_conf_trim((struct tlsfloor_text){text.data + 1, text.size - 2});
    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++)
        tlsfloor_conf_nearest_try(&nearest, tlsfloor_service_name((enum tlsfloor_service)i));
    tlsfloor_conf_error(
        &reader->report, reader->line,
        "\"%s\" is no section: there are [imap], [pop3], [sieve] and [submission]%s%s%s%s",
        tlsfloor_conf_quote(text).text,
        tlsfloor_conf_has_comment(text) ? "; comments stand on lines of their own" : "",
        nearest.name == NULL ? "" : "; did you mean [", nearest.name == NULL ? "" : nearest.name,
        nearest.name == NULL ? "" : "]?");
}

static void
open_section(struct reader *reader, struct tlsfloor_text text)
{
    enum tlsfloor_service service = header_service(text);
    unsigned *first = &reader->section_lines[service];

    if (!reader->services_complete)
        complete_services(reader->policy);
    reader->services_complete = 1;
    reader->section = service;
    reader->section_unknown = service == TLSFLOOR_SERVICE_NONE;
    if (reader->section_unknown)
        unknown_section(reader, text);
    else if (*first != 0)
        tlsfloor_conf_error(&reader->report, reader->line,
                            "section [%s] begins a second time: it began in line %u already",
                            tlsfloor_service_name(service), *first);
    else
        *first = reader->line;
}

/* Lines */

/* 1 for "[imap]" and "floor = ...", which nobody means to continue a value, else 0. */
static int
begins_something(struct tlsfloor_text text)
{
    const char *equals = memchr(text.data, '=', text.size);

    if (header_service(text) != TLSFLOOR_SERVICE_NONE)
        return 1;
    return equals != NULL && find_parameter(tlsfloor_conf_trim(text_of(text.data, equals))) != NULL;
}

static int
next_line(struct reader *reader, struct tlsfloor_text *line_r)
{
    struct tlsfloor_text *rest = &reader->rest;
    const char *newline;

    if (rest->size == 0 || tlsfloor_conf_full(&reader->report))
        return 0;
    newline = memchr(rest->data, '\n', rest->size);
    *line_r = newline == NULL ? *rest : text_of(rest->data, newline);
    *rest = text_of(line_r->data + line_r->size + (newline != NULL), rest->data + rest->size);
    reader->line++;
    return 1;
}

/* A CR before the line's end is told of once, and then left out. */
static void
cut_carriage_return(struct reader *reader, struct tlsfloor_text *line)
{
    if (line->size == 0 || line->data[line->size - 1] != '\r')
        return;
    line->size--;
    if (!reader->cr_told)
        tlsfloor_conf_error(&reader->report, reader->line,
                            "the line ends in CR LF: convert the file to Unix line ends");
    reader->cr_told = 1;
}

static void
take_line(struct reader *reader, struct tlsfloor_text line)
{
    struct tlsfloor_text text;
    int indented, damaged;

    cut_carriage_return(reader, &line);
    damaged = tlsfloor_conf_check_line(&reader->report, reader->line, line) != 0;
    text = tlsfloor_conf_trim(line);
    indented = line.size > 0 && tlsfloor_conf_blank(line.data[0]);
    if (text.size == 0 || text.data[0] == '#')
        return;
    if (indented && !damaged && !begins_something(text)) {
        continue_value(reader, text);
        return;
    }
    if (indented && !damaged)
        tlsfloor_conf_error(&reader->report, reader->line,
                            "\"%s\" begins with white space and would continue the line before: "
                            "begin it in the first column",
                            tlsfloor_conf_quote(text).text);
    if (indented && damaged)
        reader->open = OPEN_IGNORED;
    close_parameter(reader);
    if (damaged)
        reader->open = OPEN_IGNORED;
    else if (text.data[0] == '[')
        open_section(reader, text);
    else
        open_parameter(reader, text);
}

/* Editors that do not save plain text leave a mark at its beginning. */
static void
take_mark(struct reader *reader)
{
    struct tlsfloor_text *rest = &reader->rest;

    if (rest->size >= 3 && memcmp(rest->data, "\xef\xbb\xbf", 3) == 0) {
        tlsfloor_conf_error(&reader->report, 1,
                            "the file begins with a byte order mark: save it as plain ASCII");
        *rest = text_of(rest->data + 3, rest->data + rest->size);
    } else if (rest->size >= 2 &&
               (memcmp(rest->data, "\xff\xfe", 2) == 0 || memcmp(rest->data, "\xfe\xff", 2) == 0)) {
        tlsfloor_conf_error(&reader->report, 1, "the file is UTF-16: save it as plain ASCII");
        rest->size = 0;
    }
}

/* Warnings, and what is unfit to be applied */

/* The line that set a parameter for a service, 0 if it has its default. */
static unsigned
line_of(const struct reader *reader, size_t service, enum tlsfloor_parameter_id id)
{
    unsigned line = reader->lines[service][id];

    return line != 0 ? line : reader->lines[0][id];
}

/* 1 if enforce binds some users and not others. */
static int
is_partial(const struct tlsfloor_service_policy *service)
{
    return service->rollout_percent > 0 && service->rollout_percent < 100;
}

/* 1 if one of two parameters is set in this very section. */
static int
sets(const struct reader *reader, size_t service, enum tlsfloor_parameter_id one,
     enum tlsfloor_parameter_id other)
{
    return reader->lines[service][one] != 0 || reader->lines[service][other] != 0;
}

static void
tell(const struct reader *reader, enum tlsfloor_severity severity, unsigned line,
     const char *sentence)
{
    if (reader->report.problem != NULL)
        reader->report.problem(reader->report.context, severity, line, sentence);
}

static void
warn(const struct reader *reader, unsigned line, const char *sentence)
{
    tell(reader, TLSFLOOR_WARNING, line, sentence);
}

/* Warns once of what stands in one place, although it holds for several services. */
static void
warn_service(const struct reader *reader, size_t index)
{
    const struct tlsfloor_service_policy *service = &reader->policy->services[index];

    if (reader->lines[index][TLSFLOOR_PARAMETER_floor] != 0 && service->floor < TLSFLOOR_TLS_1_2)
        warn(reader, reader->lines[index][TLSFLOOR_PARAMETER_floor],
             "floor is below TLSv1.2, which RFC 8997 asks for at least");
    if (service->mode == TLSFLOOR_MODE_ENFORCE && service->brownout_count > 0 &&
        service->rollout_from == INT64_MIN &&
        (sets(reader, index, TLSFLOOR_PARAMETER_brownout, TLSFLOOR_PARAMETER_rollout_from) ||
         reader->lines[index][TLSFLOOR_PARAMETER_mode] != 0))
        warn(reader, line_of(reader, index, TLSFLOOR_PARAMETER_brownout),
             "brownout without rollout_from: enforce binds outside of the windows too, they only "
             "make refusals temporary");
    if (service->help_url[0] != '\0' && strstr(service->reject_text, "%{help_url}") == NULL &&
        sets(reader, index, TLSFLOOR_PARAMETER_help_url, TLSFLOOR_PARAMETER_reject_text))
        warn(reader, line_of(reader, index, TLSFLOOR_PARAMETER_help_url),
             "help_url is told to nobody: reject_text does not hold %{help_url}");
}

/* 1 if a percentage that stands in this place (index 0: before the sections) binds Dovecot. */
static int
sets_partial_rollout(const struct reader *reader, size_t index)
{
    if (reader->lines[index][TLSFLOOR_PARAMETER_rollout_percent] == 0 ||
        !is_partial(&reader->policy->services[index]))
        return 0;
    if (index != TLSFLOOR_SERVICE_NONE)
        return index != TLSFLOOR_SERVICE_SUBMISSION;
    return reader->lines[TLSFLOOR_SERVICE_IMAP][TLSFLOOR_PARAMETER_rollout_percent] == 0 ||
           reader->lines[TLSFLOOR_SERVICE_POP3][TLSFLOOR_PARAMETER_rollout_percent] == 0 ||
           reader->lines[TLSFLOOR_SERVICE_SIEVE][TLSFLOOR_PARAMETER_rollout_percent] == 0;
}

/* Postfix names the user in the end; Dovecot in time only to a passdb. */
static void
check_rollout(const struct reader *reader)
{
    if (reader->policy->dovecot_passdb)
        return;
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++)
        if (sets_partial_rollout(reader, i))
            tell(reader, TLSFLOOR_UNFIT, reader->lines[i][TLSFLOOR_PARAMETER_rollout_percent],
                 "rollout_percent from 1 to 99 cannot work in Dovecot with dovecot_passdb = no: "
                 "set dovecot_passdb = yes, or, if only Postfix is meant, rollout_percent in "
                 "[submission] alone");
}

/* Public functions */

struct tlsfloor_policy *
tlsfloor_policy_new(void)
{
    struct tlsfloor_conf_report report = {.problem = NULL};
    struct tlsfloor_policy *policy = calloc(1, sizeof *policy);

    if (policy == NULL)
        return NULL;
    set_defaults(policy, &report);
    complete_services(policy);
    if (report.errors > 0) {
        tlsfloor_policy_free(policy);
        return NULL;
    }
    return policy;
}

struct tlsfloor_policy *
tlsfloor_policy_parse(struct tlsfloor_text text, tlsfloor_problem_fn *problem, void *context)
{
    struct reader reader = {
        .report = {.problem = problem, .context = context},
        .policy = tlsfloor_policy_new(),
        .rest = text,
    };
    struct tlsfloor_text line;

    if (reader.policy == NULL) {
        tlsfloor_conf_error(&reader.report, 0, "out of memory");
        return NULL;
    }
    take_mark(&reader);
    while (next_line(&reader, &line))
        take_line(&reader, line);
    close_parameter(&reader);
    if (reader.report.errors > 0) {
        tlsfloor_policy_free(reader.policy);
        return NULL;
    }
    if (!reader.services_complete)
        complete_services(reader.policy);
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++)
        warn_service(&reader, i);
    check_rollout(&reader);
    return reader.policy;
}

void
tlsfloor_policy_free(struct tlsfloor_policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; i < sizeof policy->lists / sizeof *policy->lists; i++)
        tlsfloor_networks_free(&policy->lists[i]);
    free(policy);
}

/* Writing */

static void
put_parameter(struct tlsfloor_conf_output *output, const struct tlsfloor_parameter *parameter,
              const struct tlsfloor_policy *policy, enum tlsfloor_service service)
{
    tlsfloor_conf_put(output, parameter->name);
    tlsfloor_conf_put(output, " =");
    parameter->format(parameter, policy, service, output);
    tlsfloor_conf_put(output, "\n");
}

/* 1 if the value is another than before the first section of base, else 0; -1: no memory. */
static int
differs(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
        enum tlsfloor_service service, const struct tlsfloor_policy *base)
{
    struct tlsfloor_conf_output mine = {.data = NULL}, other = {.data = NULL};
    int result = -1;

    put_parameter(&mine, parameter, policy, service);
    put_parameter(&other, parameter, base, TLSFLOOR_SERVICE_NONE);
    if (!mine.failed && !other.failed)
        result = strcmp(mine.data, other.data) != 0;
    free(mine.data);
    free(other.data);
    return result;
}

static void
put_header(struct tlsfloor_conf_output *output, enum tlsfloor_service service)
{
    if (service == TLSFLOOR_SERVICE_NONE)
        return;
    tlsfloor_conf_put(output, output->size > 0 ? "\n[" : "[");
    tlsfloor_conf_put(output, tlsfloor_service_name(service));
    tlsfloor_conf_put(output, "]\n");
}

/* Writes what differs from base (NULL: everything). 0, or -1: no memory. */
static int
put_section(struct tlsfloor_conf_output *output, const struct tlsfloor_policy *policy,
            enum tlsfloor_service service, const struct tlsfloor_policy *base)
{
    int begun = 0;

    for (size_t i = 0; i < TLSFLOOR_PARAMETERS; i++) {
        const struct tlsfloor_parameter *parameter = &tlsfloor_policy_values[i];
        int wanted;

        if (service != TLSFLOOR_SERVICE_NONE && !parameter->in_sections)
            continue;
        wanted = base == NULL ? 1 : differs(parameter, policy, service, base);
        if (wanted < 0)
            return -1;
        if (!wanted)
            continue;
        if (!begun)
            put_header(output, service);
        begun = 1;
        put_parameter(output, parameter, policy, service);
    }
    return output->failed ? -1 : 0;
}

char *
tlsfloor_policy_format(const struct tlsfloor_policy *policy, enum tlsfloor_format format)
{
    struct tlsfloor_conf_output output = {.data = NULL};
    struct tlsfloor_policy *defaults = tlsfloor_policy_new();
    int result;

    if (defaults == NULL)
        return NULL;
    tlsfloor_conf_put(&output, ""); /* nothing to say is an empty text, not none */
    result = put_section(&output, policy, TLSFLOOR_SERVICE_NONE,
                         format == TLSFLOOR_FORMAT_ALL ? NULL : defaults);
    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES && result == 0; i++)
        result = put_section(&output, policy, (enum tlsfloor_service)i, policy);
    tlsfloor_policy_free(defaults);
    if (result == 0)
        return output.data;
    free(output.data);
    return NULL;
}

const char *const *
tlsfloor_policy_parameters(void)
{
#define NAME(name) #name,
    static const char *const names[] = {TLSFLOOR_EACH_PARAMETER(NAME) NULL};

    return names;
}
