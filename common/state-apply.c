/* SPDX-License-Identifier: MIT */
/*
 * The rename of the policy is the moment at which the new state is in force:
 * its first line says which snapshot belongs to it. Before that, in this
 * order,
 *
 *   exceptions.new, policy.new  are written and synced,
 *   envelope                    is widened, in place, by what is new,
 *   exceptions.old              becomes the snapshot of the policy in force,
 *   exceptions.cdb              becomes the new one.
 *
 * A reader takes that of the two which its policy names. Afterwards
 * exceptions.old goes away and the envelope is narrowed. What a killed apply
 * left behind is in nobody's way, and goes away with the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "envelope.h"
#include "state-apply.h"

#define POLICY TLSFLOOR_STATE_POLICY
#define POLICY_NEW "policy.new"
#define SNAPSHOT TLSFLOOR_STATE_SNAPSHOT
#define SNAPSHOT_NEW "exceptions.new"
#define SNAPSHOT_OLD TLSFLOOR_STATE_OLD_SNAPSHOT
#define SNAPSHOT_LINK "exceptions.link"
#define ENVELOPE TLSFLOOR_STATE_ENVELOPE
#define ENVELOPE_NEW "envelope.new"

struct apply {
    const struct tlsfloor_state_new *new;
    const char *directory;
    int fd; /* of the directory */
    struct tlsfloor_state_result *result;
    char *error;
    uint64_t in_force; /* the snapshot of the policy in force, or 0 */
    struct tlsfloor_envelope envelope;
};

static int
fail_to_write(const struct apply *apply, const char *name)
{
    return tlsfloor_error_format(apply->error, "%s/%s: cannot be written: %s", apply->directory,
                                 name, strerror(errno));
}

/* --- new files --- */

