/* SPDX-License-Identifier: MIT */
/*
 * A line is taken apart from its beginning: stamp, host, ident, and for Dovecot
 * the name of the process. What a client can choose stands behind other words
 * of the program in all of Postfix's and Dovecot's messages, so that it never
 * comes to where our words have to begin.
 */
#include <string.h>

#include "log-line.h"
#include "log-stamp.h"

/* What stands before the words of Dovecot's login processes, and whom they serve. */
static const struct {
    const char *name;
    enum tlsfloor_service service;
} processes[] = {
    {"imap-login: ", TLSFLOOR_SERVICE_IMAP},
    {"pop3-login: ", TLSFLOOR_SERVICE_POP3},
    {"managesieve-login: ", TLSFLOOR_SERVICE_SIEVE},
    {"submission-login: ", TLSFLOOR_SERVICE_SUBMISSION},
};
#define PROCESSES (sizeof(processes) / sizeof(processes[0]))

/* Who tells of lost lines, in words that stand somewhere in the message. */
static const struct {
    const char *ident, *words;
} losses[] = {
    {"tlsfloor-policyd", " lost while the system log was not reading"},
    {"rsyslogd", "begin to drop messages"},
    {"rsyslogd", "messages lost due to rate-limiting"},
    {"systemd-journald", "Suppressed "},
};
#define LOSSES (sizeof(losses) / sizeof(losses[0]))

static int
skip(struct tlsfloor_text *text, const char *string)
{
    size_t size = strlen(string);

    if (text->size < size || memcmp(text->data, string, size) != 0)
        return 0;
    *text = (struct tlsfloor_text){text->data + size, text->size - size};
    return 1;
}

static void
skip_blanks(struct tlsfloor_text *text)
{
    while (skip(text, " "))
        continue;
}

/* Takes what stands before the next blank, and the blanks. */
static struct tlsfloor_text
take_word(struct tlsfloor_text *text)
{
    struct tlsfloor_text word = {text->data, 0};

    while (word.size < text->size && text->data[word.size] != ' ')
        word.size++;
    text->data += word.size;
    text->size -= word.size;
    skip_blanks(text);
    return word;
}

static int
has_words(struct tlsfloor_text text, const char *words)
{
    return memmem(text.data, text.size, words, strlen(words)) != NULL;
}

/* --- the message --- */

static int
is_lost(struct tlsfloor_text ident, struct tlsfloor_text message)
{
    for (size_t i = 0; i < LOSSES; i++) {
        if (tlsfloor_text_equal(ident, tlsfloor_text_from(losses[i].ident)) &&
            has_words(message, losses[i].words))
            return 1;
    }
    return 0;
}

/* The words of a login process, if these are: 1, and the service that it has. */
static int
skip_process(struct tlsfloor_text *message, enum tlsfloor_service *service_r)
{
    for (size_t i = 0; i < PROCESSES; i++) {
        if (skip(message, processes[i].name)) {
            *service_r = processes[i].service;
            skip(message, "Info: ");
            return 1;
        }
    }
    return 0;
}

/* Reads the audit line that has to begin here, and end where the program's own would. */
static enum tlsfloor_log_kind
read_audit(struct tlsfloor_text message, enum tlsfloor_service service,
           struct tlsfloor_log_line *line)
{
    size_t size;

    /* Loggers leave blanks at the end, and those of DOS more. */
    while (message.size > 0 && strchr(" \r", message.data[message.size - 1]) != NULL &&
           message.data[message.size - 1] != '\0')
        message.size--;
    line->kind = TLSFLOOR_LOG_DAMAGED;
    if (tlsfloor_audit_read(message, &line->record, &size) == 0 &&
        line->record.service == service &&
        (line->program == TLSFLOOR_LOG_DOVECOT || size == message.size))
        line->kind = TLSFLOOR_LOG_AUDIT;
    return line->kind;
}

enum tlsfloor_log_kind
tlsfloor_log_message_read(struct tlsfloor_text ident, struct tlsfloor_text message,
                          struct tlsfloor_log_line *line_r)
{
    enum tlsfloor_service service = TLSFLOOR_SERVICE_SUBMISSION;
    int is_ours = tlsfloor_text_equal(ident, tlsfloor_text_from("tlsfloor-policyd"));

