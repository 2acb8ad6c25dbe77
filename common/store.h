/* SPDX-License-Identifier: MIT */
/*
 * The exceptions of the applied state as a daemon looks them up: the snapshot
 * and the envelope, kept open and up to date. Files are touched only by a
 * look-up, and looked at once a second, or by each look-up while the snapshot
 * cannot be opened.
 */
#ifndef TLSFLOOR_STORE_H
#define TLSFLOOR_STORE_H

#include "policy.h"

struct tlsfloor_store;

/* A store that has not looked at anything yet; directory has to outlive it. NULL: no memory. */
struct tlsfloor_store *tlsfloor_store_new(const char *directory);

/*
 * Looks up what exceptions say of a session. snapshot: the policy's, which
 * decides what belongs to it (0: no exceptions, and no file is touched). now:
 * seconds since 1970, UTC. The exception lives until the next look-up.
 */
struct tlsfloor_lookup tlsfloor_store_get(struct tlsfloor_store *store, uint64_t snapshot,
                                          const struct tlsfloor_facts *facts, int64_t now);

/* The same for decide, with every exception that names the user: see snapshot.h. 0, or -1. */
typedef int tlsfloor_store_each_fn(void *context, const struct tlsfloor_exception *exception);
int tlsfloor_store_each(struct tlsfloor_store *store, uint64_t snapshot,
                        const struct tlsfloor_user *user, int64_t now, tlsfloor_store_each_fn *each,
                        void *context);

/*
 * 1, once, if the last look-up by _get met another snapshot than the one asked
 * for, or none: a new policy may have been applied that the caller has not read
 * yet. Then the session is judged again by that policy, as often as _TRIES,
 * because that may be replaced in its turn.
 */
#define TLSFLOOR_STORE_TRIES 8
int tlsfloor_store_is_outdated(struct tlsfloor_store *store);

/*
 * A sentence that names the file if the exceptions cannot be read, when it is
 * another one than was told before; NULL: nothing new. Once all is well again,
 * *mended_r is 1, once.
 */
const char *tlsfloor_store_problem(struct tlsfloor_store *store, int *mended_r);

/* Closes the store, if there is one. */
void tlsfloor_store_free(struct tlsfloor_store *store);

#endif
