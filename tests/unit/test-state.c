/* SPDX-License-Identifier: MIT */
/*
 * The applied state in a directory of its own: what is put comes back, what
 * was damaged or could have been written by others is refused with a sentence
 * that names the file, and readers never see half of anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state-apply.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define NOBODY 65534

static const char tagging[] = "mode = tag\nfloor = TLSv1.3\n[pop3]\nmode = observe\n";
static const char enforcing[] = "mode = enforce\n";

static char directory[256];
static char path[300];  /* of the policy */
static char other[300]; /* of any further file */

/* --- the directory --- */

static int
set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(directory, sizeof(directory), "%s/tlsfloor-state-XXXXXX",
             tmp == NULL || strlen(tmp) > 200 ? "/tmp" : tmp);
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/policy", directory);
    snprintf(other, sizeof(other), "%s/policy.new", directory);
    return 0;
}

static int
tear_down(void **state)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;

    (void)state;
    if (entries == NULL)
        return -1;
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(entries), entry->d_name, 0) != 0 &&
            unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR) != 0)
            print_error("%s/%s: %s\n", directory, entry->d_name, strerror(errno));
    }
    closedir(entries);
    return rmdir(directory);
}

static void
write_bytes(const char *name, const char *bytes, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, 0644), 0);
    close(fd);
}

static size_t
read_bytes(const char *name, char *bytes, size_t size)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t used;

    assert_true(fd >= 0);
    used = read(fd, bytes, size - 1);
    assert_true(used >= 0);
    bytes[used] = '\0';
    close(fd);
    return (size_t)used;
}

/* --- policies --- */

static struct tlsfloor_policy *
policy_of(const char *conf)
{
    struct tlsfloor_policy *policy = tlsfloor_policy_parse(tlsfloor_text_from(conf), NULL, NULL);

    assert_non_null(policy);
    return policy;
}

/* Applies a policy without exceptions. */
static int
apply_to(const char *where, const struct tlsfloor_policy *policy, char error[TLSFLOOR_ERROR_TEXT])
{
    const struct tlsfloor_state_new new = {.policy = policy};
    struct tlsfloor_state_result result;
    int lock = tlsfloor_state_lock(where, error), failed = -1;

    if (lock < 0)
        return -1;
    failed = tlsfloor_state_apply(lock, where, &new, &result, error);
    close(lock);
    return failed;
}

static void
apply(const char *conf)
{
    struct tlsfloor_policy *policy = policy_of(conf);
    char error[TLSFLOOR_ERROR_TEXT] = "";

    if (apply_to(directory, policy, error) != 0)
        fail_msg("%s", error);
    assert_string_equal(error, "");
    tlsfloor_policy_free(policy);
}

