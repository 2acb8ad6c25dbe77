/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over seeds without a fuzzer: each file that is named, and
 * each file of each directory that is named. Prints TAP; a target that finds
 * something ends the program, and the plan at the end is then missing.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned tests, failures;

static void
report(int passed, const char *path)
{
    printf("%sok %u - %s\n", passed ? "" : "not ", ++tests, path);
    fflush(stdout);
    failures += passed ? 0 : 1;
}

/* The bytes of a file in memory of exactly their size, to be freed, or NULL. */
static uint8_t *
read_file(const char *path, size_t *size_r)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data = NULL;

    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &status) == 0) {
        *size_r = (size_t)status.st_size;
        data = malloc(*size_r == 0 ? 1 : *size_r);
    }
    if (data != NULL && fread(data, 1, *size_r, file) != *size_r) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static void
replay_file(const char *path)
{
    size_t size;
    uint8_t *data = read_file(path, &size);

    if (data == NULL) {
        report(0, path);
        return;
    }
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    report(1, path);
    free(data);
}

static int
is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void
replay_directory(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_seed, alphasort);

    if (count <= 0) {
        report(0, path);
        return;
    }
    for (int i = 0; i < count; i++) {
        char *file;

        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) >= 0) {
            replay_file(file);
            free(file);
        }
        free(entries[i]);
    }
    free(entries);
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat status;

        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
            replay_directory(argv[i]);
        else
            replay_file(argv[i]);
    }
    printf("1..%u\n", tests);
    return tests == 0 || failures > 0;
}
