/* SPDX-License-Identifier: MIT */
/*
 * Preloaded, it lets the allocation fail that FAIL_AT numbers, from 1 on, or
 * that and all after it if FAIL_ALL is set. At the end of the process it says
 * on standard error how many there were.
 *
 * Those of libseccomp are not among them: it hangs, crashes or forgets half of
 * a filter then (2.5.4). It is needed only once, at the start.
 */
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The C library's own, for those who replace malloc(3). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static unsigned long count, fail_at;
static int fail_all;
static ElfW(Addr) spared_begin, spared_end;

static int
spare(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size, (void)context;
    if (strstr(object->dlpi_name, "/libseccomp.") == NULL)
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && part->p_flags & PF_X) {
            spared_begin = object->dlpi_addr + part->p_vaddr;
            spared_end = spared_begin + part->p_memsz;
        }
    }
    return 1;
}

static void __attribute__((constructor)) start(void)
{
    const char *number = getenv("FAIL_AT");

    dl_iterate_phdr(spare, NULL);
    fail_all = getenv("FAIL_ALL") != NULL;
    fail_at = number == NULL ? 0 : strtoul(number, NULL, 10);
    count = 0;
}

static void __attribute__((destructor)) end(void)
{
    char line[60];
    int size = snprintf(line, sizeof(line), "allocations: %lu\n", count);

    (void)!write(STDERR_FILENO, line, (size_t)size);
}

static int
is_to_fail(const void *caller)
{
    if ((ElfW(Addr))caller >= spared_begin && (ElfW(Addr))caller < spared_end)
        return 0;
    count++;
    if (fail_at == 0 || count < fail_at || (count > fail_at && !fail_all))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *
malloc(size_t size)
{
    return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t number, size_t size)
{
    return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_calloc(number, size);
}

void *
realloc(void *block, size_t size)
{
    return is_to_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}
