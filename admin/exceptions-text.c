/* SPDX-License-Identifier: MIT */
/*
 * Splits the exceptions file into lines; exception.c understands them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exceptions-text.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Makes room for one more record. 0, or -1: no memory. */
static int
grow(struct exceptions *exceptions)
{
    size_t count = exceptions->count;
    void *items;

    /* Full at every power of two. */
    if (count != 0 && (count & (count - 1)) != 0)
        return 0;
    items = reallocarray(exceptions->items, count == 0 ? 1 : 2 * count, sizeof(*exceptions->items));
    if (items == NULL)
        return -1;
    exceptions->items = items;
    return 0;
}

/* 1: an exception, 0: none, -1: a bad line, which has been told. */
static int
check_line(struct tlsfloor_text line, unsigned number, struct tlsfloor_text default_domain,
           tlsfloor_problem_fn *problem, void *context)
{
    char sentence[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_exception exception;
    int result =
        tlsfloor_exception_parse(line, default_domain, &exception, sentence, sizeof(sentence));

    if (result < 0)
        problem(context, TLSFLOOR_ERROR, number, sentence);
    return result;
}

/* Adds the lines of what is left of the text. 0, or -1: no memory. */
static int
add_lines(struct exceptions *exceptions, const char *data, tlsfloor_problem_fn *problem,
          void *context)
{
    const char *end = exceptions->data + exceptions->size;
    unsigned number = 0;

    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        struct tlsfloor_text line = {data, (size_t)((newline == NULL ? end : newline) - data)};

        number++;
        if (check_line(line, number, exceptions->default_domain, problem, context) == 1) {
            if (grow(exceptions) != 0)
                return -1;
            exceptions->items[exceptions->count++] = (struct exceptions_item){line, number};
        }
        data += line.size + 1;
    }
    return 0;
}

int
exceptions_take(const char *path, char *data, size_t size, struct tlsfloor_text default_domain,
                tlsfloor_problem_fn *problem, void *context, struct exceptions *exceptions_r,
                char error[TLSFLOOR_ERROR_TEXT])
{
    const char *text = data;

    *exceptions_r =
        (struct exceptions){.data = data, .size = size, .default_domain = default_domain};
    if (size >= 3 && memcmp(data, BYTE_ORDER_MARK, 3) == 0) {
        problem(context, TLSFLOOR_ERROR, 1,
                "the file begins with a byte order mark: save it as UTF-8 without one");
        text += 3;
    }
    if (add_lines(exceptions_r, text, problem, context) == 0)
        return 1;
    snprintf(error, TLSFLOOR_ERROR_TEXT, "%s: no memory for its exceptions", path);
    exceptions_free(exceptions_r);
    return -1;
}

int
exceptions_load(const char *path, struct tlsfloor_text default_domain, tlsfloor_problem_fn *problem,
                void *context, struct exceptions *exceptions_r, char error[TLSFLOOR_ERROR_TEXT])
{
    char *data;
    size_t size;
    struct stat identity;
    int found = tlsfloor_file_read(path, &data, &size, &identity, error);

    exceptions_r->default_domain = default_domain;
    if (found == 1)
        found = exceptions_take(path, data, size, default_domain, problem, context, exceptions_r,
                                error);
    if (found == 1)
        exceptions_r->identity = identity;
    return found;
}

void
exceptions_get(const struct exceptions *exceptions, size_t item,
               struct tlsfloor_exception *exception_r)
{
    char sentence[TLSFLOOR_ERROR_TEXT];

    /* It was right when it was read. */
    (void)tlsfloor_exception_parse(exceptions->items[item].line, exceptions->default_domain,
                                   exception_r, sentence, sizeof(sentence));
}

int
exceptions_next(void *cursor, struct tlsfloor_exception *exception_r)
{
    struct exceptions_cursor *at = cursor;

    if (at->next >= at->exceptions->count)
        return 0;
    exceptions_get(at->exceptions, at->next++, exception_r);
    return 1;
}

void
exceptions_free(struct exceptions *exceptions)
{
    free(exceptions->items);
    free(exceptions->data);
    memset(exceptions, 0, sizeof(*exceptions));
}
