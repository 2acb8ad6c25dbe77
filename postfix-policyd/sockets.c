/* SPDX-License-Identifier: MIT */
/*
 * Every socket is a non-blocking stream socket that listens, and is closed on
 * exec. A socket file is removed only if it is a socket, and nobody answers
 * on it or it is the one that was made here.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

#define LISTEN_FDS_START 3
#define STREAM (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static int __attribute__((format(printf, 2, 3)))
fail(char error[TLSFLOOR_SOCKETS_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, TLSFLOOR_SOCKETS_ERROR, format, arguments);
    va_end(arguments);
    return -1;
}

/* Reports errno; the descriptor is closed. */
static int
fail_closing(int fd, const char *name, const char *what, char error[TLSFLOOR_SOCKETS_ERROR])
{
    fail(error, "%s: %s: %s", name, what, strerror(errno));
    close(fd);
    return -1;
}

static void
set_option(int fd, int level, int option)
{
    const int on = 1;

    (void)setsockopt(fd, level, option, &on, sizeof(on));
}

/*
 * What connections inherit: idle ones are never closed, but those whose peer
 * is gone must not stay, and an answer does not wait for the one before. A
 * unix socket needs neither and ignores them.
 */
static void
set_connection_options(int fd)
{
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
}

/* --- unix --- */

static int
unix_address(const char *path, struct sockaddr_un *address_r, char error[TLSFLOOR_SOCKETS_ERROR])
{
    if (path[0] != '/')
        return fail(error, "unix:%.200s: the path must begin with /", path);
    if (strlen(path) >= sizeof(address_r->sun_path))
        return fail(error, "%.200s: longer than the %zu bytes a socket's path may have", path,
                    sizeof(address_r->sun_path) - 1);
    memset(address_r, 0, sizeof(*address_r));
    address_r->sun_family = AF_UNIX;
    memcpy(address_r->sun_path, path, strlen(path));
    return 0;
}

