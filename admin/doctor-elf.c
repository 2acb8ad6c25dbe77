/* SPDX-License-Identifier: MIT */
/*
 * Reads whole files: they are small, and root's. Trusts no number in them.
 */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-elf.h"
#include "file.h"

#define GNU "GNU" /* the owner of a build-id, with its final NUL */
#define NOTE_ALIGNMENT 4

struct file {
    char *data;
    size_t size;
};

static int
read_file(const char *path, struct file *file_r)
{
    char error[TLSFLOOR_ERROR_TEXT];

    return tlsfloor_file_read(path, &file_r->data, &file_r->size, NULL, error) == 1 ? 0 : -1;
}

/* The bytes there, or NULL: the file has not so many. */
static const void *
bytes_at(const struct file *file, size_t offset, size_t size)
{
    return offset > file->size || size > file->size - offset ? NULL : file->data + offset;
}

static size_t
align(size_t size)
{
    return (size + NOTE_ALIGNMENT - 1) / NOTE_ALIGNMENT * NOTE_ALIGNMENT;
}

/* 0 if the notes of a segment have a build-id, which may be up to 64 bytes. */
static int
read_notes(const struct file *file, size_t offset, size_t end, char id_r[ELF_ID])
{
    ElfW(Nhdr) note;
    const unsigned char *id;
    const void *head;

    while (offset < end && (head = bytes_at(file, offset, sizeof(note))) != NULL) {
        memcpy(&note, head, sizeof(note));
        offset += sizeof(note) + align(note.n_namesz);
        id = bytes_at(file, offset, note.n_descsz);
        if (id == NULL)
            return -1;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(GNU) &&
            note.n_descsz <= (ELF_ID - 1) / 2) {
            for (size_t i = 0; i < note.n_descsz; i++)
                snprintf(id_r + 2 * i, 3, "%02x", id[i]);
            return 0;
        }
        offset += align(note.n_descsz);
    }
    return -1;
}

static int
read_segments(const struct file *file, char id_r[ELF_ID])
{
    const void *head = bytes_at(file, 0, sizeof(ElfW(Ehdr)));
    ElfW(Ehdr) elf;
    ElfW(Phdr) segment;

    if (head == NULL)
        return -1;
    memcpy(&elf, head, sizeof(elf));
    if (memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_phentsize != sizeof(segment))
        return -1;
    for (size_t i = 0; i < elf.e_phnum; i++) {
        head = bytes_at(file, elf.e_phoff + i * sizeof(segment), sizeof(segment));
        if (head == NULL)
            return -1;
        memcpy(&segment, head, sizeof(segment));
        if (segment.p_type == PT_NOTE && segment.p_filesz <= file->size &&
            read_notes(file, segment.p_offset, segment.p_offset + segment.p_filesz, id_r) == 0)
            return 0;
    }
    return -1;
}

int
elf_build_id(const char *path, char id_r[ELF_ID])
{
    struct file file;
    int found;

    if (read_file(path, &file) != 0)
        return -1;
    found = read_segments(&file, id_r);
    free(file.data);
    return found;
}

int
elf_mentions(const char *path, const char *id)
{
    struct file file;
    int found;

    if (read_file(path, &file) != 0)
        return 1;
    found = memmem(file.data, file.size, id, strlen(id)) != NULL;
    free(file.data);
    return found;
}
