/* SPDX-License-Identifier: MIT */
/*
 * Opens all inputs before it reads the first, so that a wrong name costs no
 * hour; and tells nothing when one of them could not be read to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal-line.h"
#include "log-clock.h"
#include "log-input.h"
#include "report-input.h"
#include "time-text.h"

/* The reading of one input. */
struct reading {
    struct counted *counted;
    struct log_clock clock;
    const struct log_input *input;
    int year; /* --year, 0: none */
    struct report *report;
};

static int
stop(struct reading *reading, const char *problem)
{
    char sentence[TLSFLOOR_ERROR_TEXT];

    snprintf(sentence, sizeof(sentence), "%.200s: %s",
             reading->input->name == NULL ? "the journal" : reading->input->name, problem);
    report_error(reading->report, sentence);
    return -1;
}

static int
take(struct reading *reading, const struct tlsfloor_log_line *line, int64_t time)
{
    if (tally_take(&reading->counted->tally, line, time) != 0)
        return stop(reading, "no memory to count its lines");
    return 0;
}

static int
take_line(void *context, struct tlsfloor_text text)
{
    static struct tlsfloor_log_line line;
    struct reading *reading = context;
    int64_t time;

    if (text.size > 0 && text.data[0] == '{')
        return journal_line_read(text, &line, &time) == TLSFLOOR_LOG_OTHER
                   ? 0
                   : take(reading, &line, time);
    if (tlsfloor_log_line_read(text, &line) == TLSFLOOR_LOG_OTHER)
        return 0;
    if (log_clock_seconds(&reading->clock, &line.stamp, &time) == 0)
        return take(reading, &line, time);
    /* A clock that was wrong for a while, unless all of it is of another year than was thought. */
    if (line.stamp.year == 0 && reading->year == 0)
        return stop(reading, "has times without a year that would be later than its last change; "
                             "give --year, the year of its first line");
    line.kind = TLSFLOOR_LOG_DAMAGED;
    return take(reading, &line, reading->counted->now);
}

static int
compare_inputs(const void *a, const void *b)
{
    const struct log_input *first = a, *second = b;

    if (first->changed != second->changed)
        return first->changed < second->changed ? -1 : 1;
    /* Files of one second stay in the order in which they were named. */
    return first->number < second->number ? -1 : 1;
}

/* --- the command line --- */

/* The year of --year, 0: there is none; -1. */
static int
read_year(const struct invocation *invocation, struct report *report)
{
    char *end;
    long year;

    if (invocation->year == NULL)
        return 0;
    year = strtol(invocation->year, &end, 10);
    if (*end != '\0' || year < 1970 || year > 2099)
        return report_bad_option(report, "--year", invocation->year, "give a year, such as 2026");
    return (int)year;
}

static int
open_inputs(const struct invocation *invocation, int64_t now, struct report *report,
            struct log_input *inputs, size_t *count_r)
{
    char error[TLSFLOOR_ERROR_TEXT];
    int count = invocation->argc;

    if (count == 0 && !invocation->journal && isatty(STDIN_FILENO)) {
        report_error(report, "name the logs to read, or --journal, or give one on standard input");
        return -1;
    }
    for (int i = 0; i < count; i++) {
        if (log_input_open(invocation->argv[i], now, &inputs[i], error) != 0) {
            report_error(report, error);
            return -1;
        }
    }
    if (invocation->journal)
        (void)log_input_open(NULL, now, &inputs[count++], error);
    else if (count == 0)
        (void)log_input_open("-", now, &inputs[count++], error);
    *count_r = (size_t)count;
    return 0;
}

static int
read_inputs(const struct invocation *invocation, int64_t since, struct report *report,
            struct counted *counted)
{
    struct log_input *inputs = calloc((size_t)invocation->argc + 1, sizeof(*inputs));
    struct log_progress progress = {.shown = isatty(STDERR_FILENO)};
    struct reading reading = {.counted = counted, .report = report};
    char error[TLSFLOOR_ERROR_TEXT];
    int result = 0;
    size_t count = 0;

    reading.year = read_year(invocation, report);
    if (inputs == NULL || reading.year < 0 ||
        open_inputs(invocation, time(NULL), report, inputs, &count) != 0)
        result = -1;
    for (size_t i = 0; i < count; i++)
        inputs[i].number = (int)i;
    if (count > 0)
        qsort(inputs, count, sizeof(inputs[0]), compare_inputs);
    for (size_t i = 0; i < count; i++)
        progress.total += inputs[i].size;
    for (size_t i = 0; i < count && result == 0; i++) {
        reading.input = &inputs[i];
        /* From a year that is given, the clock goes on from file to file. */
        if (i == 0 || reading.year == 0)
            log_clock_begin(&reading.clock, inputs[i].changed, reading.year);
        reading.clock.changed = inputs[i].changed;
        result = log_input_read(&inputs[i], since, take_line, &reading, &progress, error);
        if (result < 0)
            report_error(report, error);
    }
    log_progress_end(&progress);
    free(inputs);
    return result == 0 ? 0 : -1;
}

static void
expect_lines(const struct tally *tally, struct report *report)
{
    if (tally->lines == 0)
        report_error(report,
                     "there is no audit line in that, so nothing is known: is it the log that "
                     "Dovecot or tlsfloor-policyd writes to, and not audit = none?");
}

int
count_logs(const struct invocation *invocation, int64_t since, struct report *report,
           struct counted *counted_r)
{
    memset(counted_r, 0, sizeof(*counted_r));
    counted_r->now = time(NULL);
    if (invocation->at != NULL &&
        tlsfloor_time_parse(tlsfloor_text_from(invocation->at), &counted_r->now) != 0)
        return report_bad_option(report, "--at", invocation->at,
                                 "give 2027-03-31 or 2027-03-31T09:30Z");
    judge_load(&counted_r->judge, invocation, counted_r->now, report);
    if (report->errors > 0)
        return -1;
    if (since < 0)
        since += counted_r->now;
    if (tally_init(&counted_r->tally, &counted_r->judge, counted_r->now, since, report) != 0) {
        report_error(report, "no memory to count");
        return -1;
    }
    if (read_inputs(invocation, since, report, counted_r) == 0)
        expect_lines(&counted_r->tally, report);
    return report->errors > 0 ? -1 : 0;
}

void
counted_free(struct counted *counted)
{
    tally_free(&counted->tally);
    judge_free(&counted->judge);
}
