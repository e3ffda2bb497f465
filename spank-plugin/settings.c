/* Parses plugstack.conf's words for the plugin.
 * Must not refuse to work because of one that is wrong. */
#include "settings.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "net/port.h"
#include "process/signal_name.h"

enum { GRACE_MS = 30000 };

#define SECONDS_MAX_MS INT64_C(1000000000000)

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .on = true, .signal = SIGTERM, .grace_ms = GRACE_MS, .cancel = true, .unreachable_ms = -1};
}

int settings_parse_switch(const char *text)
{
    if (text == NULL)
        return -1;
    return strcmp(text, "on") == 0 ? 1 : strcmp(text, "off") == 0 ? 0 : -1;
}

static int set_default(struct settings *settings, const char *value)
{
    int on = settings_parse_switch(value);

    if (on < 0)
        return -1;
    settings->on = on;
    return 0;
}

static int set_grace(struct settings *settings, const char *value)
{
    return number_parse_time(value, SECONDS_MAX_MS, &settings->grace_ms);
}

static int set_signal(struct settings *settings, const char *value)
{
    int number = signal_name_parse(value);

    if (number < 0)
        return -1;
    settings->signal = number;
    return 0;
}

static int set_unreachable(struct settings *settings, const char *value)
{
    if (strcmp(value, "never") != 0)
        return number_parse_time(value, SECONDS_MAX_MS, &settings->unreachable_ms);
    settings->unreachable_ms = -1;
    return 0;
}

static int set_allocation(struct settings *settings, const char *value)
{
    if (strcmp(value, "cancel") != 0 && strcmp(value, "keep") != 0)
        return -1;
    settings->cancel = value[0] == 'c';
    return 0;
}

static int set_port(struct settings *settings, const char *value)
{
    return port_parse(value, "udp", &settings->pidstatd_port);
}

static int set_classic(struct settings *settings, const char *value)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return -1;
    settings->classic_pidstatd = value[0] == 'y';
    return 0;
}

static int set_ports(struct settings *settings, const char *value)
{
    const char *dash = strchr(value, '-');
    uint64_t low, high;
    char first[8];

    if (dash == NULL || dash - value >= (ptrdiff_t)sizeof first)
        return -1;
    snprintf(first, sizeof first, "%.*s", (int)(dash - value), value);
    if (number_parse(first, UINT16_MAX, &low) != 0 ||
        number_parse(dash + 1, UINT16_MAX, &high) != 0 || low == 0 || low > high)
        return -1;
    settings->port_low = (uint16_t)low;
    settings->port_high = (uint16_t)high;
    return 0;
}

static int take_word(struct settings *settings, const char *word)
{
    static const struct {
        const char *name;
        int (*set)(struct settings *settings, const char *value);
    } known[] = {
        {"default=", set_default},
        {"grace=", set_grace},
        {"signal=", set_signal},
        {"unreachable=", set_unreachable},
        {"port=", set_port},
        {"ports=", set_ports},
        {"allocation=", set_allocation},
        {"classic-pidstatd=", set_classic},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].name);

        if (strncmp(word, known[i].name, len) == 0)
            return known[i].set(settings, word + len);
    }
    return -1;
}

void settings_parse(struct settings *settings, int argc, char **argv,
                    void (*complain)(void *context, const char *word), void *context)
{
    for (int i = 0; i < argc; i++) {
        if (take_word(settings, argv[i]) != 0)
            complain(context, argv[i]);
    }
}
