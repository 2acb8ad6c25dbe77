/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor exception import: a whole list from elsewhere, such as a directory.
 * With --replace the file becomes that list; lines that are in both stay
 * where they are, with the comments between them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exception-command.h"
#include "hash.h"

/* The items of a list by a hash of theirs. */
struct index {
    const struct exceptions *exceptions;
    int whole; /* 1: of all that a line says; 0: of whom it is for */
    struct entry {
        uint64_t hash;
        size_t item;
    } * entries;
};

static uint64_t
hash_of(const struct tlsfloor_exception *exception, int whole)
{
    const struct tlsfloor_user user = {TLSFLOOR_USER_NAMED, exception->local, exception->domain};
    char line[TLSFLOOR_EXCEPTION_LINE];

    if (!whole)
        return tlsfloor_user_hash(TLSFLOOR_HASH_START + exception->kind, &user);
    tlsfloor_exception_format(exception, line);
    return tlsfloor_hash_add(TLSFLOOR_HASH_START, line, strlen(line));
}

static int
are_same(const struct tlsfloor_exception *a, const struct tlsfloor_exception *b, int whole)
{
    char line_a[TLSFLOOR_EXCEPTION_LINE], line_b[TLSFLOOR_EXCEPTION_LINE];

    if (!whole)
        return exception_same_who(a, b);
    tlsfloor_exception_format(a, line_a);
    tlsfloor_exception_format(b, line_b);
    return strcmp(line_a, line_b) == 0;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* 0, or -1: no memory. */
static int
index_list(struct index *index, const struct exceptions *exceptions, int whole)
{
    struct tlsfloor_exception exception;

    *index = (struct index){exceptions, whole, calloc(exceptions->count + 1, sizeof(struct entry))};
    if (index->entries == NULL)
        return -1;
    for (size_t i = 0; i < exceptions->count; i++) {
        exceptions_get(exceptions, i, &exception);
        index->entries[i] = (struct entry){hash_of(&exception, whole), i};
    }
    qsort(index->entries, exceptions->count, sizeof(struct entry), compare_entries);
    return 0;
}

/* The number of the first item that is the same, or the number of items: there is none. */
static size_t
find(const struct index *index, const struct tlsfloor_exception *exception)
{
    uint64_t hash = hash_of(exception, index->whole);
    size_t low = 0, high = index->exceptions->count;
    struct tlsfloor_exception other;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (index->entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < index->exceptions->count && index->entries[low].hash == hash; low++) {
        exceptions_get(index->exceptions, index->entries[low].item, &other);
        if (are_same(&other, exception, index->whole))
            return index->entries[low].item;
    }
    return index->exceptions->count;
}

static int
has(const struct index *index, const struct tlsfloor_exception *exception)
{
    return find(index, exception) < index->exceptions->count;
}

/* --- what comes in --- */

struct import {
    struct edit edit;
    const char *name;
    struct exceptions given;
    struct index given_lines, given_who, old_lines;
    size_t added, removed, lost; /* lost: for whom there is no line at all any more */
};

static void
pass_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    struct import *import = context;

    report_problem(&import->edit.report, severity, import->name, line, sentence);
}

/* All that can be read, to free(); NULL with errno. */
static char *
read_all(int fd, size_t *size_r)
{
    size_t room = 65536, size = 0;
    char *data = malloc(room), *larger;
    ssize_t bytes = 1;

    while (data != NULL && bytes > 0) {
        if (size == room) {
            larger = room > TLSFLOOR_FILE_SIZE ? NULL : realloc(data, 2 * room);
            if (larger == NULL) {
                errno = room > TLSFLOOR_FILE_SIZE ? EFBIG : ENOMEM;
                break;
            }
            data = larger;
            room *= 2;
        }
        bytes = read(fd, data + size, room - size);
        size += bytes > 0 ? (size_t)bytes : 0;
    }
    *size_r = size;
    if (data == NULL || bytes == 0)
        return data;
    free(data);
    return NULL;
}

static int
read_given(struct import *import)
{
    const char *path = import->edit.invocation->argv[0];
    int standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char error[TLSFLOOR_ERROR_TEXT], *data = NULL;
    size_t size;

    import->name = standard ? "standard input" : path;
    if (fd >= 0)
        data = read_all(fd, &size);
    if (data == NULL) {
        report_problem(&import->edit.report, TLSFLOOR_ERROR, import->name, 0, strerror(errno));
    } else if (exceptions_take(import->name, data, size,
                               tlsfloor_text_from(import->edit.site.policy->default_domain),
                               pass_problem, import, &import->given, error) != 1) {
        report_error(&import->edit.report, error);
    }
    if (fd >= 0 && !standard)
        close(fd);
    return import->edit.report.errors > 0 ? -1 : 0;
}

static int
make_indexes(struct import *import)
{
    if (index_list(&import->given_lines, &import->given, 1) == 0 &&
        index_list(&import->given_who, &import->given, 0) == 0 &&
        index_list(&import->old_lines, &import->edit.site.exceptions, 1) == 0)
        return 0;
    report_error(&import->edit.report, "no memory to import");
    return -1;
}

/* --- what becomes of it --- */

static int
keep_given(void *context, const struct tlsfloor_exception *exception)
{
    struct import *import = context;

    if (!import->edit.invocation->replace || has(&import->given_lines, exception))
        return 1;
    import->removed++;
    import->lost += !has(&import->given_who, exception);
    return 0;
}

/* A list that came out of a query that failed must not end everybody's exception. */
static int
is_too_much(struct import *import)
{
    size_t count = import->edit.site.exceptions.count;
    char sentence[200];

    if (import->edit.invocation->force || import->lost <= count / 2)
        return 0;
    snprintf(sentence, sizeof(sentence),
             "would leave %zu of %zu exceptions without any line for their users: if that is "
             "meant, add --force",
             import->lost, count);
    report_problem(&import->edit.report, TLSFLOOR_ERROR, import->name, 0, sentence);
    return 1;
}

static void
import_given(struct import *import)
{
    struct tlsfloor_exception exception;

    edit_copy(&import->edit, keep_given, import);
    if (is_too_much(import))
        return;
    for (size_t i = 0; i < import->given.count; i++) {
        exceptions_get(&import->given, i, &exception);
        /* Once, if it is given several times. */
        if (has(&import->old_lines, &exception) || find(&import->given_lines, &exception) != i)
            continue;
        edit_append(&import->edit, &exception);
        import->added++;
    }
    fprintf(import->edit.said, "imported: %zu added, %zu removed\n", import->added,
            import->removed);
    (void)edit_commit(&import->edit);
}

int
exception_import(const struct invocation *invocation)
{
    struct import import;

    memset(&import, 0, sizeof(import));
    if (invocation->force && !invocation->replace)
        fputs("tlsfloor: exception import: --force has no meaning without --replace\n", stderr);
    if (edit_begin(&import.edit, invocation) == 0 && read_given(&import) == 0 &&
        make_indexes(&import) == 0)
        import_given(&import);
    free(import.given_lines.entries);
    free(import.given_who.entries);
    free(import.old_lines.entries);
    exceptions_free(&import.given);
    return edit_end(&import.edit);
}
