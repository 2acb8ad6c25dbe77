/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor exception: one table of its subcommands, and the small ones of them:
 * add and remove.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exception-command.h"

static const struct {
    const char *name;
    int (*run)(const struct invocation *invocation);
    const char *options; /* letters of the option table */
    int least, most;     /* arguments */
    const char *usage;
} subcommands[] = {
    {"add", exception_add, "", 3, 8, "WHO allow=VERSION until=DATE [KEY=VALUE ...]"},
    {"remove", exception_remove, "", 1, 1, "WHO"},
    {"list", exception_list, "jxE", 0, 0, "[--expired] [--expiring DAYS] [--json]"},
    {"show", exception_show, "j", 1, 1, "WHO [--json]"},
    {"import", exception_import, "rf", 1, 1, "FILE|- [--replace [--force]]"},
    {"export", exception_export, "", 0, 0, ""},
};
#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

/* --- WHO --- */

int
exception_parse_who(const char *who, const struct tlsfloor_policy *policy,
                    struct tlsfloor_exception *exception_r, struct report *report)
{
    /* The rules for a name are those of a line. */
    char line[TLSFLOOR_EXCEPTION_LINE], error[TLSFLOOR_ERROR_TEXT];
    int result = -1;

    snprintf(error, sizeof(error), "write user@domain, user, @domain or *");
    if (who[0] != '\0' && strlen(who) < sizeof(line) - 50 && strpbrk(who, " \t\n\r") == NULL) {
        snprintf(line, sizeof(line), "%s allow=TLSv1 until=never from=any", who);
        result = tlsfloor_exception_parse(tlsfloor_text_from(line),
                                          tlsfloor_text_from(policy->default_domain), exception_r,
                                          error, sizeof(error));
    }
    if (result == 1) {
        /* The texts are to live as long as the word of the command line. */
        exception_r->who = tlsfloor_text_from(who);
        if (exception_r->kind != TLSFLOOR_WHO_ANYBODY) {
            struct tlsfloor_user user =
                tlsfloor_user_named(exception_r->who, tlsfloor_text_from(policy->default_domain));

            exception_r->local = user.local;
            exception_r->domain = user.domain;
        }
        return 0;
    }
    report_problem(report, TLSFLOOR_ERROR, "exception", 0, error);
    return -1;
}

int
exception_same_who(const struct tlsfloor_exception *a, const struct tlsfloor_exception *b)
{
    return a->kind == b->kind && (a->domain.data == NULL) == (b->domain.data == NULL) &&
           tlsfloor_text_equal_fold(a->domain, b->domain) &&
           tlsfloor_text_equal_fold(a->local, b->local);
}

/* --- add --- */

/* Puts a word behind the line. note= may come without its quotes, which a shell takes away. */
static void
add_word(FILE *line, const char *word)
{
    if (strncmp(word, "note=", 5) != 0 || word[5] == '"') {
        fprintf(line, "%s ", word);
        return;
    }
    fputs("note=\"", line);
    for (const char *byte = word + 5; *byte != '\0'; byte++)
        fprintf(line, "%s%c", *byte == '"' || *byte == '\\' ? "\\" : "", *byte);
    fputs("\" ", line);
}

/* The arguments as a line of the file, to free(); NULL: no memory. */
static char *
join_words(const struct invocation *invocation)
{
    char *text = NULL;
    size_t size;
    FILE *line = open_memstream(&text, &size);

    if (line == NULL)
        return NULL;
    for (int i = 0; i < invocation->argc; i++)
        add_word(line, invocation->argv[i]);
    return fclose(line) == 0 ? text : NULL;
}

/* 1 if the list has that very line. */
static int
is_listed(const struct exceptions *exceptions, const struct tlsfloor_exception *exception)
{
    char want[TLSFLOOR_EXCEPTION_LINE], have[TLSFLOOR_EXCEPTION_LINE];
    struct tlsfloor_exception other;

    tlsfloor_exception_format(exception, want);
    for (size_t i = 0; i < exceptions->count; i++) {
        exceptions_get(exceptions, i, &other);
        tlsfloor_exception_format(&other, have);
        if (strcmp(have, want) == 0)
            return 1;
    }
    return 0;
}

