/* SPDX-License-Identifier: MIT */
/*
 * The applied state. A policy is replaced by rename under a lock, so readers
 * see the old one or the new one; a first line with size and checksum tells
 * them when a file was cut or changed behind our back.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hash.h"
#include "state.h"

#define POLICY "policy"
#define POLICY_NEW "policy.new"
#define HEADER "# tlsfloor applied policy 1, %zu bytes, checksum %016" PRIx64 "\n"
#define HEADER_SIZE 100

static int __attribute__((format(printf, 2, 3)))
fail(char error[TLSFLOOR_ERROR_TEXT], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, TLSFLOOR_ERROR_TEXT, format, arguments);
    va_end(arguments);
    return -1;
}

static int
state_path(const char *directory, const char *name, char path_r[TLSFLOOR_PATH],
           char error[TLSFLOOR_ERROR_TEXT])
{
    int size = snprintf(path_r, TLSFLOOR_PATH, "%s/%s", directory, name);

    if (size < 0 || size >= TLSFLOOR_PATH)
        return fail(error, "%.60s...: the path of the state directory is too long", directory);
    return 0;
}

/* The policy text behind an intact first line; -1 if the file is damaged. */
static int
check_header(struct tlsfloor_text file, struct tlsfloor_text *text_r)
{
    const char *end = file.size == 0 ? NULL : memchr(file.data, '\n', file.size);
    char header[HEADER_SIZE];
    int size;

    if (end == NULL)
        return -1;
    text_r->data = end + 1;
    text_r->size = file.size - (size_t)(text_r->data - file.data);
    size = snprintf(header, sizeof(header), HEADER, text_r->size,
                    tlsfloor_hash_add(TLSFLOOR_HASH_START, text_r->data, text_r->size));
    if (size < 0 ||
        !tlsfloor_text_equal((struct tlsfloor_text){header, (size_t)size},
                             (struct tlsfloor_text){file.data, file.size - text_r->size}))
        return -1;
    return 0;
}

/* Keeps the first error of a policy that was applied by another release. */
struct first_problem {
    const char *path;
    char *error;
};

static void
keep_first(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    struct first_problem *first = context;

    if (severity != TLSFLOOR_ERROR || first->error[0] != '\0')
        return;
    /* The text begins on the file's second line. */
    if (line > 0)
        fail(first->error, "%s:%u: %s: run tlsfloor apply", first->path, line + 1, sentence);
    else
        fail(first->error, "%s: %s: run tlsfloor apply", first->path, sentence);
}

struct tlsfloor_policy *
tlsfloor_state_load(const char *directory, struct stat *stat_r, char error[TLSFLOOR_ERROR_TEXT])
{
    char path[TLSFLOOR_PATH], *data;
    struct first_problem first = {path, error};
    struct tlsfloor_policy *policy = NULL;
    struct tlsfloor_text text;
    size_t size;
    int found;

    if (state_path(directory, POLICY, path, error) != 0)
        return NULL;
    found = tlsfloor_file_read(path, &data, &size, stat_r, error);
    if (found == 0)
        fail(error, "%s: no policy has been applied: run tlsfloor apply", path);
    if (found != 1)
        return NULL;
    error[0] = '\0';
    if (check_header((struct tlsfloor_text){data, size}, &text) == 0)
        policy = tlsfloor_policy_parse(text, keep_first, &first);
    else
        fail(error, "%s: is damaged or of another release: run tlsfloor apply", path);
    free(data);
    return policy;
}

int
tlsfloor_state_changed(const char *directory, struct stat *known)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct stat st;

    if (state_path(directory, POLICY, path, error) != 0 || stat(path, &st) != 0)
        memset(&st, 0, sizeof(st));
    if (tlsfloor_file_same(&st, known))
        return 0;
    *known = st;
    return 1;
}

/* Writes a whole new file; the errno of what failed is left. */
static int
write_file(int directory_fd, const char *name, const char *header, const char *text)
{
    int fd, failed;

    if (unlinkat(directory_fd, name, 0) != 0 && errno != ENOENT)
        return -1;
    fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    /* Everybody may read a policy, whatever the umask. */
    failed = fchmod(fd, 0644) != 0 || tlsfloor_file_write(fd, header, strlen(header)) != 0 ||
             tlsfloor_file_write(fd, text, strlen(text)) != 0 || fsync(fd) != 0;
    if (failed) {
        int saved = errno;

        close(fd);
        unlinkat(directory_fd, name, 0);
        errno = saved;
        return -1;
    }
    return close(fd);
}

/* Opens and locks the state directory, which is made if it is not there. */
static int
lock_directory(const char *directory, char error[TLSFLOOR_ERROR_TEXT])
{
    int made = mkdir(directory, 0711) == 0, fd;

    if (!made && errno != EEXIST)
        return fail(error, "%s: cannot be made: %s", directory, strerror(errno));
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, "%s: cannot be opened: %s", directory, strerror(errno));
    /* Everybody may read a file there, but nobody else open the directory, to hold the lock. */
    if ((made && fchmod(fd, 0711) != 0) || flock(fd, LOCK_EX) != 0) {
        fail(error, "%s: cannot be locked: %s", directory, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

int
tlsfloor_state_apply(const char *directory, const struct tlsfloor_policy *policy,
                     char error[TLSFLOOR_ERROR_TEXT])
{
    char *text = tlsfloor_policy_format(policy, TLSFLOOR_FORMAT_ALL);
    char header[HEADER_SIZE];
    int fd, result = 0;

    if (text == NULL)
        return fail(error, "no memory to write the policy");
    fd = lock_directory(directory, error);
    if (fd < 0) {
        free(text);
        return -1;
    }
    snprintf(header, sizeof(header), HEADER, strlen(text),
             tlsfloor_hash_add(TLSFLOOR_HASH_START, text, strlen(text)));
    if (write_file(fd, POLICY_NEW, header, text) != 0 || renameat(fd, POLICY_NEW, fd, POLICY) != 0)
        result = fail(error, "%s/" POLICY ": cannot be written: %s", directory, strerror(errno));
    else if (fsync(fd) != 0)
        result = fail(error, "%s/" POLICY ": is in force, but may be lost in a crash: %s",
                      directory, strerror(errno));
    free(text);
    close(fd);
    return result;
}
