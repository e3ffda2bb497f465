/* Checks what options are given and puts it into a program's settings.
 * Must not look at names or at argv. */
#include "option_value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "message.h"

static void put_integer(void *place, size_t size, uint64_t value)
{
    uint32_t value32 = (uint32_t)value;
    uint16_t value16 = (uint16_t)value;

    assert(size == sizeof value || size == sizeof value32 || size == sizeof value16);
    if (size == sizeof value)
        memcpy(place, &value, size);
    else if (size == sizeof value32)
        memcpy(place, &value32, size);
    else
        memcpy(place, &value16, size);
}

/* The seconds of a unit as people write it; 0 for what is none. */
static double unit_seconds(const char *unit)
{
    static const struct {
        const char *words; /* with a blank behind each */
        double seconds;
    } units[] = {
        {"ms msec ", 0.001},
        {"s sec secs second seconds ", 1},
        {"m min mins minute minutes ", 60},
        {"h hr hrs hour hours ", 3600},
        {"d day days ", 86400},
    };
    char word[16];
    int len = snprintf(word, sizeof word, "%s ", unit);

    for (size_t i = 0; len > 1 && len < (int)sizeof word && i < sizeof units / sizeof *units; i++) {
        const char *at = strstr(units[i].words, word);

        if (at != NULL && (at == units[i].words || at[-1] == ' '))
            return units[i].seconds;
    }
    return 0;
}

/* What to write instead of "5m", behind what was wrong; "" where that is not clear. */
static void advise_seconds(char *out, size_t size, const char *argument)
{
    char digits[24];
    size_t len = strspn(argument, "0123456789.");
    double unit = unit_seconds(argument + len);
    int64_t value_ms;

    *out = '\0';
    if (strchr(argument, ',') != NULL)
        snprintf(out, size, "; use a point: 0.5");
    if (unit == 0 || len >= sizeof digits)
        return;
    snprintf(digits, sizeof digits, "%.*s", (int)len, argument);
    if (number_parse_seconds(digits, INT64_MAX, &value_ms) == 0)
        snprintf(out, size, "; in seconds: %.10g", (double)value_ms / 1000 * unit);
}

static int set_number(const struct option_spec *option, const char *argument, void *place,
                      char error[OPTIONS_ERROR_SIZE])
{
    uint64_t value;
    char shown[MESSAGE_EXCERPT_SIZE], advice[48] = "";

    if (number_parse(argument, option->max, &value) == 0 && value >= option->min) {
        put_integer(place, option->size, value);
        return 0;
    }
    if (strcmp(option->argument, "SECONDS") == 0)
        advise_seconds(advice, sizeof advice, argument);
    snprintf(error, OPTIONS_ERROR_SIZE,
             "--%s \"%s\" is no number from %" PRIu64 " to %" PRIu64 "%s", option->name,
             message_excerpt(shown, argument, strlen(argument)), option->min, option->max, advice);
    return EX_USAGE;
}

static int set_seconds(const struct option_spec *option, const char *argument, void *place,
                       char error[OPTIONS_ERROR_SIZE])
{
    int64_t value_ms;
    char shown[MESSAGE_EXCERPT_SIZE], advice[48];

    if (number_parse_seconds(argument, (int64_t)option->max, &value_ms) == 0 &&
        value_ms >= (int64_t)option->min) {
        memcpy(place, &value_ms, sizeof value_ms);
        return 0;
    }
    advise_seconds(advice, sizeof advice, argument);
    snprintf(error, OPTIONS_ERROR_SIZE, "--%s \"%s\" is no number of seconds from %.10g to %.10g%s",
             option->name, message_excerpt(shown, argument, strlen(argument)),
             (double)option->min / 1000, (double)option->max / 1000, advice);
    return EX_USAGE;
}

static int set_word(const struct option_spec *option, const char *argument, void *place,
                    char error[OPTIONS_ERROR_SIZE])
{
    const char *word = option->words;
    size_t len, count = 0;
    char shown[MESSAGE_EXCERPT_SIZE];

    for (; *word != '\0'; word += len + (word[len] == '|'), count++) {
        len = strcspn(word, "|");
        if (strncmp(argument, word, len) == 0 && argument[len] == '\0') {
            put_integer(place, option->size, count);
            return 0;
        }
    }
    snprintf(error, OPTIONS_ERROR_SIZE, "--%s \"%s\" is none of %s", option->name,
             message_excerpt(shown, argument, strlen(argument)), option->words);
    return EX_USAGE;
}

int option_value_set(const struct option_spec *option, bool negated, const char *argument,
                     void *settings, char error[OPTIONS_ERROR_SIZE])
{
    void *place = (char *)settings + option->place;
    bool value = !negated;

    switch (option->type) {
    case OPTION_FLAG:
        memcpy(place, &value, sizeof value);
        return 0;
    case OPTION_TEXT:
        memcpy(place, &argument, sizeof(const char *));
        return 0;
    case OPTION_NUMBER:
        return set_number(option, argument, place, error);
    case OPTION_SECONDS:
        return set_seconds(option, argument, place, error);
    case OPTION_WORD:
        return set_word(option, argument, place, error);
    default:
        assert(option->type == OPTION_CALL);
        return option->take(settings, argument);
    }
}
