/* SPDX-License-Identifier: MIT */
/*
 * The least that a policy server can do: reads to the blank line, writes a
 * constant answer, understands nothing. What epoll and the kernel cost, as the
 * limit to compare servers with.
 *
 *   bare SOCKET
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 256

static const char answer[] = "action=DUNNO\n\n";

static void
die(const char *what)
{
    perror(what);
    exit(2);
}

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, SOMAXCONN) != 0)
        die(path);
    return fd;
}

static void
wait_for(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("a connection");
}

/* A request comes whole over a unix socket if it is written whole. */
static void
answer_one(int fd)
{
    static char buffer[32768];
    ssize_t size = read(fd, buffer, sizeof(buffer));

    if (size <= 0)
        close(fd);
    else if (size >= 2 && memcmp(buffer + size - 2, "\n\n", 2) == 0 &&
             write(fd, answer, sizeof(answer) - 1) < 0)
        close(fd);
}

int
main(int argc, char **argv)
{
    struct rlimit limit = {0, 0};
    struct epoll_event events[EVENTS];
    int listening, epoll = epoll_create1(0);

    if (argc != 2)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    listening = listen_at(argv[1]);
    wait_for(epoll, listening);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listening)
                wait_for(epoll, accept(listening, NULL, NULL));
            else
                answer_one(events[i].data.fd);
        }
    }
}
