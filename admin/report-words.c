/* SPDX-License-Identifier: MIT */
/*
 * Names, addresses and dates as every view writes them.
 */
#include <inttypes.h>
#include <string.h>

#include "audit.h"
#include "hash.h"
#include "report.h"
#include "time-text.h"

static int
is_plain(struct tlsfloor_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("\"\\", text.data[i]) != NULL)
            return 0;
    }
    return text.size > 0 && (text.size != 1 || text.data[0] != '-');
}

/* Into text_r of VIEW_NAME bytes, which has room for the longest value of a line. */
static void
escape(struct tlsfloor_text text, char *text_r)
{
    size_t used = 0;

    if (is_plain(text)) {
        snprintf(text_r, VIEW_NAME, "%.*s", (int)text.size, text.data);
        return;
    }
    text_r[used++] = '"';
    for (size_t i = 0; i < text.size && used < VIEW_NAME - 8; i++)
        used += tlsfloor_audit_escape((unsigned char)text.data[i], text_r + used);
    snprintf(text_r + used, VIEW_NAME - used, "\"");
}

/* The same name always has the same mask, whatever its case. */
static void
mask(struct tlsfloor_text name, char *text_r)
{
    struct tlsfloor_user user = tlsfloor_user_named(name, (struct tlsfloor_text){NULL, 0});
    uint64_t hash = tlsfloor_user_hash(TLSFLOOR_HASH_START, &user);

    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    snprintf(text_r, VIEW_NAME, "user-%012" PRIx64, hash >> 16);
}

void
view_name(const struct view *view, const struct tally_person *person, char text_r[VIEW_NAME])
{
    if (person->name.data == NULL)
        snprintf(text_r, VIEW_NAME, "-");
    else if (view->mask)
        mask(person->name, text_r);
    else
        escape(person->name, text_r);
}

void
view_who(const struct view *view, const struct tally_row *row, char text_r[VIEW_NAME])
{
    if (view->mask && row->who.size > 0 && strchr("@*", row->who.data[0]) == NULL)
        mask(row->who, text_r);
    else
        escape(row->who, text_r);
}

static void
format_network(const struct view *view, const struct tally_network *from, char *text_r)
{
    struct tlsfloor_network network = from->network;
    unsigned most = network.address.family == TLSFLOOR_FAMILY_IPV4 ? 16 : 32;
    unsigned whole = most * (most == 16 ? 2 : 4);

    for (; view->mask && network.prefix > most; network.prefix--)
        network.address.bytes[(network.prefix - 1) / 8] &=
            (unsigned char)~(0x80U >> (network.prefix - 1) % 8);
    if (network.prefix == whole)
        tlsfloor_address_format(&network.address, text_r);
    else
        tlsfloor_network_format(&network, text_r);
}

void
view_from(const struct view *view, const struct tally_row *row, const char *between,
          char text_r[VIEW_FROM])
{
    char texts[TALLY_NETWORKS][TLSFLOOR_NETWORK_TEXT];
    size_t used = 0;

    text_r[0] = '\0';
    for (unsigned i = 0, other = 0; i < row->network_count; i++, other = 0) {
        format_network(view, &row->networks[i], texts[i]);
        while (strcmp(texts[other], texts[i]) != 0)
            other++;
        /* What is masked may be the same then. */
        if (other == i)
            used += (size_t)snprintf(text_r + used, VIEW_FROM - used, "%s%s",
                                     used == 0 ? "" : between, texts[i]);
    }
    if (row->elsewhere > 0)
        snprintf(text_r + used, VIEW_FROM - used, "%selsewhere", used == 0 ? "" : between);
}

void
view_date(int64_t time, char text_r[11])
{
    tlsfloor_date_format(time, text_r);
}

void
view_days(int64_t first, int64_t last, char text_r[VIEW_DAYS])
{
    char from[11], to[11];

    view_date(first, from);
    view_date(last, to);
    snprintf(text_r, VIEW_DAYS, "%s%s%s", from, first == last ? "" : " to ",
             first == last ? "" : to);
}

void
view_until(int64_t until, char text_r[11])
{
    if (until == TLSFLOOR_NEVER)
        snprintf(text_r, 11, "never");
    else
        tlsfloor_date_format(until - 1, text_r);
}

const char *
view_count(uint64_t number, const char *one, const char *many, char text_r[VIEW_COUNT])
{
    snprintf(text_r, VIEW_COUNT, "%" PRIu64 " %s", number, number == 1 ? one : many);
    return text_r;
}

void
view_policy(const struct view *view)
{
    const struct tlsfloor_service_policy *services = view->tally->judge->site.policy->services;

    fprintf(view->out, "mode = %s, floor = %s", tlsfloor_mode_name(services[0].mode),
            tlsfloor_tls_name(services[0].floor));
    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++) {
        if (services[i].mode != services[0].mode || services[i].floor != services[0].floor)
            fprintf(view->out, "; %s: mode = %s, floor = %s",
                    tlsfloor_service_name((enum tlsfloor_service)i),
                    tlsfloor_mode_name(services[i].mode), tlsfloor_tls_name(services[i].floor));
    }
}
