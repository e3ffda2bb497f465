/* The numbers of a service of HTTP.
 * Must not count. */
#include "http_metrics.h"

#include <stdio.h>

enum { NAME_SIZE = 80 };

static void add(struct exposition *to, const char *program, const char *rest,
                enum exposition_kind kind, const char *help, uint64_t value)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "%s_http_%s", program, rest);
    exposition_begin(to, name, kind, NULL, help);
    exposition_add(to, NULL, 0, value);
}

void http_metrics_add(struct exposition *to, const char *program, const struct http_stats *stats)
{
    add(to, program, "visitors", EXPOSITION_GAUGE, "Connections of HTTP.", stats->visitors);
    add(to, program, "requests", EXPOSITION_COUNTER, "Requests of HTTP.", stats->requests);
    add(to, program, "errors", EXPOSITION_COUNTER,
        "Requests of HTTP that were answered with an error of the client's.", stats->refused);
    add(to, program, "turned_away", EXPOSITION_COUNTER,
        "Connections of HTTP that were closed at once: their address may not connect, or there "
        "were too many.",
        stats->turned_away);
}
