/* SPDX-License-Identifier: MIT */
/*
 * Preloaded in place of libseccomp, it lets tlsfloor-policyd run without its
 * system call filter: valgrind has no filters.
 */
void *seccomp_init(unsigned action);
int seccomp_attr_set(void *filter, int attribute, unsigned value);
int seccomp_rule_add(void *filter, unsigned action, int call, unsigned count, ...);
int seccomp_rule_add_array(void *filter, unsigned action, int call, unsigned count,
                           const void *conditions);
int seccomp_load(const void *filter);
void seccomp_release(void *filter);

void *
seccomp_init(unsigned action)
{
    static char filter;

    (void)action;
    return &filter;
}

int
seccomp_attr_set(void *filter, int attribute, unsigned value)
{
    (void)filter, (void)attribute, (void)value;
    return 0;
}

int
seccomp_rule_add(void *filter, unsigned action, int call, unsigned count, ...)
{
    (void)filter, (void)action, (void)call, (void)count;
    return 0;
}

int
seccomp_rule_add_array(void *filter, unsigned action, int call, unsigned count,
                       const void *conditions)
{
    (void)filter, (void)action, (void)call, (void)count, (void)conditions;
    return 0;
}

int
seccomp_load(const void *filter)
{
    (void)filter;
    return 0;
}

void
seccomp_release(void *filter)
{
    (void)filter;
}
