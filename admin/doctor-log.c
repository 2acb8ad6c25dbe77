/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's own log is where its settings say. Where the system's logger puts
 * lines it alone knows: they are looked for in the journal, and in the files
 * that rsyslog has in Debian; one of these is enough. Reads what has come since
 * the beginning, again and again until all is there or time is up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "doctor-log.h"
#include "journal-line.h"
#include "log-input.h"

#define WAIT 5 /* seconds */

static const char *const program_names[TLSFLOOR_LOG_PROGRAMS] = {
    [TLSFLOOR_LOG_POSTFIX] = "tlsfloor-policyd",
    [TLSFLOOR_LOG_DOVECOT] = "Dovecot",
};

/* --- places --- */

static void
add_place(struct doctor_log *log, const char *path, int postfix, int dovecot)
{
    struct doctor_place *place = &log->places[log->place_count++];
    struct stat status;

    *place = (struct doctor_place){.path = path};
    place->has[TLSFLOOR_LOG_POSTFIX] = (unsigned char)postfix;
    place->has[TLSFLOOR_LOG_DOVECOT] = (unsigned char)dovecot;
    if (path == NULL || stat(path, &status) != 0)
        return;
    place->begin = (uint64_t)status.st_size;
    if (!S_ISREG(status.st_mode))
        snprintf(place->fault, sizeof(place->fault), "%.200s is no file that can be read again",
                 path);
}

static void
add_system_log(struct doctor_log *log, int dovecot)
{
    static const char *const files[] = {"/var/log/mail.log", "/var/log/syslog"};

    if (access("/run/log/journal", F_OK) == 0 || access("/var/log/journal", F_OK) == 0)
        add_place(log, NULL, 1, dovecot);
    for (size_t i = 0; i < 2; i++) {
        if (access(files[i], F_OK) == 0)
            add_place(log, files[i], 1, dovecot);
    }
}

/* The setting that says where audit lines go, which are information. */
static const char *
dovecot_setting(const struct doctor_facts *facts)
{
    const char *path = settings_get(&facts->dovecot.settings, SETTINGS_TOP, "info_log_path");

    return path == NULL || path[0] == '\0' ? "log_path" : "info_log_path";
}

/* The file of Dovecot's log, or NULL: it is the system's. */
static const char *
dovecot_file(const struct doctor_facts *facts)
{
    const char *path = settings_get(&facts->dovecot.settings, SETTINGS_TOP, dovecot_setting(facts));

    return path != NULL && path[0] == '/' ? path : NULL;
}

void
doctor_log_begin(struct doctor_log *log_r, const struct doctor_facts *facts)
{
    const char *file = dovecot_file(facts);

    memset(log_r, 0, sizeof(*log_r));
    log_r->facts = facts;
    log_r->since = time(NULL);
    if (file != NULL)
        add_place(log_r, file, 0, 1);
    add_system_log(log_r, file == NULL);
}

void
doctor_log_take(struct doctor_log *log, const struct doctor_endpoint *endpoint, unsigned port)
{
    struct doctor_refusal *refusal = &log->refusals[log->refusal_count];

    if (log->facts->policy->services[endpoint->service].audit == TLSFLOOR_AUDIT_NONE)
        return;
    log->tried[endpoint->program] = 1;
    if (port == 0 || log->refusal_count == DOCTOR_REFUSALS)
        return;
    *refusal = (struct doctor_refusal){
        .program = endpoint->program, .service = endpoint->service, .port = port};
    snprintf(refusal->title, sizeof(refusal->title), "%s", endpoint->title);
    log->refusal_count++;
}

/* --- reading --- */

struct reading {
    struct doctor_log *log;
    struct doctor_place *place;
};

static int
take_line(void *context, struct tlsfloor_text text)
{
    static struct tlsfloor_log_line line;
    const struct reading *reading = context;
    enum tlsfloor_log_kind kind;
    int64_t time;

    kind = reading->place->path == NULL ? journal_line_read(text, &line, &time)
                                        : tlsfloor_log_line_read(text, &line);
    for (size_t i = 0; kind == TLSFLOOR_LOG_AUDIT && i < reading->log->refusal_count; i++) {
        struct doctor_refusal *refusal = &reading->log->refusals[i];

        if (refusal->program != line.program || refusal->service != line.record.service ||
            refusal->port != line.record.port)
            continue;
        refusal->logged = 1;
        reading->place->found[line.program] = 1;
    }
    return 0;
}

static void
read_place(struct doctor_log *log, struct doctor_place *place)
{
    struct reading reading = {log, place};
    struct log_progress progress = {.shown = 0};
    struct log_input input;

    /* Dovecot makes its log when it has something to say. */
    if (place->path != NULL && access(place->path, F_OK) != 0 && errno == ENOENT)
        return;
    if (log_input_open(place->path, log->since, &input, place->fault) != 0)
        return;
    /* A file that is shorter than it was is a new one. */
    input.begin = input.size < place->begin ? 0 : place->begin;
    (void)log_input_read(&input, log->since, take_line, &reading, &progress, place->fault);
}

