/* SPDX-License-Identifier: MIT */
/*
 * Changing the exceptions file. All under the lock of the state, so that
 * changes by commands come one after the other; somebody's editor is noticed.
 * A new file is complete and on disk before it takes the place of the old one.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exception-command.h"

#define SUFFIX ".tlsfloor-new"

static int
fail(struct edit *edit, const char *file, const char *sentence)
{
    report_problem(&edit->report, TLSFLOOR_ERROR, file, 0, sentence);
    return -1;
}

/* An exception must mean the same to the policy in force, or it would do another thing. */
static int
fits_policy_in_force(struct edit *edit)
{
    const struct tlsfloor_policy *site = edit->site.policy, *in_force = edit->in_force;

    if (in_force == NULL || (strcmp(in_force->exceptions, site->exceptions) == 0 &&
                             strcmp(in_force->default_domain, site->default_domain) == 0))
        return 0;
    return fail(edit, edit->invocation->conf,
                "exceptions or default_domain is not what is applied: run tlsfloor apply first");
}

int
edit_begin(struct edit *edit, const struct invocation *invocation)
{
    char error[TLSFLOOR_ERROR_TEXT];

    memset(edit, 0, sizeof(*edit));
    edit->invocation = invocation;
    edit->lock = tlsfloor_state_lock(invocation->state, error);
    if (edit->lock < 0) {
        report_error(&edit->report, error);
        return -1;
    }
    site_load(invocation, &edit->report, &edit->site);
    if (edit->report.errors > 0)
        return -1;
    if (edit->site.policy->exceptions[0] == '\0')
        return fail(edit, invocation->conf, "exceptions = none: name a file there, and apply it");
    edit->in_force = tlsfloor_state_load(invocation->state, NULL, error);
    edit->out = open_memstream(&edit->text, &edit->size);
    edit->said = open_memstream(&edit->words, &edit->words_size);
    if (edit->out == NULL || edit->said == NULL)
        return fail(edit, edit->site.policy->exceptions, strerror(errno));
    return fits_policy_in_force(edit);
}

/* --- the new text --- */

void
edit_copy(struct edit *edit, edit_keep_fn *keep, void *context)
{
    const struct exceptions *list = &edit->site.exceptions;
    const char *data = list->data, *end = data == NULL ? NULL : data + list->size;
    struct tlsfloor_exception exception;
    unsigned number = 0;
    size_t next = 0;

    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        size_t size = (size_t)((newline == NULL ? end : newline) - data);
        int kept = 1;

        if (next < list->count && list->items[next].number == ++number) {
            exceptions_get(list, next++, &exception);
            kept = keep == NULL || keep(context, &exception);
        }
        if (kept)
            fprintf(edit->out, "%.*s\n", (int)size, data);
        data += size + 1;
    }
}

void
edit_append(struct edit *edit, const struct tlsfloor_exception *exception)
{
    char line[TLSFLOOR_EXCEPTION_LINE];

    tlsfloor_exception_format(exception, line);
    fprintf(edit->out, "%s\n", line);
}

/* --- the file --- */

/* Gives the new file what the old one had: mode and owner, as far as may be. */
static int
take_over(int fd, const struct stat *old)
{
    if (old->st_ino == 0)
        return fchmod(fd, 0644);
    if ((old->st_uid != geteuid() || old->st_gid != getegid()) &&
        fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM)
        return -1;
    return fchmod(fd, old->st_mode & 07777);
}

static int
write_new(const char *path, const struct edit *edit)
{
    int fd, failed;

    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    failed = take_over(fd, &edit->site.exceptions.identity) != 0 ||
             tlsfloor_file_write(fd, edit->text, edit->size) != 0 || fsync(fd) != 0;
    return close(fd) == 0 && !failed ? 0 : -1;
}

