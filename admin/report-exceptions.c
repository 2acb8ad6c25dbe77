/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that would let in who is below the floor, and no more than they
 * need. What is proposed is asked of the code that judges: it has to read back,
 * name the user, and cover each row.
 */
#include <string.h>

#include "report.h"

#define ALL                                                                                     \
    (1U << TLSFLOOR_SERVICE_IMAP | 1U << TLSFLOOR_SERVICE_POP3 | 1U << TLSFLOOR_SERVICE_SIEVE | \
     1U << TLSFLOOR_SERVICE_SUBMISSION)
#define SUBMISSION (1U << TLSFLOOR_SERVICE_SUBMISSION)

/* One exception in the making. */
struct proposal {
    const struct view *view;
    const struct tally_person *person;
    unsigned services; /* that it may be for */
    struct tlsfloor_exception exception;
    int elsewhere; /* 1: some logins came from networks that are not in it */
    const char *problem;
};

static int
is_wanted(const struct proposal *proposal, const struct tally_row *row)
{
    return row->class == TALLY_BELOW &&
           proposal->services & 1U << tally_kind(proposal->view->tally, row)->service;
}

/* The row after that of the same person that the proposal is for; 0: there is none. */
static uint32_t
next_row(const struct proposal *proposal, uint32_t row)
{
    const struct tally *tally = proposal->view->tally;

    while (row != 0 && !is_wanted(proposal, &tally->rows[row]))
        row = tally->rows[row].next;
    return row;
}

static void
add_networks(struct proposal *proposal, const struct tally_row *row)
{
    struct tlsfloor_exception *exception = &proposal->exception;

    proposal->elsewhere |= row->elsewhere > 0;
    for (unsigned i = 0; i < row->network_count; i++) {
        const struct tlsfloor_network *network = &row->networks[i].network;
        size_t at = 0;

        while (at < exception->from_count &&
               !tlsfloor_network_contains(&exception->from[at], network))
            at++;
        if (at < exception->from_count)
            continue;
        if (at == TLSFLOOR_EXCEPTION_NETWORKS)
            proposal->elsewhere = 1;
        else
            exception->from[exception->from_count++] = *network;
    }
}

/* Makes the exception cover one row more. */
static void
cover(struct proposal *proposal, const struct tally_row *row)
{
    const struct tally *tally = proposal->view->tally;
    struct tlsfloor_exception *exception = &proposal->exception;
    struct tlsfloor_facts facts = tally_row_facts(tally, row);
    enum tlsfloor_match match;

    if (facts.tls == TLSFLOOR_TLS_UNKNOWN)
        proposal->problem = "the TLS version is not known: see unknown_tls";
    else if (exception->services == 0 || facts.tls < exception->allow)
        exception->allow = facts.tls;
    exception->services |= 1U << facts.service;
    if (exception->allow >= tally->judge->site.policy->services[facts.service].floor)
        exception->ciphers_any = 1;
    if (proposal->services == SUBMISSION)
        add_networks(proposal, row);
    match = tlsfloor_exception_match(exception, &facts, tally->now);
    if (match == TLSFLOOR_MATCH_CIPHER)
        exception->ciphers_any = 1;
}

/* Whether the line means this user, and nobody else. */
static int
reads_back(const struct proposal *proposal, const char *line)
{
    const struct tlsfloor_text domain =
        tlsfloor_text_from(proposal->view->tally->judge->site.policy->default_domain);
    struct tlsfloor_user user = tlsfloor_user_named(proposal->person->name, domain);
    struct tlsfloor_exception exception;
    char error[TLSFLOOR_ERROR_TEXT];

    return tlsfloor_exception_parse(tlsfloor_text_from(line), domain, &exception, error,
                                    sizeof(error)) == 1 &&
           exception.kind == TLSFLOOR_WHO_USER && tlsfloor_exception_names(&exception, &user);
}

/* Nobody should paste control sequences of a terminal, however they are encoded. */
static int
is_printable(struct tlsfloor_text name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return 0;
    }
    return 1;
}

static void
propose(struct proposal *proposal, int64_t until, exception_line_fn *each, void *context)
{
    const struct tally *tally = proposal->view->tally;
    struct tlsfloor_exception *exception = &proposal->exception;
    char line[TLSFLOOR_EXCEPTION_LINE];
    uint32_t row = next_row(proposal, proposal->person->row);

    if (row == 0)
        return;
    exception->kind = TLSFLOOR_WHO_USER;
    exception->who = proposal->person->name;
    exception->until = until;
    for (; row != 0; row = next_row(proposal, tally->rows[row].next))
        cover(proposal, &tally->rows[row]);
    if (proposal->services == SUBMISSION && exception->from_count == 0)
        proposal->problem = "submission needs from=, and there is no network to tell";
    if (!is_printable(proposal->person->name))
        proposal->problem = "the name is not printable ASCII: write its exception by hand";
    if (proposal->person->name_cut)
        proposal->problem = "the name is longer than the log has it";
    if (proposal->problem == NULL) {
        tlsfloor_exception_format(exception, line);
        if (reads_back(proposal, line))
            each(context, proposal->person, line, 0);
        else
            proposal->problem = "no exception can have this name";
    }
    if (proposal->problem != NULL)
        each(context, proposal->person, proposal->problem, 1);
    else if (proposal->elsewhere)
        each(context, proposal->person,
             "was also seen from elsewhere: add networks, or from=any if you mean that", 1);
}

void
exceptions_for(const struct view *view, const struct tally_person *person, int64_t until,
               exception_line_fn *each, void *context)
{
    const unsigned parts[] = {ALL & ~SUBMISSION, SUBMISSION};

    if (person->name.data == NULL)
        return;
    for (size_t i = 0; i < 2; i++) {
        struct proposal proposal = {.view = view, .person = person, .services = parts[i]};

        propose(&proposal, until, each, context);
    }
}

static void
print_line(void *context, const struct tally_person *person, const char *line, int is_comment)
{
    const struct view *view = context;
    char name[VIEW_NAME];

    view_name(view, person, name);
    if (is_comment)
        fprintf(view->out, "# %s: %s\n", name, line);
    else
        fprintf(view->out, "%s\n", line);
}

void
view_exceptions(const struct view *view, int64_t until)
{
    const struct tally *tally = view->tally;

    for (uint32_t i = 1; i < tally->person_count; i++)
        exceptions_for(view, &tally->persons[i], until, print_line, (void *)(uintptr_t)view);
}
