/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor apply: checks what people edited, then puts it in force as a whole
 * and says what is different now.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"

/* What a section says that does not say anything. */
#define AS_FOR_ALL "as for all services"

/* One parameter of a policy's canonical text. */
struct entry {
    struct tlsfloor_text section; /* "[imap]", or empty */
    struct tlsfloor_text name;
    struct tlsfloor_text value; /* with its continuation lines */
};

/* The size of the line that *text begins with, and of those that continue it. */
static size_t
logical_line(const char *text)
{
    size_t size = strcspn(text, "\n");

    while (text[size] == '\n' && (text[size + 1] == ' ' || text[size + 1] == '\t'))
        size += 1 + strcspn(text + size + 1, "\n");
    return size;
}

/* Takes the next entry out of a canonical text. 1, or 0 at its end. */
static int
next_entry(const char **text, struct entry *entry)
{
    while (**text != '\0') {
        struct tlsfloor_text line = {*text, logical_line(*text)};
        const char *equals = line.size == 0 ? NULL : memchr(line.data, '=', line.size);

        *text += line.size + ((*text)[line.size] == '\n');
        if (line.size > 0 && line.data[0] == '[') {
            entry->section = line;
        } else if (equals != NULL) {
            entry->name = (struct tlsfloor_text){line.data, strcspn(line.data, " =")};
            entry->value =
                (struct tlsfloor_text){equals + 1, line.size - (size_t)(equals + 1 - line.data)};
            if (entry->value.size > 0 && entry->value.data[0] == ' ') {
                entry->value.data++;
                entry->value.size--;
            }
            return 1;
        }
    }
    return 0;
}

/* What text says of the parameter that entry names. 1, or 0: nothing. */
static int
find_entry(const char *text, const struct entry *entry, struct tlsfloor_text *value_r)
{
    struct entry candidate = {{NULL, 0}, {NULL, 0}, {NULL, 0}};

    while (next_entry(&text, &candidate)) {
        if (tlsfloor_text_equal(candidate.section, entry->section) &&
            tlsfloor_text_equal(candidate.name, entry->name)) {
            *value_r = candidate.value;
            return 1;
        }
    }
    return 0;
}

/* Prints a value on one line, a long one only by its beginning. */
static void
print_value(struct tlsfloor_text value)
{
    int blank = 0;

    if (value.size == 0)
        fputs("(empty)", stdout);
    for (size_t i = 0; i < value.size && i < 200; i++) {
        int is_blank = value.data[i] == ' ' || value.data[i] == '\n';

        if (!is_blank || !blank)
            putchar(is_blank ? ' ' : value.data[i]);
        blank = is_blank;
    }
    if (value.size > 200)
        fputs(" ...", stdout);
}

/* Prints what the first text says and the second does not say or says otherwise. */
static unsigned
print_changes(const char *now, const char *before, int removals)
{
    struct entry entry = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct tlsfloor_text other;
    unsigned changes = 0;

    while (next_entry(&now, &entry)) {
        int known = find_entry(before, &entry, &other);

        if (known && (removals || tlsfloor_text_equal(entry.value, other)))
            continue;
        changes++;
        printf("  %.*s%s%.*s: ", (int)entry.section.size, entry.section.data,
               entry.section.size > 0 ? " " : "", (int)entry.name.size, entry.name.data);
        if (known) {
            print_value(other);
            fputs(" -> ", stdout);
        } else if (!removals && entry.section.size > 0) {
            fputs(AS_FOR_ALL " -> ", stdout);
        }
        print_value(entry.value);
        puts(removals ? " -> " AS_FOR_ALL : "");
    }
    return changes;
}

/* Says how many exceptions are in force, if they are not the same as before. */
static unsigned
print_exceptions(const struct tlsfloor_snapshot_about *now,
                 const struct tlsfloor_snapshot_about *before)
{
    if (now->id == before->id)
        return 0;
    printf("  exceptions in force: %u -> %u\n", before->count, now->count);
    return 1;
}

static int
report_changes(const struct tlsfloor_policy *now, const struct tlsfloor_policy *before,
               const struct tlsfloor_snapshot_about *exceptions_now,
               const struct tlsfloor_snapshot_about *exceptions_before)
{
    enum tlsfloor_format format = before == NULL ? TLSFLOOR_FORMAT_CHANGED : TLSFLOOR_FORMAT_ALL;
    char *text_now = tlsfloor_policy_format(now, format);
    char *text_before = before == NULL ? strdup("") : tlsfloor_policy_format(before, format);
    unsigned changes;

    if (text_now == NULL || text_before == NULL) {
        free(text_now);
        free(text_before);
        return -1;
    }
    puts(before == NULL ? "applied (nothing was in force before); what differs from the defaults:"
                        : "applied; what changed:");
    changes = print_changes(text_now, text_before, 0) + print_changes(text_before, text_now, 1) +
              print_exceptions(exceptions_now, exceptions_before);
    if (changes == 0)
        puts("  nothing");
    free(text_now);
    free(text_before);
    return 0;
}

int
apply_locked(const struct invocation *invocation, int lock, const struct tlsfloor_policy *policy,
             const struct exceptions *exceptions, struct tlsfloor_state_result *result_r,
             struct report *report)
{
    struct exceptions_cursor cursor = {exceptions, 0};
    const struct tlsfloor_state_new new = {
        .policy = policy,
        .next = exceptions_next,
        .context = &cursor,
        .now = time(NULL),
        .group = TLSFLOOR_USER,
    };
    char error[TLSFLOOR_ERROR_TEXT];

    if (tlsfloor_state_apply(lock, invocation->state, &new, result_r, error) != 0) {
        report_error(report, error);
        return -1;
    }
    if (result_r->no_group) {
        snprintf(error, sizeof(error),
                 "%.300s/" TLSFLOOR_STATE_SNAPSHOT ": only root can read it, because there is no "
                 "group " TLSFLOOR_USER ": add it and its user, then run tlsfloor apply",
                 invocation->state);
        report_warning(report, error);
    }
    return 0;
}

static void
apply(const struct invocation *invocation, int lock, const struct site *site, struct report *report)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_policy *before = tlsfloor_state_load(invocation->state, NULL, error);
    struct tlsfloor_snapshot_about exceptions_before =
        site_applied_exceptions(before, invocation->state);
    struct tlsfloor_state_result result;

    site_warn_of_exceptions(site, time(NULL), report);
    if (apply_locked(invocation, lock, site->policy, &site->exceptions, &result, report) == 0 &&
        report_changes(site->policy, before, &result.about, &exceptions_before) != 0)
        report_warning(report, "applied, but there is no memory to say what changed");
    tlsfloor_policy_free(before);
}

int
command_apply(const struct invocation *invocation)
{
    struct report report = {.errors = 0};
    char error[TLSFLOOR_ERROR_TEXT];
    int lock = tlsfloor_state_lock(invocation->state, error);
    struct site site;

    if (lock < 0) {
        report_error(&report, error);
        return EXIT_ERROR;
    }
    site_load(invocation, &report, &site);
    if (report.errors == 0)
        apply(invocation, lock, &site, &report);
    else
        fprintf(stderr, "tlsfloor: nothing was applied; what was in force stays in force\n");
    site_free(&site);
    close(lock);
    return report.errors > 0 ? EXIT_ERROR : EXIT_OK;
}
