/* SPDX-License-Identifier: MIT */
/*
 * Lines "name = value", "words {" and "}". Both programs print one setting a
 * line, whatever people have written.
 */
#include <stdlib.h>
#include <string.h>

#include "doctor-settings.h"

#define BLANKS " \t\r"

static int
add(struct settings *settings, int parent, const char *name, const char *value)
{
    struct setting *items = settings->items;

    if (settings->count == settings->room) {
        settings->room = settings->room == 0 ? 256 : 2 * settings->room;
        items = realloc(items, settings->room * sizeof(*items));
        if (items == NULL)
            return -1;
        settings->items = items;
    }
    items[settings->count++] = (struct setting){parent, name, value};
    return 0;
}

/* Takes the blanks off both ends. */
static char *
trim(char *text)
{
    size_t size;

    text += strspn(text, BLANKS);
    size = strlen(text);
    while (size > 0 && strchr(BLANKS, text[size - 1]) != NULL)
        size--;
    text[size] = '\0';
    return text;
}

/* One line, without its end. *parent is the block that it is in. */
static int
take_line(struct settings *settings, int *parent, char *line)
{
    char *equals = strchr(line, '=');
    size_t size = strlen(line);

    if (line[0] == '\0' || line[0] == '#')
        return 0;
    if (strcmp(line, "}") == 0) {
        if (*parent != SETTINGS_TOP)
            *parent = settings->items[*parent].parent;
        return 0;
    }
    if (equals != NULL) {
        *equals = '\0';
        return add(settings, *parent, trim(line), trim(equals + 1));
    }
    if (line[size - 1] != '{')
        return 0;
    line[size - 1] = '\0';
    if (add(settings, *parent, trim(line), NULL) != 0)
        return -1;
    *parent = (int)settings->count - 1;
    return 0;
}

int
settings_parse(struct settings *settings, char *text)
{
    int parent = SETTINGS_TOP;

    while (text != NULL) {
        char *next = strchr(text, '\n');

        if (next != NULL)
            *next++ = '\0';
        if (take_line(settings, &parent, trim(text)) != 0)
            return -1;
        text = next;
    }
    return 0;
}

const char *
settings_get(const struct settings *settings, int parent, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < settings->count; i++) {
        const struct setting *setting = &settings->items[i];

        if (setting->parent == parent && strcmp(setting->name, name) == 0)
            value = setting->value;
    }
    return value;
}

int
settings_block(const struct settings *settings, int parent, const char *word, size_t at)
{
    size_t size = strlen(word);

    for (; at < settings->count; at++) {
        const struct setting *setting = &settings->items[at];

        if (setting->parent == parent && setting->value == NULL &&
            strncmp(setting->name, word, size) == 0 &&
            (setting->name[size] == '\0' || setting->name[size] == ' '))
            return (int)at;
    }
    return -1;
}

const char *
settings_block_name(const struct settings *settings, int block)
{
    const char *name = settings->items[block].name;

    name += strcspn(name, BLANKS);
    return name + strspn(name, BLANKS);
}

int
settings_has_word(const char *list, const char *word)
{
    size_t size = strlen(word);

    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, BLANKS ",");

        if (length == size && strncmp(list, word, size) == 0)
            return 1;
        list += length;
        list += strspn(list, BLANKS ",");
    }
    return 0;
}

int
settings_is_yes(const char *value)
{
    return value != NULL && strcmp(value, "yes") == 0;
}

void
settings_free(struct settings *settings)
{
    free(settings->items);
    memset(settings, 0, sizeof(*settings));
}