/* A new file under a name that is for this only; -1 with errno. */
static int
create(const struct apply *apply, const char *name, mode_t mode)
{
    int fd;

    if (unlinkat(apply->fd, name, 0) != 0 && errno != ENOENT)
        return -1;
    fd = openat(apply->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    /* Whatever the umask. */
    if (fd >= 0 && fchmod(fd, mode) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Syncs and closes a file; with failed set it is removed, and errno kept. 0, or -1. */
static int
finish(const struct apply *apply, const char *name, int fd, int failed)
{
    int saved;

    failed = failed || fsync(fd) != 0;
    saved = errno;
    failed = close(fd) != 0 || failed;
    if (!failed)
        return 0;
    unlinkat(apply->fd, name, 0);
    errno = saved;
    return -1;
}

/* Gives the exceptions one by one, and takes each into the envelope. */
static int
next_exception(void *context, struct tlsfloor_exception *exception_r)
{
    struct apply *apply = context;

    if (apply->new->next(apply->new->context, exception_r) != 1)
        return 0;
    tlsfloor_envelope_add(&apply->envelope, exception_r, apply->new->now);
    return 1;
}

/*
 * The group that may read the snapshot: the directory's, if somebody gave it
 * one, else the daemon's. 1, or 0: there is none.
 */
static int
find_group(const struct apply *apply, gid_t *group_r)
{
    const struct group *group;
    struct stat st;

    if (fstat(apply->fd, &st) == 0 && st.st_gid != 0) {
        *group_r = st.st_gid;
        return 1;
    }
    group = apply->new->group == NULL ? NULL : getgrnam(apply->new->group);
    if (group == NULL)
        return 0;
    *group_r = group->gr_gid;
    return 1;
}

/* Who is not root applies for daemons of his own, which may read his files. */
static int
set_readers(struct apply *apply, int fd)
{
    gid_t group;

    if (geteuid() != 0)
        return 0;
    apply->result->no_group = !find_group(apply, &group);
    if (apply->result->no_group)
        return 0;
    return fchown(fd, (uid_t)-1, group) == 0 && fchmod(fd, 0640) == 0 ? 0 : -1;
}

static int
write_snapshot(struct apply *apply)
{
    struct tlsfloor_snapshot_about *about = &apply->result->about;
    int fd, failed;

    if (apply->new->next == NULL)
        return 0;
    fd = create(apply, SNAPSHOT_NEW, 0600);
    if (fd < 0)
        return fail_to_write(apply, SNAPSHOT_NEW);
    failed = tlsfloor_snapshot_build(fd, next_exception, apply, apply->new->now, about) != 0 ||
             (about->count > 0 && set_readers(apply, fd) != 0);
    if (finish(apply, SNAPSHOT_NEW, fd, failed) != 0)
        return fail_to_write(apply, SNAPSHOT_NEW);
    if (about->count == 0) {
        about->id = 0;
        unlinkat(apply->fd, SNAPSHOT_NEW, 0);
    }
    return 0;
}

static int
write_policy(const struct apply *apply)
{
    char *text = tlsfloor_policy_format(apply->new->policy, TLSFLOOR_FORMAT_ALL);
    char header[TLSFLOOR_STATE_HEADER];
    int fd, failed;

    if (text == NULL)
        return tlsfloor_error_format(apply->error, "no memory to write the policy");
    tlsfloor_state_header(tlsfloor_text_from(text), apply->result->about.id, header);
    fd = create(apply, POLICY_NEW, 0644);
    if (fd < 0) {
        free(text);
        return fail_to_write(apply, POLICY);
    }
    failed = tlsfloor_file_write(fd, header, strlen(header)) != 0 ||
             tlsfloor_file_write(fd, text, strlen(text)) != 0;
    free(text);
    return finish(apply, POLICY_NEW, fd, failed) == 0 ? 0 : fail_to_write(apply, POLICY);
}

/* --- the envelope --- */

/* The envelope that readers see. 0, or -1: none, or a damaged one, which to them is everything. */
static int
read_envelope(const struct apply *apply, struct tlsfloor_envelope *envelope_r)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT], *block;
    size_t size;
    int result;

    if (tlsfloor_state_path(apply->directory, ENVELOPE, path, error) != 0 ||
        tlsfloor_file_read(path, &block, &size, NULL, error) != 1)
        return -1;
    result = tlsfloor_envelope_decode((const unsigned char *)block, size, envelope_r);
    free(block);
    return result;
}

/* Writes into the file that is there, as some readers have it open for ever. 0, or -1. */
static int
overwrite_envelope(const struct apply *apply, const struct tlsfloor_envelope *envelope)
{
    unsigned char block[TLSFLOOR_ENVELOPE_SIZE];
    int fd = openat(apply->fd, ENVELOPE, O_WRONLY | O_NOFOLLOW | O_CLOEXEC), result;

    if (fd < 0)
        return -1;
    tlsfloor_envelope_encode(envelope, block);
    result = pwrite(fd, block, sizeof(block), 0) == (ssize_t)sizeof(block) && fdatasync(fd) == 0
                 ? 0
                 : -1;
    return close(fd) == 0 ? result : -1;
}

static int
replace_envelope(const struct apply *apply, const struct tlsfloor_envelope *envelope)
{
    unsigned char block[TLSFLOOR_ENVELOPE_SIZE];
    int fd = create(apply, ENVELOPE_NEW, 0644);

    if (fd < 0)
        return -1;
    tlsfloor_envelope_encode(envelope, block);
    if (finish(apply, ENVELOPE_NEW, fd, tlsfloor_file_write(fd, block, sizeof(block)) != 0) != 0)
        return -1;
    return renameat(apply->fd, ENVELOPE_NEW, apply->fd, ENVELOPE);
}

/* Before the new state: whoever has an exception in it must get as far as being asked his name. */
static int
widen_envelope(const struct apply *apply)
{
    struct tlsfloor_envelope both;

    if (read_envelope(apply, &both) != 0)
        return 0;
    tlsfloor_envelope_join(&both, &apply->envelope);
    return overwrite_envelope(apply, &both) == 0 ? 0 : fail_to_write(apply, ENVELOPE);
}

static int
narrow_envelope(const struct apply *apply)
{
    struct tlsfloor_envelope now;

    if (read_envelope(apply, &now) == 0 && overwrite_envelope(apply, &apply->envelope) == 0)
        return 0;
    return replace_envelope(apply, &apply->envelope);
}

/* --- the moment --- */

/* The identity of the snapshot of that name; 0: none that can be read. */
static uint64_t
identity(const struct apply *apply, const char *name)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_snapshot *snapshot;
    uint64_t id;

    if (tlsfloor_state_path(apply->directory, name, path, error) != 0 ||
        tlsfloor_snapshot_open(path, &snapshot, NULL, error) != 1)
        return 0;
    id = tlsfloor_snapshot_about(snapshot)->id;
    tlsfloor_snapshot_close(snapshot);
    return id;
}

