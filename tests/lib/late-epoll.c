/* SPDX-License-Identifier: MIT */
/* Preloaded, it makes a process look late for input: more has come by then, all at once. */
#include <dlfcn.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LATE 30000 /* microseconds */

int
epoll_wait(int fd, struct epoll_event *events, int size, int timeout)
{
    int (*real)(int, struct epoll_event *, int, int);

    *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
    usleep(LATE);
    return real(fd, events, size, timeout);
}
