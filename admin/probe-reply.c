/* SPDX-License-Identifier: MIT */
/*
 * A table of protocols, and for each the one function that knows its lines.
 */
#include <string.h>

#include "probe-reply.h"

/* What a line means for the reply that it is part of. */
enum step { STEP_FOREIGN = 0, STEP_ON, STEP_DONE };

struct reading {
    enum probe_moment moment;
    size_t number; /* of the line in its reply, from 0 */
    struct tlsfloor_text line;
    struct probe_reply *reply;
};

typedef enum step step_fn(const struct reading *reading);

static int
is_break(struct tlsfloor_text text, size_t at)
{
    return at == text.size || text.data[at] == ' ';
}

/* 1 if the text begins with these whole words, in any case. */
static int
begins(struct tlsfloor_text text, const char *words)
{
    size_t size = strlen(words);

    return text.size >= size && is_break(text, size) &&
           tlsfloor_text_equal_fold((struct tlsfloor_text){text.data, size},
                                    tlsfloor_text_from(words));
}

/* 1 if a word of the text begins with these letters (whole 0), or is them. */
static int
has_word(struct tlsfloor_text text, const char *letters, int whole)
{
    size_t size = strlen(letters);

    for (size_t at = 0; at + size <= text.size; at++) {
        const struct tlsfloor_text here = {text.data + at, size};

        if ((at == 0 || text.data[at - 1] == ' ') && (!whole || is_break(text, at + size)) &&
            tlsfloor_text_equal_fold(here, tlsfloor_text_from(letters)))
            return 1;
    }
    return 0;
}

static struct tlsfloor_text
behind(struct tlsfloor_text text, size_t count)
{
    if (count > text.size)
        count = text.size;
    return (struct tlsfloor_text){text.data + count, text.size - count};
}

/* 1 if anything but blanks stands behind so many bytes. */
static int
says_something(struct tlsfloor_text text, size_t count)
{
    struct tlsfloor_text rest = behind(text, count);

    while (rest.size > 0 && rest.data[0] == ' ')
        rest = behind(rest, 1);
    return rest.size > 0;
}

void
probe_printable(struct tlsfloor_text text, char *text_r, size_t room)
{
    size_t size = text.size < room ? text.size : room - 1;

    for (size_t i = 0; i < size; i++)
        text_r[i] = text.data[i] >= ' ' && text.data[i] <= '~' ? text.data[i] : '?';
    text_r[size] = '\0';
}

static enum step
done(const struct reading *reading, int good)
{
    reading->reply->good = good;
    if (reading->reply->text[0] == '\0')
        probe_printable(reading->line, reading->reply->text, sizeof(reading->reply->text));
    return STEP_DONE;
}

/* --- IMAP: RFC 9051 --- */

static void
imap_capabilities(const struct reading *reading)
{
    struct probe_reply *reply = reading->reply;

    reply->starttls = has_word(reading->line, "STARTTLS", 1);
    reply->login =
        !has_word(reading->line, "LOGINDISABLED", 1) || has_word(reading->line, "AUTH=", 0);
}

static enum step
imap_line(const struct reading *reading)
{
    struct tlsfloor_text line = reading->line;

    if (begins(line, "* BYE"))
        return done(reading, 0);
    if (reading->moment == PROBE_GREETING)
        return begins(line, "* OK") || begins(line, "* PREAUTH") ? done(reading, 1) : STEP_FOREIGN;
    if (begins(line, "* CAPABILITY"))
        imap_capabilities(reading);
    if (begins(line, "*"))
        return STEP_ON;
    if (!begins(line, "a"))
        return STEP_FOREIGN;
    reading->reply->policy = begins(line, "a NO [PRIVACYREQUIRED]");
    return done(reading, begins(line, "a OK"));
}

/* --- POP3: RFC 1939, RFC 2449 --- */

static enum step
pop3_line(const struct reading *reading)
{
    struct tlsfloor_text line = reading->line;
    struct probe_reply *reply = reading->reply;

    if (reading->number == 0) {
        reply->policy = begins(line, "-ERR [SYS/PERM]");
        if (begins(line, "-ERR"))
            return done(reading, 0);
        if (!begins(line, "+OK"))
            return STEP_FOREIGN;
        return reading->moment == PROBE_CAPABILITIES ? STEP_ON : done(reading, 1);
    }
    if (line.size == 1 && line.data[0] == '.')
        return done(reading, 1);
    if (begins(line, "STLS"))
        reply->starttls = 1;
    if (begins(line, "USER") || (begins(line, "SASL") && says_something(line, 4)))
        reply->login = 1;
    return STEP_ON;
}

/* --- ManageSieve: RFC 5804 --- */

static enum step
sieve_line(const struct reading *reading)
{
    static const char sasl[] = "\"SASL\" \"";
    struct tlsfloor_text line = reading->line;
    struct probe_reply *reply = reading->reply;

    reply->policy = begins(line, "NO (ENCRYPT-NEEDED)");
    if (begins(line, "OK") || begins(line, "NO") || begins(line, "BYE"))
        return done(reading, begins(line, "OK"));
    if (reading->number == 0 && (line.size == 0 || line.data[0] != '"'))
        return STEP_FOREIGN;
    if (begins(line, "\"STARTTLS\""))
        reply->starttls = 1;
    if (line.size > sizeof(sasl) && has_word(line, sasl, 0))
        reply->login = 1;
    return STEP_ON;
}

