/* SPDX-License-Identifier: MIT */
/*
 * libevent raw events: a request costs a wait, a read and a write. All
 * connections share one read buffer; a connection has a buffer of its own
 * only while a request is incomplete. While an answer cannot be written, no
 * further request is read there.
 *
 * No connection has a time limit. Postfix keeps idle ones for 300 seconds, and
 * one that we close inside an SMTP session costs that client a second; dead
 * peers are found by TCP keepalive, and unix sockets have none.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "adapter.h"
#include "server.h"
#include "store.h"

#define HELD_START 1024       /* first size of a connection's own buffer */
#define ACCEPTS 64            /* connections taken at once, before others are served again */
#define SPARE_DESCRIPTORS 48U /* for listeners, log, state and libevent */

/* Together with the time that a load takes, a new policy is in force within a second. */
static const struct itimerspec tick_time = {{0, 900000000}, {0, 900000000}};
static const struct timeval drain_time = {5, 0};
static const struct timeval log_time = {0, 100000};

/* Warnings that clients can cause: of each kind at most one line a tick. */
enum kind { KIND_PROTOCOL, KIND_REQUEST, KIND_RESOURCES };
#define KINDS 3

static const char *const kind_names[KINDS] = {
    "connections closed for not speaking the policy protocol",
    "warnings about requests",
    "warnings about a lack of resources",
};

struct limiter {
    int closed;     /* 1: has warned since the last tick */
    unsigned muted; /* warnings that were not logged since then */
};

struct connection {
    struct connection *next, *previous;
    struct tlsfloor_server *server;
    struct event event;
    int in, out; /* the same, but for tlsfloor_server_attach() */
    char *held;  /* of an incomplete request, or what waits behind an answer; else NULL */
    size_t held_size, held_room;
    char *answer; /* what could not be written yet, else NULL */
    size_t answer_size, answer_sent;
    struct tlsfloor_request request;
    struct tlsfloor_memory memory;
};

struct listener {
    struct tlsfloor_server *server;
    struct event event;
};

struct tlsfloor_server {
    struct event_base *base;
    const char *directory;
    struct tlsfloor_policy *policy;
    struct tlsfloor_store *store; /* the exceptions */
    struct stat identity;         /* of the policy's file as last seen */
    int outdated; /* 1: that file is not the policy in force, it could not be read */
    struct tlsfloor_syslog *log;
    struct tlsfloor_sockets *sockets;
    struct listener listeners[TLSFLOOR_SOCKETS];
    int tick_fd;
    struct event tick, log_event, drain_end, on_term, on_int, on_hup;
    struct connection *connections;
    unsigned connections_count, connections_max;
    int attached; /* 1: stop when the only connection ends */
    int paused;   /* 1: not accepting, for lack of resources */
    int stopping;
    struct limiter limiters[KINDS];
    struct tlsfloor_response response;
    char buffer[TLSFLOOR_REQUEST_SIZE];
};

/* --- log --- */

static int
log_waits(const struct tlsfloor_server *server)
{
    return tlsfloor_syslog_pending(server->log) > 0 || tlsfloor_syslog_lost(server->log) > 0;
}

static void on_log(int fd, short what, void *context);

/* Comes back as soon as the logger reads again, or a little later. */
static void
wait_for_log(struct tlsfloor_server *server)
{
    int fd = tlsfloor_syslog_fd(server->log);

    if (!log_waits(server) || event_pending(&server->log_event, EV_WRITE | EV_TIMEOUT, NULL))
        return;
    event_assign(&server->log_event, server->base, fd, fd < 0 ? 0 : EV_WRITE, on_log, server);
    if (event_add(&server->log_event, &log_time) == 0)
        return;
    event_assign(&server->log_event, server->base, -1, 0, on_log, server);
    event_add(&server->log_event, &log_time);
}

static void
put_line(struct tlsfloor_server *server, int priority, const char *line)
{
    tlsfloor_syslog_put(server->log, priority, line);
    wait_for_log(server);
}

static void __attribute__((format(printf, 3, 4)))
put_format(struct tlsfloor_server *server, int priority, const char *format, ...)
{
    char line[TLSFLOOR_ERROR_TEXT + 100];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    put_line(server, priority, line);
}

static void
warn_limited(struct tlsfloor_server *server, enum kind kind, const char *text, const char *detail)
{
    struct limiter *limiter = &server->limiters[kind];

    if (limiter->closed) {
        limiter->muted++;
        return;
    }
    limiter->closed = 1;
    put_format(server, LOG_WARNING, "warning: %s%s", text, detail);
}

