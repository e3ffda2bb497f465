/* Parses and formats the datagrams of pidstat-protocol(7).
 * Must not trust a byte of them, nor look at sockets, clocks or processes. */
#include "wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/words.h"

/* The kernel's inode numbers of namespaces have 32 bits. */
enum {
    HEX_DIGITS = 16,
    HOST_ID_LEN = 1 + HEX_DIGITS, /* ~ID */
    BOOT_LEN = 36,
    START_DIGITS = 20,
    NAMESPACE_DIGITS = 10,
};

/* Checks the bytes, and makes a string of them. */
static bool terminate(char *text, size_t len)
{
    if (len == 0 || len > PIDSTAT_WIRE_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((text[i] < 0x21 || text[i] > 0x7e) && !words_is_blank(text[i]))
            return false;
    }
    text[len] = '\0';
    return true;
}

static bool parse_pid(const char *word, pid_t *pid)
{
    uint64_t number;

    if (word == NULL || number_parse(word, INT32_MAX, &number) != 0 || number == 0)
        return false;
    *pid = (pid_t)number;
    return true;
}

static bool parse_host(const char *word)
{
    return word != NULL && strlen(word) <= PIDSTAT_WIRE_HOST_MAX;
}

/* Three bits have a meaning, a byte leaves room for more; beyond that it is junk. */
static bool parse_which(const char *word, unsigned *which)
{
    uint64_t number;

    if (number_parse(word, UINT8_MAX, &number) != 0)
        return false;
    *which = (unsigned)number & PIDSTAT_RETURN_ALL;
    return true;
}

static bool parse_hex(const char *text, uint64_t *value)
{
    uint64_t result = 0;

    if (strlen(text) != HEX_DIGITS)
        return false;
    for (; *text != '\0'; text++) {
        const char *digit = strchr("0123456789abcdef", *text);

        if (digit == NULL)
            return false;
        result = result << 4 | (uint64_t)(digit - "0123456789abcdef");
    }
    *value = result;
    return true;
}

static bool parse_positive(const char *text, uint64_t max, uint64_t *number)
{
    return number_parse(text, max, number) == 0 && *number != 0;
}

static bool parse_boot(const char *text, char *boot)
{
    if (strlen(text) != BOOT_LEN || strspn(text, "0123456789abcdef-") != BOOT_LEN)
        return false;
    memcpy(boot, text, BOOT_LEN + 1);
    return true;
}

/* Reads one NAME=VALUE.  False only for a name that we know with a value that it cannot have. */
static bool parse_extra(const char *word, struct pidstat_words *words)
{
    const char *value = strchr(word, '=');
    size_t name_len;
    unsigned known = 0, asked = 0;
    bool good = true;

    if (value == NULL)
        return true;
    name_len = (size_t)(value++ - word);
    if (name_len == 2 && memcmp(word, "id", 2) == 0) {
        known = WORD_ID;
        good = parse_hex(value, &words->id);
    } else if (name_len == 5 && memcmp(word, "start", 5) == 0) {
        known = WORD_START;
        asked = WORD_START_ASKED;
        good = strcmp(value, "?") == 0 || parse_positive(value, UINT64_MAX, &words->start);
    } else if (name_len == 4 && memcmp(word, "boot", 4) == 0) {
        known = WORD_BOOT;
        asked = WORD_BOOT_ASKED;
        good = strcmp(value, "?") == 0 || parse_boot(value, words->boot);
    } else if (name_len == 5 && memcmp(word, "watch", 5) == 0) {
        known = WORD_WATCH;
        asked = WORD_WATCH_ASKED;
        good = strcmp(value, "?") == 0 || parse_hex(value, &words->watch);
    } else if (name_len == 2 && memcmp(word, "ns", 2) == 0) {
        known = WORD_NAMESPACE;
        asked = WORD_NAMESPACE_ASKED;
        good = strcmp(value, "?") == 0 || parse_positive(value, UINT32_MAX, &words->pid_namespace);
    }
    words->present &= ~(known | asked);
    words->present |= strcmp(value, "?") == 0 ? asked : known;
    return good;
}

