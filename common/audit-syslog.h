/* SPDX-License-Identifier: MIT */
/*
 * The only writer to the system log. Never blocks: lines wait in a bounded
 * queue while the logger is slow or gone; what does not fit is counted, and
 * the count is logged when the logger is back. One per process.
 */
#ifndef TLSFLOOR_AUDIT_SYSLOG_H
#define TLSFLOOR_AUDIT_SYSLOG_H

#include <stdint.h>

/* Room for the lines that wait, and the longest line that is sent, bytes. */
#define TLSFLOOR_SYSLOG_QUEUE (1024U * 1024)
#define TLSFLOOR_SYSLOG_LINE 2048U

struct tlsfloor_syslog;

/*
 * Opens the log. path: the logger's datagram socket; NULL: standard error
 * (tlsfloor-policyd -f). facility as syslog(3). A logger that is not there yet
 * is no error. NULL: no memory.
 */
struct tlsfloor_syslog *tlsfloor_syslog_open(const char *path, const char *ident, int facility);

/* Changes the facility of later lines. */
void tlsfloor_syslog_facility(struct tlsfloor_syslog *log, int facility);

/*
 * Sends or queues one line; priority is LOG_INFO, LOG_WARNING ... Control
 * characters become '?', so that one line stays one.
 */
void tlsfloor_syslog_put(struct tlsfloor_syslog *log, int priority, const char *line);

/* Tries to send what is queued; to be called while tlsfloor_syslog_pending(). */
void tlsfloor_syslog_flush(struct tlsfloor_syslog *log);

/*
 * What to wait for before the next tlsfloor_syslog_flush(): this descriptor
 * can be written to. -1: the logger is gone, try again a little later. Valid
 * until the next call with this log.
 */
int tlsfloor_syslog_fd(const struct tlsfloor_syslog *log);

/* Lines that wait, and lines lost so far and not yet reported. */
unsigned tlsfloor_syslog_pending(const struct tlsfloor_syslog *log);
uint64_t tlsfloor_syslog_lost(const struct tlsfloor_syslog *log);

/* Flushes once more, without blocking, and frees the log. */
void tlsfloor_syslog_close(struct tlsfloor_syslog *log);

#endif