/* The count of what was left out takes the place of a warning. */
static void
reset_limiters(struct tlsfloor_server *server)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct limiter *limiter = &server->limiters[kind];

        limiter->closed = limiter->muted > 0;
        if (limiter->muted > 0)
            put_format(server, LOG_WARNING, "warning: %u more %s", limiter->muted,
                       kind_names[kind]);
        limiter->muted = 0;
    }
}

/* --- policy --- */

/* The old policy stays in force until a new one has been read as a whole. 1: it has; or 0. */
static int
load_policy(struct tlsfloor_server *server, int warn)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct stat identity;
    struct tlsfloor_policy *policy = tlsfloor_state_load(server->directory, &identity, error);

    server->outdated = policy == NULL;
    if (policy == NULL) {
        if (warn)
            put_format(server, LOG_WARNING, "warning: %s; the old policy stays in force", error);
        return 0;
    }
    tlsfloor_policy_free(server->policy);
    server->policy = policy;
    server->identity = identity;
    tlsfloor_syslog_facility(server->log, policy->syslog_facility);
    put_format(server, LOG_INFO, "a new policy is in force: %s/policy", server->directory);
    return 1;
}

/*
 * A failure is told once for each file, but the file is tried again: the cause may go away. 1: a
 * new policy is in force; or 0.
 */
static int
look_for_policy(struct tlsfloor_server *server, int asked)
{
    int changed = tlsfloor_state_changed(server->directory, &server->identity);

    return (changed || server->outdated) && load_policy(server, changed || asked);
}

/* --- exceptions --- */

static struct tlsfloor_lookup
look_up(void *context, const struct tlsfloor_facts *facts, int64_t now)
{
    struct tlsfloor_server *server = context;

    return tlsfloor_store_get(server->store, server->policy->snapshot, facts, now);
}

/* Once for each problem: sessions that ask the store may be many. */
static void
tell_of_store(struct tlsfloor_server *server)
{
    int mended;
    const char *problem = tlsfloor_store_problem(server->store, &mended);

    if (problem != NULL)
        put_format(server, LOG_WARNING,
                   "warning: %s; who may have an exception is put off meanwhile", problem);
    if (mended)
        put_format(server, LOG_INFO, "the exceptions can be read again");
}

/*
 * Judges a request. Exceptions that do not belong to our policy belong to one
 * that has been applied since we looked: then it is judged again by that.
 */
static void
judge_request(struct connection *connection, const char *data)
{
    struct tlsfloor_server *server = connection->server;
    const struct tlsfloor_memory before = connection->memory;
    int64_t now = (int64_t)time(NULL);

    for (int tries = 0; tries < TLSFLOOR_STORE_TRIES; tries++) {
        const struct tlsfloor_judge judge = {server->policy, look_up, server};

        tlsfloor_adapter_answer(&judge, &connection->request, data, &connection->memory, now,
                                &server->response);
        if (!tlsfloor_store_is_outdated(server->store) || !look_for_policy(server, 0))
            break;
        connection->memory = before;
    }
    tell_of_store(server);
}

/* --- accepting --- */

static void
pause_accepting(struct tlsfloor_server *server, const char *text, const char *detail)
{
    warn_limited(server, KIND_RESOURCES, text, detail);
    server->paused = 1;
    for (size_t i = 0; i < server->sockets->count; i++)
        event_del(&server->listeners[i].event);
}

static void
resume_accepting(struct tlsfloor_server *server)
{
    if (!server->paused || server->stopping)
        return;
    server->paused = 0;
    for (size_t i = 0; i < server->sockets->count; i++)
        event_add(&server->listeners[i].event, NULL);
}

/* --- stopping --- */

static void
end_if_done(struct tlsfloor_server *server)
{
    if (server->stopping && server->connections == NULL && !log_waits(server))
        event_base_loopbreak(server->base);
}

static void stop(struct tlsfloor_server *server);

/* --- connections --- */

static int
is_idle(const struct connection *connection)
{
    return connection->held == NULL && connection->answer == NULL;
}

static void
close_connection(struct connection *connection)
{
    struct tlsfloor_server *server = connection->server;

    event_del(&connection->event);
    close(connection->in);
    if (connection->out != connection->in)
        close(connection->out);
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    free(connection->held);
    free(connection->answer);
    free(connection);
    server->connections_count--;
    resume_accepting(server);
    if (server->attached)
        stop(server);
    end_if_done(server);
}

