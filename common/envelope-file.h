/* SPDX-License-Identifier: MIT */
/*
 * The envelope in its file. It is changed in place, so that a descriptor that
 * was opened once, before a chroot say, shows what is in force ever after.
 */
#ifndef TLSFLOOR_ENVELOPE_FILE_H
#define TLSFLOOR_ENVELOPE_FILE_H

#include "envelope.h"
#include "file.h"

/*
 * Opens the envelope of the applied state in directory by the rules of file.h:
 * a descriptor to close(), or -1: there is none that can be believed.
 */
int tlsfloor_envelope_open(const char *directory);

/*
 * Reads it, with one pread(). 0; or -1: the descriptor is -1, or the block is
 * short or damaged; then *envelope_r is everything, as some exception might
 * apply.
 */
int tlsfloor_envelope_read(int fd, struct tlsfloor_envelope *envelope_r);

/* 1 if the open file is not the one of the directory any more: it has been replaced; else 0. */
int tlsfloor_envelope_is_gone(int fd);

#endif
