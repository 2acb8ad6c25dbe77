/* SPDX-License-Identifier: MIT */
/*
 * The audit line. Values from outside have a share of the line each, so that
 * no value can push another one out, however long it is once escaped.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "exception.h"

/* Shares of the values from outside, bytes with their quotes and escapes. */
#define USER_SHARE 256
#define TLS_SHARE 24
#define CIPHER_SHARE 80
#define EXCEPTION_SHARE 120
#define SESSION_SHARE 70
#define LOGIN_SHARE 120

/* A line in the making. */
struct line {
    char *text;
    size_t used;
    char cut[64]; /* names of the values that had to be cut, with commas */
};

static const char *const stages[] = {
    [TLSFLOOR_STAGE_CONNECT] = "connect", [TLSFLOOR_STAGE_HELO] = "helo",
    [TLSFLOOR_STAGE_AUTH] = "auth",       [TLSFLOOR_STAGE_MAIL] = "mail",
    [TLSFLOOR_STAGE_RCPT] = "rcpt",       [TLSFLOOR_STAGE_DATA] = "data",
};

static void
put_bytes(struct line *line, const char *bytes, size_t size)
{
    if (size >= TLSFLOOR_AUDIT_LINE - line->used)
        size = TLSFLOOR_AUDIT_LINE - line->used - 1;
    memcpy(line->text + line->used, bytes, size);
    line->used += size;
}

static void
put_string(struct line *line, const char *string)
{
    put_bytes(line, string, strlen(string));
}

static void
put_token(struct line *line, const char *key, const char *token)
{
    put_string(line, key);
    put_string(line, token);
}

static void
put_number(struct line *line, const char *key, unsigned number)
{
    char digits[12];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put_string(line, key);
    put_bytes(line, digits + at, sizeof(digits) - at);
}

static int
is_plain_byte(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (byte != '\0' && strchr("._:@/+=%-", byte) != NULL);
}

/*
 * 1 if the value can stand without quotes; a lone '-' would read as empty, and
 * a ':' before a blank is where Dovecot's own words begin.
 */
static int
is_plain(struct tlsfloor_text value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (!is_plain_byte((unsigned char)value.data[i]))
            return 0;
    }
    return value.data[value.size - 1] != ':' && (value.size != 1 || value.data[0] != '-');
}

size_t
tlsfloor_audit_escape(unsigned char byte, char text_r[5])
{
    if (byte == '"' || byte == '\\')
        return (size_t)snprintf(text_r, 5, "\\%c", byte);
    if (byte < ' ' || byte > '~')
        return (size_t)snprintf(text_r, 5, "\\x%02x", byte);
    text_r[0] = (char)byte;
    return 1;
}

static void
note_cut(struct line *line, const char *key)
{
    size_t used = strlen(line->cut);

    /* " user=" is named as "user" */
    snprintf(line->cut + used, sizeof(line->cut) - used, "%s%.*s", used == 0 ? "" : ",",
             (int)strlen(key) - 2, key + 1);
}

/* A value from outside, in at most share bytes. */
static void
put_value(struct line *line, const char *key, struct tlsfloor_text value, size_t share)
{
    size_t i = 0, used = 2;
    char text[5];

    put_string(line, key);
    if (value.size == 0) {
        put_string(line, "-");
        return;
    }
    if (value.size <= share && is_plain(value)) {
        put_bytes(line, value.data, value.size);
        return;
    }
    put_string(line, "\"");
    for (; i < value.size; i++) {
        size_t size = tlsfloor_audit_escape((unsigned char)value.data[i], text);

        if (used + size > share)
            break;
        put_bytes(line, text, size);
        used += size;
    }
    put_string(line, "\"");
    if (i < value.size)
        note_cut(line, key);
}

/* The name that was judged: with the default domain, if it has come to that. */
static void
put_user(struct line *line, const struct tlsfloor_user *user)
{
    char name[USER_SHARE + 1];
    struct tlsfloor_text whole = {name, 0};
    const struct tlsfloor_text parts[] = {
        user->local, {"@", user->domain.data == NULL ? 0 : 1}, user->domain};

    for (size_t part = 0; part < 3; part++) {
        size_t size = parts[part].size;

        /* One byte over the share is enough to have put_value() say that it was cut. */
        if (size > sizeof(name) - whole.size)
            size = sizeof(name) - whole.size;
        if (size > 0)
            memcpy(name + whole.size, parts[part].data, size);
        whole.size += size;
    }
    put_value(line, " user=", whole, USER_SHARE);
}

/* In quotes it would be no address for fail2ban: "2001:db8::" becomes "2001:db8::0". */
static void
put_client(struct line *line, const struct tlsfloor_address *address)
{
    char text[TLSFLOOR_ADDRESS_TEXT];

    tlsfloor_address_format(address, text);
    put_token(line, " client=", text);
    if (line->text[line->used - 1] == ':')
        put_string(line, "0");
}

size_t
tlsfloor_audit_format(const struct tlsfloor_audit *audit, const struct tlsfloor_facts *facts,
                      const struct tlsfloor_decision *decision, char line_r[TLSFLOOR_AUDIT_LINE])
{
    struct line line = {.text = line_r};
    struct tlsfloor_text tls = facts->tls_name;

    if (tls.size == 0)
        tls = tlsfloor_text_from(tlsfloor_tls_name(facts->tls));
    put_token(&line, "tlsfloor: action=", tlsfloor_action_name(decision->action));
    put_token(&line, " reason=", tlsfloor_reason_name(decision->reason));
    put_token(&line, " rule=", tlsfloor_rule_name(decision->rule));
    put_token(&line, " service=", tlsfloor_service_name(facts->service));
    put_token(&line, " stage=", stages[audit->stage]);
    put_user(&line, &facts->user);
    put_client(&line, &facts->client);
    put_number(&line, " port=", facts->port);
    put_value(&line, " tls=", tls, TLS_SHARE);
    put_value(&line, " cipher=", facts->cipher, CIPHER_SHARE);
    put_number(&line, " bits=", facts->bits);
    put_token(&line, " floor=", tlsfloor_tls_name(decision->floor));
    put_token(&line, " mode=", tlsfloor_mode_name(decision->mode));
    put_value(&line, " exception=",
              decision->exception == NULL ? (struct tlsfloor_text){NULL, 0}
                                          : decision->exception->who,
              EXCEPTION_SHARE);
    put_value(&line, " session=", audit->session, SESSION_SHARE);
    if (audit->login.size > 0)
        put_value(&line, " login=", audit->login, LOGIN_SHARE);
    if (line.cut[0] != '\0')
        put_value(&line, " cut=", tlsfloor_text_from(line.cut), sizeof(line.cut) + 2);
    line_r[line.used] = '\0';
    return line.used;
}
