/* SPDX-License-Identifier: MIT */
/*
 * An audit line about anything: it is one line of printable ASCII that reads
 * back, in one way, to what was put into it, and what had to be cut is named.
 */
#include <string.h>

#include "audit-line.h"
#include "audit.h"
#include "exception.h"
#include "fuzz.h"

/* Longer than any share of the line. */
#define TEXT_SIZE 400

/* What Dovecot puts behind the line. */
#define BEHIND ": user=<a b>, rip=192.0.2.7, session=<x>"

static const char *const keys[] = {"action", "reason",    "rule",    "service", "stage", "user",
                                   "client", "port",      "tls",     "cipher",  "bits",  "floor",
                                   "mode",   "exception", "session", "login"};
#define KEYS_ALWAYS 15U

struct input {
    const uint8_t *data;
    size_t size;
};

struct entry {
    struct tlsfloor_audit audit;
    struct tlsfloor_facts facts;
    struct tlsfloor_decision decision;
    struct tlsfloor_exception exception;
    struct tlsfloor_text name, domain;
};

/* --- bytes to an entry --- */

static unsigned
take_byte(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

static unsigned
take_number(struct input *input)
{
    unsigned number = 0;

    for (int i = 0; i < 4; i++)
        number = number << 8 | take_byte(input);
    return number;
}

/* Two bytes of size, and what they count. */
static struct tlsfloor_text
take_text(struct input *input)
{
    size_t size = take_byte(input) << 8;
    struct tlsfloor_text text;

    size = (size | take_byte(input)) % TEXT_SIZE;
    if (size > input->size)
        size = input->size;
    text = (struct tlsfloor_text){(const char *)input->data, size};
    input->data += size;
    input->size -= size;
    return text;
}

static struct tlsfloor_address
take_address(struct input *input)
{
    struct tlsfloor_address address = {.family = (enum tlsfloor_family)(take_byte(input) % 3)};
    size_t size = address.family == TLSFLOOR_FAMILY_NONE   ? 0
                  : address.family == TLSFLOOR_FAMILY_IPV4 ? 4
                                                           : 16;

    for (size_t i = 0; i < size; i++)
        address.bytes[i] = (unsigned char)take_byte(input);
    return address;
}

static void
take_entry(struct input *input, struct entry *entry_r)
{
    struct tlsfloor_facts *facts = &entry_r->facts;
    struct tlsfloor_decision *decision = &entry_r->decision;

    memset(entry_r, 0, sizeof(*entry_r));
    entry_r->audit.stage = (enum tlsfloor_stage)(take_byte(input) % (TLSFLOOR_STAGE_DATA + 1));
    facts->service = (enum tlsfloor_service)(take_byte(input) % TLSFLOOR_SERVICES);
    facts->tls = (enum tlsfloor_tls)(take_byte(input) % (TLSFLOOR_TLS_NEWER + 1));
    decision->action = (enum tlsfloor_action)(take_byte(input) % (TLSFLOOR_ACCEPT + 1));
    decision->reason = (enum tlsfloor_reason)(take_byte(input) % TLSFLOOR_REASONS);
    decision->rule = (enum tlsfloor_rule)(take_byte(input) % (TLSFLOOR_RULE_RFC10015 + 1));
    decision->floor = (enum tlsfloor_tls)(take_byte(input) % (TLSFLOOR_TLS_NEWER + 1));
    decision->mode = (enum tlsfloor_mode)(take_byte(input) % (TLSFLOOR_MODE_OBSERVE + 1));
    facts->client = take_address(input);
    facts->port = take_number(input);
    facts->bits = take_number(input);
    if (take_byte(input) % 2 == 1)
        decision->exception = &entry_r->exception;
    entry_r->name = take_text(input);
    entry_r->domain = take_text(input);
    facts->user = tlsfloor_user_named(entry_r->name, entry_r->domain);
    facts->tls_name = take_text(input);
    facts->cipher = take_text(input);
    entry_r->exception.who = take_text(input);
    entry_r->audit.session = take_text(input);
    entry_r->audit.login = take_text(input);
}

/* --- what was read back --- */

static int
is_cut(const struct audit_line *line, const char *key)
{
    const struct audit_line_value *cut = audit_line_find(line, "cut");
    size_t size = strlen(key);

    for (size_t at = 0; cut != NULL && at + size <= cut->size; at++) {
        if (memcmp(cut->bytes + at, key, size) == 0 && (at == 0 || cut->bytes[at - 1] == ',') &&
            (at + size == cut->size || cut->bytes[at + size] == ','))
            return 1;
    }
    return 0;
}

/* The value, whole; or a beginning of it that the line says is one. Returns 1 if it is cut. */
static size_t
require_value(const struct audit_line *line, const char *key, struct tlsfloor_text want)
{
    const struct audit_line_value *value = audit_line_find(line, key);
    int cut = is_cut(line, key);

    REQUIRE(value != NULL);
    REQUIRE(value->is_empty == (want.size == 0));
    REQUIRE(cut ? value->size > 0 && value->size < want.size : value->size == want.size);
    REQUIRE(value->size == 0 || memcmp(value->bytes, want.data, value->size) == 0);
    return cut ? 1 : 0;
}

static void
require_string(const struct audit_line *line, const char *key, const char *want)
{
    REQUIRE(require_value(line, key, tlsfloor_text_from(want)) == 0);
}

static void
require_number(const struct audit_line *line, const char *key, unsigned want)
{
    char digits[12];

    snprintf(digits, sizeof(digits), "%u", want);
    require_string(line, key, digits);
}

static void
require_client(const struct audit_line *line, const struct tlsfloor_address *want)
{
    const struct audit_line_value *value = audit_line_find(line, "client");
    struct tlsfloor_text text = {value->bytes, value->size};
    struct tlsfloor_address mapped, address;
    char canonical[TLSFLOOR_ADDRESS_TEXT];

    if (want->family == TLSFLOOR_FAMILY_NONE) {
        require_string(line, "client", "unknown");
        return;
    }
    tlsfloor_address_format(want, canonical);
    REQUIRE(tlsfloor_address_parse(tlsfloor_text_from(canonical), &mapped) == 0);
    REQUIRE(tlsfloor_address_parse(text, &address) == 0);
    REQUIRE(memcmp(&address, &mapped, sizeof(address)) == 0);
}

/* The name with the default domain behind it, if it has no other. */
static size_t
require_user(const struct audit_line *line, const struct entry *entry)
{
    char name[2 * TEXT_SIZE + 1];
    struct tlsfloor_text whole = {name, entry->name.size};

    memcpy(name, entry->name.data, entry->name.size);
    if (memchr(name, '@', entry->name.size) == NULL && entry->domain.size > 0) {
        name[whole.size++] = '@';
        memcpy(name + whole.size, entry->domain.data, entry->domain.size);
        whole.size += entry->domain.size;
    }
    return require_value(line, "user", whole);
}

static void
require_tokens(const struct audit_line *line, const struct entry *entry)
{
    static const char *const stages[] = {"connect", "helo", "auth", "mail", "rcpt", "data"};
    const struct tlsfloor_decision *decision = &entry->decision;

    require_string(line, "action", tlsfloor_action_name(decision->action));
    require_string(line, "reason", tlsfloor_reason_name(decision->reason));
    require_string(line, "rule", tlsfloor_rule_name(decision->rule));
    require_string(line, "service", tlsfloor_service_name(entry->facts.service));
    require_string(line, "stage", stages[entry->audit.stage]);
    require_string(line, "floor", tlsfloor_tls_name(decision->floor));
    require_string(line, "mode", tlsfloor_mode_name(decision->mode));
    require_number(line, "port", entry->facts.port);
    require_number(line, "bits", entry->facts.bits);
    require_client(line, &entry->facts.client);
}

/* Returns how many are cut. */
static size_t
require_values(const struct audit_line *line, const struct entry *entry)
{
    const struct tlsfloor_facts *facts = &entry->facts;
    const struct tlsfloor_text none = {NULL, 0};
    size_t cut = require_user(line, entry);

    cut +=
        require_value(line, "tls",
                      facts->tls_name.size > 0 ? facts->tls_name
                                               : tlsfloor_text_from(tlsfloor_tls_name(facts->tls)));
    cut += require_value(line, "cipher", facts->cipher);
    cut += require_value(line, "exception",
                         entry->decision.exception == NULL ? none : entry->exception.who);
    cut += require_value(line, "session", entry->audit.session);
    if (entry->audit.login.size > 0)
        cut += require_value(line, "login", entry->audit.login);
    return cut;
}

/* All keys in their order; nothing is named as cut that is whole. */
static void
require_keys(const struct audit_line *line, const struct entry *entry, size_t cut)
{
    size_t count = KEYS_ALWAYS + (entry->audit.login.size > 0 ? 1 : 0), named = 0;
    const struct audit_line_value *names = audit_line_find(line, "cut");

    for (size_t i = 0; i < count; i++)
        REQUIRE(strcmp(line->values[i].key, keys[i]) == 0);
    REQUIRE(line->count == count + (cut > 0 ? 1 : 0));
    REQUIRE((names != NULL) == (cut > 0));
    for (size_t i = 0; names != NULL && i < names->size; i++)
        named += names->bytes[i] == ',' ? 1 : 0;
    REQUIRE(cut == 0 || named == cut - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct audit_line line;
    struct input input = {data, size};
    struct entry entry;
    char text[TLSFLOOR_AUDIT_LINE + sizeof(BEHIND)];
    size_t length;

    take_entry(&input, &entry);
    memset(text, '!', sizeof(text));
    length = tlsfloor_audit_format(&entry.audit, &entry.facts, &entry.decision, text);
    REQUIRE(length < TLSFLOOR_AUDIT_LINE && text[length] == '\0' && strlen(text) == length);
    REQUIRE(text[TLSFLOOR_AUDIT_LINE] == '!');
    for (size_t i = 0; i < length; i++)
        REQUIRE(text[i] >= ' ' && text[i] <= '~');
    REQUIRE(audit_line_read(text, &line) == 0);
    require_tokens(&line, &entry);
    require_keys(&line, &entry, require_values(&line, &entry));
    memcpy(text + length, BEHIND, sizeof(BEHIND));
    REQUIRE(audit_line_size(text) == length);
    return 0;
}