static void
assert_equal_policies(const struct tlsfloor_policy *a, const struct tlsfloor_policy *b)
{
    char *first = tlsfloor_policy_format(a, TLSFLOOR_FORMAT_ALL);
    char *second = tlsfloor_policy_format(b, TLSFLOOR_FORMAT_ALL);

    assert_non_null(first);
    assert_non_null(second);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void
assert_loads(const char *conf)
{
    struct tlsfloor_policy *want = policy_of(conf), *got;
    char error[TLSFLOOR_ERROR_TEXT] = "";

    got = tlsfloor_state_load(directory, NULL, error);
    if (got == NULL)
        fail_msg("%s", error);
    assert_equal_policies(got, want);
    tlsfloor_policy_free(got);
    tlsfloor_policy_free(want);
}

/* want: what stands behind the path of the policy. */
static void
assert_no_load(const char *want)
{
    char error[TLSFLOOR_ERROR_TEXT], sentence[TLSFLOOR_ERROR_TEXT];

    memset(error, '!', sizeof(error));
    assert_null(tlsfloor_state_load(directory, NULL, error));
    snprintf(sentence, sizeof(sentence), "%s%s", path, want);
    assert_string_equal(error, sentence);
}

static void
assert_no_apply(const char *where, const char *want)
{
    struct tlsfloor_policy *policy = policy_of(enforcing);
    char error[TLSFLOOR_ERROR_TEXT], sentence[TLSFLOOR_ERROR_TEXT];

    memset(error, '!', sizeof(error));
    assert_int_equal(apply_to(where, policy, error), -1);
    snprintf(sentence, sizeof(sentence), "%s%s", where, want);
    assert_string_equal(error, sentence);
    tlsfloor_policy_free(policy);
}

/* A state file around a text, with a checksum of its own making. */
static void
write_state(const char *format, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    char file[4096];
    int size;

    for (const char *byte = text; *byte != '\0'; byte++)
        hash = (hash ^ (unsigned char)*byte) * UINT64_C(0x100000001b3);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size = snprintf(file, sizeof(file), format, strlen(text), hash, text);
#pragma GCC diagnostic pop
    assert_in_range(size, 1, sizeof(file) - 1);
    write_bytes(path, file, (size_t)size);
}

#define HEADER "# tlsfloor applied policy 1, %zu bytes, checksum %016" PRIx64 "\n%s"
#define DAMAGED ": is damaged or of another release: run tlsfloor apply"
#define NOT_APPLIED ": no policy has been applied: run tlsfloor apply"

/* --- apply and load --- */

static void
test_round_trip(void **state)
{
    (void)state;
    apply(tagging);
    assert_loads(tagging);
    apply(enforcing);
    assert_loads(enforcing);
    apply("");
    assert_loads("");
}

/* Everybody may read it, nobody else may write it, and nothing is left behind. */
static void
test_mode_and_leavings(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    struct stat st;

    (void)state;
    for (size_t i = 0; i < COUNT(masks); i++) {
        mode_t old = umask(masks[i]);

        apply(tagging);
        umask(old);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0644);
        assert_int_equal(access(other, F_OK), -1);
    }
    assert_loads(tagging);
}

/* The file is what the description of the format says, byte for byte. */
static void
test_format(void **state)
{
    struct tlsfloor_policy *policy = policy_of(tagging);
    char *text = tlsfloor_policy_format(policy, TLSFLOOR_FORMAT_ALL);
    char ours[16384], theirs[16384];
    size_t size;

    (void)state;
    apply(tagging);
    size = read_bytes(path, theirs, sizeof(theirs));
    write_state(HEADER, text);
    assert_int_equal(read_bytes(path, ours, sizeof(ours)), size);
    assert_string_equal(ours, theirs);
    free(text);
    tlsfloor_policy_free(policy);
    assert_loads(tagging);
}

static void
test_no_state(void **state)
{
    (void)state;
    assert_no_load(NOT_APPLIED);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_no_load(NOT_APPLIED);
}

