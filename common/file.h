/* SPDX-License-Identifier: MIT */
/*
 * Files that can be believed: regular ones that only root or this user can
 * write. Whatever else stands in their place is refused with a sentence, and
 * makes nobody wait.
 */
#ifndef TLSFLOOR_FILE_H
#define TLSFLOOR_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "error-text.h"

/* The largest file that is read as a whole, bytes. */
#define TLSFLOOR_FILE_SIZE (128U * 1024 * 1024)

/*
 * Opens such a file, of at most so many bytes, for reading. 1: *fd_r is the
 * caller's to close; 0: there is no such file; -1 with a sentence that names
 * the file in error. stat_r may be NULL.
 */
int tlsfloor_file_open(const char *path, size_t most, int *fd_r, struct stat *stat_r,
                       char error[TLSFLOOR_ERROR_TEXT]);

/*
 * Reads a whole such file. The bytes, with a NUL behind them, are the caller's
 * to free(). 1: read; 0: there is no such file; -1 with a sentence that names
 * the file in error. stat_r may be NULL.
 */
int tlsfloor_file_read(const char *path, char **data_r, size_t *size_r, struct stat *stat_r,
                       char error[TLSFLOOR_ERROR_TEXT]);

/* 1 if both are the same file in the same state (device, inode, size, change time), else 0. */
int tlsfloor_file_same(const struct stat *a, const struct stat *b);

/* Writes all bytes, however many calls it takes. 0, or -1 with errno. */
int tlsfloor_file_write(int fd, const void *data, size_t size);

#endif
