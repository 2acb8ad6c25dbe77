/* SPDX-License-Identifier: MIT */
/*
 * The report for people: what enforcing would break, what that is known from,
 * the table, and what to type next.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "time-text.h"

#define ROWS_SHOWN 50
#define EXCEPTIONS_SHOWN 5
#define GAPS_SHOWN 8
#define EXCEPTION_DAYS 90
#define RECENT_DAYS 30
#define COLUMNS 9
#define WIDEST 60

/* --- the first lines --- */

static void
print_verdict(const struct view *view)
{
    const struct tally *tally = view->tally;
    uint64_t unnamed = 0;
    char count[VIEW_COUNT];

    for (uint32_t row = tally->persons[0].row; row != 0; row = tally->rows[row].next) {
        if (tally->rows[row].class == TALLY_BELOW)
            unnamed += tally->rows[row].logins;
    }
    fputs("If you enforce today: ", view->out);
    if (view->users.below == 0)
        fputs("nobody loses access", view->out);
    else
        fprintf(view->out, "%s%s %s access", view->users.is_least ? "at least " : "",
                view_count(view->users.below, "user", "users", count),
                view->users.below == 1 ? "loses" : "lose");
    if (unnamed > 0)
        fprintf(
            view->out, ", and %s a user would be refused",
            view_count(unnamed, "session that does not name", "sessions that do not name", count));
    fputs(".\n\n", view->out);
}

static void
print_gap(void *context, const struct tally_source *source, int64_t first, int64_t last)
{
    const struct view *view = context;
    char days[VIEW_DAYS];

    view_days(first, last, days);
    fprintf(view->out, "missing       %s: no audit line of %s; not counted as zero\n", days,
            source->name);
}

static void
print_period(const struct view *view)
{
    const struct tally *tally = view->tally;
    size_t gaps;
    char first[11], last[11], count[VIEW_COUNT];

    view_date(tally->first, first);
    view_date(tally->last, last);
    fprintf(view->out, "period        %s to %s (UTC), %s with audit lines\n", first, last,
            view_count(tally_count_days(tally), "day", "days", count));
    for (size_t i = 0; i < tally->source_count; i++)
        fprintf(view->out, "%s%s%s", i == 0 ? "sources       " : ", ", tally->sources[i].name,
                i + 1 == tally->source_count ? "\n" : "");
    gaps = tally_each_gap(tally, GAPS_SHOWN, print_gap, (void *)(uintptr_t)view);
    if (gaps > GAPS_SHOWN)
        fprintf(view->out, "missing       and %zu more such gaps\n", gaps - GAPS_SHOWN);
    if (tally->losses > 0)
        fprintf(view->out, "missing       loggers told %s that they lost lines\n",
                view_count(tally->losses, "time", "times", count));
    if (tally->damaged > 0)
        fprintf(view->out, "missing       %s cut or mangled\n",
                view_count(tally->damaged, "audit line is", "audit lines are", count));
}

static void
print_policy(const struct view *view)
{
    fputs("policy        ", view->out);
    view_policy(view);
    fprintf(view->out, "%s\n", view->tally->judge->state == NULL ? " (not the applied one)" : "");
}

/* When the first exception ends of those by which users got in. */
static void
print_first_end(const struct view *view)
{
    int64_t first = TLSFLOOR_NEVER;
    char date[11];

    for (size_t i = 0; i < view->row_count; i++) {
        if (view->rows[i]->class == TALLY_EXCEPTED && view->rows[i]->until < first)
            first = view->rows[i]->until;
    }
    if (first == TLSFLOOR_NEVER)
        return;
    view_until(first, date);
    fprintf(view->out, "              the first exception that was used ends on %s\n", date);
}

static void
print_users(const struct view *view)
{
    const struct tally_users_count *users = &view->users;
    const struct tally *tally = view->tally;
    uint64_t seen = users->ready + users->below + users->excepted + users->not_judged;
    uint64_t recent =
        tally_count_since(tally, TALLY_BELOW, tally->last - RECENT_DAYS * TLSFLOOR_DAY);

    fprintf(view->out,
            "users         %s%" PRIu64 " seen: %" PRIu64 " ready, %" PRIu64
            " below the floor, %" PRIu64 " excepted, %" PRIu64 " not judged\n",
            users->is_least ? "at least " : "", seen, users->ready, users->below, users->excepted,
            users->not_judged);
    if (tally->logins[TALLY_READY] == 0)
        fputs("              nobody who is ready is in the log; that is so with audit = "
              "violations\n",
              view->out);
    if (users->below > 0)
        fprintf(view->out, "              %" PRIu64 " of those below were so in the last %d days\n",
                recent, RECENT_DAYS);
    print_first_end(view);
}

static void
print_others(const struct view *view)
{
    const struct tally *tally = view->tally;
    uint64_t unknown = tally->logins[TALLY_NOT_JUDGED] - tally->trusted;
    char count[VIEW_COUNT];

    if (tally->trusted > 0)
        fprintf(view->out, "not judged    %s below the floor, because of trusted_networks\n",
                view_count(tally->trusted, "login", "logins", count));
    if (unknown > 0)
        fprintf(view->out, "not judged    %s of unknown TLS version, by unknown_tls\n",
                view_count(unknown, "login", "logins", count));
    if (tally->logins[TALLY_TURNED_AWAY] > 0) {
        fprintf(view->out, "turned away   %s, refused then or put off",
                view_count(tally->logins[TALLY_TURNED_AWAY], "session", "sessions", count));
        if (view->users.turned_away > 0)
            fprintf(view->out, "; %s nobody was ever let in with",
                    view_count(view->users.turned_away, "name", "names", count));
        fputs("\n", view->out);
    }
    if (tally->left_out > 0)
        fprintf(view->out,
                "left out      %s, which are counted above but were too many for the table\n",
                view_count(tally->left_out, "login", "logins", count));
}