static bool parse_extras(char *rest, struct pidstat_words *words)
{
    for (const char *word; (word = words_next(&rest)) != NULL;) {
        if (!parse_extra(word, words))
            return false;
    }
    return true;
}

static int malformed(void)
{
    errno = EINVAL;
    return -1;
}

int pidstat_wire_parse_question(char *text, size_t len, struct pidstat_question *question)
{
    struct pidstat_question result = {.which = PIDSTAT_RETURN_EXIST | PIDSTAT_RETURN_DOESNT};
    const char *word;

    if (!terminate(text, len))
        return malformed();
    word = words_next(&text);
    if (word == NULL || strcmp(word, "PIDR") != 0)
        return malformed();
    result.pid_text = words_next(&text);
    if (!parse_pid(result.pid_text, &result.pid))
        return malformed();
    result.host = words_next(&text);
    if (result.host != NULL && !parse_host(result.host))
        return malformed();
    word = words_next(&text);
    if (word != NULL && !parse_which(word, &result.which))
        return malformed();
    if (!parse_extras(text, &result.words))
        return malformed();
    *question = result;
    return 0;
}

/* The two words that tell the state: "EXIS" with 0 or 1, "UNKN" with anything. */
static bool parse_state(const char *kind, const char *value, enum pidstat_state *state)
{
    if (strcmp(kind, "UNKN") == 0)
        *state = PIDSTAT_UNKNOWN;
    else if (strcmp(kind, "EXIS") != 0 || (strcmp(value, "0") != 0 && strcmp(value, "1") != 0))
        return false;
    else
        *state = value[0] == '1' ? PIDSTAT_EXISTS : PIDSTAT_GONE;
    return true;
}

int pidstat_wire_parse_reply(char *text, size_t len, struct pidstat_reply *reply)
{
    struct pidstat_reply result = {0};
    const char *kind, *value;

    if (!terminate(text, len))
        return malformed();
    kind = words_next(&text);
    if (kind == NULL || !parse_pid(words_next(&text), &result.pid))
        return malformed();
    value = words_next(&text);
    result.host = words_next(&text);
    if (value == NULL || !parse_state(kind, value, &result.state) || !parse_host(result.host))
        return malformed();
    if (!parse_extras(text, &result.words))
        return malformed();
    *reply = result;
    return 0;
}

/* Adds " NAME=VALUE" unless that would go past `limit`.  Returns the new length. */
static size_t add_word(char *out, size_t len, size_t limit, const char *name, const char *value)
{
    size_t more = strlen(name) + strlen(value) + 2;

    if (len + more > limit)
        return len;
    return len + (size_t)sprintf(out + len, " %s=%s", name, value);
}

static size_t add_hex(char *out, size_t len, size_t limit, const char *name, uint64_t value)
{
    char text[HEX_DIGITS + 1];

    snprintf(text, sizeof text, "%016" PRIx64, value);
    return add_word(out, len, limit, name, text);
}

static size_t add_known_words(char *out, size_t len, size_t limit,
                              const struct pidstat_words *words)
{
    char number[24];

    if (words->present & WORD_ID)
        len = add_hex(out, len, limit, "id", words->id);
    if (words->present & WORD_START) {
        snprintf(number, sizeof number, "%" PRIu64, words->start);
        len = add_word(out, len, limit, "start", number);
    }
    if (words->present & WORD_BOOT)
        len = add_word(out, len, limit, "boot", words->boot);
    if (words->present & WORD_WATCH)
        len = add_hex(out, len, limit, "watch", words->watch);
    if (words->present & WORD_NAMESPACE) {
        snprintf(number, sizeof number, "%" PRIu64, words->pid_namespace);
        len = add_word(out, len, limit, "ns", number);
    }
    return len;
}

