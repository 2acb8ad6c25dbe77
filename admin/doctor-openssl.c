/* SPDX-License-Identifier: MIT */
/*
 * A fresh context has the defaults of the system; it is asked, and freed.
 */
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "doctor-openssl.h"

#define DEBIANS_LEVEL 2

/* As OpenSSL numbers versions; 0: the oldest that it has. */
static enum tlsfloor_tls
version_from(long number)
{
    return number <= TLS1_VERSION
               ? TLSFLOOR_TLS_1_0
               : (enum tlsfloor_tls)(TLSFLOOR_TLS_1_0 + (int)(number - TLS1_VERSION));
}

static void
ask_context(SSL_CTX *context, struct doctor_openssl *openssl_r)
{
    static const struct {
        uint64_t option;
        enum tlsfloor_tls tls;
    } options[] = {{SSL_OP_NO_TLSv1, TLSFLOOR_TLS_1_0},
                   {SSL_OP_NO_TLSv1_1, TLSFLOOR_TLS_1_1},
                   {SSL_OP_NO_TLSv1_2, TLSFLOOR_TLS_1_2}};

    openssl_r->oldest = version_from(SSL_CTX_get_min_proto_version(context));
    openssl_r->level = SSL_CTX_get_security_level(context);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if ((SSL_CTX_get_options(context) & options[i].option) != 0)
            openssl_r->forbidden |= 1U << options[i].tls;
    }
}

void
doctor_openssl_get(struct doctor_openssl *openssl_r)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char *conf = CONF_get1_default_config_file();

    *openssl_r = (struct doctor_openssl){.oldest = TLSFLOOR_TLS_1_0, .level = DEBIANS_LEVEL};
    snprintf(openssl_r->conf, sizeof(openssl_r->conf), "%s", conf == NULL ? "openssl.cnf" : conf);
    if (context != NULL)
        ask_context(context, openssl_r);
    SSL_CTX_free(context);
    OPENSSL_free(conf);
}
