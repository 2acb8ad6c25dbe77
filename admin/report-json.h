/* SPDX-License-Identifier: MIT */
/*
 * Parts of the JSON of report that retire has, too. NULL: no memory.
 */
#ifndef TLSFLOOR_REPORT_JSON_H
#define TLSFLOOR_REPORT_JSON_H

#include "json-values.h"
#include "report.h"

/* What the lines cover, and what is missing. */
json_t *view_json_period(const struct tally *tally);
json_t *view_json_users(const struct view *view);
json_t *view_json_logins(const uint64_t logins[TALLY_CLASSES]);

#endif
