/* SPDX-License-Identifier: MIT */
/*
 * Build-ids of files, as Dovecot's are (NT_GNU_BUILD_ID).
 */
#ifndef TLSFLOOR_DOCTOR_ELF_H
#define TLSFLOOR_DOCTOR_ELF_H

#define ELF_ID 129 /* hexadecimal, with its NUL */

/* The build-id of a file. 0, or -1: there is none to be read. */
int elf_build_id(const char *path, char id_r[ELF_ID]);

/* 1 if the file has that text in it, or cannot be read; else 0. */
int elf_mentions(const char *path, const char *id);

#endif
