/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as text and as records. A line that is not understood as a
 * whole is no exception at all.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exception.h"
#include "time-text.h"

#define ALL_SERVICES                                                                            \
    (1U << TLSFLOOR_SERVICE_IMAP | 1U << TLSFLOOR_SERVICE_POP3 | 1U << TLSFLOOR_SERVICE_SIEVE | \
     1U << TLSFLOOR_SERVICE_SUBMISSION)

/* The longest WHO and note, bytes: with them every record fits into TLSFLOOR_EXCEPTION_LINE. */
#define TEXT_SIZE 512

/* What the keys of one line may write to. */
struct parse {
    struct tlsfloor_exception *exception;
    char *error;
    size_t size;
};

static int __attribute__((format(printf, 2, 3))) fail(struct parse *parse, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parse->error, parse->size, format, arguments);
    va_end(arguments);
    for (char *c = parse->error; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return -1;
}

/* For "%.*s": a piece of a hostile line, short enough for a sentence. */
static int
shown(struct tlsfloor_text text)
{
    return text.size > 60 ? 60 : (int)text.size;
}

/* Takes what stands before the first comma out of *list; data is NULL when all is taken. */
static struct tlsfloor_text
take_item(struct tlsfloor_text *list)
{
    const char *comma = list->size == 0 ? NULL : memchr(list->data, ',', list->size);
    struct tlsfloor_text item = *list;

    if (comma == NULL) {
        *list = (struct tlsfloor_text){NULL, 0};
        return item;
    }
    item.size = (size_t)(comma - list->data);
    list->data += item.size + 1;
    list->size -= item.size + 1;
    return item;
}

static int
parse_allow(struct parse *parse, struct tlsfloor_text value)
{
    enum tlsfloor_tls tls = tlsfloor_tls_parse(value);

    if (tls != TLSFLOOR_TLS_CLEARTEXT && (tls < TLSFLOOR_TLS_SSLV3 || tls > TLSFLOOR_TLS_1_3))
        return fail(parse, "allow=%.*s: write cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3",
                    shown(value), value.data);
    parse->exception->allow = tls;
    return 0;
}

static int
parse_until(struct parse *parse, struct tlsfloor_text value)
{
    int64_t day;

    if (tlsfloor_text_equal(value, tlsfloor_text_from("never"))) {
        parse->exception->until = TLSFLOOR_NEVER;
        return 0;
    }
    if (tlsfloor_date_parse(value, &day) != 0)
        return fail(parse, "until=%.*s: write a date such as 2027-03-31, or never", shown(value),
                    value.data);
    parse->exception->until = day + TLSFLOOR_DAY;
    return 0;
}

static int
parse_service(struct parse *parse, struct tlsfloor_text value)
{
    do {
        struct tlsfloor_text item = take_item(&value);
        enum tlsfloor_service service = tlsfloor_service_parse(item);

        if (service == TLSFLOOR_SERVICE_NONE)
            return fail(parse, "service=%.*s: write imap, pop3, sieve, submission, with commas",
                        shown(item), item.data);
        parse->exception->services |= 1U << service;
    } while (value.data != NULL);
    return 0;
}

static int
parse_from(struct parse *parse, struct tlsfloor_text value)
{
    struct tlsfloor_exception *exception = parse->exception;
    const char *error;

    if (tlsfloor_text_equal(value, tlsfloor_text_from("any"))) {
        exception->from_any = 1;
        return 0;
    }
    do {
        struct tlsfloor_text item = take_item(&value);

        if (exception->from_count == TLSFLOOR_EXCEPTION_NETWORKS)
            return fail(parse, "from= holds more than %d networks: write a second line",
                        TLSFLOOR_EXCEPTION_NETWORKS);
        if (tlsfloor_network_parse(item, &exception->from[exception->from_count], &error) != 0)
            return fail(parse, "from=%.*s %s", shown(item), item.data, error);
        exception->from_count++;
    } while (value.data != NULL);
    return 0;
}

