/* SPDX-License-Identifier: MIT */
/*
 * Another program, run to its end without a shell, for what it prints.
 */
#ifndef TLSFLOOR_CHILD_H
#define TLSFLOOR_CHILD_H

#include "file.h"

/* The most that is taken of what it prints, bytes. */
#define CHILD_OUTPUT (8U * 1024 * 1024)

/*
 * Runs argv, found by PATH, with an empty standard input. 1: its standard
 * output, a C string to free(), is in *output_r; 0: there is no such program;
 * -1: it fails, with a sentence that ends in its last line of complaint.
 */
int child_run(char *const argv[], char **output_r, char error[TLSFLOOR_ERROR_TEXT]);

#endif
