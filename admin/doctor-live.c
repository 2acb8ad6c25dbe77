/* SPDX-License-Identifier: MIT */
/*
 * Three clients for each listener: one of today, one with TLS 1.0 alone, and
 * one without TLS.
 */
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor-endpoints.h"
#include "doctor-live.h"
#include "doctor-log.h"

#define OLD "TLSv1"

struct trial {
    const struct doctor_facts *facts;
    struct findings *findings;
    struct doctor_proofs *proofs;
    struct doctor_log *log;
    const struct doctor_endpoint *endpoint;
};

void
doctor_proof(struct doctor_proofs *proofs, const char *title, const char *sentence)
{
    if (proofs->count < DOCTOR_PROOFS)
        snprintf(proofs->items[proofs->count++], sizeof(proofs->items[0]), "%.150s: %.150s", title,
                 sentence);
}

static void __attribute__((format(printf, 2, 3)))
prove(const struct trial *trial, const char *format, ...)
{
    char sentence[280];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    doctor_proof(trial->proofs, trial->endpoint->title, sentence);
}

static void
disprove(const struct trial *trial, enum finding_severity severity, const char *what,
         const char *why, const char *mend)
{
    struct finding *finding =
        find(trial->findings, severity, "%s%s%s", what, why[0] == '\0' ? "" : ": ", why);

    find_where(finding, "%s", trial->endpoint->title);
    find_mend(finding, "%s", mend);
}

/* --- trials --- */

/* What a mail program of today gets. */
static int
try_today(const struct trial *trial)
{
    static const struct probe_offer offer = {.least = TLS1_2_VERSION,
                                             .suites = "ALL:COMPLEMENTOFALL"};
    struct probe_talk talk;

    probe_talk(&trial->endpoint->peer, &offer, &talk);
    if (talk.end == PROBE_END_LOGIN) {
        prove(trial, "%s is offered a login", talk.version);
        return 0;
    }
    disprove(trial, FINDING_ERROR,
             talk.connected ? "a mail program with TLS 1.2 or 1.3 is offered no login"
                            : "nobody listens",
             talk.why, "");
    return -1;
}

static int
is_trusted(const struct trial *trial)
{
    return tlsfloor_networks_match(
        trial->facts->policy->services[trial->endpoint->service].trusted_networks,
        &trial->endpoint->address);
}

/* A login with old TLS was offered, and tried. */
static void
judge_login(const struct trial *trial, const struct probe_talk *talk)
{
    const struct doctor_endpoint *endpoint = trial->endpoint;
    int excepted = trial->facts->oldest[endpoint->service] <= TLSFLOOR_TLS_1_0;

    if (talk->login.policy)
        prove(trial, OLD " is refused at the login: %s", talk->login.text);
    else if (is_trusted(trial))
        disprove(trial, FINDING_NOTE,
                 "what " OLD " gets cannot be proved from here: this address is in "
                 "trusted_networks",
                 "", "tlsfloor probe, from elsewhere");
    else if (!doctor_enforces(trial->facts, endpoint->service))
        prove(trial, OLD " is offered a login, for nobody is refused yet");
    else if (endpoint->decides_late || (excepted && endpoint->peer.protocol == PROBE_SMTP))
        disprove(trial, FINDING_NOTE,
                 OLD " is offered a login: what follows a good one cannot be proved", "", "");
    else
        disprove(trial, FINDING_ERROR, OLD " is offered a login, and not refused at it",
                 talk->login.text, "see what else is found; then tlsfloor decide");
}

static void
judge_no_handshake(const struct trial *trial, const struct probe_talk *talk)
{
    const struct doctor_endpoint *endpoint = trial->endpoint;
    int needed = trial->facts->oldest[endpoint->service] <= TLSFLOOR_TLS_1_0;

    if (endpoint->oldest > TLSFLOOR_TLS_1_0)
        prove(trial, OLD " ends in the handshake: %s", talk->why);
    else
        disprove(
            trial, needed ? FINDING_ERROR : FINDING_WARNING,
            "the settings accept " OLD ", and the handshake does not", talk->why,
            "restart it, if settings have changed since; or look for an OPENSSL_CONF in its own "
            "environment");
}

/* 1 if a login was looked at in SMTP: RFC 4954. */
static int
passwords_are_judged(const struct probe_reply *login)
{
    return strncmp(login->text, "535 ", 4) == 0 || strncmp(login->text, "235 ", 4) == 0;
}

static void
try_old(const struct trial *trial)
{
    static const struct probe_offer offer = {
        .least = TLS1_VERSION, .most = TLS1_VERSION, .suites = "ALL:COMPLEMENTOFALL", .login = 1};
    struct probe_talk talk;

    probe_talk(&trial->endpoint->peer, &offer, &talk);
    doctor_log_take(trial->log, trial->endpoint,
                    talk.end == PROBE_END_REFUSED || talk.login.policy ? talk.port : 0);
    switch (talk.end) {
    case PROBE_END_LOGIN:
        judge_login(trial, &talk);
        return;
    case PROBE_END_REFUSED:
    case PROBE_END_NO_LOGIN:
        if (passwords_are_judged(&talk.login))
            disprove(trial, FINDING_ERROR, OLD " is refused, and may log in all the same",
                     talk.login.text, "-o smtpd_helo_required=yes");
        else
            prove(trial, OLD " is refused: %s", talk.why);
        return;
    case PROBE_END_HANDSHAKE:
        judge_no_handshake(trial, &talk);
        return;
    case PROBE_END_FAILED:
    case PROBE_END_INJECTED:
    case PROBE_END_NO_STARTTLS:
    case PROBE_END_UNABLE:
    case PROBE_END_SILENT:
        break;
    }
    disprove(trial, FINDING_WARNING, "what " OLD " gets is not to be found out", talk.why, "");
}

static void
try_plain(const struct trial *trial)
{
    static const struct probe_offer offer = {.plain = 1};
    struct probe_talk talk;

    if (!trial->endpoint->peer.starttls)
        return;
    probe_talk(&trial->endpoint->peer, &offer, &talk);
    if (talk.end == PROBE_END_NO_LOGIN || talk.end == PROBE_END_REFUSED)
        prove(trial, "without TLS no login is offered");
}

static void
try_endpoint(void *context, const struct doctor_endpoint *endpoint)
{
    struct trial *trial = context;

    trial->endpoint = endpoint;
    if (try_today(trial) != 0)
        return;
    try_old(trial);
    try_plain(trial);
}

void
doctor_prove(const struct doctor_facts *facts, struct findings *findings,
             struct doctor_proofs *proofs)
{
    struct doctor_log log;
    struct trial trial = {facts, findings, proofs, &log, NULL};

    findings->check = "live";
    if (facts->policy == NULL)
        return;
    signal(SIGPIPE, SIG_IGN);
    doctor_log_begin(&log, facts);
    doctor_endpoints_each(facts, try_endpoint, &trial);
    findings->check = "log";
    doctor_log_judge(&log, findings, proofs);
}