static int
parse_ciphers(struct parse *parse, struct tlsfloor_text value)
{
    if (!tlsfloor_text_equal(value, tlsfloor_text_from("any")))
        return fail(parse, "ciphers=%.*s: only ciphers=any has a meaning", shown(value),
                    value.data);
    parse->exception->ciphers_any = 1;
    return 0;
}

/* Where the closing quote stands; the size of value if there is none. */
static size_t
note_end(struct tlsfloor_text value)
{
    size_t i = 1;

    while (i < value.size && value.data[i] != '"')
        i += value.data[i] == '\\' ? 2 : 1;
    return i < value.size ? i : value.size;
}

static int
parse_note(struct parse *parse, struct tlsfloor_text value)
{
    if (value.size < 2 || value.data[0] != '"' || note_end(value) != value.size - 1)
        return fail(parse, "note= needs its text in double quotes (inside, write \\\" and \\\\)");
    if (value.size - 2 > TEXT_SIZE)
        return fail(parse, "note= is longer than %d bytes", TEXT_SIZE);
    parse->exception->note = (struct tlsfloor_text){value.data + 1, value.size - 2};
    return 0;
}

static const struct {
    const char *name;
    int (*parse)(struct parse *parse, struct tlsfloor_text value);
} keys[] = {
    {"allow", parse_allow}, {"until", parse_until},     {"service", parse_service},
    {"from", parse_from},   {"ciphers", parse_ciphers}, {"note", parse_note},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Where the word at the beginning of text ends; double quotes keep blanks together. */
static size_t
word_size(struct tlsfloor_text text)
{
    int quoted = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (quoted && text.data[i] == '\\' && i + 1 < text.size)
            i++;
        else if (text.data[i] == '"')
            quoted = !quoted;
        else if (!quoted && is_blank(text.data[i]))
            return i;
    }
    return text.size;
}

/* The next word of *line; empty at its end. */
static struct tlsfloor_text
take_word(struct tlsfloor_text *line)
{
    struct tlsfloor_text word;

    while (line->size > 0 && is_blank(line->data[0])) {
        line->data++;
        line->size--;
    }
    word = (struct tlsfloor_text){line->data, word_size(*line)};
    if (word.size > 0)
        line->data += word.size;
    line->size -= word.size;
    return word;
}

static int
parse_who(struct parse *parse, struct tlsfloor_text word, struct tlsfloor_text default_domain)
{
    struct tlsfloor_exception *exception = parse->exception;
    struct tlsfloor_user user = tlsfloor_user_named(word, default_domain);

    if (word.size > TEXT_SIZE)
        return fail(parse, "the name is longer than %d bytes", TEXT_SIZE);
    exception->who = word;
    if (tlsfloor_text_equal(word, tlsfloor_text_from("*"))) {
        exception->kind = TLSFLOOR_WHO_ANYBODY;
        return 0;
    }
    for (size_t i = 0; i < word.size; i++) {
        if (strchr("\"\\=,*", word.data[i]) != NULL)
            return fail(parse, "%.*s is not a user: write user@domain, user, @domain or * first",
                        shown(word), word.data);
    }
    if (user.domain.data != NULL && user.domain.size == 0)
        return fail(parse, "%.*s has no domain after its @", shown(word), word.data);
    exception->kind = user.local.size == 0 ? TLSFLOOR_WHO_DOMAIN : TLSFLOOR_WHO_USER;
    exception->local = user.local;
    exception->domain = user.domain;
    return 0;
}

/* One key=value; seen has a bit for each key that has been there. */
static int
parse_key(struct parse *parse, struct tlsfloor_text word, unsigned *seen)
{
    const char *equals = memchr(word.data, '=', word.size);
    struct tlsfloor_text name = word, value;

    if (word.data[0] == '#')
        return fail(parse, "comments stand on lines of their own; for a remark use note=\"...\"");
    if (equals == NULL)
        return fail(parse, "%.*s is not key=value", shown(word), word.data);
    name.size = (size_t)(equals - word.data);
    value = (struct tlsfloor_text){equals + 1, word.size - name.size - 1};
    for (size_t i = 0; i < KEYS; i++) {
        if (!tlsfloor_text_equal(name, tlsfloor_text_from(keys[i].name)))
            continue;
        if (*seen & 1U << i)
            return fail(parse, "%s= is there twice", keys[i].name);
        *seen |= 1U << i;
        return keys[i].parse(parse, value);
    }
    return fail(parse, "unknown key %.*s=: keys are allow, until, service, from, ciphers and note",
                shown(name), name.data);
}

