/* SPDX-License-Identifier: MIT */
/*
 * The views of a tally that tlsfloor report prints. A name or address that
 * came out of a log is hostile: each view writes it through one of the
 * functions here, and escapes it for where it goes.
 */
#ifndef TLSFLOOR_REPORT_H
#define TLSFLOOR_REPORT_H

#include <stdio.h>

#include "tally.h"

/* Rows: BELOW first, then EXCEPTED and so on; in each class the most logins first. */
struct view {
    const struct tally *tally;
    struct tally_users_count users;
    const struct tally_row **rows;
    size_t row_count;
    int mask; /* 1: names and addresses are hidden */
    FILE *out;
};

/* Every view: 0, or -1: no memory. */
int view_text(const struct view *view);
int view_json(const struct view *view, const char *by);
int view_html(const struct view *view);
void view_csv(const struct view *view);
void view_users(const struct view *view);
void view_passwords(const struct view *view);
void view_exceptions(const struct view *view, int64_t until);

/* --- groups: --by --- */

struct group {
    char name[112];
    uint64_t logins[TALLY_CLASSES];
    uint64_t below, excepted; /* users; not of days */
};

/* 1 if there is such a key. */
int group_is_key(const char *by);
/* The groups, to be freed, in the order in which they are shown. NULL: no memory. */
struct group *group_by(const struct view *view, const char *by, size_t *count_r);
/* As text, or as CSV. 0, or -1: no memory. */
int view_by(const struct view *view, const char *by, int csv);

/* --- words --- */

/* Room for any name, escaped or masked. */
#define VIEW_NAME 1100

/* A name as tlsfloor-audit(5) writes it: printable ASCII, quoted if need be. "-": nobody. */
void view_name(const struct view *view, const struct tally_person *person, char text_r[VIEW_NAME]);
/* The WHO of a row's exception likewise. */
void view_who(const struct view *view, const struct tally_row *row, char text_r[VIEW_NAME]);
/* Where a row's logins came from, with that between them; "elsewhere" is the last. */
#define VIEW_FROM (TALLY_NETWORKS * 56 + 16)
void view_from(const struct view *view, const struct tally_row *row, const char *between,
               char text_r[VIEW_FROM]);
/* A date, UTC. The last day of an exception, or "never". */
void view_date(int64_t time, char text_r[11]);
void view_until(int64_t until, char text_r[11]);
/* "2027-03-31", or "2027-03-01 to 2027-03-31". */
#define VIEW_DAYS 26
void view_days(int64_t first, int64_t last, char text_r[VIEW_DAYS]);
/* "mode = observe, floor = TLSv1.2", and what differs for a service. */
void view_policy(const struct view *view);
/* "1 user", "2 users": a number with one of two words behind it. */
#define VIEW_COUNT 64
const char *view_count(uint64_t number, const char *one, const char *many, char text_r[VIEW_COUNT]);

/* --- exceptions for who is below --- */

/* Is told one exception for a person, or a comment in its place: why there can be none. */
typedef void exception_line_fn(void *context, const struct tally_person *person, const char *line,
                               int is_comment);
/* One for Dovecot's services, and one for submission, as needed. until: as in an exception. */
void exceptions_for(const struct view *view, const struct tally_person *person, int64_t until,
                    exception_line_fn *each, void *context);

/* --- CSV --- */

/* A field in quotes; what a spreadsheet would take for a formula gets an apostrophe before it. */
void csv_field(FILE *out, const char *text, int is_last);

/* The chart of weeks, as SVG. */
void chart_weeks(const struct view *view);

#endif
