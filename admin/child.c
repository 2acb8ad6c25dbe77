/* SPDX-License-Identifier: MIT */
/*
 * Reads both outputs as they come, so that neither can block the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "probe-reply.h"

extern char **environ;

/* What comes out of one end, as a C string. */
struct stream {
    int fd;
    char *data;
    size_t size, room;
};

static void
fail(char error[TLSFLOOR_ERROR_TEXT], const char *program, const char *why)
{
    char text[PROBE_TEXT];
    size_t size = strlen(program);

    if (strncmp(why, program, size) == 0 && strncmp(why + size, ": ", 2) == 0)
        why += size + 2;
    probe_printable(tlsfloor_text_from(why), text, sizeof(text));
    snprintf(error, TLSFLOOR_ERROR_TEXT, "%.100s: %s", program, text);
}

static void
close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* 0, or an error number. */
static int
start(char *const argv[], const int out[2], const int complaints[2], pid_t *pid_r)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, complaints[1], STDERR_FILENO);
    error = posix_spawnp(pid_r, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Takes some more. 1, 0: the end, or -1: more than anybody prints, or no memory. */
static int
take(struct stream *stream)
{
    ssize_t got;

    if (stream->room - stream->size < 4096) {
        size_t room = stream->room == 0 ? 65536 : 2 * stream->room;
        char *data = room > 2 * CHILD_OUTPUT ? NULL : realloc(stream->data, room);

        if (data == NULL)
            return -1;
        stream->data = data;
        stream->room = room;
    }
    got = read(stream->fd, stream->data + stream->size, stream->room - stream->size - 1);
    if (got < 0 && errno == EINTR)
        return 1;
    stream->size += got > 0 ? (size_t)got : 0;
    stream->data[stream->size] = '\0';
    return got > 0;
}

static void
take_all(struct stream streams[2])
{
    struct pollfd pollers[2] = {{streams[0].fd, POLLIN, 0}, {streams[1].fd, POLLIN, 0}};

    while (pollers[0].fd >= 0 || pollers[1].fd >= 0) {
        if (poll(pollers, 2, -1) < 0 && errno != EINTR)
            return;
        for (size_t i = 0; i < 2; i++) {
            int more = pollers[i].fd >= 0 && pollers[i].revents != 0 ? take(&streams[i]) : 1;

            if (more < 0)
                return;
            if (more == 0)
                pollers[i].fd = -1;
        }
    }
}

/* The last line of a text, which is changed. */
static const char *
last_line(char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    const char *newline;

    while (size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    newline = size == 0 ? NULL : strrchr(text, '\n');
    return newline == NULL ? text : newline + 1;
}

/* 1 if it ended well, else -1. */
static int
finish(const char *program, pid_t pid, struct stream streams[2], char **output_r,
       char error[TLSFLOOR_ERROR_TEXT])
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && streams[0].data != NULL) {
        free(streams[1].data);
        *output_r = streams[0].data;
        return 1;
    }
    fail(error, program, streams[1].size > 0 ? last_line(streams[1].data) : "failed");
    free(streams[0].data);
    free(streams[1].data);
    return -1;
}

int
child_run(char *const argv[], char **output_r, char error[TLSFLOOR_ERROR_TEXT])
{
    struct stream streams[2] = {{-1, NULL, 0, 0}, {-1, NULL, 0, 0}};
    int out[2], complaints[2], wrong;
    pid_t pid;

    if (pipe2(out, O_CLOEXEC) != 0) {
        fail(error, argv[0], strerror(errno));
        return -1;
    }
    if (pipe2(complaints, O_CLOEXEC) != 0) {
        fail(error, argv[0], strerror(errno));
        close_both(out);
        return -1;
    }
    wrong = start(argv, out, complaints, &pid);
    if (wrong != 0) {
        close_both(out);
        close_both(complaints);
        fail(error, argv[0], strerror(wrong));
        return wrong == ENOENT ? 0 : -1;
    }
    close(out[1]);
    close(complaints[1]);
    streams[0].fd = out[0];
    streams[1].fd = complaints[0];
    take_all(streams);
    close(out[0]);
    close(complaints[0]);
    return finish(argv[0], pid, streams, output_r, error);
}
