/* SPDX-License-Identifier: MIT */
/*
 * Reads the notes of the files that this process has mapped. Opens no file
 * and uses nothing of Dovecot.
 */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "build-identity.h"

#define GNU "GNU" /* the owner of a build-id, with its final NUL */
#define NOTE_ALIGNMENT 4
#define LONGEST_ID 64 /* bytes */

struct search {
    const char *file;
    char id[2 * LONGEST_ID + 1]; /* empty: has none */
    int found;
};

static size_t
align(size_t size)
{
    return (size + NOTE_ALIGNMENT - 1) / NOTE_ALIGNMENT * NOTE_ALIGNMENT;
}

static void
format_id(const unsigned char *bytes, size_t size, char *text_r)
{
    for (size_t i = 0; i < size && i < LONGEST_ID; i++)
        snprintf(text_r + 2 * i, 3, "%02x", bytes[i]);
}

/* Looks for a build-id among the notes of one segment. */
static void
read_notes(const unsigned char *notes, size_t size, struct search *search)
{
    ElfW(Nhdr) header;

    while (size >= sizeof(header)) {
        size_t name_size, entry_size;

        memcpy(&header, notes, sizeof(header));
        name_size = align(header.n_namesz);
        entry_size = sizeof(header) + name_size + align(header.n_descsz);
        if (entry_size > size)
            return;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof(GNU) &&
            memcmp(notes + sizeof(header), GNU, sizeof(GNU)) == 0)
            format_id(notes + sizeof(header) + name_size, header.n_descsz, search->id);
        notes += entry_size;
        size -= entry_size;
    }
}

static int
ends_with(const char *path, const char *file)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash == NULL ? path : slash + 1, file) == 0;
}

static int
look_at_file(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *search = context;

    (void)size;
    if (!ends_with(info->dlpi_name, search->file))
        return 0;
    search->found = 1;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_NOTE)
            read_notes((const unsigned char *)info->dlpi_addr + segment->p_vaddr, segment->p_memsz,
                       search);
    }
    return 1;
}

int
tlsfloor_build_identity_check(const struct tlsfloor_build_id *wanted, size_t count, char *error,
                              size_t size)
{
    for (size_t i = 0; i < count; i++) {
        struct search search = {.file = wanted[i].file};

        dl_iterate_phdr(look_at_file, &search);
        if (search.found && strcmp(search.id, wanted[i].id) == 0)
            continue;
        snprintf(error, size,
                 "%s %s (build-id %s, built with %s): rebuild tlsfloor for this dovecot-core",
                 wanted[i].file[0] == '\0' ? "this program" : wanted[i].file,
                 search.found ? "is not the one that tlsfloor was built with" : "is not loaded",
                 search.id[0] == '\0' ? "none" : search.id, wanted[i].id);
        return -1;
    }
    return 0;
}