static int
sync_directory_of(const char *path)
{
    char copy[PATH_MAX];
    int fd, result;

    snprintf(copy, sizeof(copy), "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    result = fsync(fd);
    close(fd);
    return result;
}

/* 1 if the file is still the one that was read. */
static int
is_unchanged(const char *path, const struct stat *identity)
{
    struct stat st;

    if (stat(path, &st) != 0)
        memset(&st, 0, sizeof(st));
    return tlsfloor_file_same(&st, identity);
}

static int
replace_file(struct edit *edit)
{
    const char *name = edit->site.policy->exceptions;
    char path[PATH_MAX], new[PATH_MAX + sizeof(SUFFIX)];

    /* A symbolic link stays one. */
    if (realpath(name, path) == NULL)
        snprintf(path, sizeof(path), "%s", name);
    snprintf(new, sizeof(new), "%s" SUFFIX, path);
    if (write_new(new, edit) != 0) {
        int saved = errno;

        unlink(new);
        return fail(edit, new, strerror(saved));
    }
    if (!is_unchanged(path, &edit->site.exceptions.identity)) {
        unlink(new);
        return fail(edit, name, "was changed by somebody else meanwhile: try again");
    }
    if (rename(new, path) != 0 || sync_directory_of(path) != 0)
        return fail(edit, name, strerror(errno));
    return 0;
}

/* --- in force --- */

static void
pass_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    struct edit *edit = context;

    report_problem(&edit->report, severity, edit->site.policy->exceptions, line, sentence);
}

/* Puts the exceptions in force, and nothing else that may be edited but not applied yet. */
static int
put_in_force(struct edit *edit, const struct exceptions *exceptions)
{
    const struct tlsfloor_policy *policy =
        edit->in_force == NULL ? edit->site.policy : edit->in_force;
    struct tlsfloor_state_result result;
    char error[TLSFLOOR_ERROR_TEXT];

    if (apply_locked(edit->invocation, edit->lock, policy, exceptions, &result, &edit->report) != 0)
        return fail(edit, edit->site.policy->exceptions,
                    "is changed, but may not be in force: run tlsfloor apply");
    if (fflush(edit->said) == 0)
        fputs(edit->words, stdout);
    printf("exceptions in force: %u\n", result.about.count);
    if (edit->in_force != NULL &&
        site_applied(&edit->site, edit->invocation->state, error) != APPLIED_THIS)
        report_problem(&edit->report, TLSFLOOR_WARNING, edit->invocation->conf, 0,
                       "is not what is applied; only the exceptions were");
    return 0;
}

int
edit_commit(struct edit *edit)
{
    const char *name = edit->site.policy->exceptions;
    struct exceptions exceptions = {0};
    char error[TLSFLOOR_ERROR_TEXT], *text;
    int result;

    if (fclose(edit->out) != 0) {
        edit->out = NULL;
        return fail(edit, name, strerror(errno));
    }
    edit->out = NULL;
    if (edit->size > TLSFLOOR_FILE_SIZE)
        return fail(edit, name, "would become too large to be read");
    text = malloc(edit->size + 1);
    if (text == NULL)
        return fail(edit, name, strerror(ENOMEM));
    memcpy(text, edit->text, edit->size);
    if (exceptions_take(name, text, edit->size,
                        tlsfloor_text_from(edit->site.policy->default_domain), pass_problem, edit,
                        &exceptions, error) != 1)
        report_error(&edit->report, error);
    result = edit->report.errors > 0 ? -1 : replace_file(edit);
    if (result == 0)
        result = put_in_force(edit, &exceptions);
    exceptions_free(&exceptions);
    return result;
}

int
edit_end(struct edit *edit)
{
    if (edit->out != NULL)
        fclose(edit->out);
    if (edit->said != NULL)
        fclose(edit->said);
    free(edit->text);
    free(edit->words);
    tlsfloor_policy_free(edit->in_force);
    site_free(&edit->site);
    if (edit->lock >= 0)
        close(edit->lock);
    return edit->report.errors > 0 ? EXIT_ERROR : EXIT_OK;
}
