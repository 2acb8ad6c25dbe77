/* SPDX-License-Identifier: MIT */
/*
 * Reads from left to right, one value after the other, by the rules of
 * tlsfloor-audit(5), and does not guess.
 */
#include <string.h>

#include "audit-read.h"

/* The keys that are always there, in their order; others may follow. */
enum key {
    KEY_ACTION,
    KEY_REASON,
    KEY_RULE,
    KEY_SERVICE,
    KEY_STAGE,
    KEY_USER,
    KEY_CLIENT,
    KEY_PORT,
    KEY_TLS,
    KEY_CIPHER,
    KEY_BITS,
    KEY_FLOOR,
    KEY_MODE,
    KEY_EXCEPTION,
    KEY_SESSION,
    KEYS
};
static const char *const keys[KEYS] = {
    [KEY_ACTION] = "action",   [KEY_REASON] = "reason",       [KEY_RULE] = "rule",
    [KEY_SERVICE] = "service", [KEY_STAGE] = "stage",         [KEY_USER] = "user",
    [KEY_CLIENT] = "client",   [KEY_PORT] = "port",           [KEY_TLS] = "tls",
    [KEY_CIPHER] = "cipher",   [KEY_BITS] = "bits",           [KEY_FLOOR] = "floor",
    [KEY_MODE] = "mode",       [KEY_EXCEPTION] = "exception", [KEY_SESSION] = "session",
};

/* So many may there be in all, and so long may they be. */
#define MOST_KEYS 20
#define KEY_SIZE 15

/* Of a port. */
#define MOST_DIGITS 9

/* A line in the course of being read. */
struct reading {
    struct tlsfloor_text text;
    size_t at;
    char *bytes; /* where the next value goes */
    const char *end;
};

/* The byte at an offset, or 0 behind the end: no line has a NUL. */
static char
peek(const struct reading *reading, size_t offset)
{
    size_t at = reading->at + offset;

    return at < reading->text.size ? reading->text.data[at] : '\0';
}

static int
at_end(const struct reading *reading)
{
    size_t left = reading->text.size - reading->at;

    return left == 0 || (peek(reading, 0) == ':' && (left == 1 || peek(reading, 1) == ' '));
}

static int
hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static int
put(struct reading *reading, char byte)
{
    if (reading->bytes == reading->end)
        return -1;
    *reading->bytes++ = byte;
    return 0;
}

/* One byte between quotes. 0, or -1. */
static int
read_escape(struct reading *reading)
{
    char byte = peek(reading, 0);
    int high = hex(peek(reading, 2)), low = hex(peek(reading, 3));

    if (byte < ' ' || byte > '~')
        return -1;
    if (byte != '\\') {
        reading->at++;
        return put(reading, byte);
    }
    byte = peek(reading, 1);
    if (byte == '"' || byte == '\\') {
        reading->at += 2;
        return put(reading, byte);
    }
    if (byte != 'x' || high < 0 || low < 0)
        return -1;
    reading->at += 4;
    return put(reading, (char)(high << 4 | low));
}

static int
read_quoted(struct reading *reading)
{
    reading->at++;
    while (peek(reading, 0) != '"') {
        if (read_escape(reading) != 0)
            return -1;
    }
    reading->at++;
    return 0;
}

static int
is_plain(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (byte != '\0' && strchr("._:@/+=%-", byte) != NULL);
}

static int
read_plain(struct reading *reading)
{
    for (; is_plain(peek(reading, 0)) && !at_end(reading); reading->at++) {
        if (put(reading, peek(reading, 0)) != 0)
            return -1;
    }
    return 0;
}

/* A value; "-" without quotes is an empty one, whose data is NULL. 0, or -1. */
static int
read_value(struct reading *reading, struct tlsfloor_text *value_r)
{
    int quoted = peek(reading, 0) == '"';

    value_r->data = reading->bytes;
    if ((quoted ? read_quoted(reading) : read_plain(reading)) != 0)
        return -1;
    value_r->size = (size_t)(reading->bytes - value_r->data);
    if (value_r->size == 0 || (peek(reading, 0) != ' ' && !at_end(reading)))
        return -1;
    if (!quoted && value_r->size == 1 && value_r->data[0] == '-')
        *value_r = (struct tlsfloor_text){NULL, 0};
    return 0;
}