/* 0, or -1: no memory. */
static int
make_room(struct connection *connection, size_t size)
{
    size_t room = connection->held_room > 0 ? connection->held_room : HELD_START;
    char *held;

    while (room < size)
        room *= 2;
    if (room == connection->held_room)
        return 0;
    held = realloc(connection->held, room);
    if (held == NULL)
        return -1;
    connection->held = held;
    connection->held_room = room;
    return 0;
}

/* Keeps what has not been used, from wherever it is. 0, or -1: no memory. */
static int
hold(struct connection *connection, const char *data, size_t size)
{
    if (size == 0) {
        free(connection->held);
        connection->held = NULL;
        connection->held_size = connection->held_room = 0;
        return 0;
    }
    /* Data in the buffer itself fits, so it does not move under our feet. */
    if (make_room(connection, size) != 0)
        return -1;
    memmove(connection->held, data, size);
    connection->held_size = size;
    return 0;
}

static void on_readable(int fd, short what, void *context);
static void on_writable(int fd, short what, void *context);

/* Waits for the one or the other, never for both. 0, or -1: it cannot be waited for. */
static int
wait_readable(struct connection *connection)
{
    event_assign(&connection->event, connection->server->base, connection->in, EV_READ | EV_PERSIST,
                 on_readable, connection);
    return event_add(&connection->event, NULL);
}

static int
wait_writable(struct connection *connection)
{
    event_del(&connection->event);
    event_assign(&connection->event, connection->server->base, connection->out,
                 EV_WRITE | EV_PERSIST, on_writable, connection);
    return event_add(&connection->event, NULL);
}

/*
 * 1: a socket, with which recv(2) and send(2) cost the kernel less than read(2) and write(2);
 * 0: attached, perhaps pipes.
 */
static int
is_socket(const struct connection *connection)
{
    return connection->in == connection->out;
}

static ssize_t
try_read(const struct connection *connection, char *data, size_t room)
{
    return is_socket(connection) ? recv(connection->in, data, room, 0)
                                 : read(connection->in, data, room);
}

/* Bytes that were written, 0 if none can be written now, or -1. */
static ssize_t
try_write(const struct connection *connection, const char *data, size_t size)
{
    ssize_t written = is_socket(connection) ? send(connection->out, data, size, 0)
                                            : write(connection->out, data, size);

    if (written < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return written;
}

/* 0: written, or kept until it can be written; -1: the connection is to be closed. */
static int
send_answer(struct connection *connection, const char *data, size_t size)
{
    ssize_t written = try_write(connection, data, size);

    if (written < 0)
        return -1;
    if ((size_t)written == size)
        return 0;
    connection->answer_size = size - (size_t)written;
    connection->answer_sent = 0;
    connection->answer = malloc(connection->answer_size);
    if (connection->answer == NULL)
        return -1;
    memcpy(connection->answer, data + written, connection->answer_size);
    return wait_writable(connection);
}

/* Answers one complete request. The log is first: what was answered has been logged. */
static int
answer_request(struct connection *connection, const char *data)
{
    struct tlsfloor_server *server = connection->server;
    struct tlsfloor_response *response = &server->response;

    judge_request(connection, data);
    tlsfloor_request_reset(&connection->request);
    if (response->audit[0] != '\0')
        put_line(server, LOG_INFO, response->audit);
    if (response->warning[0] != '\0')
        warn_limited(server, KIND_REQUEST, response->warning, "");
    return send_answer(connection, response->answer, response->answer_size);
}

/* Answers what is complete, holds the rest. 0, or -1: the connection is to be closed. */
static int
take_bytes(struct connection *connection, const char *data, size_t size)
{
    const char *error;
    size_t used = 0;

    while (used < size && connection->answer == NULL) {
        int bytes = tlsfloor_request_parse(&connection->request, data + used, size - used, &error);

        if (bytes < 0) {
            warn_limited(connection->server, KIND_PROTOCOL, "connection closed: ", error);
            return -1;
        }
        if (bytes == 0)
            break;
        if (answer_request(connection, data + used) != 0)
            return -1;
        used += (size_t)bytes;
    }
    if (hold(connection, data + used, size - used) == 0)
        return 0;
    warn_limited(connection->server, KIND_RESOURCES, "connection closed: ", "no memory");
    return -1;
}

/* 0, or -1: the connection is to be closed. */
static int
read_requests(struct connection *connection)
{
    char *data = connection->server->buffer;
    size_t held = connection->held_size, room = TLSFLOOR_REQUEST_SIZE;
    ssize_t bytes;

    if (held > 0) {
        if (make_room(connection, held + 1) != 0)
            return -1;
        data = connection->held;
        room = connection->held_room;
    }
    bytes = try_read(connection, data + held, room - held);
    if (bytes < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return bytes == 0 ? -1 : take_bytes(connection, data, held + (size_t)bytes);
}

/* Goes on with the answer, and then with the requests that waited behind it. */
static int
write_rest(struct connection *connection)
{
    ssize_t written = try_write(connection, connection->answer + connection->answer_sent,
                                connection->answer_size - connection->answer_sent);

    if (written < 0)
        return -1;
    connection->answer_sent += (size_t)written;
    if (connection->answer_sent < connection->answer_size)
        return 0;
    free(connection->answer);
    connection->answer = NULL;
    event_del(&connection->event);
    if (wait_readable(connection) != 0)
        return -1;
    if (connection->held == NULL)
        return 0;
    return take_bytes(connection, connection->held, connection->held_size);
}

static void
finish_step(struct connection *connection, int result)
{
    if (result != 0 || (connection->server->stopping && is_idle(connection)))
        close_connection(connection);
}

static void
on_readable(int fd, short what, void *context)
{
    (void)fd, (void)what;
    finish_step(context, read_requests(context));
}

static void
on_writable(int fd, short what, void *context)
{
    (void)fd, (void)what;
    finish_step(context, write_rest(context));
}

/* 0, or -1: it cannot be waited for, or no memory; the descriptors stay open. */
static int
add_connection(struct tlsfloor_server *server, int in, int out)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL)
        return -1;
    connection->server = server;
    connection->in = in;
    connection->out = out;
    if (wait_readable(connection) != 0) {
        free(connection);
        return -1;
    }
    connection->next = server->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    server->connections = connection;
    server->connections_count++;
    return 0;
}

