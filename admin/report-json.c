/* SPDX-License-Identifier: MIT */
/*
 * The tally as one JSON object; tlsfloor(8) names its members.
 */
#include <stdlib.h>
#include <string.h>

#include "report-json.h"
#include "time-text.h"

static json_t *
json_date(int64_t time)
{
    char date[11];

    view_date(time, date);
    return json_string(date);
}

/* A name as the client sent it, if JSON can have it so, else escaped. */
static json_t *
json_name(const struct view *view, const struct tally_person *person)
{
    char text[VIEW_NAME];
    json_t *name = NULL;

    if (person->name.data == NULL)
        return json_null();
    if (!view->mask)
        name = json_stringn(person->name.data, person->name.size);
    view_name(view, person, text);
    return name == NULL ? json_string(text) : name;
}

json_t *
view_json_logins(const uint64_t logins[TALLY_CLASSES])
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "ready", (json_int_t)logins[TALLY_READY], "below",
                     (json_int_t)logins[TALLY_BELOW], "excepted",
                     (json_int_t)logins[TALLY_EXCEPTED], "not_judged",
                     (json_int_t)logins[TALLY_NOT_JUDGED], "turned_away",
                     (json_int_t)logins[TALLY_TURNED_AWAY]);
}

static void
add_gap(void *context, const struct tally_source *source, int64_t first, int64_t last)
{
    json_array_append_new(context, json_pack("{s:s, s:o, s:o}", "source", source->name, "first",
                                             json_date(first), "last", json_date(last)));
}

json_t *
view_json_period(const struct tally *tally)
{
    json_t *gaps = json_array(), *sources = json_array();

    tally_each_gap(tally, SIZE_MAX, add_gap, gaps);
    for (size_t i = 0; i < tally->source_count; i++)
        json_array_append_new(sources, json_string(tally->sources[i].name));
    return json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:I}", "first", json_date(tally->first),
                     "last", json_date(tally->last), "days", (json_int_t)tally_count_days(tally),
                     "lines", (json_int_t)tally->lines, "sources", sources, "missing", gaps,
                     "damaged", (json_int_t)tally->damaged, "losses", (json_int_t)tally->losses);
}

static json_t *
json_policy(const struct tally *tally)
{
    const struct tlsfloor_service_policy *services = tally->judge->site.policy->services;
    json_t *policy = json_object();

    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++)
        json_object_set_new(policy, tlsfloor_service_name((enum tlsfloor_service)i),
                            json_pack("{s:s, s:s}", "mode", tlsfloor_mode_name(services[i].mode),
                                      "floor", tlsfloor_tls_name(services[i].floor)));
    return policy;
}

json_t *
view_json_users(const struct view *view)
{
    const struct tally_users_count *users = &view->users;

    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "seen",
        (json_int_t)(users->ready + users->below + users->excepted + users->not_judged), "ready",
        (json_int_t)users->ready, "below", (json_int_t)users->below, "excepted",
        (json_int_t)users->excepted, "not_judged", (json_int_t)users->not_judged, "turned_away",
        (json_int_t)users->turned_away, "at_least", users->is_least);
}

static json_t *
json_networks(const struct view *view, const struct tally_row *row)
{
    char text[VIEW_FROM], *rest = text, *word;
    json_t *from = json_array();

    view_from(view, row, " ", text);
    while ((word = strsep(&rest, " ")) != NULL) {
        if (word[0] != '\0')
            json_array_append_new(from, json_string(word));
    }
    return from;
}

static json_t *
json_row(const struct view *view, const struct tally_row *row)
{
    const struct tally_kind *kind = tally_kind(view->tally, row);
    char who[VIEW_NAME], until[11];
    json_t *exception = json_null();

    if (row->class == TALLY_EXCEPTED) {
        view_who(view, row, who);
        view_until(row->until, until);
        exception = json_pack("{s:s, s:s}", "who", who, "until", until);
    }
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "user",
                     json_name(view, tally_person(view->tally, row)), "service",
                     tlsfloor_service_name(kind->service), "version", kind->tls_name, "cipher",
                     kind->cipher, "class", tally_class_name((enum tally_class)row->class),
                     "logins", (json_int_t)row->logins, "first", json_date(row->first), "last",
                     json_date(row->last), "from", json_networks(view, row), "exception",
                     exception);
}

static json_t *
json_groups(const struct view *view, const char *by)
{
    size_t count;
    struct group *groups = group_by(view, by, &count);
    json_t *list = groups == NULL ? NULL : json_array();

    for (size_t i = 0; i < count && list != NULL; i++) {
        json_t *logins = view_json_logins(groups[i].logins), *item;

        if (strcmp(by, "network") == 0)
            json_object_set_new(logins, "ready", json_null());
        item = json_pack("{s:s, s:o}", by, groups[i].name, "logins", logins);
        if (strcmp(by, "day") != 0)
            json_object_set_new(item, "users",
                                json_pack("{s:I, s:I}", "below", (json_int_t)groups[i].below,
                                          "excepted", (json_int_t)groups[i].excepted));
        json_array_append_new(list, item);
    }
    free(groups);
    return list;
}

int
view_json(const struct view *view, const char *by)
{
    const struct tally *tally = view->tally;
    json_t *root, *rows = json_array();

    for (size_t i = 0; i < view->row_count; i++)
        json_array_append_new(rows, json_row(view, view->rows[i]));
    root =
        json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "lose_access_today",
                  (json_int_t)view->users.below, "period", view_json_period(tally), "policy",
                  json_policy(tally), "users", view_json_users(view), "logins",
                  view_json_logins(tally->logins), "trusted_networks", (json_int_t)tally->trusted,
                  "left_out", (json_int_t)tally->left_out, "rows", rows);
    if (by != NULL)
        json_object_set_new(root, "by", json_groups(view, by));
    return json_print(root);
}
