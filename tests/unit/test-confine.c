/* SPDX-License-Identifier: MIT */
/*
 * Every case is a process that confines itself and then does one thing: what
 * the daemon needs goes well, what it does not need ends it with SIGSYS.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "confine.h"

#define READABLE "/etc/passwd"
#define PAGE 4096

/* --- what is done: 0 if it worked --- */

static void *page; /* mapped before */
static int unix_socket, watch;
static char socket_path[100];

static int
open_to_write(void)
{
    return open("/dev/null", O_WRONLY) < 0;
}

static int
open_to_read_and_write(void)
{
    return open("/dev/null", O_RDWR) < 0;
}

static int
open_to_truncate(void)
{
    return open("/dev/null", O_RDONLY | O_TRUNC) < 0;
}

static int
open_a_new_file(void)
{
    return open("/nonexistent/file", O_RDONLY | O_CREAT, 0600) < 0;
}

static int
execute(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int
make_a_process(void)
{
    return fork() < 0;
}

static int
inet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int
inet6_datagram_socket(void)
{
    return socket(AF_INET6, SOCK_DGRAM, 0) < 0;
}

static int
netlink_socket(void)
{
    return socket(AF_NETLINK, SOCK_DGRAM, 0) < 0;
}

static int
unix_stream_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int
listen_anew(void)
{
    return listen(unix_socket, 1);
}

static int
bind_a_socket(void)
{
    const struct sockaddr_un nowhere = {.sun_family = AF_UNIX};

    return bind(unix_socket, (const struct sockaddr *)&nowhere, sizeof(sa_family_t));
}

static int
map_code(void)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int
turn_memory_into_code(void)
{
    return mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static int
signal_another_process(void)
{
    return kill(getppid(), 0);
}

static int
signal_a_thread_of_another_process(void)
{
    return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int
trace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
change_a_mode(void)
{
    return chmod("/nonexistent", 0600);
}

static int
rename_a_file(void)
{
    return rename("/nonexistent", "/nonexistent2");
}

static int
become_root(void)
{
    return setuid(0);
}

#ifdef __x86_64__
/* An allowed call by the number that it has for programs with short pointers (x32). */
static int
call_of_another_architecture(void)
{
    return syscall(0x40000000 + SYS_getpid) < 0;
}
#endif

static int
read_a_file(void)
{
    struct stat by_name, open_one;
    int fd = open(READABLE, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char byte;
    const char *mapped;

    if (fd < 0 || stat(READABLE, &by_name) != 0 || fstat(fd, &open_one) != 0 ||
        lseek(fd, 0, SEEK_END) <= 0 || lseek(fd, 0, SEEK_SET) != 0 || read(fd, &byte, 1) != 1 ||
        pread(fd, &byte, 1, 0) != 1)
        return 1;
    mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    return mapped == MAP_FAILED || mapped[0] != byte || munmap((void *)mapped, PAGE) != 0 ||
           close(fd) != 0;
}

static int
datagram_to_a_logger(void)
{
    const struct sockaddr_un nowhere = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 || connect(fd, (const struct sockaddr *)&nowhere, sizeof(nowhere)) == 0 ||
           send(fd, "", 1, MSG_NOSIGNAL) == 0 || close(fd) != 0;
}

static int
take_a_connection(void)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(watch, EPOLL_CTL_ADD, unix_socket, &event) != 0 ||
           epoll_wait(watch, &event, 1, 0) != 0 ||
           accept4(unix_socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0;
}

/* Through every way that the allocator has: heap, its growth, mappings, moving them, giving back.
 */
static int
use_memory(void)
{
    for (size_t size = 16; size < 64U << 20; size *= 2) {
        char *block = malloc(size), *grown;

        if (block == NULL)
            return 1;
        memset(block, 1, size);
        grown = realloc(block, size * 2);
        if (grown == NULL || grown[size - 1] != 1)
            return 1;
        free(grown);
    }
    return 0;
}

/* As where the clock cannot be read without the kernel. */
static int
read_the_clock(void)
{
    struct timespec now;

    return time(NULL) <= 0 || syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) != 0;
}

static int
mind_signals(void)
{
    return signal(SIGTERM, SIG_IGN) == SIG_ERR || raise(SIGTERM) != 0 ||
           signal(SIGTERM, SIG_DFL) == SIG_ERR;
}

static int
remove_a_socket(void)
{
    return unlink(socket_path);
}

static int
find_the_heap_damaged(void)
{
    abort();
}

/* --- what becomes of it --- */

struct action {
    int (*act)(void);
    int signal; /* that ends it; 0: it works */
};

static void
test_action(void **state)
{
    const struct action *action = *state;
    pid_t child;
    int status;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        char error[TLSFLOOR_CONFINE_ERROR];

        _exit(tlsfloor_confine(error) != 0 ? 100 : action->act());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (action->signal == 0)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    else
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == action->signal);
}

static int
setup(void **state)
{
    static char directory[] = "/tmp/tlsfloor-confine-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    watch = epoll_create1(EPOLL_CLOEXEC);
    unix_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    return page == MAP_FAILED || watch < 0 ||
           bind(unix_socket, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
           listen(unix_socket, 1) != 0;
}

static int
teardown(void **state)
{
    (void)state;
    unlink(socket_path);
    *strrchr(socket_path, '/') = '\0';
    return rmdir(socket_path);
}

/* clang-format off */
#define ENDS_WITH(name, number) {#name, test_action, NULL, NULL, &(struct action){name, number}}
/* clang-format on */
#define GOES(name) ENDS_WITH(name, 0)
#define KILLS(name) ENDS_WITH(name, SIGSYS)

static const struct CMUnitTest cases[] = {
    GOES(read_a_file),
    GOES(datagram_to_a_logger),
    GOES(take_a_connection),
    GOES(use_memory),
    GOES(read_the_clock),
    GOES(mind_signals),
    GOES(remove_a_socket),
    ENDS_WITH(find_the_heap_damaged, SIGABRT),
    /* From here on: what the filter forbids. */
    KILLS(open_to_write),
    KILLS(open_to_read_and_write),
    KILLS(open_to_truncate),
    KILLS(open_a_new_file),
    KILLS(execute),
    KILLS(make_a_process),
    KILLS(inet_socket),
    KILLS(inet6_datagram_socket),
    KILLS(netlink_socket),
    KILLS(unix_stream_socket),
    KILLS(listen_anew),
    KILLS(bind_a_socket),
    KILLS(map_code),
    KILLS(turn_memory_into_code),
    KILLS(signal_another_process),
    KILLS(signal_a_thread_of_another_process),
    KILLS(trace),
    KILLS(change_a_mode),
    KILLS(rename_a_file),
    KILLS(become_root),
#ifdef __x86_64__
    KILLS(call_of_another_architecture),
#endif
};

#define NEEDED 8 /* the first ones, which work with and without the filter */

int
main(void)
{
    int with_filter = strcmp(tlsfloor_confine_filter, "with seccomp") == 0;
    size_t count = with_filter ? sizeof(cases) / sizeof(cases[0]) : NEEDED;

    return _cmocka_run_group_tests("confine", cases, count, setup, teardown);
}