/* "key=", whatever key. 0, or -1. */
static int
read_key(struct reading *reading, struct tlsfloor_text *key_r)
{
    key_r->data = reading->text.data + reading->at;
    for (key_r->size = 0; peek(reading, 0) >= 'a' && peek(reading, 0) <= 'z'; key_r->size++)
        reading->at++;
    if (key_r->size == 0 || key_r->size > KEY_SIZE || peek(reading, 0) != '=')
        return -1;
    reading->at++;
    return 0;
}

/* Whether the list cut= has user. */
static int
names_user(struct tlsfloor_text cut)
{
    struct tlsfloor_text user = tlsfloor_text_from(keys[KEY_USER]);

    return cut.size >= user.size && memcmp(cut.data, user.data, user.size) == 0 &&
           (cut.size == user.size || cut.data[user.size] == ',');
}

/* --- values to what they mean; 0, or -1 --- */

static int
find_client(struct tlsfloor_text name, struct tlsfloor_address *client_r)
{
    *client_r = (struct tlsfloor_address){.family = TLSFLOOR_FAMILY_NONE};
    return tlsfloor_text_equal(name, tlsfloor_text_from("unknown"))
               ? 0
               : tlsfloor_address_parse(name, client_r);
}

/* A line without a port has nothing for 0. */
static int
find_port(struct tlsfloor_text digits, unsigned *port_r)
{
    *port_r = 0;
    return digits.size == 0 ? 0 : tlsfloor_text_number(digits, MOST_DIGITS, port_r);
}

static int
take(const struct tlsfloor_text values[KEYS], struct tlsfloor_audit_record *record)
{
    record->service = tlsfloor_service_parse(values[KEY_SERVICE]);
    record->user = values[KEY_USER];
    record->tls_name = values[KEY_TLS];
    record->tls = tlsfloor_tls_parse(values[KEY_TLS]);
    record->cipher = values[KEY_CIPHER];
    record->floor = tlsfloor_tls_parse(values[KEY_FLOOR]);
    if (record->service == TLSFLOOR_SERVICE_NONE || record->tls_name.size == 0 ||
        record->floor == TLSFLOOR_TLS_UNKNOWN)
        return -1;
    if (tlsfloor_action_parse(values[KEY_ACTION], &record->action) != 0 ||
        tlsfloor_reason_parse(values[KEY_REASON], &record->reason) != 0 ||
        tlsfloor_mode_parse(values[KEY_MODE], &record->mode) != 0 ||
        find_port(values[KEY_PORT], &record->port) != 0)
        return -1;
    return find_client(values[KEY_CLIENT], &record->client);
}

/* The key of number i: the one that has to be there, or another that was not there yet. */
static int
is_expected(const struct tlsfloor_text *names, size_t i)
{
    if (i < KEYS)
        return tlsfloor_text_equal(names[i], tlsfloor_text_from(keys[i]));
    for (size_t before = 0; before < i; before++) {
        if (tlsfloor_text_equal(names[before], names[i]))
            return 0;
    }
    return 1;
}

int
tlsfloor_audit_read(struct tlsfloor_text text, struct tlsfloor_audit_record *record_r,
                    size_t *size_r)
{
    struct reading reading = {.text = text, .at = strlen("tlsfloor:"), .bytes = record_r->bytes};
    struct tlsfloor_text names[MOST_KEYS], values[MOST_KEYS];

    reading.end = record_r->bytes + sizeof(record_r->bytes);
    record_r->user_cut = 0;
    if (text.size < strlen(TLSFLOOR_AUDIT_BEGIN) ||
        memcmp(text.data, TLSFLOOR_AUDIT_BEGIN, strlen(TLSFLOOR_AUDIT_BEGIN)) != 0)
        return -1;
    for (size_t i = 0; i < KEYS || !at_end(&reading); i++) {
        if (i == MOST_KEYS || peek(&reading, 0) != ' ')
            return -1;
        reading.at++;
        if (read_key(&reading, &names[i]) != 0 || !is_expected(names, i) ||
            read_value(&reading, &values[i]) != 0)
            return -1;
        if (tlsfloor_text_equal(names[i], tlsfloor_text_from("cut")))
            record_r->user_cut = names_user(values[i]);
    }
    *size_r = reading.at;
    return take(values, record_r);
}