static void
test_no_directory(void **state)
{
    char error[TLSFLOOR_ERROR_TEXT], where[512], want[600];
    struct tlsfloor_policy *policy = policy_of(tagging);
    struct stat st;
    mode_t old;

    (void)state;
    snprintf(where, sizeof(where), "%s/new", directory);
    assert_null(tlsfloor_state_load(where, NULL, error));
    snprintf(want, sizeof(want), "%s/policy" NOT_APPLIED, where);
    assert_string_equal(error, want);
    /* made, and open to the daemon's user, whatever the umask of the person */
    old = umask(077);
    assert_int_equal(apply_to(where, policy, error), 0);
    umask(old);
    assert_int_equal(stat(where, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0711);
    tlsfloor_policy_free(policy);
    policy = tlsfloor_state_load(where, NULL, error);
    assert_non_null(policy);
    tlsfloor_policy_free(policy);
    snprintf(want, sizeof(want), "%s/policy", where);
    assert_int_equal(unlink(want), 0);
    snprintf(want, sizeof(want), "%s/envelope", where);
    assert_int_equal(unlink(want), 0);
}

/* The mode of a directory that is there already is its owner's business. */
static void
test_directory_keeps_mode(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(chmod(directory, 0700), 0);
    apply(tagging);
    assert_int_equal(stat(directory, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
}

static void
test_bad_directory(void **state)
{
    char where[3000];

    (void)state;
    snprintf(where, sizeof(where), "%s/a/b", directory);
    assert_no_apply(where, ": cannot be made: No such file or directory");
    snprintf(where, sizeof(where), "%s/file", directory);
    write_bytes(where, "x", 1);
    assert_no_apply(where, ": cannot be opened: Not a directory");
}

static void
test_long_directory(void **state)
{
    struct tlsfloor_policy *policy = policy_of(enforcing);
    char where[3000], error[TLSFLOOR_ERROR_TEXT];
    struct stat known = {0};

    (void)state;
    memset(where, 'x', sizeof(where));
    where[sizeof(where) - 1] = '\0';
    assert_null(tlsfloor_state_load(where, NULL, error));
    assert_non_null(strstr(error, "the path of the state directory is too long"));
    assert_int_equal(apply_to(where, policy, error), -1);
    assert_true(strlen(error) < sizeof(error));
    assert_int_equal(tlsfloor_state_changed(where, &known), 0);
    tlsfloor_policy_free(policy);
}

/* --- damage --- */

static void
test_damaged(void **state)
{
    static const struct {
        const char *name, *bytes;
    } cases[] = {
        {"empty", ""},
        {"a blank line", "\n"},
        {"no first line", "mode = tag\n"},
        {"a first line alone, without its end", "# tlsfloor applied policy 1, 0 bytes, checksum "
                                                "cbf29ce484222325"},
        {"a wrong size", "# tlsfloor applied policy 1, 1 bytes, checksum cbf29ce484222325\n"},
        {"a size that wraps",
         "# tlsfloor applied policy 1, 18446744073709551616 bytes, checksum cbf29ce484222325\n"},
        {"a wrong checksum", "# tlsfloor applied policy 1, 0 bytes, checksum cbf29ce484222326\n"},
        {"checksum in capitals",
         "# tlsfloor applied policy 1, 0 bytes, checksum CBF29CE484222325\n"},
        {"another release", "# tlsfloor applied policy 2, 0 bytes, checksum cbf29ce484222325\n"},
        {"more on the first line",
         "# tlsfloor applied policy 1, 0 bytes, checksum cbf29ce484222325 \n"},
        {"CR LF", "# tlsfloor applied policy 1, 0 bytes, checksum cbf29ce484222325\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_bytes(path, cases[i].bytes, strlen(cases[i].bytes));
        assert_no_load(DAMAGED);
    }
    /* the same without a fault is the empty policy */
    write_state(HEADER, "");
    assert_loads("");
}

/* Any byte of the file changed, or the file cut anywhere, or longer: refused. */
static void
test_every_byte_counts(void **state)
{
    static const char text[] = "mode = tag\nfloor = TLSv1.1\n";
    char file[256];
    size_t size;

    (void)state;
    write_state(HEADER, text);
    assert_loads(text);
    size = read_bytes(path, file, sizeof(file));
    for (size_t i = 0; i < size; i++) {
        file[i] ^= 1;
        write_bytes(path, file, size);
        assert_no_load(DAMAGED);
        file[i] ^= 1;
        write_bytes(path, file, i);
        assert_no_load(DAMAGED);
    }
    file[size] = '\n';
    write_bytes(path, file, size + 1);
    assert_no_load(DAMAGED);
    file[size] = '\0';
    write_bytes(path, file, size + 1);
    assert_no_load(DAMAGED);
}

/* Intact, but not understood, as after a downgrade: the line is the one of the file. */
static void
test_other_release(void **state)
{
    char error[TLSFLOOR_ERROR_TEXT], begin[400];

    (void)state;
    write_state(HEADER, "mode = tag\nparameter_of_the_future = yes\n");
    assert_null(tlsfloor_state_load(directory, NULL, error));
    snprintf(begin, sizeof(begin), "%s:3: ", path);
    assert_int_equal(strncmp(error, begin, strlen(begin)), 0);
    assert_non_null(strstr(error, "parameter_of_the_future"));
    assert_string_equal(error + strlen(error) - strlen(": run tlsfloor apply"),
                        ": run tlsfloor apply");
}

/* --- what is no file to be believed --- */

static void
test_kinds_of_file(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    (void)state;
    assert_int_equal(mkdir(path, 0755), 0);
    assert_no_load(": is a directory, not a file");
    assert_no_apply(directory, "/policy: cannot be written: Is a directory");
    assert_int_equal(rmdir(path), 0);

    assert_int_equal(mkfifo(path, 0644), 0);
    assert_no_load(": is not a regular file");
    assert_int_equal(unlink(path), 0);

    assert_int_equal(symlink("/dev/null", path), 0);
    assert_no_load(": is not a regular file");
    assert_int_equal(unlink(path), 0);

    assert_int_equal(symlink("policy", path), 0);
    assert_no_load(": cannot be opened: Too many levels of symbolic links");
    assert_int_equal(unlink(path), 0);

    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_no_load(": cannot be opened: No such device or address");
    close(fd);
}

static void
test_writable_by_others(void **state)
{
    static const struct {
        mode_t mode;
        const char *want; /* NULL: believed */
    } cases[] = {
        {0600, NULL},
        {0644, NULL},
        {0444, NULL},
        {0755, NULL},
        {0646, ": can be written by others (mode 0646): chmod go-w"},
        {0666, ": can be written by others (mode 0666): chmod go-w"},
        {0602, ": can be written by others (mode 0602): chmod go-w"},
        {04646, ": can be written by others (mode 4646): chmod go-w"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        apply(tagging);
        assert_int_equal(chmod(path, cases[i].mode), 0);
        if (cases[i].want == NULL)
            assert_loads(tagging);
        else
            assert_no_load(cases[i].want);
    }
}

/* Only root's group may write. */
static void
test_writable_by_group(void **state)
{
    (void)state;
    apply(tagging);
    if (geteuid() == 0)
        assert_int_equal(chown(path, 0, 1), 0);
    assert_int_equal(chmod(path, 0664), 0);
    if (geteuid() == 0 || getegid() != 0)
        assert_no_load(": can be written by others (mode 0664): chmod go-w");
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(chmod(path, 0664), 0);
        assert_loads(tagging);
    }
}

static void
test_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return; /* skipped by its name */
    apply(tagging);
    assert_int_equal(chown(path, NOBODY, 0), 0);
    assert_no_load(": belongs to user 65534: it must be root's (chown root)");
    /* its owner believes it, and everybody believes root */
    assert_int_equal(chmod(directory, 0755), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    assert_loads(tagging);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    assert_loads(tagging);
    assert_int_equal(seteuid(0), 0);
}

/* Without rights the old policy stays, and the sentence says why. */
static void
test_no_rights(void **state)
{
    (void)state;
    apply(tagging);
    assert_int_equal(chmod(directory, 0555), 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    assert_no_apply(directory, "/policy: cannot be written: Permission denied");
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_loads(tagging);
    assert_int_equal(chmod(path, 0), 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    assert_no_load(": cannot be opened: Permission denied");
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(directory, 0755), 0);
}

static void
test_too_large(void **state)
{
    (void)state;
    write_bytes(path, "", 0);
    assert_int_equal(truncate(path, (off_t)TLSFLOOR_FILE_SIZE + 1), 0);
    assert_no_load(": is larger than 134217728 bytes");
    assert_int_equal(truncate(path, INT64_C(1) << 40), 0);
    assert_no_load(": is larger than 134217728 bytes");
}

/* --- applying --- */

/* What an apply that was killed left behind, or somebody put there, is in nobody's way. */
static void
test_leftover(void **state)
{
    char victim[300], bytes[8];

    (void)state;
    write_bytes(other, "half a pol", 10);
    apply(tagging);
    assert_loads(tagging);
    snprintf(victim, sizeof(victim), "%s/victim", directory);
    write_bytes(victim, "safe", 4);
    assert_int_equal(symlink("victim", other), 0);
    apply(enforcing);
    assert_loads(enforcing);
    assert_int_equal(read_bytes(victim, bytes, sizeof(bytes)), 4);
    assert_string_equal(bytes, "safe");
    assert_int_equal(access(other, F_OK), -1);
    assert_int_equal(mkdir(other, 0755), 0);
    assert_no_apply(directory, "/policy: cannot be written: Is a directory");
    assert_loads(enforcing);
}

/* As on a full disk: the old policy stays, and the half of the new one is taken away. */
static void
test_no_room(void **state)
{
    struct rlimit room, little;

    (void)state;
    apply(tagging);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &room), 0);
    little = room;
    little.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_no_apply(directory, "/policy: cannot be written: File too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &room), 0);
    assert_int_equal(access(other, F_OK), -1);
    assert_loads(tagging);
}

/* A symbolic link is replaced, not followed. */
static void
test_apply_over_link(void **state)
{
    char target[300], bytes[8];
    struct stat st;

    (void)state;
    snprintf(target, sizeof(target), "%s/target", directory);
    write_bytes(target, "safe", 4);
    assert_int_equal(symlink("target", path), 0);
    apply(tagging);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(read_bytes(target, bytes, sizeof(bytes)), 4);
    assert_loads(tagging);
}

/* Runs an apply in a process of its own, which writes a byte to the pipe at its end. */
static pid_t
start_apply(const char *conf, int *fd_r)
{
    int fds[2];
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char error[TLSFLOOR_ERROR_TEXT];
        struct tlsfloor_policy *policy =
            tlsfloor_policy_parse(tlsfloor_text_from(conf), NULL, NULL);
        int result = apply_to(directory, policy, error);

        _exit(write(fds[1], "x", 1) == 1 && result == 0 ? 0 : 1);
    }
    close(fds[1]);
    *fd_r = fds[0];
    return pid;
}

static void
test_lock(void **state)
{
    int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, status;
    struct pollfd done = {.events = POLLIN};
    pid_t pid;

    (void)state;
    apply(enforcing);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    pid = start_apply(tagging, &fd);
    done.fd = fd;
    assert_int_equal(poll(&done, 1, 300), 0);
    assert_loads(enforcing);
    assert_int_equal(access(other, F_OK), -1);
    assert_int_equal(flock(lock, LOCK_UN), 0);
    assert_int_equal(poll(&done, 1, 10000), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_loads(tagging);
    close(fd);
    close(lock);
}

/* The lock goes with the apply, also with one that failed. */
static void
test_lock_is_let_go(void **state)
{
    int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    apply(enforcing);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(flock(lock, LOCK_UN), 0);
    assert_int_equal(mkdir(other, 0755), 0);
    assert_no_apply(directory, "/policy: cannot be written: Is a directory");
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    close(lock);
}

/* While one process replaces it all the time, a reader always has a whole policy. */
static void
test_readers_see_whole_policies(void **state)
{
    int reads = 0, status;
    pid_t pid;

    (void)state;
    apply(tagging);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct tlsfloor_policy *a = tlsfloor_policy_parse(tlsfloor_text_from(tagging), NULL, NULL);
        struct tlsfloor_policy *b = tlsfloor_policy_new();
        char error[TLSFLOOR_ERROR_TEXT];
        int failed = 0;

        for (int i = 0; i < 50 && !failed; i++)
            failed = apply_to(directory, i % 2 ? a : b, error) != 0;
        _exit(failed);
    }
    while (waitpid(pid, &status, WNOHANG) == 0) {
        char error[TLSFLOOR_ERROR_TEXT];
        struct tlsfloor_policy *policy = tlsfloor_state_load(directory, NULL, error);

        if (policy == NULL)
            fail_msg("%s", error);
        tlsfloor_policy_free(policy);
        reads++;
    }
    assert_int_equal(status, 0);
    assert_true(reads > 0);
}

/* --- noticing a new one --- */

static void
test_changed(void **state)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct stat known = {0};

    (void)state;
    assert_int_equal(tlsfloor_state_changed(directory, &known), 0);
    apply(tagging);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 1);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 0);
    apply(tagging);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 1);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 0);
    write_bytes(path, "x", 1);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 1);
    assert_int_equal(known.st_ino, 0);
    assert_int_equal(tlsfloor_state_changed(directory, &known), 0);
    /* what load has seen is known */
    apply(enforcing);
    tlsfloor_policy_free(tlsfloor_state_load(directory, &known, error));
    assert_int_equal(tlsfloor_state_changed(directory, &known), 0);
    /* so is a broken one: it is tried once, not every second */
    write_bytes(path, "x", 1);
    assert_null(tlsfloor_state_load(directory, &known, error));
    assert_int_equal(tlsfloor_state_changed(directory, &known), 0);
}

