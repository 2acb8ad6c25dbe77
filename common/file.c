/* SPDX-License-Identifier: MIT */
/*
 * Opening, checking and reading. What is checked is the open file, so that
 * nobody can put another in its place between check and use.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

/* 0, or -1: the file is none that can be believed. */
static int
check_file(const char *path, size_t most, const struct stat *st, char error[TLSFLOOR_ERROR_TEXT])
{
    if (S_ISDIR(st->st_mode))
        return tlsfloor_error_format(error, "%s: is a directory, not a file", path);
    if (!S_ISREG(st->st_mode))
        return tlsfloor_error_format(error, "%s: is not a regular file", path);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return tlsfloor_error_format(error,
                                     "%s: belongs to user %u: it must be root's (chown root)", path,
                                     (unsigned)st->st_uid);
    if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && st->st_gid != 0))
        return tlsfloor_error_format(error, "%s: can be written by others (mode %04o): chmod go-w",
                                     path, (unsigned)st->st_mode & 07777U);
    if (st->st_size < 0 || (uintmax_t)st->st_size > most)
        return tlsfloor_error_format(error, "%s: is larger than %zu bytes", path, most);
    return 0;
}

int
tlsfloor_file_open(const char *path, size_t most, int *fd_r, struct stat *stat_r,
                   char error[TLSFLOOR_ERROR_TEXT])
{
    /* O_NONBLOCK: a FIFO in its place must not make anybody wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), result = 0;
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return tlsfloor_error_format(error, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0)
        result = tlsfloor_error_format(error, "%s: cannot be read: %s", path, strerror(errno));
    if (result != 0 || check_file(path, most, &st, error) != 0) {
        close(fd);
        return -1;
    }
    *fd_r = fd;
    if (stat_r != NULL)
        *stat_r = st;
    return 1;
}

/* Reads what stat promised; a file that shrinks meanwhile is an error, as it may be half-saved. */
static int
read_bytes(const char *path, int fd, char *data, size_t size, char error[TLSFLOOR_ERROR_TEXT])
{
    size_t used = 0;

    while (used < size) {
        ssize_t bytes = read(fd, data + used, size - used);

        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes < 0)
            return tlsfloor_error_format(error, "%s: cannot be read: %s", path, strerror(errno));
        if (bytes == 0)
            return tlsfloor_error_format(error, "%s: changed while it was read: try again", path);
        used += (size_t)bytes;
    }
    return 0;
}

int
tlsfloor_file_read(const char *path, char **data_r, size_t *size_r, struct stat *stat_r,
                   char error[TLSFLOOR_ERROR_TEXT])
{
    struct stat st;
    char *data;
    int fd, result = tlsfloor_file_open(path, TLSFLOOR_FILE_SIZE, &fd, &st, error);

    if (result != 1)
        return result;
    data = malloc((size_t)st.st_size + 1);
    if (data == NULL)
        result =
            tlsfloor_error_format(error, "%s: no memory for %jd bytes", path, (intmax_t)st.st_size);
    else if (read_bytes(path, fd, data, (size_t)st.st_size, error) != 0)
        result = -1;
    close(fd);
    if (result != 1) {
        free(data);
        return -1;
    }
    data[st.st_size] = '\0';
    *data_r = data;
    *size_r = (size_t)st.st_size;
    if (stat_r != NULL)
        *stat_r = st;
    return 1;
}

int
tlsfloor_file_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int
tlsfloor_file_write(int fd, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}
