/* SPDX-License-Identifier: MIT */
/*
 * Lists for other programs, as CSV (RFC 4180): rows, and users one a line.
 */
#include <inttypes.h>
#include <string.h>

#include "report.h"

/* What a spreadsheet takes for the beginning of a formula. */
#define FORMULA "=+-@\t\r"

void
csv_field(FILE *out, const char *text, int is_last)
{
    fputc('"', out);
    if (text[0] != '\0' && text[1] != '\0' && strchr(FORMULA, text[0]) != NULL)
        fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputs(is_last ? "\"\r\n" : "\",", out);
}

static void
csv_date(FILE *out, int64_t time, int is_last)
{
    char date[11] = "";

    if (time != 0)
        view_date(time, date);
    csv_field(out, date, is_last);
}

static void
csv_number(FILE *out, uint64_t number)
{
    fprintf(out, "%" PRIu64 ",", number);
}

static void
csv_exception(const struct view *view, const struct tally_row *row)
{
    char who[VIEW_NAME] = "", until[11] = "";

    if (row->class == TALLY_EXCEPTED) {
        view_who(view, row, who);
        view_until(row->until, until);
    }
    csv_field(view->out, who, 0);
    csv_field(view->out, until, 1);
}

void
view_csv(const struct view *view)
{
    char name[VIEW_NAME], from[VIEW_FROM];

    fputs("user,service,version,cipher,class,logins,first_seen,last_seen,from,exception,until\r\n",
          view->out);
    for (size_t i = 0; i < view->row_count; i++) {
        const struct tally_row *row = view->rows[i];
        const struct tally_kind *kind = tally_kind(view->tally, row);

        view_name(view, tally_person(view->tally, row), name);
        view_from(view, row, " ", from);
        csv_field(view->out, name, 0);
        csv_field(view->out, tlsfloor_service_name(kind->service), 0);
        csv_field(view->out, kind->tls_name, 0);
        csv_field(view->out, kind->cipher, 0);
        csv_field(view->out, tally_class_name((enum tally_class)row->class), 0);
        csv_number(view->out, row->logins);
        csv_date(view->out, row->first, 0);
        csv_date(view->out, row->last, 0);
        csv_field(view->out, from, 0);
        csv_exception(view, row);
    }
}

/* --- one user a line --- */

/* The rows of one person in some classes, put together. */
struct summary {
    unsigned services;
    const struct tally_kind *oldest, *newest;
    uint64_t logins;
    int64_t first, last, until;
};

static void
add_row(struct summary *summary, const struct tally *tally, const struct tally_row *row)
{
    const struct tally_kind *kind = tally_kind(tally, row);

    if (summary->logins == 0 || kind->tls < summary->oldest->tls)
        summary->oldest = kind;
    if (summary->logins == 0 || kind->tls > summary->newest->tls)
        summary->newest = kind;
    if (summary->logins == 0 || row->first < summary->first)
        summary->first = row->first;
    if (row->last > summary->last)
        summary->last = row->last;
    if (row->class == TALLY_EXCEPTED && row->until > summary->until)
        summary->until = row->until;
    summary->services |= 1U << kind->service;
    summary->logins += row->logins;
}

static void
csv_services(const struct view *view, unsigned services)
{
    char text[64] = "";
    size_t used = 0;

    for (unsigned i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++) {
        if (services & 1U << i)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used == 0 ? "" : " ",
                                     tlsfloor_service_name((enum tlsfloor_service)i));
    }
    csv_field(view->out, text, 0);
}

static void
print_user(const struct view *view, const struct tally_person *person,
           const struct summary *summary, enum tally_class class)
{
    char name[VIEW_NAME], until[11] = "";

    view_name(view, person, name);
    if (class == TALLY_EXCEPTED)
        view_until(summary->until, until);
    csv_field(view->out, name, 0);
    csv_field(view->out, tally_class_name(class), 0);
    csv_field(view->out, until, 0);
    csv_services(view, summary->services);
    csv_field(view->out, summary->oldest->tls_name, 0);
    csv_field(view->out, summary->newest->tls_name, 0);
    csv_number(view->out, summary->logins);
    csv_date(view->out, summary->first, 0);
    csv_date(view->out, summary->last, 1);
}

void
view_users(const struct view *view)
{
    const struct tally *tally = view->tally;

    fputs("user,class,until,services,oldest_version,newest_version,logins,first_seen,last_seen\r\n",
          view->out);
    for (uint32_t i = 1; i < tally->person_count; i++) {
        const struct tally_person *person = &tally->persons[i];
        struct summary summary = {0};
        enum tally_class class = TALLY_EXCEPTED;

        for (uint32_t row = person->row; row != 0; row = tally->rows[row].next) {
            if (tally->rows[row].class > TALLY_EXCEPTED)
                continue;
            add_row(&summary, tally, &tally->rows[row]);
            if (tally->rows[row].class == TALLY_BELOW)
                class = TALLY_BELOW;
        }
        if (summary.logins > 0)
            print_user(view, person, &summary, class);
    }
}

void
view_passwords(const struct view *view)
{
    const struct tally *tally = view->tally;
    char name[VIEW_NAME];

    fputs("user,services,logins,first_cleartext,last_cleartext,secure_since\r\n", view->out);
    for (uint32_t i = 1; i < tally->person_count; i++) {
        const struct tally_person *person = &tally->persons[i];
        struct summary summary = {0};

        for (uint32_t row = person->row; row != 0; row = tally->rows[row].next) {
            if (tally->rows[row].class <= TALLY_EXCEPTED &&
                tally_kind(tally, &tally->rows[row])->tls == TLSFLOOR_TLS_CLEARTEXT)
                add_row(&summary, tally, &tally->rows[row]);
        }
        if (summary.logins == 0)
            continue;
        view_name(view, person, name);
        csv_field(view->out, name, 0);
        csv_services(view, summary.services);
        csv_number(view->out, summary.logins);
        csv_date(view->out, summary.first, 0);
        csv_date(view->out, summary.last, 0);
        csv_date(view->out, person->secure > summary.last ? person->secure : 0, 1);
    }
}
