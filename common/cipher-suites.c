/* SPDX-License-Identifier: MIT */
/*
 * The table of cipher suites, one entry a suite, under the name that OpenSSL
 * 1.1.0 to 3.5 prints. Look-ups compare whole names, byte by byte; they never
 * guess, never allocate and never fail. The signalling values (SCSV) are not
 * here: no session can have one as its suite.
 */
#include "cipher-suites.h"

/*
 * Key exchanges that keep a recorded session secret when a long-term key leaks.
 * SRP is among them: its keys come from a Diffie-Hellman exchange of the session
 * (RFC 2945, RFC 5054), neither password nor verifier opens an old one. GOST is
 * not: one side of its exchange is the key of the server's certificate.
 */
enum {
    FS_NONE = 0,
    FS_RSA = 0,
    FS_DH = 0,
    FS_ECDH = 0,
    FS_PSK = 0,
    FS_RSA_PSK = 0,
    FS_KRB5 = 0,
    FS_GOST = 0,
    FS_ANY = 1,
    FS_DHE = 1,
    FS_ECDHE = 1,
    FS_DHE_PSK = 1,
    FS_ECDHE_PSK = 1,
    FS_SRP = 1,
    FS_CECPQ1 = 1,
    FS_ECCPWD = 1
};

/* One name for both: OpenSSL has none of its own, or the IANA has none. */
#define SAME(name) name, name

/* Version, key exchange, authentication, encryption, its strength in bits, MAC. */
#define PARTS(version, kx, auth, enc, bits, hash)                                              \
    .strength = (bits), .first_version = TLSFLOOR_##version, .key_exchange = TLSFLOOR_KX_##kx, \
    .authentication = TLSFLOOR_AUTH_##auth, .encryption = TLSFLOOR_ENC_##enc,                  \
    .mac = TLSFLOOR_MAC_##hash, .aead = TLSFLOOR_MAC_##hash == TLSFLOOR_MAC_AEAD,              \
    .forward_secrecy = FS_##kx

/* Weakened for export. */
#define EXPORT .export_grade = 1

/* clang-format off */

/*
 * OpenSSL's name, IANA name, code, PARTS. To be kept sorted by OpenSSL's name.
 *
 * The version is the oldest in which OpenSSL negotiates the suite, or that of the
 * RFC if OpenSSL never had it: AES came after SSLv3, but OpenSSL used it there.
 * DH_anon and ECDH_anon are DHE and ECDHE without authentication. The strength
 * is that of the encryption: the short tag of CCM_8 does not lower it. 0xFF85 has
 * no IANA name; the second one is what OpenSSL 1.1 called it.
 */
