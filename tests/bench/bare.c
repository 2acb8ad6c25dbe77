/* SPDX-License-Identifier: MIT */
/*
 * The least that a policy server can do: reads to the blank line, writes a
 * constant answer, understands nothing. What epoll and the kernel cost, as the
 * limit to compare servers with. And, by options, the same server with parts
 * of tlsfloor-policyd, to see what each of them costs.
 *
 *   bare [-f] [-l] [-p] [-j DIR] SOCKET
 *
 * -f: with the system call filter; -l: with libevent; -p: parses each request;
 * -j: parses and judges it, by the applied state in DIR.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapter.h"
#include "confine.h"
#include "state.h"

#define EVENTS 256

static const struct tlsfloor_text constant = {"action=DUNNO\n\n", 14};

static int epoll;
static struct event_base *base; /* NULL: without libevent */
static int parses;
static struct tlsfloor_judge judge; /* without a policy: does not judge */

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, SOMAXCONN) != 0)
        err(2, "%s", path);
    return fd;
}

/* --- a request --- */

/* As if there were no exceptions. */
static struct tlsfloor_lookup
look_up(void *context, const struct tlsfloor_facts *facts, int64_t now)
{
    (void)context, (void)facts, (void)now;
    return (struct tlsfloor_lookup){.result = TLSFLOOR_LOOKUP_ABSENT};
}

static struct tlsfloor_text
make_answer(const char *data, size_t size)
{
    static struct tlsfloor_response response;
    static struct tlsfloor_memory memory;
    struct tlsfloor_request request;
    const char *error = "a part of a request";

    if (!parses)
        return constant;
    tlsfloor_request_reset(&request);
    if (tlsfloor_request_parse(&request, data, size, &error) <= 0)
        errx(2, "%s", error);
    if (judge.policy == NULL)
        return constant;
    tlsfloor_adapter_answer(&judge, &request, data, &memory, (int64_t)time(NULL), &response);
    return (struct tlsfloor_text){response.answer, response.answer_size};
}

/* A request comes whole over a unix socket if it is written whole. 0, or -1: the end. */
static int
answer_one(int fd)
{
    static char buffer[TLSFLOOR_REQUEST_SIZE];
    ssize_t size = read(fd, buffer, sizeof(buffer));
    struct tlsfloor_text answer;

    if (size < 2 || memcmp(buffer + size - 2, "\n\n", 2) != 0)
        return size > 0 ? 0 : -1;
    answer = make_answer(buffer, (size_t)size);
    return write(fd, answer.data, answer.size) < 0 ? -1 : 0;
}

/* --- epoll --- */

static void
wait_for(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        err(2, "a connection");
}

static void
run_epoll(int listening)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;

            if (fd == listening)
                wait_for(accept4(listening, NULL, NULL, 0));
            else if (answer_one(fd) != 0)
                close(fd);
        }
    }
}

/* --- libevent --- */

static void
add_event(int fd, event_callback_fn call)
{
    struct event *event = event_new(base, fd, EV_READ | EV_PERSIST, call, event_self_cbarg());

    if (fd < 0 || event == NULL || event_add(event, NULL) != 0)
        err(2, "a connection");
}

static void
on_readable(int fd, short what, void *event)
{
    (void)what;
    if (answer_one(fd) == 0)
        return;
    event_free(event);
    close(fd);
}

static void
on_acceptable(int fd, short what, void *context)
{
    (void)what, (void)context;
    add_event(accept4(fd, NULL, NULL, 0), on_readable);
}

/* --- start --- */

static void
load_policy(const char *directory)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct stat identity;

    judge = (struct tlsfloor_judge){.policy = tlsfloor_state_load(directory, &identity, error),
                                    .look_up = look_up};
    if (judge.policy == NULL)
        errx(2, "%s", error);
    parses = 1;
}

static void
raise_limit(void)
{
    struct rlimit limit = {0, 0};

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
    int option, filters = 0, listening;
    char error[TLSFLOOR_CONFINE_ERROR];

    while ((option = getopt(argc, argv, "flpj:")) != -1) {
        switch (option) {
        case 'f':
            filters = 1;
            break;
        case 'l':
            base = event_base_new();
            break;
        case 'p':
            parses = 1;
            break;
        case 'j':
            load_policy(optarg);
            break;
        default:
            return 2;
        }
    }
    if (optind != argc - 1)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    raise_limit();
    listening = listen_at(argv[optind]);
    epoll = epoll_create1(0);
    if (base != NULL)
        add_event(listening, on_acceptable);
    else
        wait_for(listening);
    if (filters && tlsfloor_confine(error) != 0)
        errx(2, "%s", error);
    if (base != NULL)
        return event_base_dispatch(base);
    run_epoll(listening);
}