/* Whatever happens, no descriptor stays open: the daemon looks once a second. */
static void
test_descriptors(void **state)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

    (void)state;
    close(before);
    assert_no_load(NOT_APPLIED);
    apply(tagging);
    assert_loads(tagging);
    write_bytes(path, "x", 1);
    assert_no_load(DAMAGED);
    assert_int_equal(chmod(path, 0666), 0);
    assert_no_load(": can be written by others (mode 0666): chmod go-w");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_no_load(": is a directory, not a file");
    assert_no_apply(directory, "/policy: cannot be written: Is a directory");
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(after, before);
}

/* --- reading any file --- */

static void
test_file_read(void **state)
{
    static const char bytes[] = "a\0b\n\xff";
    char error[TLSFLOOR_ERROR_TEXT], *data = NULL;
    struct stat st;
    size_t size = 99;

    (void)state;
    assert_int_equal(tlsfloor_file_read(other, &data, &size, NULL, error), 0);
    write_bytes(other, bytes, sizeof(bytes) - 1);
    assert_int_equal(tlsfloor_file_read(other, &data, &size, &st, error), 1);
    assert_int_equal(size, sizeof(bytes) - 1);
    assert_memory_equal(data, bytes, size);
    assert_int_equal(st.st_size, size);
    free(data);
    write_bytes(other, "", 0);
    assert_int_equal(tlsfloor_file_read(other, &data, &size, NULL, error), 1);
    assert_int_equal(size, 0);
    free(data);
}