/* 1: a connection was taken; 0: there is none, or it must wait. */
static int
accept_one(struct tlsfloor_server *server, int listening)
{
    int fd;

    if (server->connections_count >= server->connections_max) {
        pause_accepting(server, "no more connections are accepted: ", "limit of open files");
        return 0;
    }
    fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        /* A client that left is no reason to stop; whatever else fails would fail at once again. */
        if (errno == EINTR || errno == ECONNABORTED)
            return 1;
        if (errno != EAGAIN)
            pause_accepting(server, "no more connections are accepted: ", strerror(errno));
        return 0;
    }
    if (add_connection(server, fd, fd) != 0) {
        warn_limited(server, KIND_RESOURCES, "connection closed: ", "no memory");
        close(fd);
    }
    return 1;
}

static void
on_acceptable(int fd, short what, void *context)
{
    const struct listener *listener = context;

    (void)what;
    for (int i = 0; i < ACCEPTS; i++) {
        if (!accept_one(listener->server, fd))
            return;
    }
}

/* --- timers and signals --- */

static void
on_log(int fd, short what, void *context)
{
    struct tlsfloor_server *server = context;

    (void)fd, (void)what;
    tlsfloor_syslog_flush(server->log);
    wait_for_log(server);
    end_if_done(server);
}

static void
on_tick(int fd, short what, void *context)
{
    struct tlsfloor_server *server = context;
    uint64_t ticks;

    (void)what;
    (void)!read(fd, &ticks, sizeof(ticks));
    reset_limiters(server);
    (void)look_for_policy(server, 0);
    /* What was short may be so no longer, even if no connection of ours has ended. */
    resume_accepting(server);
}

static void
on_hangup(int fd, short what, void *context)
{
    (void)fd, (void)what;
    (void)look_for_policy(context, 1);
}

static void
on_drain_end(int fd, short what, void *context)
{
    struct tlsfloor_server *server = context;

    (void)fd, (void)what;
    event_base_loopbreak(server->base);
}

/* Takes no more connections, and leaves each of those it has when its request is answered. */
static void
stop(struct tlsfloor_server *server)
{
    struct connection *connection, *next;

    if (server->stopping)
        return;
    server->stopping = 1;
    tlsfloor_sockets_notify("STOPPING=1");
    for (size_t i = 0; i < server->sockets->count; i++)
        event_del(&server->listeners[i].event);
    tlsfloor_sockets_close(server->sockets);
    event_add(&server->drain_end, &drain_time);
    for (connection = server->connections; connection != NULL; connection = next) {
        next = connection->next;
        /* An idle one may have a request that has come but has not been read yet. */
        if (is_idle(connection))
            on_readable(connection->in, EV_READ, connection);
    }
    end_if_done(server);
}

