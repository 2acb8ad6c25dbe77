/* SPDX-License-Identifier: MIT */
/*
 * Asks a policy server as fast as it answers: each of so many connections asks
 * again when its answer has come. Requests are taken in turn from a file.
 *
 *   load SOCKET CONNECTIONS SECONDS FILE     or 127.0.0.1:PORT for SOCKET
 *
 * When each connection has had one answer it says "ready" and waits for a line.
 * At the end it prints answers, seconds, and percentiles of the time to an
 * answer, us, and waits for one more, so that nothing but answers falls between:
 *
 *   answers=210034 seconds=1.000 p50=41.2 p99=80.1 p999=150.2
 *
 * Exit 1: a connection has ended, or an answer is none.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "requests.h"

#define EVENTS 256

/* Times are counted in buckets of 1/32 of a power of two of nanoseconds. */
#define BUCKET_BITS 5
#define BUCKETS ((64 - BUCKET_BITS) << BUCKET_BITS)

struct connection {
    int fd;
    size_t next; /* request */
    uint64_t asked;
};

static size_t requests_count;
static unsigned long answers, buckets[BUCKETS];

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t
nanoseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* --- times --- */

static size_t
bucket_of(uint64_t time)
{
    unsigned shift = 0;

    while (time >> shift >= 2U << BUCKET_BITS)
        shift++;
    return ((size_t)shift << BUCKET_BITS) + (size_t)(time >> shift);
}

static double
microseconds_of(size_t bucket)
{
    size_t shift = bucket >> BUCKET_BITS;

    if (shift == 0)
        return (double)bucket / 1e3;
    shift--;
    return (double)((bucket - (shift << BUCKET_BITS)) << shift) / 1e3;
}

static double
percentile(double part)
{
    unsigned long seen = 0;
    size_t bucket = 0;

    while (bucket < BUCKETS - 1 && (seen += buckets[bucket]) <= part * (double)answers)
        bucket++;
    return microseconds_of(bucket);
}

/* --- connections --- */

static int
connect_to(const char *name)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *port = strncmp(name, "127.0.0.1:", 10) == 0 ? name + 10 : NULL;
    int fd = socket(port == NULL ? AF_UNIX : AF_INET, SOCK_STREAM, 0), result;

    snprintf(path.sun_path, sizeof(path.sun_path), "%s", name);
    inet.sin_port = htons((uint16_t)strtoul(port == NULL ? "0" : port, NULL, 10));
    result = port == NULL ? connect(fd, (const struct sockaddr *)&path, sizeof(path))
                          : connect(fd, (const struct sockaddr *)&inet, sizeof(inet));
    if (fd < 0 || result != 0)
        die(name);
    return fd;
}

static void
ask(struct connection *connection)
{
    size_t number = connection->next++ % requests_count;

    connection->asked = nanoseconds();
    if (write(connection->fd, bench_requests[number].data, bench_requests[number].size) < 0)
        die("write");
}

static void
take_answer(struct connection *connection)
{
    char answer[1024];
    ssize_t size = read(connection->fd, answer, sizeof(answer));

    if (size < 9 || memcmp(answer, "action=", 7) != 0 ||
        memcmp(answer + size - 2, "\n\n", 2) != 0) {
        fprintf(stderr, "no answer: %.*s\n", (int)size, answer);
        exit(1);
    }
    buckets[bucket_of(nanoseconds() - connection->asked)]++;
    answers++;
}

static struct connection *
connect_all(const char *name, size_t count, int epoll)
{
    struct connection *all = calloc(count, sizeof(*all));
    struct rlimit limit = {0, 0};

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; all != NULL && i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};

        all[i].fd = connect_to(name);
        all[i].next = i;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event) != 0)
            die("epoll");
    }
    return all;
}

/* Takes answers, and asks again until a time has come; then until none is due. */
static void
run(int epoll, size_t asked, uint64_t end)
{
    struct epoll_event events[EVENTS];

    while (asked > 0) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        int again = nanoseconds() < end;

        for (int i = 0; i < count; i++) {
            take_answer(events[i].data.ptr);
            if (again)
                ask(events[i].data.ptr);
            else
                asked--;
        }
    }
}

static void
ask_all(struct connection *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ask(&all[i]);
}

static void
warm_up(struct connection *all, size_t count, int epoll)
{
    ask_all(all, count);
    run(epoll, count, 0);
    memset(buckets, 0, sizeof(buckets));
    answers = 0;
}

/* Until somebody has read it and sent a line back. */
static void
say(const char *line)
{
    puts(line);
    fflush(stdout);
    while (getchar() != '\n' && !feof(stdin))
        continue;
}

int
main(int argc, char **argv)
{
    size_t count = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
    int epoll = epoll_create1(0);
    struct connection *all;
    char line[200];
    uint64_t start;

    if (count == 0) {
        fputs("usage: load SOCKET CONNECTIONS SECONDS FILE\n", stderr);
        return 2;
    }
    requests_count = bench_requests_load(argv[4]);
    if (requests_count == 0)
        die(argv[4]);
    all = connect_all(argv[1], count, epoll);
    warm_up(all, count, epoll);
    say("ready");
    start = nanoseconds();
    ask_all(all, count);
    run(epoll, count, start + (uint64_t)(strtod(argv[3], NULL) * 1e9));
    snprintf(line, sizeof(line), "answers=%lu seconds=%.6f p50=%.1f p99=%.1f p999=%.1f", answers,
             (double)(nanoseconds() - start) / 1e9, percentile(0.5), percentile(0.99),
             percentile(0.999));
    say(line);
    free(all);
    return 0;
}