/* Makes way for a new socket: removes the one of a process that is no more. */
static int
remove_stale(const struct sockaddr_un *address, char error[TLSFLOOR_SOCKETS_ERROR])
{
    const char *path = address->sun_path;
    struct stat st;
    int fd, answered;

    if (lstat(path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return fail(error, "%s: is in the way and not a socket: remove it", path);
    fd = socket(AF_UNIX, STREAM, 0);
    if (fd < 0)
        return fail(error, "%s: no socket: %s", path, strerror(errno));
    /* Only a socket without a listener refuses; one with a full queue does not. */
    answered = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
               errno != ECONNREFUSED;
    close(fd);
    if (answered)
        return fail(error, "%s: another process is listening there", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return fail(error, "%s: cannot be replaced: %s", path, strerror(errno));
    return 0;
}

/*
 * The group of the directory is the one that may connect: Postfix's. A user
 * who cannot give files away keeps a socket of his own group.
 */
static int
give_to_group(const char *path)
{
    char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char *slash;
    struct stat st;

    snprintf(directory, sizeof(directory), "%s", path);
    slash = strrchr(directory, '/');
    slash[slash == directory] = '\0';
    if (stat(directory, &st) != 0)
        return -1;
    if (lchown(path, (uid_t)-1, st.st_gid) != 0 && geteuid() == 0)
        return -1;
    return 0;
}

static int
bind_unix(int fd, const struct sockaddr_un *address)
{
    mode_t old = umask(0117);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

    umask(old);
    return result;
}

static int
open_unix(const char *path, struct tlsfloor_socket *socket_r, char error[TLSFLOOR_SOCKETS_ERROR])
{
    struct sockaddr_un address;
    struct stat st;
    int fd;

    if (unix_address(path, &address, error) != 0 || remove_stale(&address, error) != 0)
        return -1;
    fd = socket(AF_UNIX, STREAM, 0);
    if (fd < 0)
        return fail(error, "%s: no socket: %s", path, strerror(errno));
    if (bind_unix(fd, &address) != 0)
        return fail_closing(fd, path, "cannot be made", error);
    /* Nobody can connect before listen(2), so nobody meets the socket half-done. */
    if (give_to_group(path) != 0)
        return fail_closing(fd, path, "cannot get the group of its directory", error);
    if (listen(fd, SOMAXCONN) != 0 || lstat(path, &st) != 0)
        return fail_closing(fd, path, "cannot be listened on", error);
    socket_r->fd = fd;
    snprintf(socket_r->path, sizeof(socket_r->path), "%s", path);
    socket_r->device = st.st_dev;
    socket_r->inode = st.st_ino;
    return 0;
}

/* --- inet --- */

/* Splits "ADDR:PORT" or "[ADDR]:PORT" in place; -1: it is neither. */
static int
split_address(char *text, char **host_r, char **port_r)
{
    char *colon = strrchr(text, ':');
    char *end;
    unsigned long port;

    if (colon == NULL || colon == text)
        return -1;
    port = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 || port > 65535)
        return -1;
    *colon = '\0';
    *port_r = colon + 1;
    *host_r = text;
    if (text[0] != '[')
        return strchr(text, ':') == NULL ? 0 : -1;
    if (colon[-1] != ']')
        return -1;
    colon[-1] = '\0';
    *host_r = text + 1;
    return 0;
}

static struct addrinfo *
find_address(const char *text)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char copy[100], *host, *port;

    if (strlen(text) >= sizeof(copy))
        return NULL;
    memcpy(copy, text, strlen(text) + 1);
    if (split_address(copy, &host, &port) != 0 || getaddrinfo(host, port, &hints, &found) != 0)
        return NULL;
    return found;
}

static int
open_inet(const char *text, struct tlsfloor_socket *socket_r, char error[TLSFLOOR_SOCKETS_ERROR])
{
    struct addrinfo *address = find_address(text);
    int fd, result;

    if (address == NULL)
        return fail(error, "inet:%.150s: not ADDRESS:PORT (127.0.0.1:10045, [::1]:10045)", text);
    fd = socket(address->ai_family, STREAM, 0);
    if (fd < 0) {
        freeaddrinfo(address);
        return fail(error, "%s: no socket: %s", text, strerror(errno));
    }
    set_option(fd, SOL_SOCKET, SO_REUSEADDR);
    if (address->ai_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    set_connection_options(fd);
    result = bind(fd, address->ai_addr, address->ai_addrlen);
    freeaddrinfo(address);
    if (result != 0 || listen(fd, SOMAXCONN) != 0)
        return fail_closing(fd, text, "cannot be listened on", error);
    socket_r->fd = fd;
    return 0;
}

/* --- handed over by a service manager --- */

static unsigned long
environment_number(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : strtoul(text, NULL, 10);
}

static int
is_listening_stream(int fd)
{
    int listening = 0, type = 0;
    socklen_t size = sizeof(int);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return 0;
    return listening && type == SOCK_STREAM;
}

static int
inherit_one(struct tlsfloor_sockets *sockets, int fd, char error[TLSFLOOR_SOCKETS_ERROR])
{
    struct tlsfloor_socket *item = &sockets->items[sockets->count];

    if (!is_listening_stream(fd))
        return fail(error, "descriptor %d of the service manager is not a listening stream socket",
                    fd);
    set_connection_options(fd);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return fail(error, "descriptor %d of the service manager: %s", fd, strerror(errno));
    memset(item, 0, sizeof(*item));
    item->fd = fd;
    sockets->count++;
    return 0;
}

int
tlsfloor_sockets_inherit(struct tlsfloor_sockets *sockets, char error[TLSFLOOR_SOCKETS_ERROR])
{
    unsigned long count = environment_number("LISTEN_FDS");
    int for_us = environment_number("LISTEN_PID") == (unsigned long)getpid();

    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    if (!for_us)
        return 0;
    if (count > TLSFLOOR_SOCKETS - sockets->count)
        return fail(error, "more than %d sockets to listen on", TLSFLOOR_SOCKETS);
    for (unsigned long i = 0; i < count; i++) {
        if (inherit_one(sockets, LISTEN_FDS_START + (int)i, error) != 0)
            return -1;
    }
    return 0;
}

int
tlsfloor_sockets_open(struct tlsfloor_sockets *sockets, const char *name,
                      char error[TLSFLOOR_SOCKETS_ERROR])
{
    struct tlsfloor_socket *item = &sockets->items[sockets->count];
    int result;

    if (sockets->count == TLSFLOOR_SOCKETS)
        return fail(error, "more than %d sockets to listen on", TLSFLOOR_SOCKETS);
    memset(item, 0, sizeof(*item));
    if (strncmp(name, "unix:", 5) == 0)
        result = open_unix(name + 5, item, error);
    else if (strncmp(name, "inet:", 5) == 0)
        result = open_inet(name + 5, item, error);
    else
        result = fail(error, "%.100s: neither unix:PATH nor inet:ADDRESS:PORT", name);
    if (result == 0)
        sockets->count++;
    return result;
}

void
tlsfloor_sockets_close(struct tlsfloor_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        const struct tlsfloor_socket *item = &sockets->items[i];
        struct stat st;

        /* Removed before it is closed: nobody is to find it and be refused. */
        if (item->path[0] != '\0' && lstat(item->path, &st) == 0 && st.st_dev == item->device &&
            st.st_ino == item->inode)
            unlink(item->path);
        close(item->fd);
    }
    sockets->count = 0;
}

void
tlsfloor_sockets_notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = name == NULL ? 0 : strlen(name);
    int fd;

    if (size < 2 || size >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@'))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    memcpy(address.sun_path, name, size);
    if (name[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract name space */
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    close(fd);
}