static void
add(struct edit *edit, const char *line)
{
    const struct tlsfloor_policy *policy = edit->site.policy;
    char error[TLSFLOOR_ERROR_TEXT], text[TLSFLOOR_EXCEPTION_LINE];
    struct tlsfloor_exception exception;
    int result = tlsfloor_exception_parse(tlsfloor_text_from(line),
                                          tlsfloor_text_from(policy->default_domain), &exception,
                                          error, sizeof(error));
    int listed;

    if (result != 1) {
        report_problem(&edit->report, TLSFLOOR_ERROR, "exception add", 0,
                       result < 0 ? error : "write user@domain, user, @domain or * first");
        return;
    }
    listed = is_listed(&edit->site.exceptions, &exception);
    site_warn_of_exception(policy, &exception, 0, time(NULL), &edit->report);
    edit_copy(edit, NULL, NULL);
    if (!listed)
        edit_append(edit, &exception);
    tlsfloor_exception_format(&exception, text);
    fprintf(edit->said, "%s: %s\n", listed ? "is there already" : "added", text);
    (void)edit_commit(edit);
}

int
exception_add(const struct invocation *invocation)
{
    char *line = join_words(invocation);
    struct edit edit;

    if (edit_begin(&edit, invocation) == 0 && line != NULL)
        add(&edit, line);
    if (line == NULL)
        report_error(&edit.report, "no memory to add an exception");
    free(line);
    return edit_end(&edit);
}

/* --- remove --- */

struct removal {
    struct edit edit;
    struct tlsfloor_exception who;
    unsigned count;
};

static int
keep_others(void *context, const struct tlsfloor_exception *exception)
{
    struct removal *removal = context;
    char line[TLSFLOOR_EXCEPTION_LINE];

    if (!exception_same_who(exception, &removal->who))
        return 1;
    removal->count++;
    tlsfloor_exception_format(exception, line);
    fprintf(removal->edit.said, "removed: %s\n", line);
    return 0;
}

int
exception_remove(const struct invocation *invocation)
{
    struct removal removal = {.count = 0};
    struct edit *edit = &removal.edit;

    if (edit_begin(edit, invocation) == 0 &&
        exception_parse_who(invocation->argv[0], edit->site.policy, &removal.who, &edit->report) ==
            0) {
        edit_copy(edit, keep_others, &removal);
        if (removal.count == 0)
            report_problem(&edit->report, TLSFLOOR_ERROR, edit->site.policy->exceptions, 0,
                           "has no exception for that name: see tlsfloor exception list");
        else
            (void)edit_commit(edit);
    }
    return edit_end(edit);
}

/* --- the table --- */

static int
usage_error(size_t subcommand)
{
    fprintf(stderr, "tlsfloor: usage: tlsfloor exception %s %s\n", subcommands[subcommand].name,
            subcommands[subcommand].usage);
    return EXIT_ERROR;
}

/* 1 if an option was given that the subcommand does not take. */
static int
has_foreign_option(const struct invocation *invocation, const char *options)
{
    return (invocation->json && strchr(options, 'j') == NULL) ||
           (invocation->expired && strchr(options, 'x') == NULL) ||
           (invocation->expiring != NULL && strchr(options, 'E') == NULL) ||
           (invocation->replace && strchr(options, 'r') == NULL) ||
           (invocation->force && strchr(options, 'f') == NULL);
}

int
command_exception(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    const char *name = invocation->argc == 0 ? "" : invocation->argv[0];

    rest.argc--;
    rest.argv++;
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(subcommands[i].name, name) != 0)
            continue;
        if (rest.argc < subcommands[i].least || rest.argc > subcommands[i].most ||
            has_foreign_option(&rest, subcommands[i].options))
            return usage_error(i);
        return subcommands[i].run(&rest);
    }
    fputs("tlsfloor: exception needs add, remove, list, show, import or export: see tlsfloor "
          "--help\n",
          stderr);
    return EXIT_ERROR;
}
