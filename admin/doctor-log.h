/* SPDX-License-Identifier: MIT */
/*
 * Do audit lines arrive where people look for them? Known are the places where
 * they can be; each has to be read to say so. What cannot be read was not
 * checked, and is never taken for good.
 */
#ifndef TLSFLOOR_DOCTOR_LOG_H
#define TLSFLOOR_DOCTOR_LOG_H

#include "doctor-endpoints.h"
#include "doctor-live.h"
#include "file.h"

#define DOCTOR_PLACES 4
#define DOCTOR_REFUSALS 64

/* A log. */
struct doctor_place {
    const char *path;                           /* NULL: the journal */
    unsigned char has[TLSFLOOR_LOG_PROGRAMS];   /* 1: lines of that program can be there */
    unsigned char found[TLSFLOOR_LOG_PROGRAMS]; /* 1: an expected one is */
    uint64_t begin;                             /* what was there before, bytes */
    char fault[TLSFLOOR_ERROR_TEXT];            /* why it cannot be read; empty: it can */
};

/* A session that was refused, which is to be logged. */
struct doctor_refusal {
    enum tlsfloor_log_program program;
    enum tlsfloor_service service;
    unsigned port; /* the client's */
    char title[160];
    int logged;
};

struct doctor_log {
    const struct doctor_facts *facts;
    int64_t since; /* when it began, seconds since 1970 */
    struct doctor_place places[DOCTOR_PLACES];
    size_t place_count;
    struct doctor_refusal refusals[DOCTOR_REFUSALS];
    size_t refusal_count;
    int tried[TLSFLOOR_LOG_PROGRAMS]; /* 1: some listener of that program was taken */
};

/* Remembers where each log ends now. */
void doctor_log_begin(struct doctor_log *log_r, const struct doctor_facts *facts);

/*
 * A listener was reached. port: of the client that was refused, 0: none was.
 * Where audit = none nothing is expected of it.
 */
void doctor_log_take(struct doctor_log *log, const struct doctor_endpoint *endpoint, unsigned port);

/* Waits some seconds for the lines of all of them, and says what has become of them. */
void doctor_log_judge(struct doctor_log *log, struct findings *findings,
                      struct doctor_proofs *proofs);

#endif
