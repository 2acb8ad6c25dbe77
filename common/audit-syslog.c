/* SPDX-License-Identifier: MIT */
/*
 * Speaks to the system logger as syslog(3) does, over a connected datagram
 * socket, but never waits for it. Lines keep their order: while one waits,
 * none overtakes it. The socket is one for life and only connected anew, so
 * an event loop can keep its descriptor.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "audit-syslog.h"

enum outcome {
    SENT,
    LATER,  /* not now: the logger is slow or gone */
    REFUSED /* never: the line is too long for the logger */
};

struct tlsfloor_syslog {
    struct sockaddr_un address;
    socklen_t address_size; /* 0: standard error */
    int fd;
    int connected; /* 0: the logger was not there when last tried */
    int facility;
    char tag[64]; /* "ident[pid]: " */
    time_t stamp_time;
    char stamp[32]; /* "Mmm dd hh:mm:ss " of stamp_time */
    char *ring;     /* records: two bytes of size, and that many bytes */
    size_t start, used;
    unsigned pending;
    uint64_t lost;
};

static int
connect_logger(struct tlsfloor_syslog *log)
{
    if (log->fd < 0)
        log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    log->connected = log->fd >= 0 && connect(log->fd, (const struct sockaddr *)&log->address,
                                             log->address_size) == 0;
    return log->connected;
}

static enum outcome
send_to_logger(struct tlsfloor_syslog *log, const char *data, size_t size)
{
    /* The second try is for a logger that has taken the place of one that is gone. */
    for (int tries = 0; tries < 2; tries++) {
        if (!log->connected && !connect_logger(log))
            return LATER;
        if (send(log->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return SENT;
        if (errno == EAGAIN || errno == ENOBUFS)
            return LATER;
        if (errno == EMSGSIZE)
            return REFUSED;
        log->connected = 0;
    }
    return LATER;
}

/*
 * Standard error is shared with other processes, so O_NONBLOCK must not be set
 * on it. A pipe or socket that poll(2) calls writable takes a line whole and
 * at once, as no line is longer than PIPE_BUF.
 */
static enum outcome
write_to_stderr(struct tlsfloor_syslog *log, const char *data, size_t size)
{
    struct pollfd target = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    int ready = poll(&target, 1, 0);

    log->connected = ready == 0 || (ready > 0 && !(target.revents & (POLLERR | POLLNVAL)));
    if (ready <= 0 || !log->connected)
        return LATER;
    if (write(STDERR_FILENO, data, size) >= 0)
        return SENT;
    log->connected = errno == EAGAIN;
    return LATER;
}

static enum outcome
send_line(struct tlsfloor_syslog *log, const char *data, size_t size)
{
    return log->address_size > 0 ? send_to_logger(log, data, size)
                                 : write_to_stderr(log, data, size);
}

/*
 * Local time, although all else is UTC: the header names no zone, and loggers
 * that read it take it for theirs, as syslog(3) writes it.
 */
static const char *
stamp(struct tlsfloor_syslog *log)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now != log->stamp_time && localtime_r(&now, &tm) != NULL) {
        log->stamp_time = now;
        strftime(log->stamp, sizeof(log->stamp), "%b %e %H:%M:%S ", &tm);
    }
    return log->stamp;
}

/* The line as it is sent, into line_r of TLSFLOOR_SYSLOG_LINE bytes; returns its size. */
static size_t
compose(struct tlsfloor_syslog *log, int priority, const char *line, char *line_r)
{
    int to_stderr = log->address_size == 0;
    size_t room = TLSFLOOR_SYSLOG_LINE - 1; /* for the line end */
    size_t size, begin;

    begin = (size_t)(to_stderr ? snprintf(line_r, room, "%s", log->tag)
                               : snprintf(line_r, room, "<%d>%s%s", log->facility | priority,
                                          stamp(log), log->tag));
    size = begin + strnlen(line, room - begin);
    memcpy(line_r + begin, line, size - begin);
    for (size_t i = begin; i < size; i++) {
        if ((unsigned char)line_r[i] < 0x20 || line_r[i] == 0x7f)
            line_r[i] = '?';
    }
    if (to_stderr)
        line_r[size++] = '\n';
    return size;
}

/* The longest stretch at an offset that does not wrap, at most size. */
static size_t
stretch(size_t at, size_t size)
{
    size_t end = TLSFLOOR_SYSLOG_QUEUE - at;

    return size < end ? size : end;
}

static void
ring_append(struct tlsfloor_syslog *log, const void *data, size_t size)
{
    size_t at = (log->start + log->used) % TLSFLOOR_SYSLOG_QUEUE;
    size_t first = stretch(at, size);

    memcpy(log->ring + at, data, first);
    memcpy(log->ring, (const char *)data + first, size - first);
    log->used += size;
}

