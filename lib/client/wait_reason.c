/* Why a request waits, in words for a person.
 * Must not trust that what the server says is well formed, or fit for a terminal. */
#include "wait_reason.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/number.h"
#include "base/text.h"

enum { TEXT_MOST = 512 };

/* A `why` line taken apart. */
struct reason {
    const char *why, *name, *rule, *value, *file;
    uint64_t a, b, c, place, of, line;
};

static bool take_number(char **rest, uint64_t *number)
{
    const char *word = strsep(rest, " ");

    return word != NULL && number_parse(word, UINT32_MAX, number) == 0;
}

static bool parse(char *text, struct reason *reason)
{
    char *rest = text;

    reason->why = strsep(&rest, " ");
    reason->name = strsep(&rest, " ");
    if (!take_number(&rest, &reason->a) || !take_number(&rest, &reason->b) ||
        !take_number(&rest, &reason->c) || !take_number(&rest, &reason->place) ||
        !take_number(&rest, &reason->of))
        return false;
    reason->rule = strsep(&rest, " ");
    reason->value = strsep(&rest, " ");
    if (reason->value == NULL || !take_number(&rest, &reason->line) || rest == NULL)
        return false;
    reason->file = rest;
    return true;
}

/* Of whom a limit counts the seats, and what he has of them. */
struct possessor {
    const char *rule, *who, *holds, *waits, *of;
    bool has_name; /* the rule's value, behind `who` */
};

static const struct possessor *find_possessor(const char *rule)
{
    static const struct possessor all[] = {
        {"user", "you", "hold", "wait", "of your limit of", false},
        {"job", "your job", "holds", "waits", "of its limit of", false},
        {"host", "host ", "holds", "waits", "of its limit of", true},
        {"project", "project ", "holds", "waits", "of its limit of", true},
        {"together", "you and others", "hold", "wait", "of your common limit of", false},
    };
    size_t i = 0;

    while (i + 1 < sizeof all / sizeof all[0] && strcmp(all[i].rule, rule) != 0)
        i++;
    return &all[i];
}

/* What requests have credit for that still wait counts, too. */
static void say_limit(const struct reason *it, char *out, size_t size)
{
    const struct possessor *its = find_possessor(it->rule);
    const char *value = its->has_name ? it->value : "";
    unsigned held = (unsigned)it->a, limit = (unsigned)it->b, more = (unsigned)it->c;

    if (more == 0)
        snprintf(out, size, "%s%s %s %u %s %u", its->who, value, its->holds, held, its->of, limit);
    else if (held == 0)
        snprintf(out, size, "%s%s %s for %u already, %s %u", its->who, value, its->waits, more,
                 its->of, limit);
    else
        snprintf(out, size, "%s%s %s %u and %s for %u more already, %s %u", its->who, value,
                 its->holds, held, its->waits, more, its->of, limit);
}

static void say_share(const struct reason *it, char *out, size_t size)
{
    unsigned held = (unsigned)it->a, weight = (unsigned)it->b, more = (unsigned)it->c;

    if (more == 0)
        snprintf(out, size, "it is the turn of others: %s has %u of %s, with a share of %u",
                 it->value, held, it->name, weight);
    else
        snprintf(out, size,
                 "it is the turn of others: %s has %u of %s and gets %u more, with a share of %u",
                 it->value, held, it->name, more, weight);
}

static void say_aside(const struct reason *it, char *out, size_t size)
{
    if (strcmp(it->rule, "gone") == 0)
        snprintf(out, size, "%s is no pool of the server any more; your place is kept", it->name);
    else if (strcmp(it->rule, "allow") == 0 || strcmp(it->rule, "deny") == 0)
        snprintf(out, size, "%s is not for you any more; your place is kept", it->name);
    else if (it->a > 0 && it->b < it->a)
        snprintf(out, size,
                 "you want %u of %s, and could have %u now if nobody held any; your place is kept",
                 (unsigned)it->a, it->name, (unsigned)it->b);
    else
        snprintf(out, size, "the rules of %s do not allow it now; your place is kept", it->name);
}

static void say_kept(const struct reason *it, char *out, size_t size)
{
    char left[DURATION_TEXT_SIZE];

    duration_format(left, (int64_t)it->a, DURATION_WORDS);
    if (it->a > 0)
        snprintf(out, size, "%s is done with %s, and has it kept for %s more", it->value, it->name,
                 left);
    else
        snprintf(out, size, "%s is done with %s, and has it kept until its host has booted anew",
                 it->value, it->name);
}

/* The rest of the line is what was said when it was taken out of use. */
static void say_offline(const struct reason *it, char *out, size_t size)
{
    char left[DURATION_TEXT_SIZE];
    int len = snprintf(out, size, "%s is offline", it->name);

    if (it->a > 0 && len >= 0 && (size_t)len < size) {
        duration_format(left, (int64_t)it->a, DURATION_WORDS);
        len += snprintf(out + len, size - (size_t)len, " for %s more", left);
    }
    if (strcmp(it->file, "-") != 0 && len >= 0 && (size_t)len < size)
        snprintf(out + len, size - (size_t)len, ": %s", it->file);
}

/* Returns false where there is no more to say than who has it. */
static bool say(const struct reason *it, char *out, size_t size)
{
    unsigned a = (unsigned)it->a, b = (unsigned)it->b;

    if (strcmp(it->why, "limit") == 0)
        say_limit(it, out, size);
    else if (strcmp(it->why, "share") == 0)
        say_share(it, out, size);
    else if (strcmp(it->why, "reserve") == 0)
        snprintf(out, size, "what is free of %s is kept for others", it->name);
    else if (strcmp(it->why, "outside") == 0)
        snprintf(out, size, "%u of %s are in use elsewhere", a, it->name);
    else if (strcmp(it->why, "collecting") == 0)
        snprintf(out, size, "%u of the %u that you want are set aside for you", a, b);
    else if (strcmp(it->why, "aside") == 0)
        say_aside(it, out, size);
    else if (strcmp(it->why, "kept") == 0)
        say_kept(it, out, size);
    else if (strcmp(it->why, "offline") == 0)
        say_offline(it, out, size);
    else
        return false;
    return true;
}

/* Who is aside stands in no queue: so does who wants a pool's seat that is offline. */
static bool is_aside(const struct reason *it)
{
    return strcmp(it->why, "aside") == 0 ||
           (strcmp(it->why, "offline") == 0 && strcmp(it->rule, "outside") == 0);
}

void wait_reason_read(const char *line, struct ipclocker_wait *wait)
{
    char words[TEXT_MOST * 2], text[TEXT_MOST];
    struct reason reason = {0};
    size_t len;

    wait->reason[0] = '\0';
    wait->length = 0;
    snprintf(words, sizeof words, "%s", line);
    if (!parse(words, &reason))
        return;
    wait->length = is_aside(&reason) ? 0 : (size_t)reason.of;
    if (!say(&reason, text, sizeof text))
        return;
    len = strlen(text);
    if (reason.line > 0 && strcmp(reason.file, "-") != 0)
        snprintf(text + len, sizeof text - len, " (%.200s:%u)", reason.file, (unsigned)reason.line);
    text_clean(wait->reason, sizeof wait->reason, text, strlen(text));
}