/* --- SMTP: RFC 5321, RFC 4954 --- */

static int
is_code(struct tlsfloor_text line)
{
    if (line.size < 3 || line.data[0] < '2' || line.data[0] > '5')
        return 0;
    for (size_t i = 1; i < 3; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return 0;
    }
    return line.size == 3 || line.data[3] == ' ' || line.data[3] == '-';
}

static enum step
smtp_line(const struct reading *reading)
{
    struct tlsfloor_text line = reading->line, rest = behind(line, 4);
    struct probe_reply *reply = reading->reply;

    if (!is_code(line))
        return STEP_FOREIGN;
    if (reading->number > 0 && begins(rest, "STARTTLS"))
        reply->starttls = 1;
    if (reading->number > 0 && ((begins(rest, "AUTH") && says_something(rest, 4)) ||
                                (has_word(rest, "AUTH=", 0) && says_something(rest, 5))))
        reply->login = 1;
    if (line.size > 3 && line.data[3] == '-')
        return STEP_ON;
    reply->policy = begins(line, "530 5.7.0") || begins(line, "530 5.7.10");
    return done(reading, line.data[0] == '2');
}

/* --- all of them --- */

static const struct {
    const char *name, *title;
    step_fn *line;
    const char *capability, *starttls, *goodbye, *login;
} protocols[] = {
    [PROBE_UNKNOWN] = {"", "unknown protocol", NULL, "", "", "", ""},
    [PROBE_IMAP] = {"imap", "IMAP", imap_line, "a CAPABILITY\r\n", "a STARTTLS\r\n", "a LOGOUT\r\n",
                    "a LOGIN tlsfloor-doctor x\r\n"},
    [PROBE_POP3] = {"pop3", "POP3", pop3_line, "CAPA\r\n", "STLS\r\n", "QUIT\r\n",
                    "AUTH PLAIN AHRsc2Zsb29yLWRvY3RvcgB4\r\n"},
    [PROBE_SIEVE] = {"sieve", "ManageSieve", sieve_line, "CAPABILITY\r\n", "STARTTLS\r\n",
                     "LOGOUT\r\n", "AUTHENTICATE \"PLAIN\" \"AHRsc2Zsb29yLWRvY3RvcgB4\"\r\n"},
    [PROBE_SMTP] = {"smtp", "SMTP", smtp_line, "EHLO ", "STARTTLS\r\n", "QUIT\r\n",
                    "AUTH PLAIN AHRsc2Zsb29yLWRvY3RvcgB4\r\n"},
};
#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

/* Takes the line that begins at *at. 1, or 0: it is not whole. */
static int
next_line(const char *bytes, size_t size, size_t *at, struct tlsfloor_text *line_r)
{
    const char *start = bytes + *at;
    const char *end = *at < size ? memchr(start, '\n', size - *at) : NULL;

    if (end == NULL)
        return 0;
    *at = (size_t)(end - bytes) + 1;
    *line_r = (struct tlsfloor_text){start, (size_t)(end - start)};
    if (line_r->size > 0 && start[line_r->size - 1] == '\r')
        line_r->size--;
    return 1;
}

int
probe_reply_parse(enum probe_protocol protocol, enum probe_moment moment, const char *bytes,
                  size_t size, struct probe_reply *reply_r)
{
    struct reading reading = {.moment = moment, .reply = reply_r};
    size_t at = 0;

    memset(reply_r, 0, sizeof(*reply_r));
    for (; next_line(bytes, size, &at, &reading.line); reading.number++) {
        enum step step =
            protocols[protocol].line == NULL ? STEP_FOREIGN : protocols[protocol].line(&reading);

        if (step == STEP_DONE)
            return (int)at;
        if (step == STEP_FOREIGN) {
            probe_printable(reading.line, reply_r->text, sizeof(reply_r->text));
            return -1;
        }
    }
    return 0;
}

enum probe_protocol
probe_reply_protocol(const char *bytes, size_t size)
{
    struct probe_reply reply;
    struct tlsfloor_text line;
    size_t at = 0;

    if (!next_line(bytes, size, &at, &line))
        return PROBE_UNKNOWN;
    for (size_t i = PROBE_IMAP; i < PROTOCOLS; i++) {
        if (probe_reply_parse((enum probe_protocol)i, PROBE_GREETING, bytes, at, &reply) >= 0)
            return (enum probe_protocol)i;
    }
    return PROBE_UNKNOWN;
}

const char *
probe_protocol_title(enum probe_protocol protocol)
{
    return protocols[protocol].title;
}

enum probe_protocol
probe_protocol_parse(const char *name)
{
    for (size_t i = PROBE_IMAP; i < PROTOCOLS; i++) {
        if (strcmp(protocols[i].name, name) == 0)
            return (enum probe_protocol)i;
    }
    return PROBE_UNKNOWN;
}

const char *
probe_protocol_capability(enum probe_protocol protocol)
{
    return protocols[protocol].capability;
}

const char *
probe_protocol_starttls(enum probe_protocol protocol)
{
    return protocols[protocol].starttls;
}

const char *
probe_protocol_goodbye(enum probe_protocol protocol)
{
    return protocols[protocol].goodbye;
}

const char *
probe_protocol_login(enum probe_protocol protocol)
{
    return protocols[protocol].login;
}