static void
ring_copy(const struct tlsfloor_syslog *log, size_t offset, void *data_r, size_t size)
{
    size_t at = (log->start + offset) % TLSFLOOR_SYSLOG_QUEUE;
    size_t first = stretch(at, size);

    memcpy(data_r, log->ring + at, first);
    memcpy((char *)data_r + first, log->ring, size - first);
}

static void
ring_drop(struct tlsfloor_syslog *log, size_t size)
{
    log->used -= size;
    /* Back to the beginning when empty: a short queue then touches few pages. */
    log->start = log->used == 0 ? 0 : (log->start + size) % TLSFLOOR_SYSLOG_QUEUE;
}

/* 0, or -1: no room. */
static int
enqueue(struct tlsfloor_syslog *log, const char *data, size_t size)
{
    uint16_t record = (uint16_t)size;

    if (log->ring == NULL)
        log->ring = malloc(TLSFLOOR_SYSLOG_QUEUE);
    if (log->ring == NULL || TLSFLOOR_SYSLOG_QUEUE - log->used < sizeof(record) + size)
        return -1;
    ring_append(log, &record, sizeof(record));
    ring_append(log, data, size);
    log->pending++;
    return 0;
}

/* Sends the line that has waited longest. 0: it is no longer in the queue; -1: it waits on. */
static int
send_oldest(struct tlsfloor_syslog *log)
{
    char data[TLSFLOOR_SYSLOG_LINE];
    uint16_t record;
    enum outcome outcome;

    ring_copy(log, 0, &record, sizeof(record));
    ring_copy(log, sizeof(record), data, record);
    outcome = send_line(log, data, record);
    if (outcome == LATER)
        return -1;
    ring_drop(log, sizeof(record) + record);
    log->pending--;
    log->lost += outcome == REFUSED;
    return 0;
}

static void
report_lost(struct tlsfloor_syslog *log)
{
    char text[100], data[TLSFLOOR_SYSLOG_LINE];

    snprintf(text, sizeof(text), "%" PRIu64 " %s lost while the system log was not reading",
             log->lost, log->lost == 1 ? "line was" : "lines were");
    if (send_line(log, data, compose(log, LOG_WARNING, text, data)) == SENT)
        log->lost = 0;
}

struct tlsfloor_syslog *
tlsfloor_syslog_open(const char *path, const char *ident, int facility)
{
    struct tlsfloor_syslog *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return NULL;
    tzset();
    log->fd = -1;
    log->facility = facility;
    log->stamp_time = -1;
    snprintf(log->tag, sizeof(log->tag), "%.40s[%ld]: ", ident, (long)getpid());
    if (path != NULL) {
        log->address.sun_family = AF_UNIX;
        snprintf(log->address.sun_path, sizeof(log->address.sun_path), "%s", path);
        log->address_size = sizeof(log->address);
        connect_logger(log);
    }
    return log;
}

void
tlsfloor_syslog_facility(struct tlsfloor_syslog *log, int facility)
{
    log->facility = facility;
}

void
tlsfloor_syslog_put(struct tlsfloor_syslog *log, int priority, const char *line)
{
    char data[TLSFLOOR_SYSLOG_LINE];
    size_t size = compose(log, priority, line, data);
    enum outcome outcome = LATER;

    if (log->pending > 0 && enqueue(log, data, size) == 0)
        return;
    tlsfloor_syslog_flush(log);
    if (log->pending == 0)
        outcome = send_line(log, data, size);
    if (outcome == REFUSED || (outcome == LATER && enqueue(log, data, size) < 0))
        log->lost++;
}

void
tlsfloor_syslog_flush(struct tlsfloor_syslog *log)
{
    while (log->pending > 0) {
        if (send_oldest(log) < 0)
            return;
    }
    if (log->lost > 0)
        report_lost(log);
}

int
tlsfloor_syslog_fd(const struct tlsfloor_syslog *log)
{
    if (!log->connected)
        return -1;
    return log->address_size > 0 ? log->fd : STDERR_FILENO;
}

unsigned
tlsfloor_syslog_pending(const struct tlsfloor_syslog *log)
{
    return log->pending;
}

uint64_t
tlsfloor_syslog_lost(const struct tlsfloor_syslog *log)
{
    return log->lost;
}

void
tlsfloor_syslog_close(struct tlsfloor_syslog *log)
{
    if (log == NULL)
        return;
    tlsfloor_syslog_flush(log);
    if (log->fd >= 0)
        close(log->fd);
    free(log->ring);
    free(log);
}
