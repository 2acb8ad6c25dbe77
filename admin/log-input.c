/* SPDX-License-Identifier: MIT */
/*
 * A block is read, cut into lines, and what is left over goes before the next
 * one. A line that does not fit into a block is none of ours, and left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log-input.h"
#include "time-text.h"

#define BLOCK ((size_t)256 * 1024)

extern char **environ;

/* By what they begin with; a name ends in whatever a person likes. */
static const struct {
    const char *magic;
    size_t size;
    const char *program, *package;
} formats[] = {
    {"\x1f\x8b", 2, "gzip", "gzip"},
    {"\xfd"
     "7zXZ",
     6, "xz", "xz-utils"},
    {"\x28\xb5\x2f\xfd", 4, "zstd", "zstd"},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

/* What a line has that is looked at. */
static const char *const words[] = {"tlsfloor", "to drop messages", "due to rate-limiting",
                                    "Suppressed "};
#define WORDS (sizeof(words) / sizeof(words[0]))

/* One input in the course of being read. */
struct source {
    const struct log_input *input;
    int file;  /* the file itself, -1: none */
    int fd;    /* what is read: file, or the end of a pipe */
    pid_t pid; /* of the child at its other end, or 0 */
    const char *program;
    struct log_progress *progress;
    uint64_t before; /* progress, before this input */
};

static const char *
name_of(const struct log_input *input)
{
    if (input->name == NULL)
        return "the journal";
    return strcmp(input->name, "-") == 0 ? "standard input" : input->name;
}

int
log_input_open(const char *name, int64_t now, struct log_input *input_r,
               char error[TLSFLOOR_ERROR_TEXT])
{
    struct stat st;

    *input_r = (struct log_input){.name = name, .changed = now};
    if (name == NULL || strcmp(name, "-") == 0)
        return 0;
    if (stat(name, &st) != 0)
        return tlsfloor_error_format(error, "%.200s: cannot be read: %s", name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return tlsfloor_error_format(error, "%.200s: is a directory: name the files in it", name);
    if (S_ISREG(st.st_mode)) {
        input_r->changed = st.st_mtime;
        input_r->size = (uint64_t)st.st_size;
    }
    return 0;
}

/* --- progress --- */

static void
tell(struct source *source)
{
    struct log_progress *progress = source->progress;
    off_t at = source->file >= 0 ? lseek(source->file, 0, SEEK_CUR) : -1;
    struct timespec now;

    if (!progress->shown || at < 0)
        return;
    /* The child has the same file, and so the same offset. */
    progress->done = source->before + (uint64_t)at;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == progress->told)
        return;
    progress->told = now.tv_sec;
    fprintf(stderr, "\r\033[K%.60s: %" PRIu64 " MB of %" PRIu64 " MB", name_of(source->input),
            progress->done / 1000000, progress->total / 1000000);
}

void
log_progress_end(struct log_progress *progress)
{
    if (progress->shown && progress->told > 0)
        fputs("\r\033[K", stderr);
}

/* --- children --- */

/* Starts a program with that standard input, and reads its output from now on. 0, or -1. */
static int
start(struct source *source, char *const arguments[], int input, char error[TLSFLOOR_ERROR_TEXT])
{
    posix_spawn_file_actions_t actions;
    int ends[2], failed;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return tlsfloor_error_format(error, "%s: no pipe: %s", name_of(source->input),
                                     strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    failed = posix_spawnp(&source->pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    source->fd = ends[0];
    source->program = arguments[0];
    if (failed != 0)
        source->pid = 0;
    return failed == 0
               ? 0
               : tlsfloor_error_format(error, "%.200s: %s cannot be started: %s",
                                       name_of(source->input), arguments[0], strerror(failed));
}

/* Ends the child, which has to have ended well unless we stopped reading. 0, or -1. */
static int
finish(struct source *source, int stopped, char error[TLSFLOOR_ERROR_TEXT])
{
    int status = 0;

    if (source->fd >= 0 && source->fd != source->file)
        close(source->fd);
    if (source->file > STDIN_FILENO)
        close(source->file);
    if (source->pid == 0)
        return 0;
    while (waitpid(source->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (stopped || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return 0;
    return tlsfloor_error_format(error, "%.200s: %s could not read all of it, so nothing is told",
                                 name_of(source->input), source->program);
}

/* --- opening --- */

static int
open_journal(struct source *source, int64_t since, char error[TLSFLOOR_ERROR_TEXT])
{
    char from[32];
    char *arguments[] = {"journalctl",
                         "-q",
                         "--no-pager",
                         "-a", /* or a long message is null */
                         "-o",
                         "json",
                         "--output-fields",
                         "MESSAGE,SYSLOG_IDENTIFIER,_HOSTNAME",
                         "-t",
                         "tlsfloor-policyd",
                         "-t",
                         "dovecot",
                         "-t",
                         "systemd-journald",
                         "--since",
                         from,
                         NULL};
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), result;

    snprintf(from, sizeof(from), "@%" PRId64, since);
    result = start(source, arguments, nothing, error);
    close(nothing);
    return result;
}

/* Puts a decoder between us and the file, if it is compressed. 0, or -1. */
static int
decode(struct source *source, char error[TLSFLOOR_ERROR_TEXT])
{
    char magic[6];
    ssize_t size = pread(source->file, magic, sizeof(magic), 0);

    for (size_t i = 0; i < FORMATS; i++) {
        char *arguments[] = {(char *)(uintptr_t)formats[i].program, "-dc", NULL};

        if (size < (ssize_t)formats[i].size ||
            memcmp(magic, formats[i].magic, formats[i].size) != 0)
            continue;
        if (start(source, arguments, source->file, error) == 0)
            return 0;
        return tlsfloor_error_format(
            error, "%.200s: is compressed, and there is no %s: apt install %s",
            name_of(source->input), formats[i].program, formats[i].package);
    }
    return 0;
}

static int
open_source(struct source *source, int64_t since, char error[TLSFLOOR_ERROR_TEXT])
{
    const struct log_input *input = source->input;

    source->file = source->fd = -1;
    if (input->name == NULL)
        return open_journal(source, since, error);
    source->file =
        strcmp(input->name, "-") == 0 ? STDIN_FILENO : open(input->name, O_RDONLY | O_CLOEXEC);
    source->fd = source->file;
    if (source->file < 0)
        return tlsfloor_error_format(error, "%.200s: cannot be opened: %s", input->name,
                                     strerror(errno));
    if (input->begin > 0)
        lseek(source->file, (off_t)input->begin, SEEK_SET);
    return decode(source, error);
}

/* --- lines --- */

static int
is_looked_at(struct tlsfloor_text line)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (memmem(line.data, line.size, words[i], strlen(words[i])) != NULL)
            return 1;
    }
    return 0;
}

/* Gives the lines of a buffer; the size of what is left of the last. -1: stop. */
static ssize_t
cut(char *data, size_t size, log_line_fn *each, void *context)
{
    char *begin = data, *end;

    while ((end = memchr(begin, '\n', size - (size_t)(begin - data))) != NULL) {
        struct tlsfloor_text line = {begin, (size_t)(end - begin)};

        if (is_looked_at(line) && each(context, line) != 0)
            return -1;
        begin = end + 1;
    }
    return (ssize_t)(size - (size_t)(begin - data));
}

/* Reads to the end. 0; 1: stopped; -1. */
static int
read_lines(struct source *source, char *buffer, log_line_fn *each, void *context,
           char error[TLSFLOOR_ERROR_TEXT])
{
    size_t used = 0;
    int too_long = 0;

    for (;;) {
        ssize_t size = read(source->fd, buffer + used, BLOCK - used), left;

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return tlsfloor_error_format(error, "%.200s: cannot be read: %s",
                                         name_of(source->input), strerror(errno));
        if (size == 0)
            break;
        tell(source);
        if (too_long) {
            char *end = memchr(buffer, '\n', (size_t)size);

            if (end == NULL)
                continue;
            too_long = 0;
            used = (size_t)(buffer + size - end - 1);
            memmove(buffer, end + 1, used);
            size = 0;
        }
        used += (size_t)size;
        left = cut(buffer, used, each, context);
        if (left < 0)
            return 1;
        memmove(buffer, buffer + used - left, (size_t)left);
        used = (size_t)left;
        if (used == BLOCK) {
            too_long = 1;
            used = 0;
        }
    }
    /* A last line without its newline is being written, or was cut. */
    if (used > 0 && used < BLOCK) {
        buffer[used] = '\n';
        return cut(buffer, used + 1, each, context) < 0 ? 1 : 0;
    }
    return 0;
}

int
log_input_read(const struct log_input *input, int64_t since, log_line_fn *each, void *context,
               struct log_progress *progress, char error[TLSFLOOR_ERROR_TEXT])
{
    struct source source = {.input = input, .progress = progress, .before = progress->done};
    char *buffer = malloc(BLOCK), ignored[TLSFLOOR_ERROR_TEXT];
    int result = -1;

    if (buffer == NULL)
        return tlsfloor_error_format(error, "no memory to read logs");
    if (open_source(&source, since, error) == 0)
        result = read_lines(&source, buffer, each, context, error);
    if (finish(&source, result != 0, result < 0 ? ignored : error) != 0)
        result = -1;
    free(buffer);
    progress->done = source.before + input->size;
    return result;
}
