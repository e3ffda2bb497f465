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

static int set_number(const struct option_spec *option, const char *argument, void *place,
                      char error[OPTIONS_ERROR_SIZE])
{
    uint64_t value;
    char shown[MESSAGE_EXCERPT_SIZE];

    if (number_parse(argument, option->max, &value) == 0 && value >= option->min) {
        put_integer(place, option->size, value);
        return 0;
    }
    snprintf(error, OPTIONS_ERROR_SIZE, "--%s \"%s\" is no number from %" PRIu64 " to %" PRIu64,
             option->name, message_excerpt(shown, argument, strlen(argument)), option->min,
             option->max);
    return EX_USAGE;
}

static int set_size(const struct option_spec *option, const char *argument, void *place,
                    char error[OPTIONS_ERROR_SIZE])
{
    uint64_t value;
    char shown[MESSAGE_EXCERPT_SIZE];

    if (number_parse_size(argument, option->max, &value) == 0 && value >= option->min) {
        put_integer(place, option->size, value);
        return 0;
    }
    snprintf(
        error, OPTIONS_ERROR_SIZE,
        "--%s \"%s\" is no size from %" PRIu64 " to %" PRIu64 " bytes; such as 64K, 256M or 1G",
        option->name, message_excerpt(shown, argument, strlen(argument)), option->min, option->max);
    return EX_USAGE;
}

static int set_seconds(const struct option_spec *option, const char *argument, void *place,
                       char error[OPTIONS_ERROR_SIZE])
{
    bool whole = option->type == OPTION_WHOLE_SECONDS;
    int64_t scale = whole ? 1000 : 1, value_ms;
    char shown[MESSAGE_EXCERPT_SIZE];

    if (number_parse_time(argument, (int64_t)option->max * scale, &value_ms) == 0 &&
        value_ms >= (int64_t)option->min * scale) {
        if (whole)
            put_integer(place, option->size, (uint64_t)(value_ms + 999) / 1000);
        else
            memcpy(place, &value_ms, sizeof value_ms);
        return 0;
    }
    snprintf(error, OPTIONS_ERROR_SIZE,
             "--%s \"%s\" is no time from %.10g to %.10g seconds; such as 0.5, 90s, 30m or 2h",
             option->name, message_excerpt(shown, argument, strlen(argument)),
             (double)option->min * (double)scale / 1000,
             (double)option->max * (double)scale / 1000);
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
    case OPTION_SIZE:
        return set_size(option, argument, place, error);
    case OPTION_SECONDS:
    case OPTION_WHOLE_SECONDS:
        return set_seconds(option, argument, place, error);
    case OPTION_WORD:
        return set_word(option, argument, place, error);
    default:
        assert(option->type == OPTION_CALL);
        return option->take(settings, argument);
    }
}
