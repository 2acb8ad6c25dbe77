/* SPDX-License-Identifier: MIT */
/*
 * A user is eight bytes: a hash, and in its lowest bits the classes of login
 * that there were. Only who is below the floor has a name and rows. The tables
 * of persons and rows are as large as they can ever be from the start: memory
 * that nobody has written to costs nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "tally-store.h"

#define CLASS_BITS ((UINT64_C(1) << TALLY_CLASSES) - 1)
#define PERSON_SLOTS 262144U /* a power of two, well above TALLY_PERSONS */
#define FIRST_SLOTS 4096U
#define MOST_SLOTS 4194304U
/* Addresses of one row are put together into networks no larger than these. */
#define WIDEST_IPV4 16U
#define WIDEST_IPV6 32U

struct tally_users {
    uint64_t *slots; /* open addressing; 0: free */
    uint32_t size, used;
    int is_full;       /* 1: somebody was not taken in */
    uint32_t *persons; /* by hash, 0: free, else the person's number + 1 */
};

int
tally_store_init(struct tally *tally)
{
    struct tally_users *users = calloc(1, sizeof(*users));

    tally->users = users;
    if (users == NULL)
        return -1;
    users->size = FIRST_SLOTS;
    users->slots = calloc(users->size, sizeof(users->slots[0]));
    users->persons = calloc(PERSON_SLOTS, sizeof(users->persons[0]));
    tally->persons = calloc(TALLY_PERSONS, sizeof(tally->persons[0]));
    tally->rows = calloc(TALLY_ROWS + 1, sizeof(tally->rows[0]));
    tally->person_count = 1;
    return users->slots == NULL || users->persons == NULL || tally->persons == NULL ||
                   tally->rows == NULL
               ? -1
               : 0;
}

/* --- kinds --- */

void
tally_copy_text(char *text_r, size_t room, struct tlsfloor_text text)
{
    size_t size = text.size < room ? text.size : room - 1;

    for (size_t i = 0; i < size; i++)
        text_r[i] = text.data[i] >= ' ' && text.data[i] <= '~' ? text.data[i] : '?';
    text_r[size] = '\0';
}

uint16_t
tally_store_kind(struct tally *tally, const struct tlsfloor_audit_record *record)
{
    uint64_t hash =
        tlsfloor_hash_add(TLSFLOOR_HASH_START, &record->service, sizeof(record->service));
    struct tally_kind *kind;

    hash = tlsfloor_hash_add(hash, record->tls_name.data, record->tls_name.size);
    hash = tlsfloor_hash_add(hash, " ", 1);
    hash = tlsfloor_hash_add(hash, record->cipher.data, record->cipher.size);
    for (size_t i = 0; i < tally->kind_count; i++) {
        if (tally->kinds[i].hash == hash)
            return (uint16_t)i;
    }
    /* So many suites there are not; what comes then is one of the last kind. */
    if (tally->kind_count == TALLY_KINDS)
        return TALLY_KINDS - 1;
    kind = &tally->kinds[tally->kind_count];
    kind->hash = hash;
    kind->service = record->service;
    kind->tls = record->tls;
    tally_copy_text(kind->tls_name, sizeof(kind->tls_name), record->tls_name);
    tally_copy_text(kind->cipher, sizeof(kind->cipher), record->cipher);
    return (uint16_t)tally->kind_count++;
}

/* --- users --- */

static uint64_t *
find_slot(uint64_t *slots, uint32_t size, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash >> 32) & (size - 1);

    while (slots[at] != 0 && (slots[at] & ~CLASS_BITS) != hash)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static int
grow(struct tally_users *users)
{
    uint32_t size = users->size * 2;
    uint64_t *slots = calloc(size, sizeof(slots[0]));

    if (slots == NULL)
        return -1;
    for (uint32_t i = 0; i < users->size; i++) {
        if (users->slots[i] != 0)
            *find_slot(slots, size, users->slots[i] & ~CLASS_BITS) = users->slots[i];
    }
    free(users->slots);
    users->slots = slots;
    users->size = size;
    return 0;
}

int
tally_store_user(struct tally *tally, uint64_t hash, enum tally_class class)
{
    struct tally_users *users = tally->users;
    uint64_t key = (hash & ~CLASS_BITS) == 0 ? CLASS_BITS + 1 : hash & ~CLASS_BITS;
    uint64_t *slot = find_slot(users->slots, users->size, key);

    if (*slot == 0) {
        if (users->used == TALLY_USERS) {
            users->is_full = 1;
            return 0;
        }
        users->used++;
        *slot = key;
    }
    *slot |= UINT64_C(1) << class;
    if (users->used > users->size / 4 * 3 && users->size < MOST_SLOTS)
        return grow(users);
    return 0;
}

struct tally_users_count
tally_count_users(const struct tally *tally)
{
    const struct tally_users *users = tally->users;
    struct tally_users_count count = {.is_least = users->is_full};

    for (uint32_t i = 0; i < users->size; i++) {
        uint64_t classes = users->slots[i] & CLASS_BITS;

        if (classes & 1U << TALLY_BELOW)
            count.below++;
        else if (classes & 1U << TALLY_EXCEPTED)
            count.excepted++;
        else if (classes & 1U << TALLY_READY)
            count.ready++;
        else if (classes & 1U << TALLY_NOT_JUDGED)
            count.not_judged++;
        else if (classes != 0)
            count.turned_away++;
    }
    return count;
}

/* --- persons --- */