/* 1 if some place that a program's lines can be in can be read. */
static int
can_be_seen(const struct doctor_log *log, enum tlsfloor_log_program program)
{
    for (size_t i = 0; i < log->place_count; i++) {
        if (log->places[i].has[program] && log->places[i].fault[0] == '\0')
            return 1;
    }
    return 0;
}

/* 1 if there is a line that may yet come. */
static int
read_places(struct doctor_log *log)
{
    int waits = 0;

    for (size_t i = 0; i < log->place_count; i++) {
        if (log->places[i].fault[0] == '\0')
            read_place(log, &log->places[i]);
    }
    for (size_t i = 0; i < log->refusal_count; i++)
        waits |= !log->refusals[i].logged && can_be_seen(log, log->refusals[i].program);
    return waits;
}

static void
wait_for_lines(struct doctor_log *log)
{
    static const struct timespec pause = {.tv_nsec = 200000000};
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        if (!read_places(log))
            return;
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begin.tv_sec < WAIT);
}

/* --- what is said --- */

/* The places of a program, with commas between: all, or those where a line was found. */
static void
list_places(const struct doctor_log *log, enum tlsfloor_log_program program, int found,
            char text_r[TLSFLOOR_PATH])
{
    size_t size = 0;

    text_r[0] = '\0';
    for (size_t i = 0; i < log->place_count; i++) {
        const struct doctor_place *place = &log->places[i];

        if (place->has[program] && (!found || place->found[program]) && size < TLSFLOOR_PATH)
            size +=
                (size_t)snprintf(text_r + size, TLSFLOOR_PATH - size, "%s%s", size == 0 ? "" : ", ",
                                 place->path == NULL ? "the journal" : place->path);
    }
}

/* Why a program's lines may be where nobody can look; NULL: they cannot. */
static const char *
unseen(const struct doctor_log *log, enum tlsfloor_log_program program, size_t refusals)
{
    int places = 0;

    if (refusals == 0)
        return "nobody was refused";
    for (size_t i = 0; i < log->place_count; i++) {
        if (log->places[i].has[program] && log->places[i].fault[0] != '\0')
            return log->places[i].fault;
        places |= log->places[i].has[program];
    }
    return places ? NULL : "there is no journal, no /var/log/mail.log and no /var/log/syslog here";
}

static void
say_unseen(enum tlsfloor_log_program program, const char *why, struct findings *findings)
{
    struct finding *finding =
        find(findings, FINDING_NOTE, "whether audit lines of %s arrive was not checked: %s",
             program_names[program], why);

    find_mend(finding, "look for \"tlsfloor: action=refuse\" where its lines should be");
}

static void
say_missing(const struct doctor_log *log, const struct doctor_refusal *refusal, size_t missing,
            size_t all, struct findings *findings)
{
    const struct doctor_facts *facts = log->facts;
    int own = refusal->program == TLSFLOOR_LOG_DOVECOT && dovecot_file(facts) != NULL;
    char places[TLSFLOOR_PATH];
    struct finding *finding = find(
        findings, FINDING_WARNING,
        "the audit lines of %zu of %zu refusals by %s did not arrive within %d seconds, such as "
        "that of port %u at %s: who is below the floor stays unknown",
        missing, all, program_names[refusal->program], WAIT, refusal->port, refusal->title);

    list_places(log, refusal->program, 0, places);
    if (own)
        find_where(finding, "%.120s (%s)", places, dovecot_setting(facts));
    else
        find_where(finding, "%s", places);
    find_mend(finding, "%s",
              own ? "doveadm log reopen; if that does not help, doveadm reload"
                  : "have the system's logger keep the facility of syslog_facility: for rsyslog "
                    "mail.* -/var/log/mail.log");
}

static void
judge_program(const struct doctor_log *log, enum tlsfloor_log_program program,
              struct findings *findings, struct doctor_proofs *proofs)
{
    const struct doctor_refusal *missed = NULL;
    char places[TLSFLOOR_PATH], sentence[TLSFLOOR_PATH + 40];
    size_t missing = 0, all = 0;
    const char *why;

    for (size_t i = 0; i < log->refusal_count; i++) {
        const struct doctor_refusal *refusal = &log->refusals[i];

        if (refusal->program != program)
            continue;
        all++;
        if (refusal->logged)
            continue;
        missing++;
        missed = refusal;
    }
    why = unseen(log, program, all);
    if (all > 0 && missing == 0) {
        list_places(log, program, 1, places);
        snprintf(sentence, sizeof(sentence), "audit lines arrive in %s", places);
        doctor_proof(proofs, program_names[program], sentence);
    } else if (why != NULL) {
        say_unseen(program, why, findings);
    } else {
        say_missing(log, missed, missing, all, findings);
    }
}

void
doctor_log_judge(struct doctor_log *log, struct findings *findings, struct doctor_proofs *proofs)
{
    const char *file = dovecot_file(log->facts);

    wait_for_lines(log);
    if (log->tried[TLSFLOOR_LOG_POSTFIX])
        judge_program(log, TLSFLOOR_LOG_POSTFIX, findings, proofs);
    /* Of /dev/null the settings themselves tell. */
    if (log->tried[TLSFLOOR_LOG_DOVECOT] && (file == NULL || strcmp(file, "/dev/null") != 0))
        judge_program(log, TLSFLOOR_LOG_DOVECOT, findings, proofs);
}
