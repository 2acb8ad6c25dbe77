/* SPDX-License-Identifier: MIT */
/*
 * Lines, values and items of tlsfloor.conf. Reads every byte a fixed number of
 * times, whatever the text holds; keeps pointers into the text and copies only
 * what is to be told. Never reads a file, and never prints.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define SENTENCE 512
#define QUOTED 40 /* bytes of a quoted text, before "..." */
#define NAME 32   /* longer than every name that is compared */

void
tlsfloor_conf_error(struct tlsfloor_conf_report *report, unsigned line, const char *format, ...)
{
    char sentence[SENTENCE] = "more errors follow";
    va_list arguments;

    if (tlsfloor_conf_full(report))
        return;
    report->errors++;
    if (report->problem == NULL)
        return;
    if (tlsfloor_conf_full(report)) {
        line = 0;
    } else {
        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
    }
    report->problem(report->context, TLSFLOOR_ERROR, line, sentence);
}

int
tlsfloor_conf_full(const struct tlsfloor_conf_report *report)
{
    return report->errors > TLSFLOOR_CONF_ERRORS;
}

struct tlsfloor_conf_quoted
tlsfloor_conf_quote(struct tlsfloor_text text)
{
    struct tlsfloor_conf_quoted quoted;
    size_t used = 0;
    size_t i;

    for (i = 0; i < text.size && used + 4 <= QUOTED; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte < 0x20 || byte > 0x7e)
            used += (size_t)snprintf(quoted.text + used, 5, "\\x%02X", byte);
        else
            quoted.text[used++] = (char)byte;
    }
    strcpy(quoted.text + used, i < text.size ? "..." : "");
    return quoted;
}

/* Levenshtein's distance, letters compared without their case. */
static unsigned
edit_distance(struct tlsfloor_text text, const char *name)
{
    unsigned row[NAME + 1];
    size_t size = strlen(name);

    for (size_t i = 0; i <= size; i++)
        row[i] = (unsigned)i;
    for (size_t k = 0; k < text.size; k++) {
        unsigned char byte = tlsfloor_text_fold((unsigned char)text.data[k]);
        unsigned diagonal = row[0];

        row[0] = (unsigned)k + 1;
        for (size_t i = 1; i <= size; i++) {
            unsigned best = diagonal + (byte != tlsfloor_text_fold((unsigned char)name[i - 1]));

            diagonal = row[i];
            if (row[i] + 1 < best)
                best = row[i] + 1;
            if (row[i - 1] + 1 < best)
                best = row[i - 1] + 1;
            row[i] = best;
        }
    }
    return row[size];
}

void
tlsfloor_conf_nearest_try(struct tlsfloor_conf_nearest *nearest, const char *name)
{
    unsigned limit = nearest->text.size < 5 ? 2 : 3; /* the first distance that is too far */
    unsigned distance;

    if (nearest->text.size == 0 || nearest->text.size > NAME)
        return;
    /* One more than the distance, so that zero can mean "none yet". */
    distance = edit_distance(nearest->text, name) + 1;
    if (distance > limit || (nearest->distance != 0 && distance > nearest->distance))
        return;
    nearest->name = distance == nearest->distance ? NULL : name;
    nearest->distance = distance;
}

int
tlsfloor_conf_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

struct tlsfloor_text
tlsfloor_conf_trim(struct tlsfloor_text text)
{
    while (text.size > 0 && tlsfloor_conf_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && tlsfloor_conf_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

static int
is_comment(struct tlsfloor_text line)
{
    line = tlsfloor_conf_trim(line);
    return line.size > 0 && line.data[0] == '#';
}

int
tlsfloor_conf_check_line(struct tlsfloor_conf_report *report, unsigned line,
                         struct tlsfloor_text text)
{
    int comment;

    if (text.size > TLSFLOOR_CONF_LINE) {
        tlsfloor_conf_error(report, line, "the line is longer than %d bytes", TLSFLOOR_CONF_LINE);
        return -1;
    }
    comment = is_comment(text);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte >= 0x80 && !comment)
            tlsfloor_conf_error(report, line,
                                "column %zu is not ASCII (byte 0x%02x), which only a comment may "
                                "hold",
                                i + 1, byte);
        else if (byte == 0)
            tlsfloor_conf_error(report, line, "column %zu is a NUL byte", i + 1);
        else if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            tlsfloor_conf_error(report, line, "column %zu is a control character (byte 0x%02x)",
                                i + 1, byte);
        else
            continue;
        return -1;
    }
    return 0;
}

