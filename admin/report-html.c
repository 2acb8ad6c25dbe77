/* SPDX-License-Identifier: MIT */
/*
 * The report as one page: no scripts, nothing from elsewhere, which the page
 * itself forbids the browser, too. Whatever is not written here is escaped.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "time-text.h"

/* A page with more rows makes browsers slow. */
#define ROWS_SHOWN 1000
#define GAPS_SHOWN 20

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>TLS floor: who is below it</title>\n<style>\n"
    ":root { --text: #1c2430; --soft: #5a6675; --page: #fff; --card: #f3f5f8; --line: #d7dde5;\n"
    "  --below: #c0392b; --excepted: #d99a1c; --ready: #2e7d4f; }\n"
    "@media (prefers-color-scheme: dark) { :root { --text: #e3e8ee; --soft: #9aa7b6;\n"
    "  --page: #14181e; --card: #1f252d; --line: #39424e; --below: #ef6a5a;\n"
    "  --excepted: #e5b04a; --ready: #5fbf86; } }\n"
    "body { margin: 0 auto; max-width: 82rem; padding: 1.5rem; background: var(--page);\n"
    "  color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }\n"
    "h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }\n"
    "h1 b { color: var(--below); }\n"
    "h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }\n"
    "p { margin: .3rem 0; color: var(--soft); }\n"
    "ul { margin: .8rem 0 0; padding: .6rem 1rem .6rem 2rem; background: var(--card);\n"
    "  border-left: .3rem solid var(--excepted); }\n"
    ".cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }\n"
    ".cards div { flex: 1 1 6.5rem; padding: .7rem 1rem; background: var(--card);\n"
    "  border-radius: .4rem; color: var(--soft); }\n"
    ".cards b { display: block; font-size: 1.6rem; color: var(--text); }\n"
    ".cards .below b { color: var(--below); } .cards .excepted b { color: var(--excepted); }\n"
    ".cards .ready b { color: var(--ready); }\n"
    "figure { margin: 0; } figcaption { color: var(--soft); font-size: .9rem; }\n"
    "figcaption i { display: inline-block; width: .8em; height: .8em; margin: 0 .4em 0 0; }\n"
    "figcaption span { display: inline-block; margin-right: 1.2em; }\n"
    "i.below, i.excepted { background: var(--excepted); } i.below { background: var(--below); }\n"
    "i.no-data { background: repeating-linear-gradient(45deg, var(--soft) 0 1px,\n"
    "  transparent 1px 4px); }\n"
    "svg { width: 100%; min-width: 40rem; height: auto; display: block; }\n"
    "svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }\n"
    "svg .grid { stroke: var(--line); } svg .hatch { stroke: var(--soft); opacity: .6; }\n"
    "svg rect.below { fill: var(--below); } svg rect.excepted { fill: var(--excepted); }\n"
    "svg rect.no-data { fill: url(#hatch); }\n"
    ".wide { overflow-x: auto; }\n"
    "table { border-collapse: collapse; width: 100%; font-size: .88rem; }\n"
    "th, td { text-align: left; padding: .35rem .55rem; border-bottom: 1px solid var(--line);\n"
    "  vertical-align: top; white-space: nowrap; }\n"
    "td.name { white-space: normal; overflow-wrap: anywhere; min-width: 12rem; }\n"
    "td.from { white-space: normal; min-width: 9.5rem; }\n"
    "th { color: var(--soft); font-weight: 600; }\n"
    ".n { text-align: right; font-variant-numeric: tabular-nums; }\n"
    "tr.below td:first-child { box-shadow: inset .2rem 0 var(--below); }\n"
    "tr.excepted td:first-child { box-shadow: inset .2rem 0 var(--excepted); }\n"
    "@media print { body { max-width: none; padding: 0; font-size: 9pt; }\n"
    "  .wide { overflow: visible; } svg { min-width: 0; } thead { display: table-header-group; }\n"
    "  tr, figure, .cards { break-inside: avoid; }\n"
    "  table { font-size: 7pt; } th, td { padding: .15rem .3rem; white-space: normal; }\n"
    "  td.name { min-width: 8rem; } td.from { min-width: 0; }\n"
    "  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }\n"
    "</style>\n</head>\n<body>\n";

