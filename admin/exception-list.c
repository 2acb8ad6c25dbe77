/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor exception list, show and export: what the file has. Take no lock
 * and change nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exception-command.h"
#include "json-values.h"
#include "time-text.h"

/* Which exceptions are asked for, and what becomes of them. */
struct listing {
    struct site site;
    struct report report;
    int64_t now;
    int expired;                          /* 1: those that have ended */
    int64_t before;                       /* those that end before then; 0: any */
    const struct tlsfloor_exception *who; /* those that concern him; NULL: any */
    json_t *list;                         /* NULL: as text */
};

static int
concerns(const struct tlsfloor_exception *exception, const struct tlsfloor_exception *who)
{
    struct tlsfloor_user user = {TLSFLOOR_USER_NAMED, who->local, who->domain};

    return who->kind == TLSFLOOR_WHO_USER ? tlsfloor_exception_names(exception, &user)
                                          : exception_same_who(exception, who);
}

static int
is_asked_for(const struct listing *listing, const struct tlsfloor_exception *exception)
{
    int ends = exception->until != TLSFLOOR_NEVER;
    int has_ended = ends && exception->until <= listing->now;
    int soon = ends && !has_ended && exception->until <= listing->before;

    if (listing->who != NULL && !concerns(exception, listing->who))
        return 0;
    if (!listing->expired && listing->before == 0)
        return 1;
    return (listing->expired && has_ended) || (listing->before != 0 && soon);
}

/* --- JSON --- */

static json_t *
json_services(const struct tlsfloor_exception *exception)
{
    json_t *services = json_array();

    for (unsigned service = TLSFLOOR_SERVICE_IMAP; service < TLSFLOOR_SERVICES; service++) {
        if (exception->services & 1U << service)
            json_array_append_new(
                services, json_string(tlsfloor_service_name((enum tlsfloor_service)service)));
    }
    return services;
}

/* An array of networks; null: from anywhere. */
static json_t *
json_networks(const struct tlsfloor_exception *exception)
{
    char text[TLSFLOOR_NETWORK_TEXT];
    json_t *networks;

    if (exception->from_count == 0)
        return json_null();
    networks = json_array();
    for (size_t i = 0; i < exception->from_count; i++) {
        tlsfloor_network_format(&exception->from[i], text);
        json_array_append_new(networks, json_string(text));
    }
    return networks;
}

static json_t *
json_exception(const struct listing *listing, const struct tlsfloor_exception *exception,
               unsigned line)
{
    int ends = exception->until != TLSFLOOR_NEVER;
    char date[11];

    if (ends)
        tlsfloor_date_format(exception->until - 1, date);
    return json_pack("{s:i, s:o, s:s, s:s?, s:b, s:o, s:o, s:b, s:o}", "line", (int)line, "who",
                     json_from(exception->who), "allow", tlsfloor_tls_name(exception->allow),
                     "until", ends ? date : NULL, "expired",
                     ends && exception->until <= listing->now, "services", json_services(exception),
                     "from", json_networks(exception), "ciphers_any", exception->ciphers_any,
                     "note", json_from(exception->note));
}

/* --- all --- */

static void
put_exception(struct listing *listing, const struct tlsfloor_exception *exception, unsigned line)
{
    char text[TLSFLOOR_EXCEPTION_LINE];

    if (listing->list != NULL) {
        json_array_append_new(listing->list, json_exception(listing, exception, line));
        return;
    }
    tlsfloor_exception_format(exception, text);
    puts(text);
    if (listing->who != NULL)
        site_warn_of_exception(listing->site.policy, exception, line, listing->now,
                               &listing->report);
}

/* Prints what is asked for; listing is filled but for what is read here. The exit code. */
static int
run_listing(const struct invocation *invocation, struct listing *listing)
{
    struct tlsfloor_exception exception, who;
    unsigned count = 0;

    listing->now = time(NULL);
    if (listing->before != 0)
        listing->before += listing->now;
    site_load(invocation, &listing->report, &listing->site);
    if (listing->report.errors == 0 && listing->who != NULL &&
        exception_parse_who(invocation->argv[0], listing->site.policy, &who, &listing->report) == 0)
        listing->who = &who;
    for (size_t i = 0; listing->report.errors == 0 && i < listing->site.exceptions.count; i++) {
        exceptions_get(&listing->site.exceptions, i, &exception);
        if (!is_asked_for(listing, &exception))
            continue;
        put_exception(listing, &exception, listing->site.exceptions.items[i].number);
        count++;
    }
    if (listing->report.errors == 0 && listing->list != NULL &&
        (json_dumpf(listing->list, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF))
        report_error(&listing->report, "no memory to print the exceptions");
    if (listing->report.errors == 0 && listing->who != NULL && listing->list == NULL && count == 0)
        fprintf(stderr, "%s: no exception concerns that name\n", listing->site.policy->exceptions);
    json_decref(listing->list);
    site_free(&listing->site);
    return listing->report.errors > 0 ? EXIT_ERROR : EXIT_OK;
}

int
exception_list(const struct invocation *invocation)
{
    struct listing listing = {.expired = invocation->expired};
    char *end = NULL;
    long days;

    if (invocation->expiring != NULL) {
        errno = 0;
        days = strtol(invocation->expiring, &end, 10);
        if (errno != 0 || *end != '\0' || end == invocation->expiring || days < 1 || days > 36500) {
            report_error(&listing.report, "exception list: --expiring needs a number of days");
            return EXIT_ERROR;
        }
        listing.before = days * TLSFLOOR_DAY;
    }
    listing.list = invocation->json ? json_array() : NULL;
    return run_listing(invocation, &listing);
}

int
exception_show(const struct invocation *invocation)
{
    static const struct tlsfloor_exception to_be_parsed;
    struct listing listing = {.who = &to_be_parsed};

    listing.list = invocation->json ? json_array() : NULL;
    return run_listing(invocation, &listing);
}

int
exception_export(const struct invocation *invocation)
{
    struct listing listing = {.expired = 0};

    return run_listing(invocation, &listing);
}