/* What only the whole line can tell. */
static int
check_line(struct parse *parse)
{
    struct tlsfloor_exception *exception = parse->exception;
    int from = exception->from_any || exception->from_count > 0;

    if (exception->allow == TLSFLOOR_TLS_UNKNOWN)
        return fail(parse, "allow= is missing: say which version is still allowed");
    if (exception->until == 0)
        return fail(parse, "until= is missing: write a date such as 2027-03-31, or never");
    if (exception->kind == TLSFLOOR_WHO_ANYBODY && !from)
        return fail(parse, "* needs from=: say which networks everybody may come from");
    if (exception->services == 0)
        exception->services = ALL_SERVICES;
    if (exception->services & 1U << TLSFLOOR_SERVICE_SUBMISSION && !from)
        return fail(parse, "an exception for submission needs from=, because Postfix learns the "
                           "user only after the password: write networks, from=any if you mean "
                           "it, or service= without submission");
    return 0;
}

/* 0, or -1: a byte that has no place in the file. */
static int
check_bytes(struct parse *parse, struct tlsfloor_text line)
{
    if (line.size > TLSFLOOR_EXCEPTION_LINE - 1)
        return fail(parse, "the line is longer than %d bytes", TLSFLOOR_EXCEPTION_LINE - 1);
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];

        if (byte == '\r' && i == line.size - 1)
            return fail(parse, "the line ends in CR LF: convert the file to Unix line ends");
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return fail(parse, "the line holds the control character 0x%02x", byte);
    }
    return 0;
}

int
tlsfloor_exception_parse(struct tlsfloor_text line, struct tlsfloor_text default_domain,
                         struct tlsfloor_exception *exception_r, char *error, size_t size)
{
    struct parse parse = {exception_r, error, size};
    struct tlsfloor_text word;
    unsigned seen = 0;

    memset(exception_r, 0, sizeof(*exception_r));
    if (check_bytes(&parse, line) != 0)
        return -1;
    word = take_word(&line);
    if (word.size == 0 || word.data[0] == '#')
        return 0;
    if (parse_who(&parse, word, default_domain) != 0)
        return -1;
    for (word = take_word(&line); word.size > 0; word = take_word(&line)) {
        if (parse_key(&parse, word, &seen) != 0)
            return -1;
    }
    return check_line(&parse) == 0 ? 1 : -1;
}

/* Puts more text at the end of what *used bytes of text_r hold. */
static void __attribute__((format(printf, 3, 4)))
append(char *text_r, size_t *used, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text_r + *used, TLSFLOOR_EXCEPTION_LINE - *used, format, arguments);
    va_end(arguments);
    if (size > 0)
        *used += (size_t)size;
}

static void
format_services(const struct tlsfloor_exception *exception, char *text_r, size_t *used)
{
    const char *separator = " service=";

    if (exception->services == ALL_SERVICES)
        return;
    for (unsigned service = TLSFLOOR_SERVICE_IMAP; service < TLSFLOOR_SERVICES; service++) {
        if (exception->services & 1U << service) {
            append(text_r, used, "%s%s", separator,
                   tlsfloor_service_name((enum tlsfloor_service)service));
            separator = ",";
        }
    }
}

