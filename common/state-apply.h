/* SPDX-License-Identifier: MIT */
/*
 * Puts a policy and its exceptions in force as a whole. Whatever ends it at
 * whatever moment, readers find the old state or the new one, never parts of
 * both, and never a reason to let anybody in whom neither lets in.
 */
#ifndef TLSFLOOR_STATE_APPLY_H
#define TLSFLOOR_STATE_APPLY_H

#include "snapshot.h"
#include "state.h"

/*
 * Waits for the lock of the directory, which is made if it is not there, and
 * takes it: a descriptor to close(). -1 with a sentence. What is applied should
 * be read with the lock held, or an older text may replace a newer one.
 */
int tlsfloor_state_lock(const char *directory, char error[TLSFLOOR_ERROR_TEXT]);

/* What is to be in force. */
struct tlsfloor_state_new {
    const struct tlsfloor_policy *policy;
    tlsfloor_snapshot_next_fn *next; /* the exceptions; NULL: none */
    void *context;
    int64_t now; /* seconds since 1970, UTC */
    /* Who may read the snapshot, if the directory's group is root's; NULL: root only. */
    const char *group;
};

/* What is in force now. */
struct tlsfloor_state_result {
    struct tlsfloor_snapshot_about about; /* count 0: no exceptions, and id 0 */
    int no_group;                         /* 1: only root can read the snapshot */
};

/*
 * Replaces the applied state of the locked directory. 0, or -1 with a sentence;
 * the old state is in force then, unless the sentence says that the new one
 * already is.
 */
int tlsfloor_state_apply(int lock, const char *directory, const struct tlsfloor_state_new *new,
                         struct tlsfloor_state_result *result_r, char error[TLSFLOOR_ERROR_TEXT]);

#endif
