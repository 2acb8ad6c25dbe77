/* SPDX-License-Identifier: MIT */
/*
 * How many users were below the floor, week by week: bars in SVG, coloured by
 * the style sheet of the page. A week that has days without lines is hatched.
 */
#include <inttypes.h>
#include <string.h>

#include "report.h"
#include "time-text.h"

#define WIDTH 1000
#define HEIGHT 240
#define LEFT 50
#define BOTTOM 210
#define TOP 10
#define WIDEST_BAR 60
/* So many marks at most has the axis of weeks. */
#define MARKS 12

struct chart {
    const struct view *view;
    unsigned users[2][TALLY_WEEKS]; /* below; excepted and not below */
    int first, last;                /* weeks that are shown */
    unsigned most;                  /* what the axis of users ends with */
};

static void
count_users(struct chart *chart)
{
    const struct tally *tally = chart->view->tally;

    for (uint32_t i = 1; i < tally->person_count; i++) {
        const uint32_t(*weeks)[TALLY_WEEKS / 32] = tally->persons[i].weeks;

        for (int week = 0; week < TALLY_WEEKS; week++) {
            uint32_t bit = UINT32_C(1) << week % 32;

            if (weeks[0][week / 32] & bit)
                chart->users[0][week]++;
            else if (weeks[1][week / 32] & bit)
                chart->users[1][week]++;
        }
    }
}

/* The weeks from the first line to the last, as far as they are told apart. */
static void
choose_weeks(struct chart *chart)
{
    const struct tally *tally = chart->view->tally;

    chart->first = 0;
    chart->last = TALLY_WEEKS - 1;
    while (chart->first < chart->last && tally_week_begin(tally, chart->first + 1) <= tally->first)
        chart->first++;
    while (chart->last > chart->first && tally_week_begin(tally, chart->last) > tally->last)
        chart->last--;
}

/* Four times a round number, at least as large as the highest bar. */
static void
choose_scale(struct chart *chart)
{
    unsigned highest = 1, step = 1, factor = 5, quarter;

    for (int week = chart->first; week <= chart->last; week++) {
        if (chart->users[0][week] + chart->users[1][week] > highest)
            highest = chart->users[0][week] + chart->users[1][week];
    }
    quarter = (highest + 3) / 4;
    for (; quarter > 20 * step; factor = 7 - factor)
        step *= factor;
    chart->most = (quarter + step - 1) / step * step * 4;
}

static double
left_of(const struct chart *chart, int week)
{
    return LEFT + (double)(WIDTH - LEFT) * (week - chart->first) / (chart->last - chart->first + 1);
}

static double
height_of(const struct chart *chart, unsigned users)
{
    return (double)(BOTTOM - TOP) * users / chart->most;
}

/* On how many of the seven days there are lines. */
static int
days_of(const struct chart *chart, int week)
{
    int64_t first = tally_week_begin(chart->view->tally, week) / TLSFLOOR_DAY;
    int days = 0;

    for (int64_t day = first; day < first + 7; day++)
        days += tally_has_day(chart->view->tally, day);
    return days;
}

static void
draw_bar(const struct chart *chart, const char *class, double left, double top, double width,
         double height)
{
    fprintf(chart->view->out,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class,
            left, top, width, height);
}

static void
draw_week(const struct chart *chart, int week)
{
    FILE *out = chart->view->out;
    double left = left_of(chart, week), width = (left_of(chart, week + 1) - left) * 0.85;
    double below = height_of(chart, chart->users[0][week]);
    double excepted = height_of(chart, chart->users[1][week]);
    int days = days_of(chart, week);
    char date[11];

    if (width > WIDEST_BAR)
        width = WIDEST_BAR;
    view_date(tally_week_begin(chart->view->tally, week), date);
    fprintf(out, "<g><title>week of %s: ", date);
    if (days > 0)
        fprintf(out, "%u below, %u excepted", chart->users[0][week], chart->users[1][week]);
    if (days < 7)
        fprintf(out, "%saudit lines on %d of 7 days", days > 0 ? "; " : "", days);
    fputs("</title>", out);
    if (days < 7)
        draw_bar(chart, "no-data", left, TOP, width, BOTTOM - TOP);
    draw_bar(chart, "below", left, BOTTOM - below, width, below);
    draw_bar(chart, "excepted", left, BOTTOM - below - excepted, width, excepted);
    fputs("</g>\n", out);
}

static void
draw_axes(const struct chart *chart)
{
    FILE *out = chart->view->out;
    int weeks = chart->last - chart->first + 1;
    int step = weeks <= MARKS ? 1 : (weeks + MARKS - 1) / MARKS;
    char date[11];

    for (unsigned i = 0; i <= 4; i++) {
        double y = BOTTOM - (double)(BOTTOM - TOP) * i / 4;

        fprintf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
                WIDTH, y, y);
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%u</text>\n", LEFT - 6, y + 4,
                chart->most * i / 4);
    }
    for (int week = chart->first; week <= chart->last; week += step) {
        view_date(tally_week_begin(chart->view->tally, week), date);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", left_of(chart, week), BOTTOM + 18,
                weeks > 20 ? (date[7] = '\0', date) : date);
    }
}

void
chart_weeks(const struct view *view)
{
    struct chart chart = {.view = view};

    count_users(&chart);
    choose_weeks(&chart);
    choose_scale(&chart);
    fprintf(view->out,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Users below the floor, by "
            "week\">\n<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" "
            "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
            "<line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>\n",
            WIDTH, HEIGHT);
    draw_axes(&chart);
    for (int week = chart.first; week <= chart.last; week++)
        draw_week(&chart, week);
    fputs("</svg>\n", view->out);
}