/* "?" is shorter than what it asks for: what the answer may need more is paid for with padding. */
static size_t add_asked_words(char *out, size_t len, size_t limit, unsigned present)
{
    char pad[START_DIGITS + BOOT_LEN + HEX_DIGITS + NAMESPACE_DIGITS];
    size_t owed = 0;

    if (present & WORD_START_ASKED) {
        len = add_word(out, len, limit, "start", "?");
        owed += START_DIGITS - 1;
    }
    if (present & WORD_BOOT_ASKED) {
        len = add_word(out, len, limit, "boot", "?");
        owed += BOOT_LEN - 1;
    }
    if (present & WORD_WATCH_ASKED) {
        len = add_word(out, len, limit, "watch", "?");
        owed += HEX_DIGITS - 1;
    }
    if (present & WORD_NAMESPACE_ASKED) {
        len = add_word(out, len, limit, "ns", "?");
        owed += NAMESPACE_DIGITS - 1;
    }
    if (owed <= strlen(" pad="))
        return len;
    owed -= strlen(" pad=");
    memset(pad, '.', owed);
    pad[owed] = '\0';
    return add_word(out, len, limit, "pad", pad);
}

bool pidstat_wire_id_of_host(const char *host, uint64_t *id)
{
    size_t len = strlen(host);

    return len >= HOST_ID_LEN && host[len - HOST_ID_LEN] == '~' &&
           parse_hex(host + len - HEX_DIGITS, id);
}

/* How much of a name stands before the id. */
static size_t kept_of(const char *name)
{
    size_t len = strlen(name);

    return len + HOST_ID_LEN <= PIDSTAT_WIRE_HOST_MAX ? len : 0;
}

bool pidstat_wire_is_host_with_id(const char *host, const char *name, uint64_t id)
{
    size_t kept = kept_of(name);
    uint64_t found;

    return strlen(host) == kept + HOST_ID_LEN && memcmp(host, name, kept) == 0 &&
           pidstat_wire_id_of_host(host, &found) && found == id;
}

size_t pidstat_wire_format_question(char *out, const struct pidstat_question *question)
{
    const size_t limit = PIDSTAT_WIRE_MAX - 1;
    char id[HOST_ID_LEN + 1] = "";
    size_t kept = question->id_in_host ? kept_of(question->host) : strlen(question->host);
    int len;

    if (question->id_in_host)
        snprintf(id, sizeof id, "~%016" PRIx64, question->words.id);
    len = snprintf(out, PIDSTAT_WIRE_MAX, "PIDR %d %.*s%s %u", (int)question->pid, (int)kept,
                   question->host, id, question->which);

    if (len < 0 || (size_t)len > limit)
        return 0;
    return add_asked_words(out, add_known_words(out, (size_t)len, limit, &question->words), limit,
                           question->words.present);
}

/* Joins the classic words of an answer.  Not by snprintf(3), which takes longer than all the rest
 * that is done for a question outside the kernel.  Returns the length, or 0 when they do not fit.
 */
static size_t join_words(char *out, const char *const words[4])
{
    size_t len = 0;

    for (int i = 0; i < 4; i++) {
        size_t word_len = strlen(words[i]);

        if (len + word_len + 1 > PIDSTAT_WIRE_MAX)
            return 0;
        memcpy(out + len, words[i], word_len);
        len += word_len;
        out[len++] = i < 3 ? ' ' : '\0';
    }
    return len - 1;
}

size_t pidstat_wire_format_answer(char *out, const struct pidstat_question *question,
                                  size_t question_len, const char *host, enum pidstat_state state,
                                  const struct pidstat_words *words)
{
    static const char *const kinds[] = {
        [PIDSTAT_GONE] = "EXIS", [PIDSTAT_EXISTS] = "EXIS", [PIDSTAT_UNKNOWN] = "UNKN"};
    static const char *const values[] = {
        [PIDSTAT_GONE] = "0", [PIDSTAT_EXISTS] = "1", [PIDSTAT_UNKNOWN] = "na"};
    const char *const classic[] = {kinds[state], question->pid_text, values[state],
                                   question->host != NULL ? question->host : host};
    size_t limit = question_len + PIDSTAT_WIRE_GROWTH;
    size_t len = join_words(out, classic);

    if (len == 0)
        return 0;
    if (limit > PIDSTAT_WIRE_MAX - 1)
        limit = PIDSTAT_WIRE_MAX - 1;
    return add_known_words(out, len, limit, words);
}
