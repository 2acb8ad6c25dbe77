/* SPDX-License-Identifier: MIT */
/*
 * Reads from left to right, one value after the other.
 */
#include <string.h>

#include "audit-line.h"

static int
hex(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit == '\0' ? NULL : strchr(digits, digit);

    return found == NULL ? -1 : (int)(found - digits);
}

/* One byte between quotes. Returns behind it, or NULL. */
static const char *
read_escape(const char *text, char *byte_r)
{
    if (*text < ' ' || *text > '~')
        return NULL;
    *byte_r = *text;
    if (*text != '\\')
        return text + 1;
    if (text[1] == '"' || text[1] == '\\') {
        *byte_r = text[1];
        return text + 2;
    }
    if (text[1] != 'x' || hex(text[2]) < 0 || hex(text[3]) < 0)
        return NULL;
    *byte_r = (char)(hex(text[2]) * 16 + hex(text[3]));
    return text + 4;
}

/* From behind the opening quote to behind the closing one, or NULL. */
static const char *
read_quoted(const char *text, struct audit_line_value *value)
{
    while (*text != '"') {
        if (value->size == sizeof(value->bytes))
            return NULL;
        text = read_escape(text, &value->bytes[value->size]);
        if (text == NULL)
            return NULL;
        value->size++;
    }
    return text + 1;
}

static const char *
read_plain(const char *text, struct audit_line_value *value)
{
    while (*text != ' ' && *text != '\0') {
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\' ||
            value->size == sizeof(value->bytes))
            return NULL;
        value->bytes[value->size++] = *text++;
    }
    value->is_empty = value->size == 1 && value->bytes[0] == '-';
    if (value->is_empty)
        value->size = 0;
    return value->size > 0 || value->is_empty ? text : NULL;
}

/* " key=value". Returns behind it, or NULL. */
static const char *
read_value(const char *text, struct audit_line_value *value)
{
    size_t size;

    if (*text++ != ' ')
        return NULL;
    size = strcspn(text, "= \"");
    if (text[size] != '=' || size == 0 || size >= sizeof(value->key))
        return NULL;
    memset(value->key, 0, sizeof(value->key));
    memcpy(value->key, text, size);
    value->size = 0;
    value->is_empty = 0;
    text += size + 1;
    return *text == '"' ? read_quoted(text + 1, value) : read_plain(text, value);
}

int
audit_line_read(const char *text, struct audit_line *line_r)
{
    static const char begin[] = "tlsfloor:";

    line_r->count = 0;
    if (strncmp(text, begin, sizeof(begin) - 1) != 0)
        return -1;
    for (text += sizeof(begin) - 1; *text != '\0'; line_r->count++) {
        struct audit_line_value *value = &line_r->values[line_r->count];

        if (line_r->count == AUDIT_LINE_KEYS)
            return -1;
        text = read_value(text, value);
        if (text == NULL || audit_line_find(line_r, value->key) != NULL)
            return -1;
    }
    return 0;
}

const struct audit_line_value *
audit_line_find(const struct audit_line *line, const char *key)
{
    for (size_t i = 0; i < line->count; i++) {
        if (strcmp(line->values[i].key, key) == 0)
            return &line->values[i];
    }
    return NULL;
}

size_t
audit_line_size(const char *text)
{
    size_t at = strlen("tlsfloor:");
    int quoted = 0;

    for (; text[at] != '\0'; at++) {
        if (text[at] == '"')
            quoted = !quoted;
        else if (quoted && text[at] == '\\' && text[at + 1] != '\0')
            at++;
        else if (!quoted && text[at] == ':' && text[at + 1] == ' ')
            break;
    }
    return at;
}
