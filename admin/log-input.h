/* SPDX-License-Identifier: MIT */
/*
 * Logs as a stream of lines: files, plain or compressed, standard input, the
 * journal. Takes the same memory whatever the size. What is compressed goes
 * through gzip, xz or zstd as a child: each is in Debian's own packages, works
 * beside us on the other processor, and keeps a decoder of somebody else's
 * bytes out of this process, which is often root's.
 */
#ifndef TLSFLOOR_LOG_INPUT_H
#define TLSFLOOR_LOG_INPUT_H

#include <stdint.h>

#include "file.h"
#include "text.h"

/* A log that can be read. */
struct log_input {
    const char *name; /* of the file; "-": standard input; NULL: the journal */
    int64_t changed;  /* last change, seconds since 1970; of what is no file: now */
    uint64_t size;    /* bytes, 0: not known */
    int number;       /* in the order in which they were named */
    uint64_t begin;   /* of a file that is not compressed: where to begin, bytes */
};

/* What reads a line; without its newline, it lives until the function returns. 0, or -1: stop. */
typedef int log_line_fn(void *context, struct tlsfloor_text line);

/* Where the reading of all inputs has come to. */
struct log_progress {
    int shown; /* 1: standard error is a terminal, tell there */
    uint64_t done, total;
    int64_t told; /* when it was last told, seconds of the monotonic clock */
};

/* Looks at what name is. now: seconds since 1970. 0, or -1: a sentence in error. */
int log_input_open(const char *name, int64_t now, struct log_input *input_r,
                   char error[TLSFLOOR_ERROR_TEXT]);

/*
 * Calls each for every line that has word in it, or one of the words by which
 * loggers tell of lost lines. since: for the journal, seconds since 1970, or
 * 0. 0; 1: each said stop; -1: a sentence that names the input in error.
 */
int log_input_read(const struct log_input *input, int64_t since, log_line_fn *each, void *context,
                   struct log_progress *progress, char error[TLSFLOOR_ERROR_TEXT]);

/* Takes away what was told. */
void log_progress_end(struct log_progress *progress);

#endif
