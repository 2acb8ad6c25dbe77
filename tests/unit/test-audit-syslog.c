/* SPDX-License-Identifier: MIT */
/*
 * The log writer against a logger of its own: a datagram socket in a private
 * directory, read only when a test says so. Every test ends by alarm() if
 * anything ever blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit-syslog.h"

#define BURST 2000U
#define SECONDS 20

struct fixture {
    char directory[64];
    char path[80];
    int logger; /* -1: gone */
    struct tlsfloor_syslog *log;
    char line[TLSFLOOR_SYSLOG_LINE + 1]; /* the last one received */
};

static unsigned refusals; /* so many lines are too long for the logger */

/* Takes the place of the C library's, as no line of ours is too long for a real socket. */
ssize_t
send(int fd, const void *data, size_t size, int flags)
{
    if (refusals > 0) {
        refusals--;
        errno = EMSGSIZE;
        return -1;
    }
    return sendto(fd, data, size, flags, NULL, 0);
}

/* --- the logger --- */

static void
start_logger(struct fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(address.sun_path, fixture->path);
    fixture->logger = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(fixture->logger >= 0);
    assert_int_equal(bind(fixture->logger, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void
stop_logger(struct fixture *fixture)
{
    close(fixture->logger);
    unlink(fixture->path);
    fixture->logger = -1;
}

/* 1: a line is in fixture->line; 0: none is there. */
static int
receive(struct fixture *fixture)
{
    ssize_t size = recv(fixture->logger, fixture->line, sizeof(fixture->line) - 1, 0);

    if (size < 0) {
        assert_int_equal(errno, EAGAIN);
        return 0;
    }
    fixture->line[size] = '\0';
    return 1;
}

/* What follows "ident[pid]: ". */
static const char *
message(struct fixture *fixture)
{
    char tag[40];
    const char *found;

    snprintf(tag, sizeof(tag), " ident[%ld]: ", (long)getpid());
    found = strstr(fixture->line, tag);
    assert_non_null(found);
    return found + strlen(tag);
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    strcpy(fixture->directory, "/tmp/tlsfloor-test-XXXXXX");
    if (mkdtemp(fixture->directory) == NULL)
        return -1;
    snprintf(fixture->path, sizeof(fixture->path), "%s/log", fixture->directory);
    alarm(SECONDS);
    start_logger(fixture);
    fixture->log = tlsfloor_syslog_open(fixture->path, "ident", LOG_MAIL);
    *state = fixture;
    return fixture->log == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    tlsfloor_syslog_close(fixture->log);
    if (fixture->logger >= 0)
        stop_logger(fixture);
    rmdir(fixture->directory);
    free(fixture);
    alarm(0);
    return 0;
}

/* --- lines with numbers --- */

static void
put_numbers(struct fixture *fixture, unsigned from, unsigned to)
{
    char line[160];

    for (unsigned number = from; number < to; number++) {
        /* As long as an audit line is. */
        snprintf(line, sizeof(line), "%u %0120d", number, 0);
        tlsfloor_syslog_put(fixture->log, LOG_INFO, line);
    }
}

/* Receives and flushes in turn until nothing waits; expects the numbers from .. to - 1 in order. */
static void
expect_numbers(struct fixture *fixture, unsigned from, unsigned to)
{
    unsigned number = from;

    while (number < to) {
        if (receive(fixture)) {
            assert_int_equal(strtoul(message(fixture), NULL, 10), number);
            number++;
            continue;
        }
        assert_true(tlsfloor_syslog_pending(fixture->log) > 0);
        tlsfloor_syslog_flush(fixture->log);
    }
}

/* --- tests --- */

static void
test_header_is_that_of_syslog(void **state)
{
    struct fixture *fixture = *state;
    char month[4], time[9], tag[40], rest[100];
    unsigned priority, day;

    tlsfloor_syslog_put(fixture->log, LOG_WARNING, "a line");
    assert_true(receive(fixture));
    assert_int_equal(sscanf(fixture->line, "<%u>%3s %2u %8s %39s %99[^\n]", &priority, month, &day,
                            time, tag, rest),
                     6);
    assert_int_equal(priority, LOG_MAIL | LOG_WARNING);
    assert_non_null(strstr("JanFebMarAprMayJunJulAugSepOctNovDec", month));
    assert_in_range(day, 1, 31);
    assert_int_equal(strlen(time), 8);
    assert_string_equal(message(fixture), "a line");
}

static void
test_facility_can_change(void **state)
{
    struct fixture *fixture = *state;
    unsigned priority;

    tlsfloor_syslog_facility(fixture->log, LOG_LOCAL3);
    tlsfloor_syslog_put(fixture->log, LOG_INFO, "x");
    assert_true(receive(fixture));
    assert_int_equal(sscanf(fixture->line, "<%u>", &priority), 1);
    assert_int_equal(priority, LOG_LOCAL3 | LOG_INFO);
}

static void
test_one_line_stays_one(void **state)
{
    struct fixture *fixture = *state;

    tlsfloor_syslog_put(fixture->log, LOG_INFO, "a\nb\rc\td\x7f\x1b[0m \xc3\xa9");
    assert_true(receive(fixture));
    assert_string_equal(message(fixture), "a?b?c?d??[0m \xc3\xa9");
    assert_false(receive(fixture));
}

static void
test_long_line_is_cut(void **state)
{
    struct fixture *fixture = *state;
    char line[3 * TLSFLOOR_SYSLOG_LINE];

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    tlsfloor_syslog_put(fixture->log, LOG_INFO, line);
    assert_true(receive(fixture));
    assert_in_range(strlen(fixture->line), TLSFLOOR_SYSLOG_LINE - 2, TLSFLOOR_SYSLOG_LINE);
}

static void
test_burst_is_kept_in_order(void **state)
{
    struct fixture *fixture = *state;

    put_numbers(fixture, 0, BURST);
    assert_true(tlsfloor_syslog_pending(fixture->log) > BURST / 2);
    expect_numbers(fixture, 0, BURST);
    assert_int_equal(tlsfloor_syslog_pending(fixture->log), 0);
    assert_int_equal(tlsfloor_syslog_lost(fixture->log), 0);
}

/* Fills and half empties the queue again and again, so that records wrap around its end. */
static void
test_queue_wraps(void **state)
{
    struct fixture *fixture = *state;
    unsigned put = 0, received = 0;

    for (int round = 0; round < 20; round++) {
        put_numbers(fixture, put, put + BURST);
        put += BURST;
        expect_numbers(fixture, received, put - BURST);
        received = put - BURST;
    }
    expect_numbers(fixture, received, put);
    assert_int_equal(tlsfloor_syslog_lost(fixture->log), 0);
}

static void
test_later_line_does_not_overtake(void **state)
{
    struct fixture *fixture = *state;

    put_numbers(fixture, 0, BURST);
    /* Now there is room in the socket, and lines wait. */
    expect_numbers(fixture, 0, 5);
    put_numbers(fixture, BURST, BURST + 1);
    expect_numbers(fixture, 5, BURST + 1);
}

static void
test_overflow_is_counted_and_told(void **state)
{
    struct fixture *fixture = *state;
    const unsigned many = 4 * TLSFLOOR_SYSLOG_QUEUE / 120;
    unsigned kept;
    uint64_t lost;
    char want[100];

    put_numbers(fixture, 0, many);
    lost = tlsfloor_syslog_lost(fixture->log);
    kept = many - (unsigned)lost;
    assert_true(lost > 0);
    assert_true(kept > TLSFLOOR_SYSLOG_QUEUE / 200);
    expect_numbers(fixture, 0, kept);
    tlsfloor_syslog_flush(fixture->log);
    assert_true(receive(fixture));
    snprintf(want, sizeof(want), "%u lines were lost while the system log was not reading",
             (unsigned)lost);
    assert_string_equal(message(fixture), want);
    assert_int_equal(tlsfloor_syslog_lost(fixture->log), 0);
    put_numbers(fixture, 7, 8);
    expect_numbers(fixture, 7, 8);
}

/* What the old logger had not read is gone with it; what was not sent yet is not. */
static void
test_logger_restarts(void **state)
{
    struct fixture *fixture = *state;

    stop_logger(fixture);
    put_numbers(fixture, 0, BURST);
    assert_int_equal(tlsfloor_syslog_pending(fixture->log), BURST);
    assert_int_equal(tlsfloor_syslog_fd(fixture->log), -1);
    tlsfloor_syslog_flush(fixture->log);
    assert_int_equal(tlsfloor_syslog_pending(fixture->log), BURST);
    start_logger(fixture);
    expect_numbers(fixture, 0, BURST);
    assert_int_equal(tlsfloor_syslog_lost(fixture->log), 0);
}

static void
test_logger_restarts_between_two_lines(void **state)
{
    struct fixture *fixture = *state;

    put_numbers(fixture, 0, 1);
    expect_numbers(fixture, 0, 1);
    stop_logger(fixture);
    start_logger(fixture);
    put_numbers(fixture, 1, 2);
    assert_int_equal(tlsfloor_syslog_pending(fixture->log), 0);
    expect_numbers(fixture, 1, 2);
}

/* The same descriptor for life: an event loop may have registered it. */
static void
test_descriptor_stays(void **state)
{
    struct fixture *fixture = *state;
    int fd = tlsfloor_syslog_fd(fixture->log);

    assert_true(fd >= 0);
    stop_logger(fixture);
    put_numbers(fixture, 0, 1);
    start_logger(fixture);
    expect_numbers(fixture, 0, 1);
    assert_int_equal(tlsfloor_syslog_fd(fixture->log), fd);
}

static void
test_logger_that_comes_late(void **state)
{
    struct fixture *fixture = *state;

    stop_logger(fixture);
    tlsfloor_syslog_close(fixture->log);
    fixture->log = tlsfloor_syslog_open(fixture->path, "ident", LOG_MAIL);
    assert_non_null(fixture->log);
    put_numbers(fixture, 0, 3);
    start_logger(fixture);
    expect_numbers(fixture, 0, 3);
}

/* Lines that are too long for the logger are lost alone: they hold up no others. */
static void
test_refused_line_is_counted(void **state)
{
    struct fixture *fixture = *state;
    unsigned waiting;

    put_numbers(fixture, 0, BURST);
    waiting = tlsfloor_syslog_pending(fixture->log);
    expect_numbers(fixture, 0, BURST - waiting);
    refusals = 3;
    tlsfloor_syslog_flush(fixture->log);
    assert_int_equal(tlsfloor_syslog_lost(fixture->log), 3);
    expect_numbers(fixture, BURST - waiting + 3, BURST);
    tlsfloor_syslog_flush(fixture->log);
    assert_true(receive(fixture));
    assert_string_equal(message(fixture), "3 lines were lost while the system log was not reading");

    refusals = 1;
    put_numbers(fixture, 0, 2);
    assert_true(receive(fixture));
    assert_string_equal(message(fixture), "1 line was lost while the system log was not reading");
    expect_numbers(fixture, 1, 2);
}

/* Standard error that nobody reads: the lines wait, and come when it is read. */
static void
test_standard_error_does_not_block(void **state)
{
    int ends[2], saved = dup(STDERR_FILENO);
    struct tlsfloor_syslog *log;
    char first[] = "ident[", text[64 * 1024];
    unsigned lines = 0;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    log = tlsfloor_syslog_open(NULL, "ident", LOG_MAIL);
    for (unsigned i = 0; i < BURST; i++)
        tlsfloor_syslog_put(log, LOG_INFO, "a line that is as long as lines are, or nearly so ..");
    assert_true(tlsfloor_syslog_pending(log) > 0);
    assert_int_equal(tlsfloor_syslog_fd(log), STDERR_FILENO);
    while (lines < BURST) {
        ssize_t size = read(ends[0], text, sizeof(text));

        assert_true(size > 0);
        assert_memory_equal(text, first, strlen(first));
        for (ssize_t i = 0; i < size; i++)
            lines += text[i] == '\n';
        tlsfloor_syslog_flush(log);
    }
    assert_int_equal(lines, BURST);
    tlsfloor_syslog_close(log);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_header_is_that_of_syslog),
        TEST(test_facility_can_change),
        TEST(test_one_line_stays_one),
        TEST(test_long_line_is_cut),
        TEST(test_burst_is_kept_in_order),
        TEST(test_queue_wraps),
        TEST(test_later_line_does_not_overtake),
        TEST(test_overflow_is_counted_and_told),
        TEST(test_logger_restarts),
        TEST(test_logger_restarts_between_two_lines),
        TEST(test_descriptor_stays),
        TEST(test_logger_that_comes_late),
        TEST(test_refused_line_is_counted),
        TEST(test_standard_error_does_not_block),
    };

    return cmocka_run_group_tests_name("audit-syslog", tests, NULL, NULL);
}
