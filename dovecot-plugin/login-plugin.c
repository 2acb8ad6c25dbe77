/* SPDX-License-Identifier: MIT */
/*
 * What Dovecot's login processes load: login_plugins = tlsfloor. Runs as root,
 * before the chroot: checks that this is the Dovecot it was built with and
 * reads the applied policy. If either fails the process ends, and serves
 * nobody, for nothing may pass unjudged: the one place that ends a process.
 */
#include "dovecot-compat.h"

#include <unistd.h>

#include "build-identity.h"
#include "dovecot-build-ids.h"
#include "envelope-file.h"
#include "login-session.h"
#include "state-directory.h"
#include "state.h"

#define ENTRY __attribute__((visibility("default")))

ENTRY extern const char *tlsfloor_version;
ENTRY void tlsfloor_init(struct module *module);
ENTRY void tlsfloor_deinit(void);

const char *tlsfloor_version = DOVECOT_ABI_VERSION;

static const struct tlsfloor_build_id built_with[] = {
    {"libdovecot.so.0", LIBDOVECOT_BUILD_ID},
    {"libdovecot-login.so.0", LIBDOVECOT_LOGIN_BUILD_ID},
};

static struct tlsfloor_policy *policy;
static int envelope_fd = -1;

void
tlsfloor_init(struct module *module)
{
    char error[TLSFLOOR_ERROR_TEXT];

    if (tlsfloor_build_identity_check(built_with, N_ELEMENTS(built_with), error, sizeof(error)) !=
        0)
        i_fatal("tlsfloor: %s", error);
    policy = tlsfloor_state_load(tlsfloor_state_directory(), NULL, error);
    if (policy == NULL)
        i_fatal("tlsfloor: %s", error);
    if (policy->dovecot_passdb)
        envelope_fd = tlsfloor_envelope_open(tlsfloor_state_directory());
    tlsfloor_login_session_init(module, policy, envelope_fd);
}

void
tlsfloor_deinit(void)
{
    tlsfloor_login_session_deinit();
    tlsfloor_policy_free(policy);
    if (envelope_fd >= 0)
        close(envelope_fd);
}
