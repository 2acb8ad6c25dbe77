/* SPDX-License-Identifier: MIT */
/*
 * Files are judged by through the snapshot that apply would make of them, in
 * memory, so that a million sessions are looked up as fast as by a daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "judge.h"

/* Makes snapshot and envelope of the exceptions in the files. 0, or -1 with errno. */
static int
build_snapshot(struct judge *judge, int64_t now, char error[TLSFLOOR_ERROR_TEXT])
{
    const struct exceptions *exceptions = &judge->site.exceptions;
    struct exceptions_cursor cursor = {exceptions, 0};
    struct tlsfloor_exception exception;
    struct tlsfloor_snapshot_about about;
    int fd = memfd_create("exceptions", MFD_CLOEXEC);

    for (size_t i = 0; i < exceptions->count; i++) {
        exceptions_get(exceptions, i, &exception);
        tlsfloor_envelope_add(&judge->envelope, &exception, now);
    }
    if (fd < 0 || tlsfloor_snapshot_build(fd, exceptions_next, &cursor, now, &about) != 0) {
        snprintf(error, TLSFLOOR_ERROR_TEXT, "%.200s: cannot be judged by: %s",
                 judge->site.policy->exceptions, strerror(errno));
        return -1;
    }
    return tlsfloor_snapshot_map(judge->site.policy->exceptions, fd, &judge->snapshot, error);
}

void
judge_load(struct judge *judge_r, const struct invocation *invocation, int64_t now,
           struct report *report)
{
    char error[TLSFLOOR_ERROR_TEXT];

    memset(judge_r, 0, sizeof(*judge_r));
    if (invocation->conf_given) {
        site_load(invocation, report, &judge_r->site);
        if (report->errors == 0 && judge_r->site.exceptions.count > 0 &&
            build_snapshot(judge_r, now, error) < 0)
            report_error(report, error);
        return;
    }
    judge_r->state = invocation->state;
    judge_r->store = tlsfloor_store_new(invocation->state);
    if (judge_r->store == NULL)
        report_error(report, "no memory to decide");
    judge_r->site.policy = tlsfloor_state_load(invocation->state, NULL, error);
    if (judge_r->site.policy == NULL)
        report_error(report, error);
}

const char *
judge_ignores(const struct judge *judge, enum tlsfloor_service service)
{
    if (judge->site.policy->exceptions[0] == '\0')
        return "none, by exceptions = none";
    if (service != TLSFLOOR_SERVICE_SUBMISSION && !judge->site.policy->dovecot_passdb)
        return "not counted for this service, because dovecot_passdb = no";
    return NULL;
}

/* Looks up in what is made of the files. */
static struct tlsfloor_lookup
look_up_in_files(struct judge *judge, const struct tlsfloor_facts *facts, int64_t now)
{
    struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_ABSENT};

    if (judge->snapshot == NULL)
        return lookup;
    switch (tlsfloor_snapshot_get(judge->snapshot, facts, now, &judge->record)) {
    case 1:
        lookup.result = TLSFLOOR_LOOKUP_FOUND;
        lookup.exception = &judge->record.exception;
        break;
    case -1:
        lookup.result = TLSFLOOR_LOOKUP_ERROR;
        break;
    }
    lookup.may_cover = tlsfloor_envelope_match(&judge->envelope, facts, now);
    return lookup;
}

struct tlsfloor_lookup
judge_look_up(struct judge *judge, const struct tlsfloor_facts *facts, int64_t now,
              struct report *report)
{
    struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_ABSENT};
    const char *problem;
    int mended;

    if (judge_ignores(judge, facts->service) != NULL)
        return lookup;
    if (judge->state == NULL)
        return look_up_in_files(judge, facts, now);
    lookup = tlsfloor_store_get(judge->store, judge->site.policy->snapshot, facts, now);
    problem = tlsfloor_store_problem(judge->store, &mended);
    if (problem != NULL)
        report_warning(report, problem);
    return lookup;
}

void
judge_free(struct judge *judge)
{
    tlsfloor_store_free(judge->store);
    tlsfloor_snapshot_close(judge->snapshot);
    site_free(&judge->site);
}
