/* SPDX-License-Identifier: MIT */
/*
 * The filter is a list of what is allowed. Arguments are compared where they
 * are numbers, as what they point to can change: files are opened only to be
 * read, memory never becomes code, the only sockets are datagrams to the log
 * and to the service manager.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef TLSFLOOR_SECCOMP
#include <seccomp.h>
#endif

#include "confine.h"

static int
fail(const char *what, int reason, char error[TLSFLOOR_CONFINE_ERROR])
{
    snprintf(error, TLSFLOOR_CONFINE_ERROR, "cannot be confined: %s: %s", what, strerror(reason));
    return -1;
}

/* --- capabilities --- */

void
tlsfloor_confine_bounds(void)
{
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* Not asked for if there are none: a service manager may forbid the call. */
static int
drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &header, data) != 0)
        return -1;
    return memcmp(data, none, sizeof(none)) == 0 ? 0 : (int)syscall(SYS_capset, &header, none);
}

/* --- system calls --- */

#ifdef TLSFLOOR_SECCOMP

const char tlsfloor_confine_filter[] = "with seccomp";

static const int allowed[] = {
    /* Connections, the log, the applied state. */
    SCMP_SYS(accept4),
    SCMP_SYS(close),
    SCMP_SYS(connect),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(newfstatat),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pread64),
    SCMP_SYS(read),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(statx),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    /* The sockets that it made are removed at the end. */
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    /* Memory, time, signals, the end. */
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(geteuid),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(time),
};

/* The lower half of a register is all that the kernel reads of an int. */
#define INT_IS(argument, value)                          \
    {                                                    \
        argument, SCMP_CMP_MASKED_EQ, 0xffffffffU, value \
    }
#define NONE_OF(argument, bits)               \
    {                                         \
        argument, SCMP_CMP_MASKED_EQ, bits, 0 \
    }

/* Allowed if all of the conditions are met. */
static const struct {
    int call;
    unsigned count;
    struct scmp_arg_cmp conditions[2];
} restricted[] = {
    {SCMP_SYS(openat), 1, {NONE_OF(2, O_ACCMODE | O_CREAT | O_TRUNC)}},
    {SCMP_SYS(mmap), 1, {NONE_OF(2, PROT_EXEC)}},
    {SCMP_SYS(mprotect), 1, {NONE_OF(2, PROT_EXEC)}},
    {SCMP_SYS(socket),
     2,
     {INT_IS(0, AF_UNIX), {1, SCMP_CMP_MASKED_EQ, 0xf /* of the type */, SOCK_DGRAM}}},
};

/* 0, or a negative errno. */
static int
fill_filter(scmp_filter_ctx filter)
{
    /* For abort(), as when the C library finds its heap damaged: the signal says why. */
    const struct scmp_arg_cmp own = INT_IS(0, (scmp_datum_t)getpid());
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, own);

    for (size_t i = 0; result == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; result == 0 && i < sizeof(restricted) / sizeof(restricted[0]); i++)
        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, restricted[i].call,
                                        restricted[i].count, restricted[i].conditions);
    return result;
}

static int
load_filter(char error[TLSFLOOR_CONFINE_ERROR])
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int result;

    if (filter == NULL)
        return fail("seccomp", errno, error);
    result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1); /* errors as they are */
    if (result == 0)
        result = fill_filter(filter);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? 0 : fail("seccomp", -result, error);
}

#else

const char tlsfloor_confine_filter[] = "without seccomp";

static int
load_filter(char error[TLSFLOOR_CONFINE_ERROR])
{
    (void)error;
    return 0;
}

#endif

int
tlsfloor_confine(char error[TLSFLOOR_CONFINE_ERROR])
{
    if (drop_capabilities() != 0)
        return fail("capabilities", errno, error);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail("no_new_privs", errno, error);
    return load_filter(error);
}
