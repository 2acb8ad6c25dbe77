/* SPDX-License-Identifier: MIT */
/*
 * Replies of a mail server to a probe. The first byte chooses the protocol and
 * the moment. A reply is whole lines; what follows it changes nothing; none of
 * its parts is one; and whatever it says comes out printable.
 */
#include <string.h>

#include "fuzz.h"
#include "probe-reply.h"

#define PROTOCOLS 5
#define MOMENTS 4

/* Parses a copy of the first size bytes, so that a step beyond them is seen. */
static int
parse_copy(uint8_t choice, const uint8_t *data, size_t size, struct probe_reply *reply)
{
    char *copy = malloc(size + 1);
    char *end = copy + 1;
    int used;

    REQUIRE(copy != NULL);
    memcpy(end, data, size);
    memset(reply, 0x7f, sizeof(*reply));
    used = probe_reply_parse((enum probe_protocol)(choice % PROTOCOLS),
                             (enum probe_moment)(choice / PROTOCOLS % MOMENTS), end, size, reply);
    if (used >= 0 && choice % PROTOCOLS == PROBE_UNKNOWN)
        REQUIRE(used == 0 && memchr(end, '\n', size) == NULL);
    free(copy);
    return used;
}

static void
require_printable(const struct probe_reply *reply)
{
    REQUIRE(memchr(reply->text, '\0', sizeof(reply->text)) != NULL);
    for (const char *byte = reply->text; *byte != '\0'; byte++)
        REQUIRE(*byte >= ' ' && *byte <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct probe_reply reply, again;
    int used;

    if (size == 0 || size > 20000)
        return 0;
    used = parse_copy(data[0], data + 1, size - 1, &reply);
    require_printable(&reply);
    REQUIRE(used >= -1 && used <= (int)size - 1);
    REQUIRE(!reply.good || used > 0);
    REQUIRE(!reply.policy || !reply.good);
    if (used <= 0)
        return 0;
    REQUIRE(data[used] == '\n');
    REQUIRE(parse_copy(data[0], data + 1, (size_t)used, &again) == used);
    REQUIRE(memcmp(&again, &reply, sizeof(reply)) == 0);
    REQUIRE(parse_copy(data[0], data + 1, (size_t)used - 1, &again) == 0);
    return 0;
}
