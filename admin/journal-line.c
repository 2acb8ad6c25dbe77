/* SPDX-License-Identifier: MIT */
/*
 * Values are strings; a message that is none, but an array of bytes, has some
 * that no audit line has, and neither has one of several lines.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "journal-line.h"

/* The host of the entry that was read last, which the line points to. */
static char last_host[256];

static struct tlsfloor_text
get_text(const json_t *entry, const char *name)
{
    const json_t *value = json_object_get(entry, name);

    return (struct tlsfloor_text){json_string_value(value), json_string_length(value)};
}

enum tlsfloor_log_kind
journal_line_read(struct tlsfloor_text text, struct tlsfloor_log_line *line_r, int64_t *time_r)
{
    json_t *entry = json_loadb(text.data, text.size, 0, NULL);
    struct tlsfloor_text message = get_text(entry, "MESSAGE");
    struct tlsfloor_text ident = get_text(entry, "SYSLOG_IDENTIFIER");
    struct tlsfloor_text host = get_text(entry, "_HOSTNAME");
    const char *time = json_string_value(json_object_get(entry, "__REALTIME_TIMESTAMP"));

    line_r->kind = TLSFLOOR_LOG_OTHER;
    snprintf(last_host, sizeof(last_host), "%.*s", host.size > 255 ? 255 : (int)host.size,
             host.data == NULL ? "" : host.data);
    line_r->host = tlsfloor_text_from(last_host);
    if (message.data != NULL && ident.data != NULL && time != NULL) {
        *time_r = (int64_t)(strtoll(time, NULL, 10) / 1000000);
        tlsfloor_log_message_read(ident, message, line_r);
    }
    json_decref(entry);
    return line_r->kind;
}
