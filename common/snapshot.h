/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as programs look them up: a cdb file that is built as a whole and
 * then only read. The truth is the text that people edit; the note is left
 * out. Each record has a checksum over key and value. Whatever the file holds,
 * reading it ends in an exception, in none or in an error.
 */
#ifndef TLSFLOOR_SNAPSHOT_H
#define TLSFLOOR_SNAPSHOT_H

#include <stdint.h>

#include "exception.h"
#include "file.h"

/* The largest snapshot, bytes: about 15 million exceptions. */
#define TLSFLOOR_SNAPSHOT_SIZE (1024U * 1024 * 1024)

/* What a snapshot says of itself. */
struct tlsfloor_snapshot_about {
    uint64_t id;   /* of its records, never 0: equal lists have equal ids */
    int64_t built; /* seconds since 1970, UTC */
    uint32_t count;
};

/* Puts the next exception into *exception_r. 1, or 0: there are no more. */
typedef int tlsfloor_snapshot_next_fn(void *context, struct tlsfloor_exception *exception_r);

/*
 * Writes a snapshot into fd, an empty file that is open for reading and
 * writing. now: seconds since 1970, UTC. 0, or -1 with errno: ENOMEM, what
 * write() says, EFBIG: too large, EINVAL: an exception that no text gives.
 */
int tlsfloor_snapshot_build(int fd, tlsfloor_snapshot_next_fn *next, void *context, int64_t now,
                            struct tlsfloor_snapshot_about *about_r);

/* What a snapshot of these exceptions would say of itself. 0, or -1 with errno, as above. */
int tlsfloor_snapshot_measure(tlsfloor_snapshot_next_fn *next, void *context, int64_t now,
                              struct tlsfloor_snapshot_about *about_r);

struct tlsfloor_snapshot;

/*
 * Opens a snapshot by the rules of file.h and maps it, which takes the same
 * time whatever its size. 1: *snapshot_r is to be closed; 0: there is no such
 * file; -1 with a sentence that names the file in error. stat_r may be NULL.
 */
int tlsfloor_snapshot_open(const char *path, struct tlsfloor_snapshot **snapshot_r,
                           struct stat *stat_r, char error[TLSFLOOR_ERROR_TEXT]);

/* The same for an open file, which is closed with the snapshot, or at once on error. 1, or -1. */
int tlsfloor_snapshot_map(const char *path, int fd, struct tlsfloor_snapshot **snapshot_r,
                          char error[TLSFLOOR_ERROR_TEXT]);

const struct tlsfloor_snapshot_about *
tlsfloor_snapshot_about(const struct tlsfloor_snapshot *snapshot);

/* The longest text of a record: who as written, and the key. */
#define TLSFLOOR_SNAPSHOT_WHO 512
#define TLSFLOOR_SNAPSHOT_KEY (TLSFLOOR_SNAPSHOT_WHO + 1 + 255)

/* An exception with the memory that its texts point into: not to be copied by assignment. */
struct tlsfloor_snapshot_record {
    struct tlsfloor_exception exception;
    char who[TLSFLOOR_SNAPSHOT_WHO];
    char key[TLSFLOOR_SNAPSHOT_KEY];
};

/* Is shown each exception, which lives until the function returns. 1: that is enough; 0: go on. */
typedef int tlsfloor_snapshot_each_fn(void *context, const struct tlsfloor_exception *exception);

/*
 * Shows the exceptions that name the user: his own, then those of his domain,
 * then those for everybody, who are all for a user that is not named. 0, or
 * -1: some record is damaged; the others are shown.
 */
int tlsfloor_snapshot_each(struct tlsfloor_snapshot *snapshot, const struct tlsfloor_user *user,
                           tlsfloor_snapshot_each_fn *each, void *context);

/*
 * Finds an exception that covers the session now. 1: it is in *record_r; 0:
 * there is none; -1: there may be one, but something is damaged. Takes no
 * memory; a file that was cut since it was mapped is noticed.
 */
int tlsfloor_snapshot_get(struct tlsfloor_snapshot *snapshot, const struct tlsfloor_facts *facts,
                          int64_t now, struct tlsfloor_snapshot_record *record_r);

/* Closes the snapshot, if there is one. */
void tlsfloor_snapshot_close(struct tlsfloor_snapshot *snapshot);

#endif
