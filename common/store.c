/* SPDX-License-Identifier: MIT */
/*
 * A policy names its snapshot. While a new policy is put in force there are
 * two, under two names; the one that the policy names is taken. Another one
 * is never believed: it may allow what no text ever allowed together with
 * this policy, or what one did long ago, if it comes from a backup.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope-file.h"
#include "snapshot.h"
#include "state.h"
#include "store.h"

struct tlsfloor_store {
    const char *directory;
    uint64_t wanted;                    /* what was looked for last */
    int64_t looked;                     /* when */
    struct tlsfloor_snapshot *snapshot; /* of that identity, or NULL */
    struct stat identity;               /* of exceptions.cdb when it was looked at; zero: none */
    int outdated;
    int envelope_fd;
    struct tlsfloor_envelope envelope;
    struct tlsfloor_snapshot_record record; /* that was found last */
    char problem[TLSFLOOR_ERROR_TEXT];      /* empty: none */
    char told[TLSFLOOR_ERROR_TEXT];
};

struct tlsfloor_store *
tlsfloor_store_new(const char *directory)
{
    struct tlsfloor_store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return NULL;
    store->directory = directory;
    store->looked = INT64_MIN;
    store->envelope_fd = -1;
    return store;
}

/* --- looking at the files --- */

/* Opens the snapshot of that name if it is the wanted one. 1, or 0; a first problem is kept. */
static int
try_snapshot(struct tlsfloor_store *store, const char *name)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_snapshot *snapshot = NULL;
    int found = -1;

    if (tlsfloor_state_path(store->directory, name, path, error) == 0)
        found = tlsfloor_snapshot_open(path, &snapshot, NULL, error);
    if (found == 1 && tlsfloor_snapshot_about(snapshot)->id == store->wanted) {
        store->snapshot = snapshot;
        return 1;
    }
    if (found == 0)
        snprintf(error, sizeof(error), "%.400s: is missing: run tlsfloor apply", path);
    if (found == 1)
        snprintf(error, sizeof(error),
                 "%.400s: is not the one that was applied with the policy: run tlsfloor apply",
                 path);
    tlsfloor_snapshot_close(snapshot);
    if (store->problem[0] == '\0')
        memcpy(store->problem, error, sizeof(error));
    return 0;
}

static void
open_snapshot(struct tlsfloor_store *store)
{
    tlsfloor_snapshot_close(store->snapshot);
    store->snapshot = NULL;
    store->problem[0] = '\0';
    if (try_snapshot(store, TLSFLOOR_STATE_SNAPSHOT) ||
        try_snapshot(store, TLSFLOOR_STATE_OLD_SNAPSHOT))
        store->problem[0] = '\0';
}

/* 1 if exceptions.cdb is not the file, or not in the state, that was looked at last. */
static int
is_changed(struct tlsfloor_store *store)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct stat st;

    if (tlsfloor_state_path(store->directory, TLSFLOOR_STATE_SNAPSHOT, path, error) != 0 ||
        stat(path, &st) != 0)
        memset(&st, 0, sizeof(st));
    if (tlsfloor_file_same(&st, &store->identity))
        return 0;
    store->identity = st;
    return 1;
}

/* A replaced envelope is noticed with the snapshot or policy that came with it. */
static void
read_envelope(struct tlsfloor_store *store, int again)
{
    if (again || store->envelope_fd < 0) {
        if (store->envelope_fd >= 0)
            close(store->envelope_fd);
        store->envelope_fd = tlsfloor_envelope_open(store->directory);
    }
    if (tlsfloor_envelope_read(store->envelope_fd, &store->envelope) != 0 && !again &&
        store->envelope_fd >= 0)
        read_envelope(store, 1);
}

static void
look(struct tlsfloor_store *store, uint64_t snapshot, int64_t now)
{
    int other = store->wanted != snapshot, changed;

    /* What could not be opened is tried again: the cause may go away without a trace. */
    if (!other && store->looked == now && store->snapshot != NULL)
        return;
    store->wanted = snapshot;
    store->looked = now;
    changed = is_changed(store);
    if (changed || other || store->snapshot == NULL)
        open_snapshot(store);
    read_envelope(store, changed || other);
}

/* --- look-ups --- */

struct tlsfloor_lookup
tlsfloor_store_get(struct tlsfloor_store *store, uint64_t snapshot,
                   const struct tlsfloor_facts *facts, int64_t now)
{
    struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_ABSENT};
    int found = -1;

    if (snapshot == 0) {
        /* What was seen of an earlier list must not be taken for news of the next one. */
        store->wanted = 0;
        store->problem[0] = '\0';
        return lookup;
    }
    look(store, snapshot, now);
    store->outdated = store->snapshot == NULL;
    lookup.may_cover = tlsfloor_envelope_match(&store->envelope, facts, now);
    if (store->snapshot != NULL) {
        found = tlsfloor_snapshot_get(store->snapshot, facts, now, &store->record);
        if (found < 0)
            snprintf(store->problem, sizeof(store->problem),
                     "%.400s/" TLSFLOOR_STATE_SNAPSHOT ": is damaged: run tlsfloor apply",
                     store->directory);
    }
    if (found < 0)
        lookup.result = TLSFLOOR_LOOKUP_ERROR;
    if (found > 0) {
        lookup.result = TLSFLOOR_LOOKUP_FOUND;
        lookup.exception = &store->record.exception;
    }
    return lookup;
}

int
tlsfloor_store_each(struct tlsfloor_store *store, uint64_t snapshot,
                    const struct tlsfloor_user *user, int64_t now, tlsfloor_store_each_fn *each,
                    void *context)
{
    if (snapshot == 0)
        return 0;
    look(store, snapshot, now);
    return store->snapshot == NULL ? -1
                                   : tlsfloor_snapshot_each(store->snapshot, user, each, context);
}

int
tlsfloor_store_is_outdated(struct tlsfloor_store *store)
{
    int outdated = store->outdated;

    store->outdated = 0;
    return outdated;
}

const char *
tlsfloor_store_problem(struct tlsfloor_store *store, int *mended_r)
{
    *mended_r = store->problem[0] == '\0' && store->told[0] != '\0';
    if (strcmp(store->problem, store->told) == 0)
        return NULL;
    memcpy(store->told, store->problem, sizeof(store->told));
    return store->told[0] == '\0' ? NULL : store->told;
}

void
tlsfloor_store_free(struct tlsfloor_store *store)
{
    if (store == NULL)
        return;
    tlsfloor_snapshot_close(store->snapshot);
    if (store->envelope_fd >= 0)
        close(store->envelope_fd);
    free(store);
}
