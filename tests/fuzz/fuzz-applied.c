/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as they are put in force: whatever text they were, the snapshot
 * finds one for a session exactly if one of the text covers it, and the
 * envelope lets every session pass that any of them covers.
 */
#include <string.h>
#include <sys/mman.h>

#include "envelope.h"
#include "fuzz.h"
#include "snapshot.h"

#define NOW INT64_C(1806000000)
#define RECORDS 32

struct list {
    struct tlsfloor_exception items[RECORDS];
    size_t count, next;
};

struct applied {
    struct list list;
    struct tlsfloor_envelope envelope, decoded;
    struct tlsfloor_snapshot *snapshot;
};

static void
read_list(struct tlsfloor_text rest, struct list *list_r)
{
    char error[256];

    memset(list_r, 0, sizeof(*list_r));
    while (rest.size > 0 && list_r->count < RECORDS) {
        const char *end = memchr(rest.data, '\n', rest.size);
        struct tlsfloor_text line = {rest.data,
                                     end == NULL ? rest.size : (size_t)(end - rest.data)};

        if (tlsfloor_exception_parse(line, tlsfloor_text_from("example.org"),
                                     &list_r->items[list_r->count], error, sizeof(error)) == 1)
            list_r->count++;
        rest.data += line.size + (end != NULL);
        rest.size -= line.size + (end != NULL);
    }
}

static int
next_exception(void *context, struct tlsfloor_exception *exception_r)
{
    struct list *list = context;

    if (list->next == list->count)
        return 0;
    *exception_r = list->items[list->next++];
    return 1;
}

static void
build_snapshot(struct applied *applied)
{
    struct tlsfloor_snapshot_about about, measured;
    char error[TLSFLOOR_ERROR_TEXT];
    int fd = memfd_create("snapshot", MFD_CLOEXEC);

    REQUIRE(fd >= 0);
    applied->list.next = 0;
    REQUIRE(tlsfloor_snapshot_build(fd, next_exception, &applied->list, NOW, &about) == 0);
    applied->list.next = 0;
    REQUIRE(tlsfloor_snapshot_measure(next_exception, &applied->list, NOW, &measured) == 0);
    REQUIRE(about.id == measured.id && about.count == applied->list.count);
    REQUIRE(tlsfloor_snapshot_map("built", fd, &applied->snapshot, error) == 1);
    REQUIRE(tlsfloor_snapshot_about(applied->snapshot)->id == about.id);
    REQUIRE(tlsfloor_snapshot_about(applied->snapshot)->count == about.count);
    REQUIRE(tlsfloor_snapshot_about(applied->snapshot)->built == NOW);
}

static void
build_envelope(struct applied *applied)
{
    unsigned char block[TLSFLOOR_ENVELOPE_SIZE];

    memset(&applied->envelope, 0, sizeof(applied->envelope));
    for (size_t i = 0; i < applied->list.count; i++) {
        tlsfloor_envelope_add(&applied->envelope, &applied->list.items[i], NOW);
        REQUIRE(applied->envelope.count <= TLSFLOOR_ENVELOPE_ROWS);
    }
    tlsfloor_envelope_encode(&applied->envelope, block);
    REQUIRE(tlsfloor_envelope_decode(block, sizeof(block), &applied->decoded) == 0);
}

/* 1 if the text covers the session. */
static int
is_covered(const struct list *list, const struct tlsfloor_facts *facts, int64_t now)
{
    for (size_t i = 0; i < list->count; i++) {
        if (tlsfloor_exception_match(&list->items[i], facts, now) == TLSFLOOR_MATCH_YES)
            return 1;
    }
    return 0;
}

static void
ask(const struct applied *applied, const struct tlsfloor_facts *facts, int64_t now)
{
    int covered = is_covered(&applied->list, facts, now);
    struct tlsfloor_snapshot_record record;

    REQUIRE(tlsfloor_snapshot_get(applied->snapshot, facts, now, &record) == covered);
    if (!covered)
        return;
    REQUIRE(tlsfloor_exception_match(&record.exception, facts, now) == TLSFLOOR_MATCH_YES);
    if (now < NOW)
        return;
    REQUIRE(tlsfloor_envelope_match(&applied->envelope, facts, now) == 1);
    REQUIRE(tlsfloor_envelope_match(&applied->decoded, facts, now) == 1);
}

/* At the edges of the exception's time, by this user and by nobody. */
static void
ask_in_time(const struct applied *applied, struct tlsfloor_facts facts, int64_t until)
{
    const int64_t times[] = {NOW, until - 1, until == TLSFLOOR_NEVER ? NOW : until};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        ask(applied, &facts, times[i]);
        facts.user.state = TLSFLOOR_USER_NONE;
        ask(applied, &facts, times[i]);
        facts.user.state = TLSFLOOR_USER_NAMED;
    }
}

/* The sessions just inside and just outside of one exception; other gives what does not fit. */
static void
ask_about(const struct applied *applied, const struct tlsfloor_exception *exception,
          const struct tlsfloor_exception *other)
{
    struct tlsfloor_facts inside = {.service = TLSFLOOR_SERVICE_IMAP, .tls = exception->allow};
    struct tlsfloor_facts facts;

    while (!(exception->services & 1U << inside.service))
        inside.service = (enum tlsfloor_service)(inside.service + 1);
    if (exception->from_count > 0)
        inside.client = exception->from[exception->from_count - 1].address;
    inside.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from("AES128-SHA"));
    inside.user = (struct tlsfloor_user){TLSFLOOR_USER_NAMED, exception->local, exception->domain};
    ask_in_time(applied, inside, exception->until);
    facts = inside;
    facts.suite = NULL;
    ask(applied, &facts, NOW);
    facts = inside;
    facts.user.local = other->local;
    ask(applied, &facts, NOW);
    facts = inside;
    facts.client = other->from[0].address;
    ask(applied, &facts, NOW);
    facts = inside;
    facts.tls = (enum tlsfloor_tls)(facts.tls - 1);
    ask(applied, &facts, NOW);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct applied applied;
    const struct list *list = &applied.list;

    read_list((struct tlsfloor_text){(const char *)data, size}, &applied.list);
    build_snapshot(&applied);
    build_envelope(&applied);
    for (size_t i = 0; i < list->count; i++)
        ask_about(&applied, &list->items[i], &list->items[(i + 1) % list->count]);
    tlsfloor_snapshot_close(applied.snapshot);
    return 0;
}