const struct tlsfloor_cipher_suite tlsfloor_cipher_suites[] = {
    {"ADH-AES128-GCM-SHA256",          "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
     0x00A6, PARTS(TLS_1_2,   DHE,       NONE,   AES_GCM,           128, AEAD)},
    {"ADH-AES128-SHA",                 "TLS_DH_anon_WITH_AES_128_CBC_SHA",
     0x0034, PARTS(TLS_SSLV3, DHE,       NONE,   AES_CBC,           128, SHA1)},
    {"ADH-AES128-SHA256",              "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
     0x006C, PARTS(TLS_1_2,   DHE,       NONE,   AES_CBC,           128, SHA256)},
    {"ADH-AES256-GCM-SHA384",          "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
     0x00A7, PARTS(TLS_1_2,   DHE,       NONE,   AES_GCM,           256, AEAD)},
    {"ADH-AES256-SHA",                 "TLS_DH_anon_WITH_AES_256_CBC_SHA",
     0x003A, PARTS(TLS_SSLV3, DHE,       NONE,   AES_CBC,           256, SHA1)},
    {"ADH-AES256-SHA256",              "TLS_DH_anon_WITH_AES_256_CBC_SHA256",
     0x006D, PARTS(TLS_1_2,   DHE,       NONE,   AES_CBC,           256, SHA256)},
    {"ADH-ARIA128-GCM-SHA256",         "TLS_DH_anon_WITH_ARIA_128_GCM_SHA256",
     0xC05A, PARTS(TLS_1_2,   DHE,       NONE,   ARIA_GCM,          128, AEAD)},
    {"ADH-ARIA256-GCM-SHA384",         "TLS_DH_anon_WITH_ARIA_256_GCM_SHA384",
     0xC05B, PARTS(TLS_1_2,   DHE,       NONE,   ARIA_GCM,          256, AEAD)},
    {"ADH-CAMELLIA128-SHA",            "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA",
     0x0046, PARTS(TLS_SSLV3, DHE,       NONE,   CAMELLIA_CBC,      128, SHA1)},
    {"ADH-CAMELLIA128-SHA256",         "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256",
     0x00BF, PARTS(TLS_1_2,   DHE,       NONE,   CAMELLIA_CBC,      128, SHA256)},
    {"ADH-CAMELLIA256-SHA",            "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA",
     0x0089, PARTS(TLS_SSLV3, DHE,       NONE,   CAMELLIA_CBC,      256, SHA1)},
    {"ADH-CAMELLIA256-SHA256",         "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256",
     0x00C5, PARTS(TLS_1_2,   DHE,       NONE,   CAMELLIA_CBC,      256, SHA256)},
    {"ADH-DES-CBC-SHA",                "TLS_DH_anon_WITH_DES_CBC_SHA",
     0x001A, PARTS(TLS_SSLV3, DHE,       NONE,   DES_CBC,            56, SHA1)},
    {"ADH-DES-CBC3-SHA",               "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA",
     0x001B, PARTS(TLS_SSLV3, DHE,       NONE,   3DES_CBC,          112, SHA1)},
    {"ADH-RC4-MD5",                    "TLS_DH_anon_WITH_RC4_128_MD5",
     0x0018, PARTS(TLS_SSLV3, DHE,       NONE,   RC4,               128, MD5)},
    {"ADH-SEED-SHA",                   "TLS_DH_anon_WITH_SEED_CBC_SHA",
     0x009B, PARTS(TLS_SSLV3, DHE,       NONE,   SEED_CBC,          128, SHA1)},
    {"AECDH-AES128-SHA",               "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
     0xC018, PARTS(TLS_1_0,   ECDHE,     NONE,   AES_CBC,           128, SHA1)},
    {"AECDH-AES256-SHA",               "TLS_ECDH_anon_WITH_AES_256_CBC_SHA",
     0xC019, PARTS(TLS_1_0,   ECDHE,     NONE,   AES_CBC,           256, SHA1)},
    {"AECDH-DES-CBC3-SHA",             "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA",
     0xC017, PARTS(TLS_1_0,   ECDHE,     NONE,   3DES_CBC,          112, SHA1)},
    {"AECDH-NULL-SHA",                 "TLS_ECDH_anon_WITH_NULL_SHA",
     0xC015, PARTS(TLS_1_0,   ECDHE,     NONE,   NULL,                0, SHA1)},
    {"AECDH-RC4-SHA",                  "TLS_ECDH_anon_WITH_RC4_128_SHA",
     0xC016, PARTS(TLS_1_0,   ECDHE,     NONE,   RC4,               128, SHA1)},
    {"AES128-CCM",                     "TLS_RSA_WITH_AES_128_CCM",
     0xC09C, PARTS(TLS_1_2,   RSA,       RSA,    AES_CCM,           128, AEAD)},
    {"AES128-CCM8",                    "TLS_RSA_WITH_AES_128_CCM_8",
     0xC0A0, PARTS(TLS_1_2,   RSA,       RSA,    AES_CCM_8,         128, AEAD)},
    {"AES128-GCM-SHA256",              "TLS_RSA_WITH_AES_128_GCM_SHA256",
     0x009C, PARTS(TLS_1_2,   RSA,       RSA,    AES_GCM,           128, AEAD)},
    {"AES128-SHA",                     "TLS_RSA_WITH_AES_128_CBC_SHA",
     0x002F, PARTS(TLS_SSLV3, RSA,       RSA,    AES_CBC,           128, SHA1)},
    {"AES128-SHA256",                  "TLS_RSA_WITH_AES_128_CBC_SHA256",
     0x003C, PARTS(TLS_1_2,   RSA,       RSA,    AES_CBC,           128, SHA256)},
    {"AES256-CCM",                     "TLS_RSA_WITH_AES_256_CCM",
     0xC09D, PARTS(TLS_1_2,   RSA,       RSA,    AES_CCM,           256, AEAD)},
    {"AES256-CCM8",                    "TLS_RSA_WITH_AES_256_CCM_8",
     0xC0A1, PARTS(TLS_1_2,   RSA,       RSA,    AES_CCM_8,         256, AEAD)},
    {"AES256-GCM-SHA384",              "TLS_RSA_WITH_AES_256_GCM_SHA384",
     0x009D, PARTS(TLS_1_2,   RSA,       RSA,    AES_GCM,           256, AEAD)},
    {"AES256-SHA",                     "TLS_RSA_WITH_AES_256_CBC_SHA",
     0x0035, PARTS(TLS_SSLV3, RSA,       RSA,    AES_CBC,           256, SHA1)},
    {"AES256-SHA256",                  "TLS_RSA_WITH_AES_256_CBC_SHA256",
     0x003D, PARTS(TLS_1_2,   RSA,       RSA,    AES_CBC,           256, SHA256)},
    {"ARIA128-GCM-SHA256",             "TLS_RSA_WITH_ARIA_128_GCM_SHA256",
     0xC050, PARTS(TLS_1_2,   RSA,       RSA,    ARIA_GCM,          128, AEAD)},
    {"ARIA256-GCM-SHA384",             "TLS_RSA_WITH_ARIA_256_GCM_SHA384",
     0xC051, PARTS(TLS_1_2,   RSA,       RSA,    ARIA_GCM,          256, AEAD)},
    {"CAMELLIA128-SHA",                "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA",
     0x0041, PARTS(TLS_SSLV3, RSA,       RSA,    CAMELLIA_CBC,      128, SHA1)},
    {"CAMELLIA128-SHA256",             "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256",
     0x00BA, PARTS(TLS_1_2,   RSA,       RSA,    CAMELLIA_CBC,      128, SHA256)},
    {"CAMELLIA256-SHA",                "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA",
     0x0084, PARTS(TLS_SSLV3, RSA,       RSA,    CAMELLIA_CBC,      256, SHA1)},
    {"CAMELLIA256-SHA256",             "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256",
     0x00C0, PARTS(TLS_1_2,   RSA,       RSA,    CAMELLIA_CBC,      256, SHA256)},
    {"DES-CBC-SHA",                    "TLS_RSA_WITH_DES_CBC_SHA",
     0x0009, PARTS(TLS_SSLV3, RSA,       RSA,    DES_CBC,            56, SHA1)},
    {"DES-CBC3-SHA",                   "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
     0x000A, PARTS(TLS_SSLV3, RSA,       RSA,    3DES_CBC,          112, SHA1)},
    {"DH-DSS-AES128-GCM-SHA256",       "TLS_DH_DSS_WITH_AES_128_GCM_SHA256",
     0x00A4, PARTS(TLS_1_2,   DH,        DSS,    AES_GCM,           128, AEAD)},
    {"DH-DSS-AES128-SHA",              "TLS_DH_DSS_WITH_AES_128_CBC_SHA",
     0x0030, PARTS(TLS_SSLV3, DH,        DSS,    AES_CBC,           128, SHA1)},
    {"DH-DSS-AES128-SHA256",           "TLS_DH_DSS_WITH_AES_128_CBC_SHA256",
     0x003E, PARTS(TLS_1_2,   DH,        DSS,    AES_CBC,           128, SHA256)},
    {"DH-DSS-AES256-GCM-SHA384",       "TLS_DH_DSS_WITH_AES_256_GCM_SHA384",
     0x00A5, PARTS(TLS_1_2,   DH,        DSS,    AES_GCM,           256, AEAD)},
    {"DH-DSS-AES256-SHA",              "TLS_DH_DSS_WITH_AES_256_CBC_SHA",
     0x0036, PARTS(TLS_SSLV3, DH,        DSS,    AES_CBC,           256, SHA1)},
    {"DH-DSS-AES256-SHA256",           "TLS_DH_DSS_WITH_AES_256_CBC_SHA256",
     0x0068, PARTS(TLS_1_2,   DH,        DSS,    AES_CBC,           256, SHA256)},
    {"DH-DSS-ARIA128-GCM-SHA256",      "TLS_DH_DSS_WITH_ARIA_128_GCM_SHA256",
     0xC058, PARTS(TLS_1_2,   DH,        DSS,    ARIA_GCM,          128, AEAD)},
    {"DH-DSS-ARIA256-GCM-SHA384",      "TLS_DH_DSS_WITH_ARIA_256_GCM_SHA384",
     0xC059, PARTS(TLS_1_2,   DH,        DSS,    ARIA_GCM,          256, AEAD)},
    {"DH-DSS-CAMELLIA128-SHA",         "TLS_DH_DSS_WITH_CAMELLIA_128_CBC_SHA",
     0x0042, PARTS(TLS_SSLV3, DH,        DSS,    CAMELLIA_CBC,      128, SHA1)},
    {"DH-DSS-CAMELLIA128-SHA256",      "TLS_DH_DSS_WITH_CAMELLIA_128_CBC_SHA256",
     0x00BB, PARTS(TLS_1_2,   DH,        DSS,    CAMELLIA_CBC,      128, SHA256)},
    {"DH-DSS-CAMELLIA256-SHA",         "TLS_DH_DSS_WITH_CAMELLIA_256_CBC_SHA",
     0x0085, PARTS(TLS_SSLV3, DH,        DSS,    CAMELLIA_CBC,      256, SHA1)},
    {"DH-DSS-CAMELLIA256-SHA256",      "TLS_DH_DSS_WITH_CAMELLIA_256_CBC_SHA256",
     0x00C1, PARTS(TLS_1_2,   DH,        DSS,    CAMELLIA_CBC,      256, SHA256)},
    {"DH-DSS-DES-CBC-SHA",             "TLS_DH_DSS_WITH_DES_CBC_SHA",
     0x000C, PARTS(TLS_SSLV3, DH,        DSS,    DES_CBC,            56, SHA1)},
    {"DH-DSS-DES-CBC3-SHA",            "TLS_DH_DSS_WITH_3DES_EDE_CBC_SHA",
     0x000D, PARTS(TLS_SSLV3, DH,        DSS,    3DES_CBC,          112, SHA1)},
    {"DH-DSS-SEED-SHA",                "TLS_DH_DSS_WITH_SEED_CBC_SHA",
     0x0097, PARTS(TLS_SSLV3, DH,        DSS,    SEED_CBC,          128, SHA1)},
    {"DH-RSA-AES128-GCM-SHA256",       "TLS_DH_RSA_WITH_AES_128_GCM_SHA256",
     0x00A0, PARTS(TLS_1_2,   DH,        RSA,    AES_GCM,           128, AEAD)},
    {"DH-RSA-AES128-SHA",              "TLS_DH_RSA_WITH_AES_128_CBC_SHA",
     0x0031, PARTS(TLS_SSLV3, DH,        RSA,    AES_CBC,           128, SHA1)},
    {"DH-RSA-AES128-SHA256",           "TLS_DH_RSA_WITH_AES_128_CBC_SHA256",
     0x003F, PARTS(TLS_1_2,   DH,        RSA,    AES_CBC,           128, SHA256)},
    {"DH-RSA-AES256-GCM-SHA384",       "TLS_DH_RSA_WITH_AES_256_GCM_SHA384",
     0x00A1, PARTS(TLS_1_2,   DH,        RSA,    AES_GCM,           256, AEAD)},
    {"DH-RSA-AES256-SHA",              "TLS_DH_RSA_WITH_AES_256_CBC_SHA",
     0x0037, PARTS(TLS_SSLV3, DH,        RSA,    AES_CBC,           256, SHA1)},
    {"DH-RSA-AES256-SHA256",           "TLS_DH_RSA_WITH_AES_256_CBC_SHA256",
     0x0069, PARTS(TLS_1_2,   DH,        RSA,    AES_CBC,           256, SHA256)},
    {"DH-RSA-ARIA128-GCM-SHA256",      "TLS_DH_RSA_WITH_ARIA_128_GCM_SHA256",
     0xC054, PARTS(TLS_1_2,   DH,        RSA,    ARIA_GCM,          128, AEAD)},
    {"DH-RSA-ARIA256-GCM-SHA384",      "TLS_DH_RSA_WITH_ARIA_256_GCM_SHA384",
     0xC055, PARTS(TLS_1_2,   DH,        RSA,    ARIA_GCM,          256, AEAD)},
    {"DH-RSA-CAMELLIA128-SHA",         "TLS_DH_RSA_WITH_CAMELLIA_128_CBC_SHA",
     0x0043, PARTS(TLS_SSLV3, DH,        RSA,    CAMELLIA_CBC,      128, SHA1)},
    {"DH-RSA-CAMELLIA128-SHA256",      "TLS_DH_RSA_WITH_CAMELLIA_128_CBC_SHA256",
     0x00BC, PARTS(TLS_1_2,   DH,        RSA,    CAMELLIA_CBC,      128, SHA256)},
    {"DH-RSA-CAMELLIA256-SHA",         "TLS_DH_RSA_WITH_CAMELLIA_256_CBC_SHA",
     0x0086, PARTS(TLS_SSLV3, DH,        RSA,    CAMELLIA_CBC,      256, SHA1)},
    {"DH-RSA-CAMELLIA256-SHA256",      "TLS_DH_RSA_WITH_CAMELLIA_256_CBC_SHA256",
     0x00C2, PARTS(TLS_1_2,   DH,        RSA,    CAMELLIA_CBC,      256, SHA256)},
    {"DH-RSA-DES-CBC-SHA",             "TLS_DH_RSA_WITH_DES_CBC_SHA",
     0x000F, PARTS(TLS_SSLV3, DH,        RSA,    DES_CBC,            56, SHA1)},
    {"DH-RSA-DES-CBC3-SHA",            "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA",
     0x0010, PARTS(TLS_SSLV3, DH,        RSA,    3DES_CBC,          112, SHA1)},
    {"DH-RSA-SEED-SHA",                "TLS_DH_RSA_WITH_SEED_CBC_SHA",
     0x0098, PARTS(TLS_SSLV3, DH,        RSA,    SEED_CBC,          128, SHA1)},
    {"DHE-DSS-AES128-GCM-SHA256",      "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256",
     0x00A2, PARTS(TLS_1_2,   DHE,       DSS,    AES_GCM,           128, AEAD)},
    {"DHE-DSS-AES128-SHA",             "TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
     0x0032, PARTS(TLS_SSLV3, DHE,       DSS,    AES_CBC,           128, SHA1)},
    {"DHE-DSS-AES128-SHA256",          "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256",
     0x0040, PARTS(TLS_1_2,   DHE,       DSS,    AES_CBC,           128, SHA256)},
    {"DHE-DSS-AES256-GCM-SHA384",      "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384",
     0x00A3, PARTS(TLS_1_2,   DHE,       DSS,    AES_GCM,           256, AEAD)},
    {"DHE-DSS-AES256-SHA",             "TLS_DHE_DSS_WITH_AES_256_CBC_SHA",
     0x0038, PARTS(TLS_SSLV3, DHE,       DSS,    AES_CBC,           256, SHA1)},
    {"DHE-DSS-AES256-SHA256",          "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256",
     0x006A, PARTS(TLS_1_2,   DHE,       DSS,    AES_CBC,           256, SHA256)},
    {"DHE-DSS-ARIA128-GCM-SHA256",     "TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256",
     0xC056, PARTS(TLS_1_2,   DHE,       DSS,    ARIA_GCM,          128, AEAD)},
    {"DHE-DSS-ARIA256-GCM-SHA384",     "TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384",
     0xC057, PARTS(TLS_1_2,   DHE,       DSS,    ARIA_GCM,          256, AEAD)},
    {"DHE-DSS-CAMELLIA128-SHA",        "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA",
     0x0044, PARTS(TLS_SSLV3, DHE,       DSS,    CAMELLIA_CBC,      128, SHA1)},
    {"DHE-DSS-CAMELLIA128-SHA256",     "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256",
     0x00BD, PARTS(TLS_1_2,   DHE,       DSS,    CAMELLIA_CBC,      128, SHA256)},
    {"DHE-DSS-CAMELLIA256-SHA",        "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA",
     0x0087, PARTS(TLS_SSLV3, DHE,       DSS,    CAMELLIA_CBC,      256, SHA1)},
    {"DHE-DSS-CAMELLIA256-SHA256",     "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256",
     0x00C3, PARTS(TLS_1_2,   DHE,       DSS,    CAMELLIA_CBC,      256, SHA256)},
    {"DHE-DSS-DES-CBC3-SHA",           "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
     0x0013, PARTS(TLS_SSLV3, DHE,       DSS,    3DES_CBC,          112, SHA1)},
    {"DHE-DSS-RC4-SHA",                "TLS_DHE_DSS_WITH_RC4_128_SHA",
     0x0066, PARTS(TLS_SSLV3, DHE,       DSS,    RC4,               128, SHA1)},
    {"DHE-DSS-SEED-SHA",               "TLS_DHE_DSS_WITH_SEED_CBC_SHA",
     0x0099, PARTS(TLS_SSLV3, DHE,       DSS,    SEED_CBC,          128, SHA1)},
    {"DHE-PSK-3DES-EDE-CBC-SHA",       "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA",
     0x008F, PARTS(TLS_SSLV3, DHE_PSK,   PSK,    3DES_CBC,          112, SHA1)},
    {"DHE-PSK-AES128-CBC-SHA",         "TLS_DHE_PSK_WITH_AES_128_CBC_SHA",
     0x0090, PARTS(TLS_SSLV3, DHE_PSK,   PSK,    AES_CBC,           128, SHA1)},
    {"DHE-PSK-AES128-CBC-SHA256",      "TLS_DHE_PSK_WITH_AES_128_CBC_SHA256",
     0x00B2, PARTS(TLS_1_0,   DHE_PSK,   PSK,    AES_CBC,           128, SHA256)},
    {"DHE-PSK-AES128-CCM",             "TLS_DHE_PSK_WITH_AES_128_CCM",
     0xC0A6, PARTS(TLS_1_2,   DHE_PSK,   PSK,    AES_CCM,           128, AEAD)},
    {"DHE-PSK-AES128-CCM8",            "TLS_PSK_DHE_WITH_AES_128_CCM_8",
     0xC0AA, PARTS(TLS_1_2,   DHE_PSK,   PSK,    AES_CCM_8,         128, AEAD)},
    {"DHE-PSK-AES128-GCM-SHA256",      "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256",
     0x00AA, PARTS(TLS_1_2,   DHE_PSK,   PSK,    AES_GCM,           128, AEAD)},
    {"DHE-PSK-AES256-CBC-SHA",         "TLS_DHE_PSK_WITH_AES_256_CBC_SHA",
     0x0091, PARTS(TLS_SSLV3, DHE_PSK,   PSK,    AES_CBC,           256, SHA1)},
    {"DHE-PSK-AES256-CBC-SHA384",      "TLS_DHE_PSK_WITH_AES_256_CBC_SHA384",
     0x00B3, PARTS(TLS_1_0,   DHE_PSK,   PSK,    AES_CBC,           256, SHA384)},
    {"DHE-PSK-AES256-CCM",             "TLS_DHE_PSK_WITH_AES_256_CCM",
     0xC0A7, PARTS(TLS_1_2,   DHE_PSK,   PSK,    AES_CCM,           256, AEAD)},
    {"DHE-PSK-AES256-CCM8",            "TLS_PSK_DHE_WITH_AES_256_CCM_8",
     0xC0AB, PARTS(TLS_1_2,   DHE_PSK,   PSK,    AES_CCM_8,         256, AEAD)},
    {"DHE-PSK-AES256-GCM-SHA384",      "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384",
     0x00AB, PARTS(TLS_1_2,   DHE_PSK,   PSK,    AES_GCM,           256, AEAD)},
    {"DHE-PSK-ARIA128-GCM-SHA256",     "TLS_DHE_PSK_WITH_ARIA_128_GCM_SHA256",
     0xC06C, PARTS(TLS_1_2,   DHE_PSK,   PSK,    ARIA_GCM,          128, AEAD)},
    {"DHE-PSK-ARIA256-GCM-SHA384",     "TLS_DHE_PSK_WITH_ARIA_256_GCM_SHA384",
     0xC06D, PARTS(TLS_1_2,   DHE_PSK,   PSK,    ARIA_GCM,          256, AEAD)},
    {"DHE-PSK-CAMELLIA128-SHA256",     "TLS_DHE_PSK_WITH_CAMELLIA_128_CBC_SHA256",
     0xC096, PARTS(TLS_1_0,   DHE_PSK,   PSK,    CAMELLIA_CBC,      128, SHA256)},
    {"DHE-PSK-CAMELLIA256-SHA384",     "TLS_DHE_PSK_WITH_CAMELLIA_256_CBC_SHA384",
     0xC097, PARTS(TLS_1_0,   DHE_PSK,   PSK,    CAMELLIA_CBC,      256, SHA384)},
    {"DHE-PSK-CHACHA20-POLY1305",      "TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
     0xCCAD, PARTS(TLS_1_2,   DHE_PSK,   PSK,    CHACHA20_POLY1305, 256, AEAD)},
    {"DHE-PSK-NULL-SHA",               "TLS_DHE_PSK_WITH_NULL_SHA",
     0x002D, PARTS(TLS_SSLV3, DHE_PSK,   PSK,    NULL,                0, SHA1)},
    {"DHE-PSK-NULL-SHA256",            "TLS_DHE_PSK_WITH_NULL_SHA256",
     0x00B4, PARTS(TLS_1_0,   DHE_PSK,   PSK,    NULL,                0, SHA256)},
    {"DHE-PSK-NULL-SHA384",            "TLS_DHE_PSK_WITH_NULL_SHA384",
     0x00B5, PARTS(TLS_1_0,   DHE_PSK,   PSK,    NULL,                0, SHA384)},
    {"DHE-PSK-RC4-SHA",                "TLS_DHE_PSK_WITH_RC4_128_SHA",
     0x008E, PARTS(TLS_SSLV3, DHE_PSK,   PSK,    RC4,               128, SHA1)},
    {"DHE-RSA-AES128-CCM",             "TLS_DHE_RSA_WITH_AES_128_CCM",
     0xC09E, PARTS(TLS_1_2,   DHE,       RSA,    AES_CCM,           128, AEAD)},
    {"DHE-RSA-AES128-CCM8",            "TLS_DHE_RSA_WITH_AES_128_CCM_8",
     0xC0A2, PARTS(TLS_1_2,   DHE,       RSA,    AES_CCM_8,         128, AEAD)},
    {"DHE-RSA-AES128-GCM-SHA256",      "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
     0x009E, PARTS(TLS_1_2,   DHE,       RSA,    AES_GCM,           128, AEAD)},
    {"DHE-RSA-AES128-SHA",             "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
     0x0033, PARTS(TLS_SSLV3, DHE,       RSA,    AES_CBC,           128, SHA1)},
    {"DHE-RSA-AES128-SHA256",          "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
     0x0067, PARTS(TLS_1_2,   DHE,       RSA,    AES_CBC,           128, SHA256)},
    {"DHE-RSA-AES256-CCM",             "TLS_DHE_RSA_WITH_AES_256_CCM",
     0xC09F, PARTS(TLS_1_2,   DHE,       RSA,    AES_CCM,           256, AEAD)},
    {"DHE-RSA-AES256-CCM8",            "TLS_DHE_RSA_WITH_AES_256_CCM_8",
     0xC0A3, PARTS(TLS_1_2,   DHE,       RSA,    AES_CCM_8,         256, AEAD)},
    {"DHE-RSA-AES256-GCM-SHA384",      "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
     0x009F, PARTS(TLS_1_2,   DHE,       RSA,    AES_GCM,           256, AEAD)},
    {"DHE-RSA-AES256-SHA",             "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
     0x0039, PARTS(TLS_SSLV3, DHE,       RSA,    AES_CBC,           256, SHA1)},
    {"DHE-RSA-AES256-SHA256",          "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
     0x006B, PARTS(TLS_1_2,   DHE,       RSA,    AES_CBC,           256, SHA256)},
    {"DHE-RSA-ARIA128-GCM-SHA256",     "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256",
     0xC052, PARTS(TLS_1_2,   DHE,       RSA,    ARIA_GCM,          128, AEAD)},
    {"DHE-RSA-ARIA256-GCM-SHA384",     "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384",
     0xC053, PARTS(TLS_1_2,   DHE,       RSA,    ARIA_GCM,          256, AEAD)},
    {"DHE-RSA-CAMELLIA128-SHA",        "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA",
     0x0045, PARTS(TLS_SSLV3, DHE,       RSA,    CAMELLIA_CBC,      128, SHA1)},
    {"DHE-RSA-CAMELLIA128-SHA256",     "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256",
     0x00BE, PARTS(TLS_1_2,   DHE,       RSA,    CAMELLIA_CBC,      128, SHA256)},
    {"DHE-RSA-CAMELLIA256-SHA",        "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA",
     0x0088, PARTS(TLS_SSLV3, DHE,       RSA,    CAMELLIA_CBC,      256, SHA1)},
    {"DHE-RSA-CAMELLIA256-SHA256",     "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256",
     0x00C4, PARTS(TLS_1_2,   DHE,       RSA,    CAMELLIA_CBC,      256, SHA256)},
    {"DHE-RSA-CHACHA20-POLY1305",      "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
     0xCCAA, PARTS(TLS_1_2,   DHE,       RSA,    CHACHA20_POLY1305, 256, AEAD)},
    {"DHE-RSA-DES-CBC3-SHA",           "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
     0x0016, PARTS(TLS_SSLV3, DHE,       RSA,    3DES_CBC,          112, SHA1)},
    {"DHE-RSA-SEED-SHA",               "TLS_DHE_RSA_WITH_SEED_CBC_SHA",
     0x009A, PARTS(TLS_SSLV3, DHE,       RSA,    SEED_CBC,          128, SHA1)},
    {"ECDH-ARIA128-GCM-SHA256",        "TLS_ECDH_RSA_WITH_ARIA_128_GCM_SHA256",
     0xC062, PARTS(TLS_1_2,   ECDH,      RSA,    ARIA_GCM,          128, AEAD)},
    {"ECDH-ARIA256-GCM-SHA384",        "TLS_ECDH_RSA_WITH_ARIA_256_GCM_SHA384",
     0xC063, PARTS(TLS_1_2,   ECDH,      RSA,    ARIA_GCM,          256, AEAD)},
    {"ECDH-ECDSA-AES128-GCM-SHA256",   "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256",
     0xC02D, PARTS(TLS_1_2,   ECDH,      ECDSA,  AES_GCM,           128, AEAD)},
    {"ECDH-ECDSA-AES128-SHA",          "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA",
     0xC004, PARTS(TLS_1_0,   ECDH,      ECDSA,  AES_CBC,           128, SHA1)},
    {"ECDH-ECDSA-AES128-SHA256",       "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256",
     0xC025, PARTS(TLS_1_2,   ECDH,      ECDSA,  AES_CBC,           128, SHA256)},
    {"ECDH-ECDSA-AES256-GCM-SHA384",   "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384",
     0xC02E, PARTS(TLS_1_2,   ECDH,      ECDSA,  AES_GCM,           256, AEAD)},
    {"ECDH-ECDSA-AES256-SHA",          "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA",
     0xC005, PARTS(TLS_1_0,   ECDH,      ECDSA,  AES_CBC,           256, SHA1)},
    {"ECDH-ECDSA-AES256-SHA384",       "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384",
     0xC026, PARTS(TLS_1_2,   ECDH,      ECDSA,  AES_CBC,           256, SHA384)},
    {"ECDH-ECDSA-ARIA128-GCM-SHA256",  "TLS_ECDH_ECDSA_WITH_ARIA_128_GCM_SHA256",
     0xC05E, PARTS(TLS_1_2,   ECDH,      ECDSA,  ARIA_GCM,          128, AEAD)},
    {"ECDH-ECDSA-ARIA256-GCM-SHA384",  "TLS_ECDH_ECDSA_WITH_ARIA_256_GCM_SHA384",
     0xC05F, PARTS(TLS_1_2,   ECDH,      ECDSA,  ARIA_GCM,          256, AEAD)},
    {"ECDH-ECDSA-CAMELLIA128-SHA256",  "TLS_ECDH_ECDSA_WITH_CAMELLIA_128_CBC_SHA256",
     0xC074, PARTS(TLS_1_2,   ECDH,      ECDSA,  CAMELLIA_CBC,      128, SHA256)},
    {"ECDH-ECDSA-CAMELLIA256-SHA384",  "TLS_ECDH_ECDSA_WITH_CAMELLIA_256_CBC_SHA384",
     0xC075, PARTS(TLS_1_2,   ECDH,      ECDSA,  CAMELLIA_CBC,      256, SHA384)},
    {"ECDH-ECDSA-DES-CBC3-SHA",        "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA",
     0xC003, PARTS(TLS_1_0,   ECDH,      ECDSA,  3DES_CBC,          112, SHA1)},
    {"ECDH-ECDSA-NULL-SHA",            "TLS_ECDH_ECDSA_WITH_NULL_SHA",
     0xC001, PARTS(TLS_1_0,   ECDH,      ECDSA,  NULL,                0, SHA1)},
    {"ECDH-ECDSA-RC4-SHA",             "TLS_ECDH_ECDSA_WITH_RC4_128_SHA",
     0xC002, PARTS(TLS_1_0,   ECDH,      ECDSA,  RC4,               128, SHA1)},
    {"ECDH-RSA-AES128-GCM-SHA256",     "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256",
     0xC031, PARTS(TLS_1_2,   ECDH,      RSA,    AES_GCM,           128, AEAD)},
    {"ECDH-RSA-AES128-SHA",            "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA",
     0xC00E, PARTS(TLS_1_0,   ECDH,      RSA,    AES_CBC,           128, SHA1)},
    {"ECDH-RSA-AES128-SHA256",         "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256",
     0xC029, PARTS(TLS_1_2,   ECDH,      RSA,    AES_CBC,           128, SHA256)},
    {"ECDH-RSA-AES256-GCM-SHA384",     "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384",
     0xC032, PARTS(TLS_1_2,   ECDH,      RSA,    AES_GCM,           256, AEAD)},
    {"ECDH-RSA-AES256-SHA",            "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA",
     0xC00F, PARTS(TLS_1_0,   ECDH,      RSA,    AES_CBC,           256, SHA1)},
    {"ECDH-RSA-AES256-SHA384",         "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384",
     0xC02A, PARTS(TLS_1_2,   ECDH,      RSA,    AES_CBC,           256, SHA384)},
    {"ECDH-RSA-CAMELLIA128-SHA256",    "TLS_ECDH_RSA_WITH_CAMELLIA_128_CBC_SHA256",
     0xC078, PARTS(TLS_1_2,   ECDH,      RSA,    CAMELLIA_CBC,      128, SHA256)},
    {"ECDH-RSA-CAMELLIA256-SHA384",    "TLS_ECDH_RSA_WITH_CAMELLIA_256_CBC_SHA384",
     0xC079, PARTS(TLS_1_2,   ECDH,      RSA,    CAMELLIA_CBC,      256, SHA384)},
    {"ECDH-RSA-DES-CBC3-SHA",          "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA",
     0xC00D, PARTS(TLS_1_0,   ECDH,      RSA,    3DES_CBC,          112, SHA1)},
    {"ECDH-RSA-NULL-SHA",              "TLS_ECDH_RSA_WITH_NULL_SHA",
     0xC00B, PARTS(TLS_1_0,   ECDH,      RSA,    NULL,                0, SHA1)},
    {"ECDH-RSA-RC4-SHA",               "TLS_ECDH_RSA_WITH_RC4_128_SHA",
     0xC00C, PARTS(TLS_1_0,   ECDH,      RSA,    RC4,               128, SHA1)},
    {"ECDHE-ARIA128-GCM-SHA256",       "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256",
     0xC060, PARTS(TLS_1_2,   ECDHE,     RSA,    ARIA_GCM,          128, AEAD)},
    {"ECDHE-ARIA256-GCM-SHA384",       "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384",
     0xC061, PARTS(TLS_1_2,   ECDHE,     RSA,    ARIA_GCM,          256, AEAD)},
    {"ECDHE-ECDSA-AES128-CCM",         "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
     0xC0AC, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_CCM,           128, AEAD)},
    {"ECDHE-ECDSA-AES128-CCM8",        "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
     0xC0AE, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_CCM_8,         128, AEAD)},
    {"ECDHE-ECDSA-AES128-GCM-SHA256",  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
     0xC02B, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_GCM,           128, AEAD)},
    {"ECDHE-ECDSA-AES128-SHA",         "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
     0xC009, PARTS(TLS_1_0,   ECDHE,     ECDSA,  AES_CBC,           128, SHA1)},
    {"ECDHE-ECDSA-AES128-SHA256",      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
     0xC023, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_CBC,           128, SHA256)},
    {"ECDHE-ECDSA-AES256-CCM",         "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
     0xC0AD, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_CCM,           256, AEAD)},
    {"ECDHE-ECDSA-AES256-CCM8",        "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
     0xC0AF, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_CCM_8,         256, AEAD)},
    {"ECDHE-ECDSA-AES256-GCM-SHA384",  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
     0xC02C, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_GCM,           256, AEAD)},
    {"ECDHE-ECDSA-AES256-SHA",         "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
     0xC00A, PARTS(TLS_1_0,   ECDHE,     ECDSA,  AES_CBC,           256, SHA1)},
    {"ECDHE-ECDSA-AES256-SHA384",      "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
     0xC024, PARTS(TLS_1_2,   ECDHE,     ECDSA,  AES_CBC,           256, SHA384)},
    {"ECDHE-ECDSA-ARIA128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256",
     0xC05C, PARTS(TLS_1_2,   ECDHE,     ECDSA,  ARIA_GCM,          128, AEAD)},
    {"ECDHE-ECDSA-ARIA256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384",
     0xC05D, PARTS(TLS_1_2,   ECDHE,     ECDSA,  ARIA_GCM,          256, AEAD)},
    {"ECDHE-ECDSA-CAMELLIA128-SHA256", "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256",
     0xC072, PARTS(TLS_1_2,   ECDHE,     ECDSA,  CAMELLIA_CBC,      128, SHA256)},
    {"ECDHE-ECDSA-CAMELLIA256-SHA384", "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384",
     0xC073, PARTS(TLS_1_2,   ECDHE,     ECDSA,  CAMELLIA_CBC,      256, SHA384)},
    {"ECDHE-ECDSA-CHACHA20-POLY1305",  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     0xCCA9, PARTS(TLS_1_2,   ECDHE,     ECDSA,  CHACHA20_POLY1305, 256, AEAD)},
    {"ECDHE-ECDSA-DES-CBC3-SHA",       "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
     0xC008, PARTS(TLS_1_0,   ECDHE,     ECDSA,  3DES_CBC,          112, SHA1)},
    {"ECDHE-ECDSA-NULL-SHA",           "TLS_ECDHE_ECDSA_WITH_NULL_SHA",
     0xC006, PARTS(TLS_1_0,   ECDHE,     ECDSA,  NULL,                0, SHA1)},
    {"ECDHE-ECDSA-RC4-SHA",            "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
     0xC007, PARTS(TLS_1_0,   ECDHE,     ECDSA,  RC4,               128, SHA1)},
    {"ECDHE-PSK-3DES-EDE-CBC-SHA",     "TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA",
     0xC034, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    3DES_CBC,          112, SHA1)},
    {"ECDHE-PSK-AES128-CBC-SHA",       "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA",
     0xC035, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    AES_CBC,           128, SHA1)},
    {"ECDHE-PSK-AES128-CBC-SHA256",    "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256",
     0xC037, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    AES_CBC,           128, SHA256)},
    {"ECDHE-PSK-AES256-CBC-SHA",       "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA",
     0xC036, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    AES_CBC,           256, SHA1)},
    {"ECDHE-PSK-AES256-CBC-SHA384",    "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384",
     0xC038, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    AES_CBC,           256, SHA384)},
    {"ECDHE-PSK-CAMELLIA128-SHA256",   "TLS_ECDHE_PSK_WITH_CAMELLIA_128_CBC_SHA256",
     0xC09A, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    CAMELLIA_CBC,      128, SHA256)},
    {"ECDHE-PSK-CAMELLIA256-SHA384",   "TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384",
     0xC09B, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    CAMELLIA_CBC,      256, SHA384)},
    {"ECDHE-PSK-CHACHA20-POLY1305",    "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
     0xCCAC, PARTS(TLS_1_2,   ECDHE_PSK, PSK,    CHACHA20_POLY1305, 256, AEAD)},
    {"ECDHE-PSK-NULL-SHA",             "TLS_ECDHE_PSK_WITH_NULL_SHA",
     0xC039, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    NULL,                0, SHA1)},
    {"ECDHE-PSK-NULL-SHA256",          "TLS_ECDHE_PSK_WITH_NULL_SHA256",
     0xC03A, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    NULL,                0, SHA256)},
    {"ECDHE-PSK-NULL-SHA384",          "TLS_ECDHE_PSK_WITH_NULL_SHA384",
     0xC03B, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    NULL,                0, SHA384)},
    {"ECDHE-PSK-RC4-SHA",              "TLS_ECDHE_PSK_WITH_RC4_128_SHA",
     0xC033, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    RC4,               128, SHA1)},
    {"ECDHE-RSA-AES128-GCM-SHA256",    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     0xC02F, PARTS(TLS_1_2,   ECDHE,     RSA,    AES_GCM,           128, AEAD)},
    {"ECDHE-RSA-AES128-SHA",           "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
     0xC013, PARTS(TLS_1_0,   ECDHE,     RSA,    AES_CBC,           128, SHA1)},
    {"ECDHE-RSA-AES128-SHA256",        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
     0xC027, PARTS(TLS_1_2,   ECDHE,     RSA,    AES_CBC,           128, SHA256)},
    {"ECDHE-RSA-AES256-GCM-SHA384",    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
     0xC030, PARTS(TLS_1_2,   ECDHE,     RSA,    AES_GCM,           256, AEAD)},
    {"ECDHE-RSA-AES256-SHA",           "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
     0xC014, PARTS(TLS_1_0,   ECDHE,     RSA,    AES_CBC,           256, SHA1)},
    {"ECDHE-RSA-AES256-SHA384",        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
     0xC028, PARTS(TLS_1_2,   ECDHE,     RSA,    AES_CBC,           256, SHA384)},
    {"ECDHE-RSA-CAMELLIA128-SHA256",   "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256",
     0xC076, PARTS(TLS_1_2,   ECDHE,     RSA,    CAMELLIA_CBC,      128, SHA256)},
    {"ECDHE-RSA-CAMELLIA256-SHA384",   "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384",
     0xC077, PARTS(TLS_1_2,   ECDHE,     RSA,    CAMELLIA_CBC,      256, SHA384)},
    {"ECDHE-RSA-CHACHA20-POLY1305",    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
     0xCCA8, PARTS(TLS_1_2,   ECDHE,     RSA,    CHACHA20_POLY1305, 256, AEAD)},
    {"ECDHE-RSA-DES-CBC3-SHA",         "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
     0xC012, PARTS(TLS_1_0,   ECDHE,     RSA,    3DES_CBC,          112, SHA1)},
    {"ECDHE-RSA-NULL-SHA",             "TLS_ECDHE_RSA_WITH_NULL_SHA",
     0xC010, PARTS(TLS_1_0,   ECDHE,     RSA,    NULL,                0, SHA1)},
    {"ECDHE-RSA-RC4-SHA",              "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
     0xC011, PARTS(TLS_1_0,   ECDHE,     RSA,    RC4,               128, SHA1)},
    {"EDH-DSS-DES-CBC-SHA",            "TLS_DHE_DSS_WITH_DES_CBC_SHA",
     0x0012, PARTS(TLS_SSLV3, DHE,       DSS,    DES_CBC,            56, SHA1)},
    {"EDH-RSA-DES-CBC-SHA",            "TLS_DHE_RSA_WITH_DES_CBC_SHA",
     0x0015, PARTS(TLS_SSLV3, DHE,       RSA,    DES_CBC,            56, SHA1)},
    {"EXP-ADH-DES-CBC-SHA",            "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA",
     0x0019, PARTS(TLS_SSLV3, DHE,       NONE,   DES_CBC,            40, SHA1), EXPORT},
    {"EXP-ADH-RC4-MD5",                "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5",
     0x0017, PARTS(TLS_SSLV3, DHE,       NONE,   RC4,                40, MD5), EXPORT},
    {"EXP-DES-CBC-SHA",                "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
     0x0008, PARTS(TLS_SSLV3, RSA,       RSA,    DES_CBC,            40, SHA1), EXPORT},
    {"EXP-DH-DSS-DES-CBC-SHA",         "TLS_DH_DSS_EXPORT_WITH_DES40_CBC_SHA",
     0x000B, PARTS(TLS_SSLV3, DH,        DSS,    DES_CBC,            40, SHA1), EXPORT},
    {"EXP-DH-RSA-DES-CBC-SHA",         "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA",
     0x000E, PARTS(TLS_SSLV3, DH,        RSA,    DES_CBC,            40, SHA1), EXPORT},
    {"EXP-EDH-DSS-DES-CBC-SHA",        "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA",
     0x0011, PARTS(TLS_SSLV3, DHE,       DSS,    DES_CBC,            40, SHA1), EXPORT},
    {"EXP-EDH-RSA-DES-CBC-SHA",        "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
     0x0014, PARTS(TLS_SSLV3, DHE,       RSA,    DES_CBC,            40, SHA1), EXPORT},
    {"EXP-KRB5-DES-CBC-MD5",           "TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5",
     0x0029, PARTS(TLS_SSLV3, KRB5,      KRB5,   DES_CBC,            40, MD5), EXPORT},
    {"EXP-KRB5-DES-CBC-SHA",           "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA",
     0x0026, PARTS(TLS_SSLV3, KRB5,      KRB5,   DES_CBC,            40, SHA1), EXPORT},
    {"EXP-KRB5-RC2-CBC-MD5",           "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_MD5",
     0x002A, PARTS(TLS_SSLV3, KRB5,      KRB5,   RC2_CBC,            40, MD5), EXPORT},
    {"EXP-KRB5-RC2-CBC-SHA",           "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_SHA",
     0x0027, PARTS(TLS_SSLV3, KRB5,      KRB5,   RC2_CBC,            40, SHA1), EXPORT},
    {"EXP-KRB5-RC4-MD5",               "TLS_KRB5_EXPORT_WITH_RC4_40_MD5",
     0x002B, PARTS(TLS_SSLV3, KRB5,      KRB5,   RC4,                40, MD5), EXPORT},
    {"EXP-KRB5-RC4-SHA",               "TLS_KRB5_EXPORT_WITH_RC4_40_SHA",
     0x0028, PARTS(TLS_SSLV3, KRB5,      KRB5,   RC4,                40, SHA1), EXPORT},
    {"EXP-RC2-CBC-MD5",                "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
     0x0006, PARTS(TLS_SSLV3, RSA,       RSA,    RC2_CBC,            40, MD5), EXPORT},
    {"EXP-RC4-MD5",                    "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
     0x0003, PARTS(TLS_SSLV3, RSA,       RSA,    RC4,                40, MD5), EXPORT},
    {"EXP1024-DES-CBC-SHA",            "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA",
     0x0062, PARTS(TLS_SSLV3, RSA,       RSA,    DES_CBC,            56, SHA1), EXPORT},
    {"EXP1024-DHE-DSS-DES-CBC-SHA",    "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA",
     0x0063, PARTS(TLS_SSLV3, DHE,       DSS,    DES_CBC,            56, SHA1), EXPORT},
    {"EXP1024-DHE-DSS-RC4-SHA",        "TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA",
     0x0065, PARTS(TLS_SSLV3, DHE,       DSS,    RC4,                56, SHA1), EXPORT},
    {"EXP1024-RC2-CBC-MD5",            "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5",
     0x0061, PARTS(TLS_SSLV3, RSA,       RSA,    RC2_CBC,            56, MD5), EXPORT},
    {"EXP1024-RC4-MD5",                "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5",
     0x0060, PARTS(TLS_SSLV3, RSA,       RSA,    RC4,                56, MD5), EXPORT},
    {"EXP1024-RC4-SHA",                "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA",
     0x0064, PARTS(TLS_SSLV3, RSA,       RSA,    RC4,                56, SHA1), EXPORT},
    {SAME("GOST-GOST89MAC"),
     0xFF02, PARTS(TLS_1_0,   RSA,       RSA,    GOST,              256, GOST)},
    {SAME("GOST-GOST89STREAM"),
     0xFF03, PARTS(TLS_1_0,   RSA,       RSA,    GOST,              256, GOST)},
    {"GOST-GOST94",                    "TLS_RSA_WITH_28147_CNT_GOST94",
     0xFF01, PARTS(TLS_1_0,   RSA,       RSA,    GOST,              256, GOST)},
    {"GOST-MD5",                       "TLS_GOSTR341094_RSA_WITH_28147_CNT_MD5",
     0xFF00, PARTS(TLS_1_0,   RSA,       RSA,    GOST,              256, MD5)},
    {"GOST2001-GOST89-GOST89",         "TLS_GOSTR341001_WITH_28147_CNT_IMIT",
     0x0081, PARTS(TLS_1_0,   GOST,      GOST,   GOST,              256, GOST)},
    {"GOST2001-NULL-GOST94",           "TLS_GOSTR341001_WITH_NULL_GOSTR3411",
     0x0083, PARTS(TLS_1_0,   GOST,      GOST,   NULL,                0, GOST)},
    {"GOST2012-KUZNYECHIK-KUZNYECHIKOMAC", "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC",
     0xC100, PARTS(TLS_1_2,   GOST,      GOST,   GOST,              256, GOST)},
    {"GOST2012-MAGMA-MAGMAOMAC",       "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC",
     0xC101, PARTS(TLS_1_2,   GOST,      GOST,   GOST,              256, GOST)},
    {SAME("GOST2012-NULL-GOST12"),
     0xFF87, PARTS(TLS_1_0,   GOST,      GOST,   NULL,                0, GOST)},
    {"GOST94-GOST89-GOST89",           "TLS_GOSTR341094_WITH_28147_CNT_IMIT",
     0x0080, PARTS(TLS_1_0,   GOST,      GOST,   GOST,              256, GOST)},
    {"GOST94-NULL-GOST94",             "TLS_GOSTR341094_WITH_NULL_GOSTR3411",
     0x0082, PARTS(TLS_1_0,   GOST,      GOST,   NULL,                0, GOST)},
    {"IANA-GOST2012-GOST8912-GOST8912", "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT",
     0xC102, PARTS(TLS_1_0,   GOST,      GOST,   GOST,              256, GOST)},
    {"IDEA-CBC-SHA",                   "TLS_RSA_WITH_IDEA_CBC_SHA",
     0x0007, PARTS(TLS_SSLV3, RSA,       RSA,    IDEA_CBC,          128, SHA1)},
    {"KRB5-DES-CBC-MD5",               "TLS_KRB5_WITH_DES_CBC_MD5",
     0x0022, PARTS(TLS_SSLV3, KRB5,      KRB5,   DES_CBC,            56, MD5)},
    {"KRB5-DES-CBC-SHA",               "TLS_KRB5_WITH_DES_CBC_SHA",
     0x001E, PARTS(TLS_SSLV3, KRB5,      KRB5,   DES_CBC,            56, SHA1)},
    {"KRB5-DES-CBC3-MD5",              "TLS_KRB5_WITH_3DES_EDE_CBC_MD5",
     0x0023, PARTS(TLS_SSLV3, KRB5,      KRB5,   3DES_CBC,          112, MD5)},
    {"KRB5-DES-CBC3-SHA",              "TLS_KRB5_WITH_3DES_EDE_CBC_SHA",
     0x001F, PARTS(TLS_SSLV3, KRB5,      KRB5,   3DES_CBC,          112, SHA1)},
    {"KRB5-IDEA-CBC-MD5",              "TLS_KRB5_WITH_IDEA_CBC_MD5",
     0x0025, PARTS(TLS_SSLV3, KRB5,      KRB5,   IDEA_CBC,          128, MD5)},
    {"KRB5-IDEA-CBC-SHA",              "TLS_KRB5_WITH_IDEA_CBC_SHA",
     0x0021, PARTS(TLS_SSLV3, KRB5,      KRB5,   IDEA_CBC,          128, SHA1)},
    {"KRB5-RC4-MD5",                   "TLS_KRB5_WITH_RC4_128_MD5",
     0x0024, PARTS(TLS_SSLV3, KRB5,      KRB5,   RC4,               128, MD5)},
    {"KRB5-RC4-SHA",                   "TLS_KRB5_WITH_RC4_128_SHA",
     0x0020, PARTS(TLS_SSLV3, KRB5,      KRB5,   RC4,               128, SHA1)},
    {"LEGACY-GOST2012-GOST8912-GOST8912", "GOST2012-GOST8912-GOST8912",
     0xFF85, PARTS(TLS_1_0,   GOST,      GOST,   GOST,              256, GOST)},
    {"NULL-MD5",                       "TLS_RSA_WITH_NULL_MD5",
     0x0001, PARTS(TLS_SSLV3, RSA,       RSA,    NULL,                0, MD5)},
    {"NULL-SHA",                       "TLS_RSA_WITH_NULL_SHA",
     0x0002, PARTS(TLS_SSLV3, RSA,       RSA,    NULL,                0, SHA1)},
    {"NULL-SHA256",                    "TLS_RSA_WITH_NULL_SHA256",
     0x003B, PARTS(TLS_1_2,   RSA,       RSA,    NULL,                0, SHA256)},
    {"PSK-3DES-EDE-CBC-SHA",           "TLS_PSK_WITH_3DES_EDE_CBC_SHA",
     0x008B, PARTS(TLS_SSLV3, PSK,       PSK,    3DES_CBC,          112, SHA1)},
    {"PSK-AES128-CBC-SHA",             "TLS_PSK_WITH_AES_128_CBC_SHA",
     0x008C, PARTS(TLS_SSLV3, PSK,       PSK,    AES_CBC,           128, SHA1)},
    {"PSK-AES128-CBC-SHA256",          "TLS_PSK_WITH_AES_128_CBC_SHA256",
     0x00AE, PARTS(TLS_1_0,   PSK,       PSK,    AES_CBC,           128, SHA256)},
    {"PSK-AES128-CCM",                 "TLS_PSK_WITH_AES_128_CCM",
     0xC0A4, PARTS(TLS_1_2,   PSK,       PSK,    AES_CCM,           128, AEAD)},
    {"PSK-AES128-CCM8",                "TLS_PSK_WITH_AES_128_CCM_8",
     0xC0A8, PARTS(TLS_1_2,   PSK,       PSK,    AES_CCM_8,         128, AEAD)},
    {"PSK-AES128-GCM-SHA256",          "TLS_PSK_WITH_AES_128_GCM_SHA256",
     0x00A8, PARTS(TLS_1_2,   PSK,       PSK,    AES_GCM,           128, AEAD)},
    {"PSK-AES256-CBC-SHA",             "TLS_PSK_WITH_AES_256_CBC_SHA",
     0x008D, PARTS(TLS_SSLV3, PSK,       PSK,    AES_CBC,           256, SHA1)},
    {"PSK-AES256-CBC-SHA384",          "TLS_PSK_WITH_AES_256_CBC_SHA384",
     0x00AF, PARTS(TLS_1_0,   PSK,       PSK,    AES_CBC,           256, SHA384)},
    {"PSK-AES256-CCM",                 "TLS_PSK_WITH_AES_256_CCM",
     0xC0A5, PARTS(TLS_1_2,   PSK,       PSK,    AES_CCM,           256, AEAD)},
    {"PSK-AES256-CCM8",                "TLS_PSK_WITH_AES_256_CCM_8",
     0xC0A9, PARTS(TLS_1_2,   PSK,       PSK,    AES_CCM_8,         256, AEAD)},
    {"PSK-AES256-GCM-SHA384",          "TLS_PSK_WITH_AES_256_GCM_SHA384",
     0x00A9, PARTS(TLS_1_2,   PSK,       PSK,    AES_GCM,           256, AEAD)},
    {"PSK-ARIA128-GCM-SHA256",         "TLS_PSK_WITH_ARIA_128_GCM_SHA256",
     0xC06A, PARTS(TLS_1_2,   PSK,       PSK,    ARIA_GCM,          128, AEAD)},
    {"PSK-ARIA256-GCM-SHA384",         "TLS_PSK_WITH_ARIA_256_GCM_SHA384",
     0xC06B, PARTS(TLS_1_2,   PSK,       PSK,    ARIA_GCM,          256, AEAD)},
    {"PSK-CAMELLIA128-SHA256",         "TLS_PSK_WITH_CAMELLIA_128_CBC_SHA256",
     0xC094, PARTS(TLS_1_0,   PSK,       PSK,    CAMELLIA_CBC,      128, SHA256)},
    {"PSK-CAMELLIA256-SHA384",         "TLS_PSK_WITH_CAMELLIA_256_CBC_SHA384",
     0xC095, PARTS(TLS_1_0,   PSK,       PSK,    CAMELLIA_CBC,      256, SHA384)},
    {"PSK-CHACHA20-POLY1305",          "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256",
     0xCCAB, PARTS(TLS_1_2,   PSK,       PSK,    CHACHA20_POLY1305, 256, AEAD)},
    {"PSK-NULL-SHA",                   "TLS_PSK_WITH_NULL_SHA",
     0x002C, PARTS(TLS_SSLV3, PSK,       PSK,    NULL,                0, SHA1)},
    {"PSK-NULL-SHA256",                "TLS_PSK_WITH_NULL_SHA256",
     0x00B0, PARTS(TLS_1_0,   PSK,       PSK,    NULL,                0, SHA256)},
    {"PSK-NULL-SHA384",                "TLS_PSK_WITH_NULL_SHA384",
     0x00B1, PARTS(TLS_1_0,   PSK,       PSK,    NULL,                0, SHA384)},
    {"PSK-RC4-SHA",                    "TLS_PSK_WITH_RC4_128_SHA",
     0x008A, PARTS(TLS_SSLV3, PSK,       PSK,    RC4,               128, SHA1)},
    {"RC4-MD5",                        "TLS_RSA_WITH_RC4_128_MD5",
     0x0004, PARTS(TLS_SSLV3, RSA,       RSA,    RC4,               128, MD5)},
    {"RC4-SHA",                        "TLS_RSA_WITH_RC4_128_SHA",
     0x0005, PARTS(TLS_SSLV3, RSA,       RSA,    RC4,               128, SHA1)},
    {"RSA-PSK-3DES-EDE-CBC-SHA",       "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA",
     0x0093, PARTS(TLS_SSLV3, RSA_PSK,   RSA,    3DES_CBC,          112, SHA1)},
    {"RSA-PSK-AES128-CBC-SHA",         "TLS_RSA_PSK_WITH_AES_128_CBC_SHA",
     0x0094, PARTS(TLS_SSLV3, RSA_PSK,   RSA,    AES_CBC,           128, SHA1)},
    {"RSA-PSK-AES128-CBC-SHA256",      "TLS_RSA_PSK_WITH_AES_128_CBC_SHA256",
     0x00B6, PARTS(TLS_1_0,   RSA_PSK,   RSA,    AES_CBC,           128, SHA256)},
    {"RSA-PSK-AES128-GCM-SHA256",      "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256",
     0x00AC, PARTS(TLS_1_2,   RSA_PSK,   RSA,    AES_GCM,           128, AEAD)},
    {"RSA-PSK-AES256-CBC-SHA",         "TLS_RSA_PSK_WITH_AES_256_CBC_SHA",
     0x0095, PARTS(TLS_SSLV3, RSA_PSK,   RSA,    AES_CBC,           256, SHA1)},
    {"RSA-PSK-AES256-CBC-SHA384",      "TLS_RSA_PSK_WITH_AES_256_CBC_SHA384",
     0x00B7, PARTS(TLS_1_0,   RSA_PSK,   RSA,    AES_CBC,           256, SHA384)},
    {"RSA-PSK-AES256-GCM-SHA384",      "TLS_RSA_PSK_WITH_AES_256_GCM_SHA384",
     0x00AD, PARTS(TLS_1_2,   RSA_PSK,   RSA,    AES_GCM,           256, AEAD)},
    {"RSA-PSK-ARIA128-GCM-SHA256",     "TLS_RSA_PSK_WITH_ARIA_128_GCM_SHA256",
     0xC06E, PARTS(TLS_1_2,   RSA_PSK,   RSA,    ARIA_GCM,          128, AEAD)},
    {"RSA-PSK-ARIA256-GCM-SHA384",     "TLS_RSA_PSK_WITH_ARIA_256_GCM_SHA384",
     0xC06F, PARTS(TLS_1_2,   RSA_PSK,   RSA,    ARIA_GCM,          256, AEAD)},
    {"RSA-PSK-CAMELLIA128-SHA256",     "TLS_RSA_PSK_WITH_CAMELLIA_128_CBC_SHA256",
     0xC098, PARTS(TLS_1_0,   RSA_PSK,   RSA,    CAMELLIA_CBC,      128, SHA256)},
    {"RSA-PSK-CAMELLIA256-SHA384",     "TLS_RSA_PSK_WITH_CAMELLIA_256_CBC_SHA384",
     0xC099, PARTS(TLS_1_0,   RSA_PSK,   RSA,    CAMELLIA_CBC,      256, SHA384)},
    {"RSA-PSK-CHACHA20-POLY1305",      "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256",
     0xCCAE, PARTS(TLS_1_2,   RSA_PSK,   RSA,    CHACHA20_POLY1305, 256, AEAD)},
    {"RSA-PSK-NULL-SHA",               "TLS_RSA_PSK_WITH_NULL_SHA",
     0x002E, PARTS(TLS_SSLV3, RSA_PSK,   RSA,    NULL,                0, SHA1)},
    {"RSA-PSK-NULL-SHA256",            "TLS_RSA_PSK_WITH_NULL_SHA256",
     0x00B8, PARTS(TLS_1_0,   RSA_PSK,   RSA,    NULL,                0, SHA256)},
    {"RSA-PSK-NULL-SHA384",            "TLS_RSA_PSK_WITH_NULL_SHA384",
     0x00B9, PARTS(TLS_1_0,   RSA_PSK,   RSA,    NULL,                0, SHA384)},
    {"RSA-PSK-RC4-SHA",                "TLS_RSA_PSK_WITH_RC4_128_SHA",
     0x0092, PARTS(TLS_SSLV3, RSA_PSK,   RSA,    RC4,               128, SHA1)},
    {"SEED-SHA",                       "TLS_RSA_WITH_SEED_CBC_SHA",
     0x0096, PARTS(TLS_SSLV3, RSA,       RSA,    SEED_CBC,          128, SHA1)},
    {"SRP-3DES-EDE-CBC-SHA",           "TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA",
     0xC01A, PARTS(TLS_SSLV3, SRP,       SRP,    3DES_CBC,          112, SHA1)},
    {"SRP-AES-128-CBC-SHA",            "TLS_SRP_SHA_WITH_AES_128_CBC_SHA",
     0xC01D, PARTS(TLS_SSLV3, SRP,       SRP,    AES_CBC,           128, SHA1)},
    {"SRP-AES-256-CBC-SHA",            "TLS_SRP_SHA_WITH_AES_256_CBC_SHA",
     0xC020, PARTS(TLS_SSLV3, SRP,       SRP,    AES_CBC,           256, SHA1)},
    {"SRP-DSS-3DES-EDE-CBC-SHA",       "TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA",
     0xC01C, PARTS(TLS_SSLV3, SRP,       DSS,    3DES_CBC,          112, SHA1)},
    {"SRP-DSS-AES-128-CBC-SHA",        "TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA",
     0xC01F, PARTS(TLS_SSLV3, SRP,       DSS,    AES_CBC,           128, SHA1)},
    {"SRP-DSS-AES-256-CBC-SHA",        "TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA",
     0xC022, PARTS(TLS_SSLV3, SRP,       DSS,    AES_CBC,           256, SHA1)},
    {"SRP-RSA-3DES-EDE-CBC-SHA",       "TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA",
     0xC01B, PARTS(TLS_SSLV3, SRP,       RSA,    3DES_CBC,          112, SHA1)},
    {"SRP-RSA-AES-128-CBC-SHA",        "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA",
     0xC01E, PARTS(TLS_SSLV3, SRP,       RSA,    AES_CBC,           128, SHA1)},
    {"SRP-RSA-AES-256-CBC-SHA",        "TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA",
     0xC021, PARTS(TLS_SSLV3, SRP,       RSA,    AES_CBC,           256, SHA1)},
    {SAME("SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA"),
     0xFEFF, PARTS(TLS_SSLV3, RSA,       RSA,    3DES_CBC,          112, SHA1)},
    {SAME("SSL_RSA_FIPS_WITH_DES_CBC_SHA"),
     0xFEFE, PARTS(TLS_SSLV3, RSA,       RSA,    DES_CBC,            56, SHA1)},
    {SAME("SSL_RSA_OLDFIPS_WITH_3DES_EDE_CBC_SHA"),
     0xFFE0, PARTS(TLS_SSLV3, RSA,       RSA,    3DES_CBC,          112, SHA1)},
    {SAME("SSL_RSA_OLDFIPS_WITH_DES_CBC_SHA"),
     0xFFE1, PARTS(TLS_SSLV3, RSA,       RSA,    DES_CBC,            56, SHA1)},
    {SAME("TLS_AES_128_CCM_8_SHA256"),
     0x1305, PARTS(TLS_1_3,   ANY,       ANY,    AES_CCM_8,         128, AEAD)},
    {SAME("TLS_AES_128_CCM_SHA256"),
     0x1304, PARTS(TLS_1_3,   ANY,       ANY,    AES_CCM,           128, AEAD)},
    {SAME("TLS_AES_128_GCM_SHA256"),
     0x1301, PARTS(TLS_1_3,   ANY,       ANY,    AES_GCM,           128, AEAD)},
    {SAME("TLS_AES_256_GCM_SHA384"),
     0x1302, PARTS(TLS_1_3,   ANY,       ANY,    AES_GCM,           256, AEAD)},
    {SAME("TLS_CECPQ1_ECDSA_WITH_AES_256_GCM_SHA384"),
     0x16BA, PARTS(TLS_1_2,   CECPQ1,    ECDSA,  AES_GCM,           256, AEAD)},
    {SAME("TLS_CECPQ1_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
     0x16B8, PARTS(TLS_1_2,   CECPQ1,    ECDSA,  CHACHA20_POLY1305, 256, AEAD)},
    {SAME("TLS_CECPQ1_RSA_WITH_AES_256_GCM_SHA384"),
     0x16B9, PARTS(TLS_1_2,   CECPQ1,    RSA,    AES_GCM,           256, AEAD)},
    {SAME("TLS_CECPQ1_RSA_WITH_CHACHA20_POLY1305_SHA256"),
     0x16B7, PARTS(TLS_1_2,   CECPQ1,    RSA,    CHACHA20_POLY1305, 256, AEAD)},
    {SAME("TLS_CHACHA20_POLY1305_SHA256"),
     0x1303, PARTS(TLS_1_3,   ANY,       ANY,    CHACHA20_POLY1305, 256, AEAD)},
    {SAME("TLS_DHE_DSS_WITH_ARIA_128_CBC_SHA256"),
     0xC042, PARTS(TLS_1_2,   DHE,       DSS,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_DHE_DSS_WITH_ARIA_256_CBC_SHA384"),
     0xC043, PARTS(TLS_1_2,   DHE,       DSS,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_DHE_DSS_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC080, PARTS(TLS_1_2,   DHE,       DSS,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_DHE_DSS_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC081, PARTS(TLS_1_2,   DHE,       DSS,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_DHE_PSK_WITH_ARIA_128_CBC_SHA256"),
     0xC066, PARTS(TLS_1_0,   DHE_PSK,   PSK,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_DHE_PSK_WITH_ARIA_256_CBC_SHA384"),
     0xC067, PARTS(TLS_1_0,   DHE_PSK,   PSK,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_DHE_PSK_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC090, PARTS(TLS_1_2,   DHE_PSK,   PSK,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_DHE_PSK_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC091, PARTS(TLS_1_2,   DHE_PSK,   PSK,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_DHE_RSA_WITH_ARIA_128_CBC_SHA256"),
     0xC044, PARTS(TLS_1_2,   DHE,       RSA,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_DHE_RSA_WITH_ARIA_256_CBC_SHA384"),
     0xC045, PARTS(TLS_1_2,   DHE,       RSA,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC07C, PARTS(TLS_1_2,   DHE,       RSA,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC07D, PARTS(TLS_1_2,   DHE,       RSA,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_DH_DSS_WITH_ARIA_128_CBC_SHA256"),
     0xC03E, PARTS(TLS_1_2,   DH,        DSS,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_DH_DSS_WITH_ARIA_256_CBC_SHA384"),
     0xC03F, PARTS(TLS_1_2,   DH,        DSS,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_DH_DSS_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC082, PARTS(TLS_1_2,   DH,        DSS,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_DH_DSS_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC083, PARTS(TLS_1_2,   DH,        DSS,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_DH_RSA_WITH_ARIA_128_CBC_SHA256"),
     0xC040, PARTS(TLS_1_2,   DH,        RSA,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_DH_RSA_WITH_ARIA_256_CBC_SHA384"),
     0xC041, PARTS(TLS_1_2,   DH,        RSA,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_DH_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC07E, PARTS(TLS_1_2,   DH,        RSA,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_DH_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC07F, PARTS(TLS_1_2,   DH,        RSA,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_DH_anon_WITH_ARIA_128_CBC_SHA256"),
     0xC046, PARTS(TLS_1_2,   DHE,       NONE,   ARIA_CBC,          128, SHA256)},
    {SAME("TLS_DH_anon_WITH_ARIA_256_CBC_SHA384"),
     0xC047, PARTS(TLS_1_2,   DHE,       NONE,   ARIA_CBC,          256, SHA384)},
    {SAME("TLS_DH_anon_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC084, PARTS(TLS_1_2,   DHE,       NONE,   CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_DH_anon_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC085, PARTS(TLS_1_2,   DHE,       NONE,   CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_ECCPWD_WITH_AES_128_CCM_SHA256"),
     0xC0B2, PARTS(TLS_1_2,   ECCPWD,    ECCPWD, AES_CCM,           128, AEAD)},
    {SAME("TLS_ECCPWD_WITH_AES_128_GCM_SHA256"),
     0xC0B0, PARTS(TLS_1_2,   ECCPWD,    ECCPWD, AES_GCM,           128, AEAD)},
    {SAME("TLS_ECCPWD_WITH_AES_256_CCM_SHA384"),
     0xC0B3, PARTS(TLS_1_2,   ECCPWD,    ECCPWD, AES_CCM,           256, AEAD)},
    {SAME("TLS_ECCPWD_WITH_AES_256_GCM_SHA384"),
     0xC0B1, PARTS(TLS_1_2,   ECCPWD,    ECCPWD, AES_GCM,           256, AEAD)},
    {SAME("TLS_ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256"),
     0xC048, PARTS(TLS_1_2,   ECDHE,     ECDSA,  ARIA_CBC,          128, SHA256)},
    {SAME("TLS_ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384"),
     0xC049, PARTS(TLS_1_2,   ECDHE,     ECDSA,  ARIA_CBC,          256, SHA384)},
    {SAME("TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC086, PARTS(TLS_1_2,   ECDHE,     ECDSA,  CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC087, PARTS(TLS_1_2,   ECDHE,     ECDSA,  CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256"),
     0xD003, PARTS(TLS_1_2,   ECDHE_PSK, PSK,    AES_CCM_8,         128, AEAD)},
    {SAME("TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"),
     0xD005, PARTS(TLS_1_2,   ECDHE_PSK, PSK,    AES_CCM,           128, AEAD)},
    {SAME("TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256"),
     0xD001, PARTS(TLS_1_2,   ECDHE_PSK, PSK,    AES_GCM,           128, AEAD)},
    {SAME("TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384"),
     0xD002, PARTS(TLS_1_2,   ECDHE_PSK, PSK,    AES_GCM,           256, AEAD)},
    {SAME("TLS_ECDHE_PSK_WITH_ARIA_128_CBC_SHA256"),
     0xC070, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_ECDHE_PSK_WITH_ARIA_256_CBC_SHA384"),
     0xC071, PARTS(TLS_1_0,   ECDHE_PSK, PSK,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_ECDHE_RSA_WITH_ARIA_128_CBC_SHA256"),
     0xC04C, PARTS(TLS_1_2,   ECDHE,     RSA,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_ECDHE_RSA_WITH_ARIA_256_CBC_SHA384"),
     0xC04D, PARTS(TLS_1_2,   ECDHE,     RSA,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC08A, PARTS(TLS_1_2,   ECDHE,     RSA,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC08B, PARTS(TLS_1_2,   ECDHE,     RSA,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_ECDH_ECDSA_WITH_ARIA_128_CBC_SHA256"),
     0xC04A, PARTS(TLS_1_2,   ECDH,      ECDSA,  ARIA_CBC,          128, SHA256)},
    {SAME("TLS_ECDH_ECDSA_WITH_ARIA_256_CBC_SHA384"),
     0xC04B, PARTS(TLS_1_2,   ECDH,      ECDSA,  ARIA_CBC,          256, SHA384)},
    {SAME("TLS_ECDH_ECDSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC088, PARTS(TLS_1_2,   ECDH,      ECDSA,  CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_ECDH_ECDSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC089, PARTS(TLS_1_2,   ECDH,      ECDSA,  CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_ECDH_RSA_WITH_ARIA_128_CBC_SHA256"),
     0xC04E, PARTS(TLS_1_2,   ECDH,      RSA,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_ECDH_RSA_WITH_ARIA_256_CBC_SHA384"),
     0xC04F, PARTS(TLS_1_2,   ECDH,      RSA,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_ECDH_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC08C, PARTS(TLS_1_2,   ECDH,      RSA,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_ECDH_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC08D, PARTS(TLS_1_2,   ECDH,      RSA,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L"),
     0xC103, PARTS(TLS_1_3,   ANY,       ANY,    GOST,              256, AEAD)},
    {SAME("TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S"),
     0xC105, PARTS(TLS_1_3,   ANY,       ANY,    GOST,              256, AEAD)},
    {SAME("TLS_GOSTR341112_256_WITH_MAGMA_MGM_L"),
     0xC104, PARTS(TLS_1_3,   ANY,       ANY,    GOST,              256, AEAD)},
    {SAME("TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"),
     0xC106, PARTS(TLS_1_3,   ANY,       ANY,    GOST,              256, AEAD)},
    {SAME("TLS_NULL_WITH_NULL_NULL"),
     0x0000, PARTS(TLS_SSLV3, NONE,      NONE,   NULL,                0, NONE)},
    {SAME("TLS_PSK_WITH_ARIA_128_CBC_SHA256"),
     0xC064, PARTS(TLS_1_0,   PSK,       PSK,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_PSK_WITH_ARIA_256_CBC_SHA384"),
     0xC065, PARTS(TLS_1_0,   PSK,       PSK,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_PSK_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC08E, PARTS(TLS_1_2,   PSK,       PSK,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_PSK_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC08F, PARTS(TLS_1_2,   PSK,       PSK,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_RSA_PSK_WITH_ARIA_128_CBC_SHA256"),
     0xC068, PARTS(TLS_1_0,   RSA_PSK,   RSA,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_RSA_PSK_WITH_ARIA_256_CBC_SHA384"),
     0xC069, PARTS(TLS_1_0,   RSA_PSK,   RSA,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_RSA_PSK_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC092, PARTS(TLS_1_2,   RSA_PSK,   RSA,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_RSA_PSK_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC093, PARTS(TLS_1_2,   RSA_PSK,   RSA,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_RSA_WITH_ARIA_128_CBC_SHA256"),
     0xC03C, PARTS(TLS_1_2,   RSA,       RSA,    ARIA_CBC,          128, SHA256)},
    {SAME("TLS_RSA_WITH_ARIA_256_CBC_SHA384"),
     0xC03D, PARTS(TLS_1_2,   RSA,       RSA,    ARIA_CBC,          256, SHA384)},
    {SAME("TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256"),
     0xC07A, PARTS(TLS_1_2,   RSA,       RSA,    CAMELLIA_GCM,      128, AEAD)},
    {SAME("TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384"),
     0xC07B, PARTS(TLS_1_2,   RSA,       RSA,    CAMELLIA_GCM,      256, AEAD)},
    {SAME("TLS_SHA256_SHA256"),
     0xC0B4, PARTS(TLS_1_3,   ANY,       ANY,    NULL,                0, SHA256)},
    {SAME("TLS_SHA384_SHA384"),
     0xC0B5, PARTS(TLS_1_3,   ANY,       ANY,    NULL,                0, SHA384)},
    {SAME("TLS_SM4_CCM_SM3"),
     0x00C7, PARTS(TLS_1_3,   ANY,       ANY,    SM4_CCM,           128, AEAD)},
    {SAME("TLS_SM4_GCM_SM3"),
     0x00C6, PARTS(TLS_1_3,   ANY,       ANY,    SM4_GCM,           128, AEAD)},
};

/* clang-format on */

const size_t tlsfloor_cipher_suites_count =
    sizeof(tlsfloor_cipher_suites) / sizeof(tlsfloor_cipher_suites[0]);

/*
 * By halving. What the names around the middle have in common with the name is
 * not compared again: many begin alike, and this is asked for each request.
 */
static const struct tlsfloor_cipher_suite *
find_openssl(struct tlsfloor_text name)
{
    size_t low = 0, high = tlsfloor_cipher_suites_count, low_same = 0, high_same = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t same = low_same < high_same ? low_same : high_same;
        const char *known = tlsfloor_cipher_suites[middle].openssl;

        while (same < name.size && known[same] != '\0' && name.data[same] == known[same])
            same++;
        if (same == name.size && known[same] == '\0')
            return &tlsfloor_cipher_suites[middle];
        if (same < name.size && (unsigned char)name.data[same] > (unsigned char)known[same]) {
            low = middle + 1;
            low_same = same;
        } else {
            high = middle;
            high_same = same;
        }
    }
    return NULL;
}

static const struct tlsfloor_cipher_suite *
find_iana(struct tlsfloor_text name)
{
    for (size_t i = 0; i < tlsfloor_cipher_suites_count; i++)
        if (tlsfloor_text_equal(name, tlsfloor_text_from(tlsfloor_cipher_suites[i].iana)))
            return &tlsfloor_cipher_suites[i];
    return NULL;
}

const struct tlsfloor_cipher_suite *
tlsfloor_cipher_suite_find(struct tlsfloor_text name)
{
    const struct tlsfloor_cipher_suite *suite;

    if (name.size == 0)
        return NULL;
    suite = find_openssl(name);
    return suite != NULL ? suite : find_iana(name);
}

const char *
tlsfloor_key_exchange_name(enum tlsfloor_key_exchange kx)
{
    switch (kx) {
    case TLSFLOOR_KX_ANY:
        return "any";
    case TLSFLOOR_KX_NONE:
        return "none";
    case TLSFLOOR_KX_RSA:
        return "RSA";
    case TLSFLOOR_KX_DH:
        return "DH";
    case TLSFLOOR_KX_DHE:
        return "DHE";
    case TLSFLOOR_KX_ECDH:
        return "ECDH";
    case TLSFLOOR_KX_ECDHE:
        return "ECDHE";
    case TLSFLOOR_KX_PSK:
        return "PSK";
    case TLSFLOOR_KX_RSA_PSK:
        return "RSA-PSK";
    case TLSFLOOR_KX_DHE_PSK:
        return "DHE-PSK";
    case TLSFLOOR_KX_ECDHE_PSK:
        return "ECDHE-PSK";
    case TLSFLOOR_KX_SRP:
        return "SRP";
    case TLSFLOOR_KX_KRB5:
        return "KRB5";
    case TLSFLOOR_KX_GOST:
        return "GOST";
    case TLSFLOOR_KX_CECPQ1:
        return "CECPQ1";
    case TLSFLOOR_KX_ECCPWD:
        return "ECCPWD";
    }
    return "unknown";
}

const char *
tlsfloor_authentication_name(enum tlsfloor_authentication auth)
{
    switch (auth) {
    case TLSFLOOR_AUTH_ANY:
        return "any";
    case TLSFLOOR_AUTH_NONE:
        return "none";
    case TLSFLOOR_AUTH_RSA:
        return "RSA";
    case TLSFLOOR_AUTH_DSS:
        return "DSS";
    case TLSFLOOR_AUTH_ECDSA:
        return "ECDSA";
    case TLSFLOOR_AUTH_PSK:
        return "PSK";
    case TLSFLOOR_AUTH_SRP:
        return "SRP";
    case TLSFLOOR_AUTH_KRB5:
        return "KRB5";
    case TLSFLOOR_AUTH_GOST:
        return "GOST";
    case TLSFLOOR_AUTH_ECCPWD:
        return "ECCPWD";
    }
    return "unknown";
}

const char *
tlsfloor_encryption_name(enum tlsfloor_encryption enc)
{
    switch (enc) {
    case TLSFLOOR_ENC_NULL:
        return "NULL";
    case TLSFLOOR_ENC_RC2_CBC:
        return "RC2-CBC";
    case TLSFLOOR_ENC_RC4:
        return "RC4";
    case TLSFLOOR_ENC_DES_CBC:
        return "DES-CBC";
    case TLSFLOOR_ENC_3DES_CBC:
        return "3DES-CBC";
    case TLSFLOOR_ENC_IDEA_CBC:
        return "IDEA-CBC";
    case TLSFLOOR_ENC_SEED_CBC:
        return "SEED-CBC";
    case TLSFLOOR_ENC_GOST:
        return "GOST";
    case TLSFLOOR_ENC_AES_CBC:
        return "AES-CBC";
    case TLSFLOOR_ENC_AES_GCM:
        return "AES-GCM";
    case TLSFLOOR_ENC_AES_CCM:
        return "AES-CCM";
    case TLSFLOOR_ENC_AES_CCM_8:
        return "AES-CCM-8";
    case TLSFLOOR_ENC_CAMELLIA_CBC:
        return "CAMELLIA-CBC";
    case TLSFLOOR_ENC_CAMELLIA_GCM:
        return "CAMELLIA-GCM";
    case TLSFLOOR_ENC_ARIA_CBC:
        return "ARIA-CBC";
    case TLSFLOOR_ENC_ARIA_GCM:
        return "ARIA-GCM";
    case TLSFLOOR_ENC_SM4_GCM:
        return "SM4-GCM";
    case TLSFLOOR_ENC_SM4_CCM:
        return "SM4-CCM";
    case TLSFLOOR_ENC_CHACHA20_POLY1305:
        return "CHACHA20-POLY1305";
    }
    return "unknown";
}

const char *
tlsfloor_mac_name(enum tlsfloor_mac mac)
{
    switch (mac) {
    case TLSFLOOR_MAC_NONE:
        return "none";
    case TLSFLOOR_MAC_MD5:
        return "MD5";
    case TLSFLOOR_MAC_SHA1:
        return "SHA1";
    case TLSFLOOR_MAC_SHA256:
        return "SHA256";
    case TLSFLOOR_MAC_SHA384:
        return "SHA384";
    case TLSFLOOR_MAC_GOST:
        return "GOST";
    case TLSFLOOR_MAC_AEAD:
        return "AEAD";
    }
    return "unknown";
}