static struct tally_person *
new_person(struct tally *tally, uint64_t hash, struct tlsfloor_text name)
{
    struct tally_person *person;
    char *copy;

    if (tally->person_count == TALLY_PERSONS)
        return NULL;
    copy = malloc(name.size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, name.data, name.size);
    person = &tally->persons[tally->person_count++];
    person->hash = hash;
    person->name = (struct tlsfloor_text){copy, name.size};
    return person;
}

struct tally_person *
tally_store_person(struct tally *tally, uint64_t hash, const struct tlsfloor_audit_record *record,
                   enum tally_class class)
{
    uint32_t *persons = tally->users->persons;
    uint32_t at = (uint32_t)(hash >> 32) & (PERSON_SLOTS - 1);
    struct tally_person *person;

    while (persons[at] != 0 && tally->persons[persons[at] - 1].hash != hash)
        at = (at + 1) & (PERSON_SLOTS - 1);
    if (persons[at] != 0)
        return &tally->persons[persons[at] - 1];
    if (class == TALLY_READY ||
        (class == TALLY_TURNED_AWAY && tally->stranger_count == TALLY_STRANGERS))
        return NULL;
    person = new_person(tally, hash, record->user);
    if (person == NULL)
        return NULL;
    tally->stranger_count += class == TALLY_TURNED_AWAY;
    person->name_cut = record->user_cut;
    persons[at] = tally->person_count;
    return person;
}

/* --- rows --- */

/* Puts the two nearest networks together, if they are near enough. 0, or -1. */
static int
join_networks(struct tally_row *row)
{
    struct tlsfloor_network both;
    unsigned best = 0, a = 0, b = 0;

    for (unsigned i = 0; i < row->network_count; i++) {
        for (unsigned j = i + 1; j < row->network_count; j++) {
            const struct tlsfloor_network *first = &row->networks[i].network;

            if (first->address.family != row->networks[j].network.address.family)
                continue;
            tlsfloor_network_join(first, &row->networks[j].network, &both);
            if (both.prefix > best &&
                both.prefix >=
                    (both.address.family == TLSFLOOR_FAMILY_IPV4 ? WIDEST_IPV4 : WIDEST_IPV6)) {
                best = both.prefix;
                a = i;
                b = j;
            }
        }
    }
    if (best == 0)
        return -1;
    tlsfloor_network_join(&row->networks[a].network, &row->networks[b].network, &both);
    row->networks[a].network = both;
    row->networks[a].logins += row->networks[b].logins;
    row->networks[b] = row->networks[--row->network_count];
    return 0;
}

static void
add_network(struct tally_row *row, const struct tlsfloor_address *client)
{
    if (client->family == TLSFLOOR_FAMILY_NONE) {
        row->elsewhere++;
        return;
    }
    for (unsigned i = 0; i < row->network_count; i++) {
        if (tlsfloor_network_match(&row->networks[i].network, client)) {
            row->networks[i].logins++;
            return;
        }
    }
    if (row->network_count == TALLY_NETWORKS && join_networks(row) != 0) {
        row->elsewhere++;
        return;
    }
    row->networks[row->network_count++] = (struct tally_network){
        .network = {.address = *client,
                    .prefix = client->family == TLSFLOOR_FAMILY_IPV4 ? 32U : 128U},
        .logins = 1};
}

/* Which exception lets the logins of a row in: the one that does so longest. 0, or -1. */
static int
note_exception(struct tally_row *row, const struct tlsfloor_exception *exception)
{
    char *who;

    if (exception == NULL || (row->who.data != NULL && row->until >= exception->until))
        return 0;
    who = malloc(exception->who.size + 1);
    if (who == NULL)
        return -1;
    memcpy(who, exception->who.data, exception->who.size);
    free((char *)(uintptr_t)row->who.data);
    row->who = (struct tlsfloor_text){who, exception->who.size};
    row->until = exception->until;
    return 0;
}

/* The row of a login, new if need be; NULL: no room. */
static struct tally_row *
find_row(struct tally *tally, struct tally_person *person, const struct tally_login *login)
{
    struct tally_row *row;

    for (uint32_t i = person->row; i != 0; i = tally->rows[i].next) {
        if (tally->rows[i].kind == login->kind && tally->rows[i].class == login->class)
            return &tally->rows[i];
    }
    if (tally->row_count == TALLY_ROWS)
        return NULL;
    row = &tally->rows[++tally->row_count];
    row->person = (uint32_t)(person - tally->persons);
    row->next = person->row;
    row->kind = login->kind;
    row->class = (uint8_t)login->class;
    row->first = row->last = login->time;
    person->row = tally->row_count;
    return row;
}

int
tally_store_row(struct tally *tally, struct tally_person *person, const struct tally_login *login)
{
    struct tally_row *row = person == NULL ? NULL : find_row(tally, person, login);

    if (row == NULL) {
        tally->left_out++;
        return 0;
    }
    row->logins++;
    if (login->time < row->first)
        row->first = login->time;
    if (login->time > row->last)
        row->last = login->time;
    add_network(row, &login->record->client);
    return note_exception(row, login->exception);
}

void
tally_store_free(struct tally *tally)
{
    for (uint32_t i = 1; tally->persons != NULL && i < tally->person_count; i++)
        free((char *)(uintptr_t)tally->persons[i].name.data);
    for (uint32_t i = 1; tally->rows != NULL && i <= tally->row_count; i++)
        free((char *)(uintptr_t)tally->rows[i].who.data);
    if (tally->users != NULL) {
        free(tally->users->slots);
        free(tally->users->persons);
    }
    free(tally->users);
    free(tally->persons);
    free(tally->rows);
}
