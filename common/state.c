/* SPDX-License-Identifier: MIT */
/*
 * Reading the applied state. A policy is replaced by rename, so readers see
 * the old one or the new one; a first line with size and checksum tells them
 * when a file was cut or changed behind our back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "state.h"

#define HEADER "# tlsfloor applied policy 1, %zu bytes, checksum %016" PRIx64
#define EXCEPTIONS ", exceptions "

int
tlsfloor_state_path(const char *directory, const char *name, char path_r[TLSFLOOR_PATH],
                    char error[TLSFLOOR_ERROR_TEXT])
{
    int size = snprintf(path_r, TLSFLOOR_PATH, "%s/%s", directory, name);

    if (size < 0 || size >= TLSFLOOR_PATH)
        return tlsfloor_error_format(error, "%.60s...: the path of the state directory is too long",
                                     directory);
    return 0;
}

void
tlsfloor_state_header(struct tlsfloor_text text, uint64_t snapshot,
                      char header_r[TLSFLOOR_STATE_HEADER])
{
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, text.data, text.size);
    char word[40] = "";

    /* The checksum is of both: an identity must not be changed behind our back either. */
    if (snapshot != 0) {
        snprintf(word, sizeof(word), EXCEPTIONS "%016" PRIx64, snapshot);
        hash = tlsfloor_hash_add(hash, word, strlen(word));
    }
    snprintf(header_r, TLSFLOOR_STATE_HEADER, HEADER "%s\n", text.size, hash, word);
}

/* The number of the first line's end, as far as it looks like one; 0: there is none. */
static uint64_t
find_snapshot(struct tlsfloor_text header)
{
    const size_t size = strlen(EXCEPTIONS) + 16;
    char number[17];

    if (header.size <= size + 1)
        return 0;
    header.data += header.size - 1 - size;
    if (memcmp(header.data, EXCEPTIONS, strlen(EXCEPTIONS)) != 0)
        return 0;
    memcpy(number, header.data + strlen(EXCEPTIONS), 16);
    number[16] = '\0';
    return strtoull(number, NULL, 16);
}

/* The policy text behind an intact first line, and its snapshot; -1 if the file is damaged. */
static int
check_header(struct tlsfloor_text file, struct tlsfloor_text *text_r, uint64_t *snapshot_r)
{
    const char *end = file.size == 0 ? NULL : memchr(file.data, '\n', file.size);
    char want[TLSFLOOR_STATE_HEADER];
    struct tlsfloor_text header = file;

    if (end == NULL)
        return -1;
    header.size = (size_t)(end + 1 - file.data);
    *text_r = (struct tlsfloor_text){end + 1, file.size - header.size};
    *snapshot_r = find_snapshot(header);
    tlsfloor_state_header(*text_r, *snapshot_r, want);
    return tlsfloor_text_equal(header, tlsfloor_text_from(want)) ? 0 : -1;
}

/* Keeps the first error of a policy that was applied by another release. */
struct first_problem {
    const char *path;
    char *error;
};

static void
keep_first(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    struct first_problem *first = context;

    if (severity != TLSFLOOR_ERROR || first->error[0] != '\0')
        return;
    /* The text begins on the file's second line. */
    if (line > 0)
        tlsfloor_error_format(first->error, "%s:%u: %s: run tlsfloor apply", first->path, line + 1,
                              sentence);
    else
        tlsfloor_error_format(first->error, "%s: %s: run tlsfloor apply", first->path, sentence);
}

struct tlsfloor_policy *
tlsfloor_state_load(const char *directory, struct stat *stat_r, char error[TLSFLOOR_ERROR_TEXT])
{
    char path[TLSFLOOR_PATH], *data;
    struct first_problem first = {path, error};
    struct tlsfloor_policy *policy = NULL;
    struct tlsfloor_text text;
    uint64_t snapshot;
    size_t size;
    int found;

    if (tlsfloor_state_path(directory, TLSFLOOR_STATE_POLICY, path, error) != 0)
        return NULL;
    found = tlsfloor_file_read(path, &data, &size, stat_r, error);
    if (found == 0)
        tlsfloor_error_format(error, "%s: no policy has been applied: run tlsfloor apply", path);
    if (found != 1)
        return NULL;
    error[0] = '\0';
    if (check_header((struct tlsfloor_text){data, size}, &text, &snapshot) == 0)
        policy = tlsfloor_policy_parse(text, keep_first, &first);
    else
        tlsfloor_error_format(error, "%s: is damaged or of another release: run tlsfloor apply",
                              path);
    free(data);
    if (policy != NULL)
        policy->snapshot = snapshot;
    return policy;
}

int
tlsfloor_state_changed(const char *directory, struct stat *known)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct stat st;

    if (tlsfloor_state_path(directory, TLSFLOOR_STATE_POLICY, path, error) != 0 ||
        stat(path, &st) != 0)
        memset(&st, 0, sizeof(st));
    if (tlsfloor_file_same(&st, known))
        return 0;
    *known = st;
    return 1;
}