    line_r->kind = TLSFLOOR_LOG_OTHER;
    line_r->program = TLSFLOOR_LOG_POSTFIX;
    if (tlsfloor_text_equal(ident, tlsfloor_text_from("dovecot"))) {
        line_r->program = TLSFLOOR_LOG_DOVECOT;
        is_ours = skip_process(&message, &service);
    }
    /* First, because a user's name could have the words that tell of a loss. */
    if (is_ours && message.size >= strlen(TLSFLOOR_AUDIT_BEGIN) &&
        memcmp(message.data, TLSFLOOR_AUDIT_BEGIN, strlen(TLSFLOOR_AUDIT_BEGIN)) == 0)
        return read_audit(message, service, line_r);
    if (is_lost(ident, message))
        line_r->kind = TLSFLOOR_LOG_LOST;
    return line_r->kind;
}

/* --- what stands before it --- */

/* "ident:" or "ident[4711]:", without its blanks, to "ident"; 0: neither. */
static int
strip_ident(struct tlsfloor_text *ident)
{
    size_t size = ident->size;

    if (size == 0 || ident->data[size - 1] != ':')
        return 0;
    size--;
    if (size > 0 && ident->data[size - 1] == ']') {
        size--;
        while (size > 0 && ident->data[size - 1] >= '0' && ident->data[size - 1] <= '9')
            size--;
        if (size == 0 || ident->data[size - 1] != '[')
            return 0;
        size--;
    }
    ident->size = size;
    return 1;
}

/* Leaves out the structured data of RFC 5424: "-", or "[...]" with quoted values. */
static int
skip_structured(struct tlsfloor_text *text)
{
    int quoted = 0;

    if (skip(text, "- ") || skip(text, "-"))
        return 1;
    while (skip(text, "[")) {
        for (; text->size > 0 && (quoted || text->data[0] != ']'); text->data++, text->size--) {
            if (quoted && text->data[0] == '\\' && text->size > 1) {
                text->data++;
                text->size--;
            } else if (text->data[0] == '"') {
                quoted = !quoted;
            }
        }
        if (!skip(text, "]"))
            return 0;
    }
    return skip(text, " ");
}

/* Behind the stamp of RFC 5424: host, program, process, message id, structured data. */
static enum tlsfloor_log_kind
read_rfc5424(struct tlsfloor_text text, struct tlsfloor_log_line *line)
{
    struct tlsfloor_text ident;

    line->host = take_word(&text);
    ident = take_word(&text);
    take_word(&text);
    take_word(&text);
    if (!skip_structured(&text))
        return TLSFLOOR_LOG_OTHER;
    skip(&text, "\xef\xbb\xbf");
    skip_blanks(&text);
    return tlsfloor_log_message_read(ident, text, line);
}

/* Behind the stamp of the other forms. */
static enum tlsfloor_log_kind
read_others(struct tlsfloor_text text, struct tlsfloor_log_line *line)
{
    struct tlsfloor_text ident, dovecot = text;
    enum tlsfloor_service service;

    if (skip_process(&dovecot, &service))
        return tlsfloor_log_message_read(tlsfloor_text_from("dovecot"), text, line);
    ident = take_word(&text);
    /* Some loggers leave the host out. */
    if (!strip_ident(&ident)) {
        line->host = ident;
        ident = take_word(&text);
        if (!strip_ident(&ident))
            return TLSFLOOR_LOG_OTHER;
    }
    return tlsfloor_log_message_read(ident, text, line);
}

/* "<22>": 1 if it was there. */
static int
skip_priority(struct tlsfloor_text *text)
{
    size_t size = 1;

    if (text->size == 0 || text->data[0] != '<')
        return 0;
    while (size < text->size && size < 4 && text->data[size] >= '0' && text->data[size] <= '9')
        size++;
    if (size == 1 || size == text->size || text->data[size] != '>')
        return 0;
    *text = (struct tlsfloor_text){text->data + size + 1, text->size - size - 1};
    return 1;
}

enum tlsfloor_log_kind
tlsfloor_log_line_read(struct tlsfloor_text text, struct tlsfloor_log_line *line_r)
{
    int is_rfc5424;

    line_r->kind = TLSFLOOR_LOG_OTHER;
    line_r->host = (struct tlsfloor_text){NULL, 0};
    is_rfc5424 = skip_priority(&text) && skip(&text, "1 ");
    if (tlsfloor_stamp_parse(&text, &line_r->stamp) != 0)
        return line_r->kind;
    skip_blanks(&text);
    return is_rfc5424 ? read_rfc5424(text, line_r) : read_others(text, line_r);
}
