/* SPDX-License-Identifier: MIT */
/*
 * The time that a line of a log begins with. What such a time is in seconds
 * may depend on the machine and on the lines before it, and is not known here.
 */
#ifndef TLSFLOOR_LOG_STAMP_H
#define TLSFLOOR_LOG_STAMP_H

#include "log-line.h"

/*
 * Takes the stamp that text begins with: "Nov 29 03:37:47" (RFC 3164), or
 * "2026-11-29T03:37:47.123+01:00" and its like (RFC 5424, ISO 8601), also with
 * a blank for the T, without fraction or without zone. Both end before a blank.
 * 0, or -1: none, and text is as it was.
 */
int tlsfloor_stamp_parse(struct tlsfloor_text *text, struct tlsfloor_stamp *stamp_r);

#endif
