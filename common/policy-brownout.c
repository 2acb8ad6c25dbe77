/* SPDX-License-Identifier: MIT */
/*
 * Brown-out windows as text: "Mon-Fri 09:00-10:00, Sat 20:00-24:00". Days are
 * a day or a run of days, which may go over the week's end; hours stay within
 * a day.
 */
#include <stdio.h>
#include <string.h>

#include "policy-values.h"

#define DAY_MINUTES (24 * 60)

/* In the order of tm_wday. */
static const struct tlsfloor_word weekdays[] = {
    {"Sun", 0}, {"Mon", 1}, {"Tue", 2}, {"Wed", 3}, {"Thu", 4}, {"Fri", 5}, {"Sat", 6}, {NULL, 0},
};

/* "Mon" or "Fri-Mon" to a mask; what is no day goes to *bad_r. */
static int
parse_days(struct tlsfloor_text text, unsigned *days_r, struct tlsfloor_text *bad_r)
{
    const char *dash = memchr(text.data, '-', text.size);
    struct tlsfloor_text from = text, to = text;
    const struct tlsfloor_word *first, *last;

    if (dash != NULL) {
        from.size = (size_t)(dash - text.data);
        to.data = dash + 1;
        to.size = text.size - from.size - 1;
    }
    first = tlsfloor_policy_find_word(weekdays, from);
    last = tlsfloor_policy_find_word(weekdays, to);
    if (first == NULL || last == NULL) {
        *bad_r = first == NULL ? from : to;
        return -1;
    }
    *days_r = 1U << last->value;
    for (int day = first->value; day != last->value; day = (day + 1) % 7)
        *days_r |= 1U << day;
    return 0;
}

/* "09:30", or "24:00" for the end of the day, to minutes. */
static int
parse_minute(struct tlsfloor_text text, unsigned *minute_r)
{
    unsigned hour, minute;

    if (text.size != 5 || text.data[2] != ':' ||
        tlsfloor_policy_parse_digits((struct tlsfloor_text){text.data, 2}, 24, &hour) != 0 ||
        tlsfloor_policy_parse_digits((struct tlsfloor_text){text.data + 3, 2}, 59, &minute) != 0)
        return -1;
    *minute_r = hour * 60 + minute;
    return *minute_r <= DAY_MINUTES ? 0 : -1;
}

static void
parse_hours(const struct tlsfloor_assignment *to, const struct tlsfloor_conf_item *item,
            struct tlsfloor_window *window)
{
    struct tlsfloor_text text = item->text;

    if (text.size != 11 || text.data[5] != '-' ||
        parse_minute((struct tlsfloor_text){text.data, 5}, &window->start) != 0 ||
        parse_minute((struct tlsfloor_text){text.data + 6, 5}, &window->end) != 0)
        tlsfloor_policy_reject_item(to, item, "is not HH:MM-HH:MM, 00:00 to 24:00");
    else if (window->start == window->end)
        tlsfloor_policy_reject_item(to, item, "is no time at all");
    else if (window->start > window->end)
        tlsfloor_policy_reject_item(
            to, item,
            "goes over midnight: write two windows, one to 24:00 and one from 00:00 of "
            "the next day");
}

/* The words between two commas. */
static void
take_window(const struct tlsfloor_assignment *to, const struct tlsfloor_conf_item items[2],
            size_t count)
{
    struct tlsfloor_service_policy *service = &to->policy->services[to->service];
    struct tlsfloor_window window = {0, 0, 0};
    struct tlsfloor_text bad;

    if (count != 2) {
        tlsfloor_policy_reject_item(
            to, &items[0],
            "does not begin a window such as \"Mon-Fri 09:00-10:00\"; commas separate "
            "windows");
        return;
    }
    if (parse_days(items[0].text, &window.days, &bad) != 0)
        tlsfloor_policy_reject_word(to, items[0].line, bad, weekdays);
    parse_hours(to, &items[1], &window);
    if (service->brownout_count < TLSFLOOR_WINDOWS)
        service->brownout[service->brownout_count] = window;
    else if (service->brownout_count == TLSFLOOR_WINDOWS)
        tlsfloor_policy_reject_item(to, &items[0], "begins one window too many: 16 is the most");
    else
        return;
    service->brownout_count++;
}

void
tlsfloor_policy_parse_brownout(const struct tlsfloor_assignment *to)
{
    struct tlsfloor_conf_value value = to->value;
    struct tlsfloor_conf_item items[2], item;
    size_t count = 0;

    to->policy->services[to->service].brownout_count = 0;
    while (tlsfloor_policy_next_item(to, &value, &item)) {
        if (item.after_comma && count > 0) {
            take_window(to, items, count);
            count = 0;
        }
        if (count < 2)
            items[count] = item;
        count++;
    }
    if (count > 0)
        take_window(to, items, count);
}

/* The days of a mask, which are one run of days in the week's circle. */
static void
format_days(unsigned days, char text_r[8])
{
    unsigned first = 1, last;

    for (int i = 0; i < 7 && (!(days & 1U << first) || days & 1U << (first + 6) % 7); i++)
        first = (first + 1) % 7;
    last = first;
    while (days & 1U << (last + 1) % 7 && (last + 1) % 7 != first)
        last = (last + 1) % 7;
    snprintf(text_r, 8, first == last ? "%s" : "%s-%s", weekdays[first].name, weekdays[last].name);
}

void
tlsfloor_policy_format_brownout(const struct tlsfloor_parameter *parameter,
                                const struct tlsfloor_policy *policy, enum tlsfloor_service service,
                                struct tlsfloor_conf_output *output)
{
    const struct tlsfloor_service_policy *part = &policy->services[service];

    (void)parameter;
    for (size_t i = 0; i < part->brownout_count; i++) {
        const struct tlsfloor_window *window = &part->brownout[i];
        char days[8], text[64];

        format_days(window->days, days);
        snprintf(text, sizeof text, "%s %s %02u:%02u-%02u:%02u", i == 0 ? "" : ",", days,
                 window->start / 60, window->start % 60, window->end / 60, window->end % 60);
        tlsfloor_conf_put(output, text);
    }
}