static void
put(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void
put_cell(FILE *out, const char *class, const char *text)
{
    fprintf(out, "<td%s%s%s>", class[0] == '\0' ? "" : " class=\"", class,
            class[0] == '\0' ? "" : "\"");
    put(out, text);
    fputs("</td>", out);
}

static void
put_number(FILE *out, uint64_t number)
{
    fprintf(out, "<td class=\"n\">%" PRIu64 "</td>", number);
}

/* --- the head of the page --- */

static void
put_verdict(const struct view *view)
{
    const struct tally *tally = view->tally;
    char first[11], last[11], count[VIEW_COUNT];

    fputs("<h1>If you enforce today: ", view->out);
    if (view->users.below == 0)
        fputs("nobody loses access.</h1>\n", view->out);
    else
        fprintf(view->out, "<b>%s%s</b> %s access.</h1>\n", view->users.is_least ? "at least " : "",
                view_count(view->users.below, "user", "users", count),
                view->users.below == 1 ? "loses" : "lose");
    view_date(tally->first, first);
    view_date(tally->last, last);
    fprintf(view->out, "<p>%s to %s (UTC), %s with audit lines of ", first, last,
            view_count(tally_count_days(tally), "day", "days", count));
    for (size_t i = 0; i < tally->source_count; i++) {
        fputs(i == 0 ? "" : ", ", view->out);
        put(view->out, tally->sources[i].name);
    }
    fputs(".</p>\n<p>Policy: ", view->out);
    view_policy(view);
    fputs(".</p>\n", view->out);
}

static void
put_card(const struct view *view, const char *class, uint64_t number, const char *words)
{
    fprintf(view->out, "<div class=\"%s\"><b>%" PRIu64 "</b>%s</div>\n", class, number, words);
}

static void
put_cards(const struct view *view)
{
    const struct tally_users_count *users = &view->users;

    fputs("<div class=\"cards\">\n", view->out);
    put_card(view, "seen", users->ready + users->below + users->excepted + users->not_judged,
             "users seen");
    put_card(view, "ready", users->ready, "ready");
    put_card(view, "below", users->below, "below the floor");
    put_card(view, "excepted", users->excepted, "excepted");
    put_card(view, "not-judged", users->not_judged, "not judged");
    fputs("</div>\n", view->out);
}

static void
put_gap(void *context, const struct tally_source *source, int64_t first, int64_t last)
{
    const struct view *view = context;
    char days[VIEW_DAYS];

    view_days(first, last, days);
    fprintf(view->out, "<li>%s: no audit line of ", days);
    put(view->out, source->name);
    fputs(" &ndash; not counted as zero</li>\n", view->out);
}

static void
put_note(const struct view *view, uint64_t number, const char *one, const char *many,
         const char *words)
{
    char count[VIEW_COUNT];

    if (number > 0)
        fprintf(view->out, "<li>%s %s</li>\n", view_count(number, one, many, count), words);
}

/* What keeps the numbers from being the whole truth. */
static void
put_notes(const struct view *view)
{
    const struct tally *tally = view->tally;
    size_t gaps = tally_each_gap(tally, 0, NULL, NULL);

    if (gaps + tally->losses + tally->damaged + tally->trusted + tally->logins[TALLY_TURNED_AWAY] +
            tally->left_out ==
        0)
        return;
    fputs("<ul>\n", view->out);
    tally_each_gap(tally, GAPS_SHOWN, put_gap, (void *)(uintptr_t)view);
    put_note(view, gaps > GAPS_SHOWN ? gaps - GAPS_SHOWN : 0, "more gap", "more gaps",
             "like these");
    put_note(view, tally->losses, "time", "times", "a logger told that it lost lines");
    put_note(view, tally->damaged, "audit line was", "audit lines were",
             "cut or mangled, and not counted");
    put_note(view, tally->trusted, "login", "logins",
             "below the floor not judged, because of trusted_networks");
    put_note(view, tally->logins[TALLY_TURNED_AWAY], "session", "sessions",
             "turned away then, or put off");
    put_note(view, tally->left_out, "login", "logins", "counted, but too many for the table");
    fputs("</ul>\n", view->out);
}

static void
put_chart(const struct view *view)
{
    fputs("<h2>Users below the floor, by week</h2>\n<figure>\n<div class=\"wide\">\n", view->out);
    chart_weeks(view);
    fputs("</div>\n<figcaption><span><i class=\"below\"></i>would lose access</span> "
          "<span><i class=\"excepted\"></i>excepted</span> "
          "<span><i class=\"no-data\"></i>not all days have audit "
          "lines</span></figcaption>\n</figure>\n",
          view->out);
}

/* --- tables --- */

static int
put_groups(const struct view *view, const char *by)
{
    size_t count;
    struct group *groups = group_by(view, by, &count);

    if (groups == NULL)
        return -1;
    fprintf(view->out,
            "<h2>By %s</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>%s</th>"
            "<th class=\"n\">users below</th><th class=\"n\">users excepted</th>"
            "<th class=\"n\">logins ready</th><th class=\"n\">below</th>"
            "<th class=\"n\">excepted</th><th class=\"n\">not judged</th>"
            "<th class=\"n\">turned away</th></tr></thead>\n<tbody>\n",
            by, by);
    for (size_t i = 0; i < count; i++) {
        fputs("<tr>", view->out);
        put_cell(view->out, "", groups[i].name);
        put_number(view->out, groups[i].below);
        put_number(view->out, groups[i].excepted);
        for (int class = TALLY_READY; class < TALLY_CLASSES; class ++)
            put_number(view->out, groups[i].logins[class]);
        fputs("</tr>\n", view->out);
    }
    fputs("</tbody></table></div>\n", view->out);
    free(groups);
    return 0;
}

static void
put_row(const struct view *view, const struct tally_row *row)
{
    const struct tally_kind *kind = tally_kind(view->tally, row);
    char text[VIEW_NAME], from[VIEW_FROM], date[11];
    FILE *out = view->out;

    fprintf(out, "<tr class=\"%s\">", tally_class_name((enum tally_class)row->class));
    view_name(view, tally_person(view->tally, row), text);
    put_cell(out, "name", text);
    put_cell(out, "", tlsfloor_service_name(kind->service));
    put_cell(out, "", kind->tls_name);
    put_cell(out, "", kind->cipher[0] == '\0' ? "-" : kind->cipher);
    put_number(out, row->logins);
    view_date(row->first, date);
    put_cell(out, "", date);
    view_date(row->last, date);
    put_cell(out, "", date);
    view_from(view, row, ", ", from);
    put_cell(out, "from", from);
    if (row->class == TALLY_EXCEPTED) {
        view_who(view, row, text);
        view_until(row->until, date);
        fputs("<td>", out);
        put(out, text);
        fprintf(out, "<br>until %s</td></tr>\n", date);
    } else {
        put_cell(out, "",
                 row->class == TALLY_BELOW ? "-" : tally_class_name((enum tally_class)row->class));
        fputs("</tr>\n", out);
    }
}

static void
put_rows(const struct view *view)
{
    size_t shown = view->row_count < ROWS_SHOWN ? view->row_count : ROWS_SHOWN;

    if (shown == 0)
        return;
    fputs("<h2>Users</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>user</th><th>service</th>"
          "<th>version</th><th>cipher</th><th class=\"n\">logins</th><th>first seen</th>"
          "<th>last seen</th><th>from</th><th>exception</th></tr></thead>\n<tbody>\n",
          view->out);
    for (size_t i = 0; i < shown; i++)
        put_row(view, view->rows[i]);
    fputs("</tbody></table></div>\n", view->out);
    if (shown < view->row_count)
        fprintf(view->out, "<p>... and %zu more rows: tlsfloor report --csv has them.</p>\n",
                view->row_count - shown);
}

int
view_html(const struct view *view)
{
    fputs(head, view->out);
    put_verdict(view);
    put_cards(view);
    put_notes(view);
    put_chart(view);
    if (put_groups(view, "version") != 0 || put_groups(view, "service") != 0)
        return -1;
    put_rows(view);
    fputs("</body>\n</html>\n", view->out);
    return 0;
}
