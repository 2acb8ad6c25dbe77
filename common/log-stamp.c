/* SPDX-License-Identifier: MIT */
/*
 * Both forms of time, by a small template each; what no calendar has is none.
 */
#include <string.h>

#include "log-stamp.h"

/* What is left to read, and whether all was right so far. */
struct cursor {
    const char *at, *end;
    int bad;
};

static int
next_is(struct cursor *cursor, const char *bytes)
{
    if (cursor->at == cursor->end || *cursor->at == '\0' || strchr(bytes, *cursor->at) == NULL)
        return 0;
    cursor->at++;
    return 1;
}

static void
need(struct cursor *cursor, const char *bytes)
{
    if (!next_is(cursor, bytes))
        cursor->bad = 1;
}

/* So many digits, which must be within bounds. */
static int
number(struct cursor *cursor, int digits, int least, int most)
{
    int value = 0;

    for (int i = 0; i < digits; i++) {
        if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9') {
            cursor->bad = 1;
            return 0;
        }
        value = value * 10 + (*cursor->at++ - '0');
    }
    if (value < least || value > most)
        cursor->bad = 1;
    return value;
}

static int
month(struct cursor *cursor)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; cursor->end - cursor->at >= 3 && i < 12; i++) {
        if (memcmp(cursor->at, names + 3 * i, 3) == 0) {
            cursor->at += 3;
            return i + 1;
        }
    }
    cursor->bad = 1;
    return 0;
}

static void
clock_time(struct cursor *cursor, struct tlsfloor_stamp *stamp)
{
    stamp->hour = number(cursor, 2, 0, 23);
    need(cursor, ":");
    stamp->minute = number(cursor, 2, 0, 59);
    need(cursor, ":");
    stamp->second = number(cursor, 2, 0, 60);
    if (next_is(cursor, ".,")) {
        number(cursor, 1, 0, 9);
        while (next_is(cursor, "0123456789"))
            continue;
    }
}

/* "Z", "+0100", "+01:00", or nothing. */
static void
zone(struct cursor *cursor, struct tlsfloor_stamp *stamp)
{
    int sign = 1;

    stamp->zone = TLSFLOOR_STAMP_OFFSET;
    if (next_is(cursor, "Z"))
        return;
    if (next_is(cursor, "-")) {
        sign = -1;
    } else if (!next_is(cursor, "+")) {
        stamp->zone = TLSFLOOR_STAMP_LOCAL;
        return;
    }
    stamp->offset = number(cursor, 2, 0, 15) * 3600;
    next_is(cursor, ":");
    stamp->offset = sign * (stamp->offset + number(cursor, 2, 0, 59) * 60);
}

static void
rfc3164(struct cursor *cursor, struct tlsfloor_stamp *stamp)
{
    stamp->month = month(cursor);
    need(cursor, " ");
    stamp->day = next_is(cursor, " ") ? number(cursor, 1, 1, 9) : number(cursor, 2, 1, 31);
    need(cursor, " ");
    clock_time(cursor, stamp);
}

static void
iso8601(struct cursor *cursor, struct tlsfloor_stamp *stamp)
{
    stamp->year = number(cursor, 4, 1970, 9999);
    need(cursor, "-");
    stamp->month = number(cursor, 2, 1, 12);
    need(cursor, "-");
    stamp->day = number(cursor, 2, 1, 31);
    need(cursor, "T ");
    clock_time(cursor, stamp);
    zone(cursor, stamp);
}

int
tlsfloor_stamp_parse(struct tlsfloor_text *text, struct tlsfloor_stamp *stamp_r)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct cursor cursor = {text->data, text->data + text->size, 0};

    memset(stamp_r, 0, sizeof(*stamp_r));
    if (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9')
        iso8601(&cursor, stamp_r);
    else
        rfc3164(&cursor, stamp_r);
    if (cursor.bad || cursor.at == cursor.end || *cursor.at != ' ' ||
        stamp_r->day > days[stamp_r->month - 1])
        return -1;
    text->size -= (size_t)(cursor.at - text->data);
    text->data = cursor.at;
    return 0;
}
