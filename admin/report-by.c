/* SPDX-License-Identifier: MIT */
/*
 * Logins and users by service, version, cipher suite, network or day.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "time-text.h"

/* Networks are put together to these, for a user's address changes. */
#define IPV4_PREFIX 24U
#define IPV6_PREFIX 48U
#define NETWORKS 65536U

static const char *const keys[] = {"service", "version", "cipher", "network", "day"};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* Groups in the making, found by name. */
struct groups {
    struct group *items;
    size_t count, room;
    uint32_t *slots; /* open addressing; item + 1 */
    size_t slot_count;
    uint32_t *persons[2]; /* of each group the last one that was counted, + 1: below, excepted */
};

int
group_is_key(const char *by)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(by, keys[i]) == 0)
            return 1;
    }
    return 0;
}

static uint32_t
hash_of(const char *name)
{
    uint32_t hash = 5381;

    for (; *name != '\0'; name++)
        hash = hash * 33 ^ (unsigned char)*name;
    return hash;
}

/* The group of that name; the last one takes in what is too much. */
static struct group *
find(struct groups *groups, const char *name)
{
    size_t at = hash_of(name) & (groups->slot_count - 1);

    while (groups->slots[at] != 0 && strcmp(groups->items[groups->slots[at] - 1].name, name) != 0)
        at = (at + 1) & (groups->slot_count - 1);
    if (groups->slots[at] == 0) {
        if (groups->count == groups->room - 1)
            name = "others";
        if (groups->count == groups->room)
            return &groups->items[groups->room - 1];
        snprintf(groups->items[groups->count].name, sizeof(groups->items[0].name), "%s", name);
        groups->slots[at] = (uint32_t)++groups->count;
    }
    return &groups->items[groups->slots[at] - 1];
}

/* Counts a user in a group once; rows of one person come one after the other. */
static void
count_user(struct groups *groups, struct group *group, const struct tally_row *row)
{
    uint32_t *last;

    if (row->class > TALLY_EXCEPTED || row->person == 0)
        return;
    last = &groups->persons[row->class - TALLY_BELOW][group - groups->items];
    if (*last == row->person + 1)
        return;
    *last = row->person + 1;
    if (row->class == TALLY_BELOW)
        group->below++;
    else
        group->excepted++;
}

static const char *
name_of_kind(const struct tally_kind *kind, const char *by)
{
    if (strcmp(by, "service") == 0)
        return tlsfloor_service_name(kind->service);
    if (strcmp(by, "version") == 0)
        return kind->tls_name;
    return kind->cipher[0] == '\0' ? "-" : kind->cipher;
}

static void
add_kinds(struct groups *groups, const struct tally *tally, const char *by)
{
    for (size_t i = 0; i < tally->kind_count; i++) {
        struct group *group = find(groups, name_of_kind(&tally->kinds[i], by));

        for (int class = 0; class < TALLY_CLASSES; class ++)
            group->logins[class] += tally->kinds[i].logins[class];
    }
}

static void
add_days(struct groups *groups, const struct tally *tally)
{
    for (int64_t day = tally->first / TLSFLOOR_DAY; day <= tally->last / TLSFLOOR_DAY; day++) {
        char date[11];
        struct group *group;

        if (!tally_has_day(tally, day))
            continue;
        view_date(day * TLSFLOOR_DAY, date);
        group = find(groups, date);
        for (int class = 0; class < TALLY_CLASSES; class ++)
            group->logins[class] = tally->days[day][class];
    }
}

static void
name_of_network(const struct tlsfloor_network *from, int is_masked, char *text_r)
{
    struct tlsfloor_network network = *from;
    unsigned most = network.address.family == TLSFLOOR_FAMILY_IPV4 ? IPV4_PREFIX : IPV6_PREFIX;

    if (is_masked)
        most -= most / 3;
    for (; network.prefix > most; network.prefix--)
        network.address.bytes[(network.prefix - 1) / 8] &=
            (unsigned char)~(0x80U >> (network.prefix - 1) % 8);
    tlsfloor_network_format(&network, text_r);
}

static void
add_networks(struct groups *groups, const struct view *view, const struct tally_row *row)
{
    char name[TLSFLOOR_NETWORK_TEXT];

    for (unsigned i = 0; i < row->network_count; i++) {
        struct group *group;

        name_of_network(&row->networks[i].network, view->mask, name);
        group = find(groups, name);
        group->logins[row->class] += row->networks[i].logins;
        count_user(groups, group, row);
    }
    if (row->elsewhere > 0)
        find(groups, "elsewhere")->logins[row->class] += row->elsewhere;
}

