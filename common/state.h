/* SPDX-License-Identifier: MIT */
/*
 * The applied state, which programs read: the policy, and which exceptions
 * belong to it. Files that others could have written are refused. How the
 * state is replaced is in state-apply.h.
 */
#ifndef TLSFLOOR_STATE_H
#define TLSFLOOR_STATE_H

#include <sys/stat.h>

#include "file.h"
#include "policy-text.h"

/*
 * The applied policy of directory, or NULL with a sentence that names the file
 * and what to do. stat_r (may be NULL) is for tlsfloor_state_changed().
 */
struct tlsfloor_policy *tlsfloor_state_load(const char *directory, struct stat *stat_r,
                                            char error[TLSFLOOR_ERROR_TEXT]);

/*
 * 1 if the policy there is not the file of *known any more, and puts the new
 * identity into *known (all zero: no file); else 0.
 */
int tlsfloor_state_changed(const char *directory, struct stat *known);

/* The names of the files in the directory. */
#define TLSFLOOR_STATE_POLICY "policy"
#define TLSFLOOR_STATE_SNAPSHOT "exceptions.cdb"
#define TLSFLOOR_STATE_OLD_SNAPSHOT "exceptions.old" /* while a new policy is put in force */
#define TLSFLOOR_STATE_ENVELOPE "envelope"

/* Puts the path of a file of the directory into path_r. 0, or -1 with a sentence. */
int tlsfloor_state_path(const char *directory, const char *name, char path_r[TLSFLOOR_PATH],
                        char error[TLSFLOOR_ERROR_TEXT]);

/* The first line of an applied policy whose other lines are text; ends in a newline. */
#define TLSFLOOR_STATE_HEADER 128
void tlsfloor_state_header(struct tlsfloor_text text, uint64_t snapshot,
                           char header_r[TLSFLOOR_STATE_HEADER]);

#endif