/* Makes the snapshot of the policy in force findable under its second name, if it is not yet. */
static int
keep_old_snapshot(const struct apply *apply)
{
    if (apply->in_force == 0 || apply->in_force == apply->result->about.id ||
        identity(apply, SNAPSHOT) != apply->in_force)
        return 0;
    if (unlinkat(apply->fd, SNAPSHOT_LINK, 0) != 0 && errno != ENOENT)
        return -1;
    if (linkat(apply->fd, SNAPSHOT, apply->fd, SNAPSHOT_LINK, 0) != 0 ||
        renameat(apply->fd, SNAPSHOT_LINK, apply->fd, SNAPSHOT_OLD) != 0)
        return -1;
    /* It is still there if both were the same file. */
    unlinkat(apply->fd, SNAPSHOT_LINK, 0);
    return 0;
}

static int
replace_snapshot(const struct apply *apply)
{
    if (keep_old_snapshot(apply) != 0)
        return fail_to_write(apply, SNAPSHOT_OLD);
    if (apply->result->about.count > 0 &&
        renameat(apply->fd, SNAPSHOT_NEW, apply->fd, SNAPSHOT) != 0)
        return fail_to_write(apply, SNAPSHOT);
    return fsync(apply->fd) == 0 ? 0 : fail_to_write(apply, SNAPSHOT);
}

static int
replace_policy(const struct apply *apply)
{
    if (renameat(apply->fd, POLICY_NEW, apply->fd, POLICY) != 0)
        return fail_to_write(apply, POLICY);
    if (fsync(apply->fd) != 0)
        return tlsfloor_error_format(apply->error,
                                     "%s/" POLICY ": is in force, but may be lost in a crash: %s",
                                     apply->directory, strerror(errno));
    return 0;
}

/* What only the old state needed. */
static int
clean_up(const struct apply *apply)
{
    static const char *const leavings[] = {SNAPSHOT_OLD, SNAPSHOT_NEW, SNAPSHOT_LINK, ENVELOPE_NEW};

    if (apply->result->about.count == 0)
        unlinkat(apply->fd, SNAPSHOT, 0);
    for (size_t i = 0; i < sizeof(leavings) / sizeof(leavings[0]); i++)
        unlinkat(apply->fd, leavings[i], 0);
    if (narrow_envelope(apply) != 0)
        return tlsfloor_error_format(
            apply->error, "%s/" ENVELOPE ": cannot be written, but all else is in force: %s",
            apply->directory, strerror(errno));
    return 0;
}

static uint64_t
find_in_force(const char *directory)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_policy *policy = tlsfloor_state_load(directory, NULL, error);
    uint64_t snapshot = policy == NULL ? 0 : policy->snapshot;

    tlsfloor_policy_free(policy);
    return snapshot;
}

int
tlsfloor_state_lock(const char *directory, char error[TLSFLOOR_ERROR_TEXT])
{
    int made = mkdir(directory, 0711) == 0, fd;

    if (!made && errno != EEXIST)
        return tlsfloor_error_format(error, "%s: cannot be made: %s", directory, strerror(errno));
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return tlsfloor_error_format(error, "%s: cannot be opened: %s", directory, strerror(errno));
    /* Everybody may read a file there, but nobody else open the directory, to hold the lock. */
    if ((made && fchmod(fd, 0711) != 0) || flock(fd, LOCK_EX) != 0) {
        tlsfloor_error_format(error, "%s: cannot be locked: %s", directory, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

int
tlsfloor_state_apply(int lock, const char *directory, const struct tlsfloor_state_new *new,
                     struct tlsfloor_state_result *result_r, char error[TLSFLOOR_ERROR_TEXT])
{
    struct apply apply = {.new = new,
                          .directory = directory,
                          .fd = lock,
                          .result = result_r,
                          .error = error,
                          .in_force = find_in_force(directory)};

    memset(result_r, 0, sizeof(*result_r));
    if (write_snapshot(&apply) != 0 || write_policy(&apply) != 0 || widen_envelope(&apply) != 0 ||
        replace_snapshot(&apply) != 0 || replace_policy(&apply) != 0)
        return -1;
    return clean_up(&apply);
}
