/* SPDX-License-Identifier: MIT */
/*
 * One entry of the journal, as journalctl -o json prints it: what log-line.h
 * finds in its message, with time and program as the journal has them.
 */
#ifndef TLSFLOOR_JOURNAL_LINE_H
#define TLSFLOOR_JOURNAL_LINE_H

#include <stdint.h>

#include "log-line.h"

/* OTHER also for what is no such entry. time_r: seconds since 1970. */
enum tlsfloor_log_kind journal_line_read(struct tlsfloor_text text,
                                         struct tlsfloor_log_line *line_r, int64_t *time_r);

#endif