static void
on_stop_signal(int fd, short what, void *context)
{
    (void)fd, (void)what;
    stop(context);
}

/* --- public --- */

/* As many connections as the hard limit of descriptors allows, but for some spare ones. */
static unsigned
raise_limits(void)
{
    struct rlimit limit;
    rlim_t most;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return SPARE_DESCRIPTORS;
    most = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        most = limit.rlim_cur;
    if (most > INT_MAX)
        most = INT_MAX;
    return most > 2 * SPARE_DESCRIPTORS ? (unsigned)most - SPARE_DESCRIPTORS : (unsigned)most / 2;
}

/* Every failure is seen where it is met; standard error may be the connection to Postfix. */
static void
drop_message(int severity, const char *message)
{
    (void)severity, (void)message;
}

static struct event_base *
new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (config == NULL)
        return NULL;
    event_set_log_callback(drop_message);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

/*
 * No timeout of libevent: with one the kernel sets up a timer for each wait, and takes it down when
 * something comes. 0, or -1.
 */
static int
start_tick(struct tlsfloor_server *server)
{
    server->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (server->tick_fd < 0 || timerfd_settime(server->tick_fd, 0, &tick_time, NULL) != 0)
        return -1;
    event_assign(&server->tick, server->base, server->tick_fd, EV_READ | EV_PERSIST, on_tick,
                 server);
    return event_add(&server->tick, NULL);
}

/* 0, or -1: an event could not be added. */
static int
start_events(struct tlsfloor_server *server)
{
    struct event_base *base = server->base;
    int failed;

    event_assign(&server->log_event, base, -1, 0, on_log, server);
    event_assign(&server->drain_end, base, -1, 0, on_drain_end, server);
    evsignal_assign(&server->on_term, base, SIGTERM, on_stop_signal, server);
    evsignal_assign(&server->on_int, base, SIGINT, on_stop_signal, server);
    evsignal_assign(&server->on_hup, base, SIGHUP, on_hangup, server);
    failed = start_tick(server) != 0 || event_add(&server->on_term, NULL) != 0 ||
             event_add(&server->on_int, NULL) != 0 || event_add(&server->on_hup, NULL) != 0;
    for (size_t i = 0; i < server->sockets->count; i++) {
        struct listener *listener = &server->listeners[i];

        listener->server = server;
        event_assign(&listener->event, base, server->sockets->items[i].fd, EV_READ | EV_PERSIST,
                     on_acceptable, listener);
        failed = failed || event_add(&listener->event, NULL) != 0;
    }
    return failed ? -1 : 0;
}

struct tlsfloor_server *
tlsfloor_server_new(const struct tlsfloor_server_setup *setup)
{
    struct tlsfloor_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        tlsfloor_policy_free(setup->policy);
        return NULL;
    }
    server->tick_fd = -1;
    server->directory = setup->directory;
    server->policy = setup->policy;
    server->identity = setup->identity;
    server->log = setup->log;
    server->sockets = setup->sockets;
    server->connections_max = raise_limits();
    server->store = tlsfloor_store_new(server->directory);
    server->base = new_base();
    if (server->store == NULL || server->base == NULL || start_events(server) != 0) {
        tlsfloor_server_free(server);
        return NULL;
    }
    return server;
}

int
tlsfloor_server_attach(struct tlsfloor_server *server, int in, int out)
{
    if (fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK) != 0 ||
        fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK) != 0)
        return -1;
    server->attached = 1;
    return add_connection(server, in, out);
}

int
tlsfloor_server_run(struct tlsfloor_server *server)
{
    return event_base_dispatch(server->base) < 0 ? -1 : 0;
}

void
tlsfloor_server_free(struct tlsfloor_server *server)
{
    if (server == NULL)
        return;
    server->stopping = 1;
    while (server->connections != NULL)
        close_connection(server->connections);
    if (server->base != NULL)
        event_base_free(server->base);
    if (server->tick_fd >= 0)
        close(server->tick_fd);
    tlsfloor_policy_free(server->policy);
    tlsfloor_store_free(server->store);
    free(server);
}
