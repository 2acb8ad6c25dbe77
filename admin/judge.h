/* SPDX-License-Identifier: MIT */
/*
 * By what the commands judge sessions: the files that -c names, as they would
 * be once applied, or else the applied state; and the look-up of exceptions
 * that belongs to it. The decision itself is tlsfloor_policy_decide().
 */
#ifndef TLSFLOOR_JUDGE_H
#define TLSFLOOR_JUDGE_H

#include "envelope.h"
#include "site.h"
#include "store.h"

struct judge {
    struct site site;                       /* the policy; of files, their exceptions, too */
    const char *state;                      /* the directory that is judged by, or NULL: files */
    struct tlsfloor_store *store;           /* of the state */
    struct tlsfloor_snapshot *snapshot;     /* of the files; NULL: there are no exceptions */
    struct tlsfloor_envelope envelope;      /* likewise */
    struct tlsfloor_snapshot_record record; /* what the last look-up found in it */
};

/* Reads what invocation names. now: seconds since 1970, UTC. Problems are reported. */
void judge_load(struct judge *judge_r, const struct invocation *invocation, int64_t now,
                struct report *report);

/* Why exceptions do not count for a service at all, or NULL. */
const char *judge_ignores(const struct judge *judge, enum tlsfloor_service service);

/* What exceptions say of a session. The exception lives until the next look-up. */
struct tlsfloor_lookup judge_look_up(struct judge *judge, const struct tlsfloor_facts *facts,
                                     int64_t now, struct report *report);

void judge_free(struct judge *judge);

#endif
