/* SPDX-License-Identifier: MIT */
/*
 * A line of a log: an audit line of ours says what another reader finds in it,
 * a part of it never says anything else, and what a client made other programs
 * say is never one.
 */
#include <stdlib.h>
#include <string.h>

#include "audit-line.h"
#include "fuzz.h"
#include "log-line.h"

#define SYSLOG "Nov 29 03:37:47 mail "

/* What programs log of the words of a client, who has no more than this: printable, one line. */
static const struct {
    const char *before, *behind;
} others[] = {
    {SYSLOG "postfix/smtpd[7]: NOQUEUE: reject: helo=<", ">"},
    {SYSLOG "postfix/smtpd[7]: warning: unknown[192.0.2.7]: SASL PLAIN failed, sasl_username=", ""},
    {SYSLOG "postfix/cleanup[7]: 4cX: message-id=<", ">"},
    {SYSLOG "dovecot: imap-login: Login aborted: user=<", ">, rip=192.0.2.7"},
    {SYSLOG "dovecot: auth: passwd-file(", ",192.0.2.7): unknown user"},
    {"Nov 29 03:37:47 imap-login: Info: Disconnected: user=<", ">, rip=192.0.2.7"},
    {"2026-11-29T03:37:47Z mail dovecot: imap(", ")<7><x>: Logged out"},
    {"<22>1 2026-11-29T03:37:47Z mail postfix/smtpd 7 - - disconnect from ", "[192.0.2.7]"},
};

/* A copy of its own size, so that a step beyond it is seen. */
static char *
copy_of(const void *data, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);

    REQUIRE(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static enum tlsfloor_log_kind
read_copy(const void *data, size_t size, struct tlsfloor_log_line *line_r)
{
    char *copy = copy_of(data, size);
    enum tlsfloor_log_kind kind =
        tlsfloor_log_line_read((struct tlsfloor_text){copy, size}, line_r);

    REQUIRE(kind == line_r->kind);
    free(copy);
    return kind;
}

static int
is_same(const struct audit_line *line, const char *key, struct tlsfloor_text want)
{
    const struct audit_line_value *value = audit_line_find(line, key);

    return value != NULL && value->is_empty == (want.data == NULL) && value->size == want.size &&
           (want.size == 0 || memcmp(value->bytes, want.data, want.size) == 0);
}

/* Whether the other reader finds the same in what begins here; text is changed. */
static int
reads_alike(char *text, const struct tlsfloor_audit_record *record)
{
    static struct audit_line line;

    for (size_t end = strlen(text); end > 0 && strchr(" \r:", text[end - 1]) != NULL; end--)
        text[end - 1] = '\0';
    text[audit_line_size(text)] = '\0';
    return audit_line_read(text, &line) == 0 && is_same(&line, "user", record->user) &&
           is_same(&line, "tls", record->tls_name) && is_same(&line, "cipher", record->cipher) &&
           is_same(&line, "action", tlsfloor_text_from(tlsfloor_action_name(record->action))) &&
           is_same(&line, "service", tlsfloor_text_from(tlsfloor_service_name(record->service)));
}

/* From one of the places where an audit line begins: structured data can have others. */
static void
require_read_alike(const char *text, size_t size, const struct tlsfloor_audit_record *record)
{
    const char *at = text, *end = text + size;
    char *copy = calloc(1, size + 1);
    int alike = 0;

    REQUIRE(copy != NULL);
    while (!alike && (at = memmem(at, (size_t)(end - at), TLSFLOOR_AUDIT_BEGIN,
                                  strlen(TLSFLOOR_AUDIT_BEGIN))) != NULL) {
        memcpy(copy, at, (size_t)(end - at));
        copy[end - at] = '\0';
        alike = reads_alike(copy, record);
        at++;
    }
    REQUIRE(alike);
    free(copy);
}

/* Of what is left of a line when a logger cuts it, nothing reads differently. */
static void
require_parts_alike(const uint8_t *data, size_t size, const struct tlsfloor_log_line *whole)
{
    static struct tlsfloor_log_line part;

    for (size_t cut = size < 40 ? 0 : size - 40; cut < size; cut++) {
        if (read_copy(data, cut, &part) != TLSFLOOR_LOG_AUDIT)
            continue;
        REQUIRE(tlsfloor_text_equal(part.record.user, whole->record.user));
        REQUIRE(tlsfloor_text_equal(part.record.cipher, whole->record.cipher));
        REQUIRE(part.record.tls == whole->record.tls);
        REQUIRE(part.record.action == whole->record.action);
    }
}

static void
require_not_ours(const uint8_t *data, size_t size)
{
    static struct tlsfloor_log_line line;
    char text[4096];

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        int length = snprintf(text, sizeof(text), "%s", others[i].before);

        for (size_t j = 0; j < size && length < 4000; j++)
            text[length++] = data[j] >= ' ' && data[j] <= '~' ? (char)data[j] : '?';
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s", others[i].behind);
        REQUIRE(read_copy(text, (size_t)length, &line) == TLSFLOOR_LOG_OTHER);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tlsfloor_log_line line;
    char *copy = copy_of(data, size);

    if (tlsfloor_log_line_read((struct tlsfloor_text){copy, size}, &line) == TLSFLOOR_LOG_AUDIT) {
        REQUIRE(line.stamp.month >= 1 && line.stamp.month <= 12 && line.stamp.day >= 1);
        require_read_alike(copy, size, &line.record);
        require_parts_alike(data, size, &line);
    }
    require_not_ours(data, size);
    free(copy);
    return 0;
}
