/* SPDX-License-Identifier: MIT */
/*
 * The applied state: what programs read, and how it is replaced as a whole.
 * Files that others could have written are refused.
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

/*
 * Replaces the applied policy: under a lock, to a temporary file, fsync,
 * rename. 0, or -1 with a sentence; the old policy is in force then, unless
 * the sentence says that the new one already is.
 */
int tlsfloor_state_apply(const char *directory, const struct tlsfloor_policy *policy,
                         char error[TLSFLOOR_ERROR_TEXT]);

#endif