static void
take(struct tlsfloor_text *text, size_t size)
{
    text->data += size;
    text->size -= size;
}

/* What is left of the line, without its end. */
static struct tlsfloor_text
rest_of_line(struct tlsfloor_text text)
{
    const char *end = text.size > 0 ? memchr(text.data, '\n', text.size) : NULL;

    if (end != NULL)
        text.size = (size_t)(end - text.data);
    return text;
}

/* Takes an end of line, and a comment that follows it. */
static void
take_line_end(struct tlsfloor_conf_value *value)
{
    struct tlsfloor_text line;

    take(&value->text, 1);
    value->line++;
    line = rest_of_line(value->text);
    if (is_comment(line))
        take(&value->text, line.size);
}

/* Blanks; a carriage return has been told of, and is not to be told of again. */
static int
is_gap(char byte)
{
    return tlsfloor_conf_blank(byte) || byte == '\r';
}

static int
ends_item(char byte)
{
    return is_gap(byte) || byte == '\n' || byte == ',';
}

int
tlsfloor_conf_next_item(struct tlsfloor_conf_value *value, struct tlsfloor_conf_item *item_r)
{
    struct tlsfloor_text *text = &value->text;
    size_t size = 0;

    item_r->after_comma = 0;
    while (text->size > 0 && ends_item(*text->data)) {
        if (*text->data == ',')
            item_r->after_comma = 1;
        if (*text->data == '\n')
            take_line_end(value);
        else
            take(text, 1);
    }
    while (size < text->size && !ends_item(text->data[size]))
        size++;
    item_r->text.data = text->data;
    item_r->text.size = size;
    item_r->line = value->line;
    take(text, size);
    return size > 0;
}

void
tlsfloor_conf_skip_line(struct tlsfloor_conf_value *value)
{
    take(&value->text, rest_of_line(value->text).size);
}

static void
join_line(struct tlsfloor_conf_joined *joined, struct tlsfloor_text line)
{
    size_t room = sizeof joined->text - 1 - joined->size;

    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    line = tlsfloor_conf_trim(line);
    if (line.size == 0)
        return;
    if (joined->size > 0 && room > 0) {
        joined->text[joined->size++] = ' ';
        room--;
    }
    if (line.size > room) {
        line.size = room;
        joined->cut = 1;
    }
    memcpy(joined->text + joined->size, line.data, line.size);
    joined->size += line.size;
}

void
tlsfloor_conf_join(struct tlsfloor_conf_value value, struct tlsfloor_conf_joined *joined_r)
{
    joined_r->size = 0;
    joined_r->cut = 0;
    while (value.text.size > 0) {
        struct tlsfloor_text line = rest_of_line(value.text);

        join_line(joined_r, line);
        take(&value.text, line.size);
        if (value.text.size > 0)
            take_line_end(&value);
    }
    joined_r->text[joined_r->size] = '\0';
}

int
tlsfloor_conf_has_comment(struct tlsfloor_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '#' && (i == 0 || tlsfloor_conf_blank(text.data[i - 1])))
            return 1;
    return 0;
}

static int
make_room(struct tlsfloor_conf_output *output, size_t size)
{
    size_t room = output->room == 0 ? 1024 : output->room;
    char *data;

    if (size > SIZE_MAX / 4 - output->size)
        return -1;
    while (room <= output->size + size)
        room *= 2;
    if (room == output->room)
        return 0;
    data = realloc(output->data, room);
    if (data == NULL)
        return -1;
    output->data = data;
    output->room = room;
    return 0;
}

void
tlsfloor_conf_put(struct tlsfloor_conf_output *output, const char *string)
{
    size_t size = strlen(string);

    if (output->failed)
        return;
    if (make_room(output, size) != 0) {
        free(output->data);
        *output = (struct tlsfloor_conf_output){.failed = 1};
        return;
    }
    memcpy(output->data + output->size, string, size + 1);
    output->size += size;
}