/* --- the table --- */

struct cells {
    char text[COLUMNS][WIDEST * 20];
};

static void
fill_cells(const struct view *view, const struct tally_row *row, struct cells *cells)
{
    const struct tally_kind *kind = tally_kind(view->tally, row);
    char date[11], who[VIEW_NAME];

    view_name(view, tally_person(view->tally, row), cells->text[0]);
    snprintf(cells->text[1], WIDEST, "%s", tlsfloor_service_name(kind->service));
    snprintf(cells->text[2], WIDEST, "%s", kind->tls_name);
    snprintf(cells->text[3], sizeof(cells->text[3]), "%s",
             kind->cipher[0] == '\0' ? "-" : kind->cipher);
    snprintf(cells->text[4], WIDEST, "%" PRIu32, row->logins);
    view_date(row->first, cells->text[5]);
    view_date(row->last, cells->text[6]);
    view_from(view, row, ",", cells->text[7]);
    snprintf(cells->text[8], WIDEST, "%s",
             row->class == TALLY_BELOW ? "-" : tally_class_name((enum tally_class)row->class));
    if (row->class == TALLY_EXCEPTED) {
        view_until(row->until, date);
        view_who(view, row, who);
        snprintf(cells->text[8], sizeof(cells->text[8]), "%s until %s", who, date);
    }
}

static void
print_cells(const struct view *view, const struct cells *cells, const size_t *widths)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i + 1 == COLUMNS)
            fprintf(view->out, "%s\n", cells->text[i]);
        else if (i == 4)
            fprintf(view->out, "%*s  ", (int)widths[i], cells->text[i]);
        else
            fprintf(view->out, "%-*s  ", (int)widths[i], cells->text[i]);
    }
}

static int
print_table(const struct view *view)
{
    static const char *const titles[COLUMNS] = {"USER",      "SERVICE", "VERSION",
                                                "CIPHER",    "LOGINS",  "FIRST SEEN",
                                                "LAST SEEN", "FROM",    "EXCEPTION"};
    size_t shown = view->row_count < ROWS_SHOWN ? view->row_count : ROWS_SHOWN;
    struct cells *cells = calloc(shown + 1, sizeof(*cells));
    size_t widths[COLUMNS] = {0};

    if (cells == NULL)
        return -1;
    for (size_t i = 0; i < COLUMNS; i++)
        snprintf(cells[0].text[i], WIDEST, "%s", titles[i]);
    for (size_t i = 0; i < shown; i++)
        fill_cells(view, view->rows[i], &cells[i + 1]);
    for (size_t i = 0; i <= shown; i++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            size_t size = strlen(cells[i].text[column]);

            if (size > widths[column] && size <= WIDEST)
                widths[column] = size;
        }
    }
    fputs("\n", view->out);
    for (size_t i = 0; i <= shown && view->row_count > 0; i++)
        print_cells(view, &cells[i], widths);
    if (shown < view->row_count)
        fprintf(view->out, "... and %zu more: --csv, --json and --html have them\n",
                view->row_count - shown);
    free(cells);
    return 0;
}

/* --- what to type --- */

/* In single quotes, unless no shell could misunderstand it. */
static void
print_word(FILE *out, const char *word, size_t size)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "@%+=:,./_-";

    if (strspn(word, safe) >= size) {
        fwrite(word, 1, size, out);
        return;
    }
    fputc('\'', out);
    for (size_t i = 0; i < size; i++) {
        if (word[i] == '\'')
            fputs("'\\''", out);
        else
            fputc(word[i], out);
    }
    fputc('\'', out);
}

static void
print_command(void *context, const struct tally_person *person, const char *line, int is_comment)
{
    const struct view *view = context;
    char name[VIEW_NAME];

    if (is_comment) {
        view_name(view, person, name);
        fprintf(view->out, "# %s: %s\n", name, line);
        return;
    }
    fputs("tlsfloor exception add ", view->out);
    print_word(view->out, line, person->name.size);
    fprintf(view->out, "%s\n", line + person->name.size);
}

static void
print_commands(const struct view *view)
{
    const struct tally *tally = view->tally;
    int64_t until = (tally->now / TLSFLOOR_DAY + EXCEPTION_DAYS + 1) * TLSFLOOR_DAY;
    const struct tally_person *shown[EXCEPTIONS_SHOWN];
    size_t count = 0, known;

    for (size_t i = 0; i < view->row_count && count < EXCEPTIONS_SHOWN; i++) {
        const struct tally_person *person = tally_person(tally, view->rows[i]);

        for (known = 0; known < count && shown[known] != person; known++)
            continue;
        if (known == count && person->name.data != NULL && view->rows[i]->class == TALLY_BELOW)
            shown[count++] = person;
    }
    if (count == 0 || view->mask)
        return;
    fprintf(view->out, "\nTo let in %s for %d more days:\n",
            view->users.below > count ? "those who log in most" : "those below", EXCEPTION_DAYS);
    for (size_t i = 0; i < count; i++)
        exceptions_for(view, shown[i], until, print_command, (void *)(uintptr_t)view);
    if (judge_ignores(tally->judge, TLSFLOOR_SERVICE_IMAP) != NULL)
        fprintf(view->out, "# for imap, pop3 and sieve exceptions are %s\n",
                judge_ignores(tally->judge, TLSFLOOR_SERVICE_IMAP));
}

int
view_text(const struct view *view)
{
    print_verdict(view);
    print_period(view);
    print_policy(view);
    print_users(view);
    print_others(view);
    if (print_table(view) != 0)
        return -1;
    print_commands(view);
    return 0;
}