static void
add_rows(struct groups *groups, const struct view *view, const char *by)
{
    const struct tally *tally = view->tally;

    for (uint32_t person = 0; person < tally->person_count; person++) {
        for (uint32_t i = tally->persons[person].row; i != 0; i = tally->rows[i].next) {
            const struct tally_row *row = &tally->rows[i];

            if (strcmp(by, "network") == 0)
                add_networks(groups, view, row);
            else if (strcmp(by, "day") != 0)
                count_user(groups, find(groups, name_of_kind(tally_kind(tally, row), by)), row);
        }
    }
}

static int
compare_groups(const void *a, const void *b)
{
    const struct group *first = a, *second = b;

    if (first->below != second->below)
        return first->below < second->below ? 1 : -1;
    if (first->logins[TALLY_BELOW] != second->logins[TALLY_BELOW])
        return first->logins[TALLY_BELOW] < second->logins[TALLY_BELOW] ? 1 : -1;
    return strcmp(first->name, second->name);
}

struct group *
group_by(const struct view *view, const char *by, size_t *count_r)
{
    struct groups groups = {.room = NETWORKS, .slot_count = 4 * (size_t)NETWORKS};

    groups.items = calloc(groups.room, sizeof(groups.items[0]));
    groups.slots = calloc(groups.slot_count, sizeof(groups.slots[0]));
    for (int i = 0; i < 2; i++)
        groups.persons[i] = calloc(groups.room, sizeof(groups.persons[i][0]));
    if (groups.items != NULL && groups.slots != NULL && groups.persons[0] != NULL &&
        groups.persons[1] != NULL) {
        if (strcmp(by, "day") == 0)
            add_days(&groups, view->tally);
        else if (strcmp(by, "network") != 0)
            add_kinds(&groups, view->tally, by);
        add_rows(&groups, view, by);
        if (strcmp(by, "day") != 0)
            qsort(groups.items, groups.count, sizeof(groups.items[0]), compare_groups);
    } else {
        free(groups.items);
        groups.items = NULL;
    }
    free(groups.slots);
    free(groups.persons[0]);
    free(groups.persons[1]);
    *count_r = groups.count;
    return groups.items;
}

/* Logins that nobody has counted, because good ones have no network here, are not zero. */
static int
is_known(const char *by, int class)
{
    return class != TALLY_READY || strcmp(by, "network") != 0;
}

static void
print_group(const struct view *view, const char *by, const struct group *group)
{
    fprintf(view->out, "%-30s", group->name);
    if (strcmp(by, "day") != 0)
        fprintf(view->out, "  %11" PRIu64 "  %14" PRIu64, group->below, group->excepted);
    for (int class = TALLY_READY; class < TALLY_CLASSES; class ++) {
        if (is_known(by, class))
            fprintf(view->out, "  %11" PRIu64, group->logins[class]);
        else
            fprintf(view->out, "  %11s", "-");
    }
    fputc('\n', view->out);
}

static void
print_csv_group(const struct view *view, const char *by, const struct group *group)
{
    csv_field(view->out, group->name, 0);
    if (strcmp(by, "day") != 0)
        fprintf(view->out, "%" PRIu64 ",%" PRIu64 ",", group->below, group->excepted);
    for (int class = TALLY_READY; class < TALLY_CLASSES; class ++) {
        if (is_known(by, class))
            fprintf(view->out, "%" PRIu64, group->logins[class]);
        fputs(class == TALLY_TURNED_AWAY ? "\r\n" : ",", view->out);
    }
}

int
view_by(const struct view *view, const char *by, int csv)
{
    int has_users = strcmp(by, "day") != 0;
    size_t count;
    struct group *groups = group_by(view, by, &count);

    if (groups == NULL)
        return -1;
    if (csv)
        fprintf(view->out, "%s,%sready,below,excepted,not_judged,turned_away\r\n", by,
                has_users ? "users_below,users_excepted," : "");
    else
        fprintf(view->out, "%-30s%s  %11s  %11s  %11s  %11s  %11s\n", by,
                has_users ? "  USERS BELOW  USERS EXCEPTED" : "", "READY", "BELOW", "EXCEPTED",
                "NOT JUDGED", "TURNED AWAY");
    for (size_t i = 0; i < count; i++) {
        if (csv)
            print_csv_group(view, by, &groups[i]);
        else
            print_group(view, by, &groups[i]);
    }
    free(groups);
    return 0;
}