void
tlsfloor_exception_format(const struct tlsfloor_exception *exception, char *text_r)
{
    char date[11] = "never", network[TLSFLOOR_NETWORK_TEXT];
    size_t used = 0;

    if (exception->until != TLSFLOOR_NEVER)
        tlsfloor_date_format(exception->until - 1, date);
    append(text_r, &used, "%.*s allow=%s until=%s", (int)exception->who.size, exception->who.data,
           tlsfloor_tls_name(exception->allow), date);
    format_services(exception, text_r, &used);
    if (exception->from_any)
        append(text_r, &used, " from=any");
    for (size_t i = 0; i < exception->from_count; i++) {
        tlsfloor_network_format(&exception->from[i], network);
        append(text_r, &used, "%s%s", i == 0 ? " from=" : ",", network);
    }
    if (exception->ciphers_any)
        append(text_r, &used, " ciphers=any");
    if (exception->note.data != NULL)
        append(text_r, &used, " note=\"%.*s\"", (int)exception->note.size, exception->note.data);
}

static int
covers_network(const struct tlsfloor_exception *exception, const struct tlsfloor_address *client)
{
    if (exception->from_count == 0)
        return 1;
    for (size_t i = 0; i < exception->from_count; i++) {
        if (tlsfloor_network_match(&exception->from[i], client))
            return 1;
    }
    return 0;
}

static int
covers_version(const struct tlsfloor_exception *exception, enum tlsfloor_tls tls)
{
    if (exception->allow == TLSFLOOR_TLS_CLEARTEXT)
        return 1;
    return tls != TLSFLOOR_TLS_UNKNOWN && tls >= exception->allow;
}

/* Suites that protect nothing, or nobody knows what, need ciphers=any. */
static int
covers_cipher(const struct tlsfloor_exception *exception, const struct tlsfloor_facts *facts)
{
    const struct tlsfloor_cipher_suite *suite = facts->suite;

    if (exception->ciphers_any || exception->allow == TLSFLOOR_TLS_CLEARTEXT)
        return 1;
    return suite != NULL && suite->encryption != TLSFLOOR_ENC_NULL && !suite->export_grade &&
           suite->authentication != TLSFLOOR_AUTH_NONE;
}

enum tlsfloor_match
tlsfloor_exception_match(const struct tlsfloor_exception *exception,
                         const struct tlsfloor_facts *facts, int64_t now)
{
    if (now >= exception->until && exception->until != TLSFLOOR_NEVER)
        return TLSFLOOR_MATCH_EXPIRED;
    if (!(exception->services & 1U << facts->service))
        return TLSFLOOR_MATCH_SERVICE;
    if (!covers_network(exception, &facts->client))
        return TLSFLOOR_MATCH_NETWORK;
    if (!covers_version(exception, facts->tls))
        return TLSFLOOR_MATCH_VERSION;
    if (!covers_cipher(exception, facts))
        return TLSFLOOR_MATCH_CIPHER;
    return tlsfloor_exception_names(exception, &facts->user) ? TLSFLOOR_MATCH_YES
                                                             : TLSFLOOR_MATCH_WHO;
}

int
tlsfloor_exception_names(const struct tlsfloor_exception *exception,
                         const struct tlsfloor_user *user)
{
    if (exception->kind == TLSFLOOR_WHO_ANYBODY)
        return 1;
    if (user->state != TLSFLOOR_USER_NAMED ||
        (exception->domain.data == NULL) != (user->domain.data == NULL) ||
        !tlsfloor_text_equal_fold(exception->domain, user->domain))
        return 0;
    return exception->kind == TLSFLOOR_WHO_DOMAIN ||
           tlsfloor_text_equal_fold(exception->local, user->local);
}

const char *
tlsfloor_match_sentence(enum tlsfloor_match match)
{
    static const char *const sentences[] = {
        [TLSFLOOR_MATCH_EXPIRED] = "has expired",
        [TLSFLOOR_MATCH_SERVICE] = "is for other services",
        [TLSFLOOR_MATCH_NETWORK] = "is for other networks",
        [TLSFLOOR_MATCH_VERSION] = "does not go down to this version",
        [TLSFLOOR_MATCH_CIPHER] = "does not cover this cipher suite (ciphers=any would)",
        [TLSFLOOR_MATCH_WHO] = "is for somebody else",
        [TLSFLOOR_MATCH_YES] = "applies",
    };

    return sentences[match];
}