static void
test_file_read_below_a_file(void **state)
{
    char error[TLSFLOOR_ERROR_TEXT], *data, below[400], want[500];
    size_t size;

    (void)state;
    write_bytes(other, "x", 1);
    snprintf(below, sizeof(below), "%s/conf", other);
    assert_int_equal(tlsfloor_file_read(below, &data, &size, NULL, error), -1);
    snprintf(want, sizeof(want), "%s: cannot be opened: Not a directory", below);
    assert_string_equal(error, want);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_mode_and_leavings),
        TEST(test_format),
        TEST(test_no_state),
        TEST(test_no_directory),
        TEST(test_directory_keeps_mode),
        TEST(test_bad_directory),
        TEST(test_long_directory),
        TEST(test_damaged),
        TEST(test_every_byte_counts),
        TEST(test_other_release),
        TEST(test_kinds_of_file),
        TEST(test_writable_by_others),
        TEST(test_writable_by_group),
        {geteuid() == 0 ? "test_owner" : "test_owner # SKIP only root can give files away",
         test_owner, set_up, tear_down, NULL},
        TEST(test_no_rights),
        TEST(test_too_large),
        TEST(test_leftover),
        TEST(test_no_room),
        TEST(test_apply_over_link),
        TEST(test_lock),
        TEST(test_lock_is_let_go),
        TEST(test_readers_see_whole_policies),
        TEST(test_changed),
        TEST(test_descriptors),
        TEST(test_file_read),
        TEST(test_file_read_below_a_file),
    };

    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
