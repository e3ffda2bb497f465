/* Numbers as Prometheus reads them.
 * Must not know what they are of. */
#include "exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { US_PER_S = 1000000, US_PER_MS = 1000 };

static void add_text(struct exposition *to, const char *text)
{
    buffer_add_text(to->out, text);
}

static const char *kind_word(const struct exposition *to, enum exposition_kind kind)
{
    static const char *const words[] = {"gauge", "counter", "info", "histogram"};

    return kind == EXPOSITION_INFO && !to->is_open_metrics ? words[EXPOSITION_GAUGE] : words[kind];
}

/* What the samples' names have behind the family's. */
static const char *suffix(enum exposition_kind kind)
{
    static const char *const suffixes[] = {"", "_total", "_info", ""};

    return suffixes[kind];
}

/* In the older format the family is called like its samples. */
static void add_family_name(struct exposition *to)
{
    add_text(to, to->family);
    if (!to->is_open_metrics)
        add_text(to, suffix(to->kind));
}

static void add_line(struct exposition *to, const char *word, const char *rest)
{
    add_text(to, word);
    add_family_name(to);
    add_text(to, " ");
    add_text(to, rest);
    add_text(to, "\n");
}

void exposition_begin(struct exposition *to, const char *name, enum exposition_kind kind,
                      const char *unit, const char *help)
{
    to->family = name;
    to->kind = kind;
    to->unit = unit;
    add_line(to, "# TYPE ", kind_word(to, kind));
    if (unit != NULL && to->is_open_metrics)
        add_line(to, "# UNIT ", unit);
    add_line(to, "# HELP ", help);
}

/* What is not text is made harmless before it is quoted. */
static void add_value(struct exposition *to, const char *value)
{
    char *clean = text_clean_dup(value);

    if (clean == NULL)
        to->out->failed = true;
    for (const char *at = clean; at != NULL && *at != '\0'; at++) {
        if (*at == '\\' || *at == '"')
            buffer_add(to->out, "\\", 1);
        buffer_add(to->out, at, 1);
    }
    free(clean);
}

static void add_label(struct exposition *to, bool is_first, const char *name, const char *value)
{
    add_text(to, is_first ? "{" : ",");
    add_text(to, name);
    add_text(to, "=\"");
    add_value(to, value);
    add_text(to, "\"");
}

static void begin_sample(struct exposition *to, const struct exposition_label *labels, size_t count)
{
    add_text(to, to->family);
    add_text(to, suffix(to->kind));
    for (size_t i = 0; i < count; i++)
        add_label(to, i == 0, labels[i].name, labels[i].value);
    add_text(to, count > 0 ? "} " : " ");
}

void exposition_add(struct exposition *to, const struct exposition_label *labels, size_t count,
                    uint64_t value)
{
    begin_sample(to, labels, count);
    buffer_add_number(to->out, value);
    add_text(to, "\n");
}

static void add_seconds(struct exposition *to, int64_t us)
{
    char text[40];

    snprintf(text, sizeof text, "%" PRId64 ".%06" PRId64, us / US_PER_S, us % US_PER_S);
    add_text(to, text);
}

void exposition_add_seconds(struct exposition *to, const struct exposition_label *labels,
                            size_t count, int64_t us)
{
    begin_sample(to, labels, count);
    add_seconds(to, us > 0 ? us : 0);
    add_text(to, "\n");
}

void exposition_gauge(struct exposition *to, const char *name, const char *help, uint64_t value)
{
    exposition_begin(to, name, EXPOSITION_GAUGE, NULL, help);
    exposition_add(to, NULL, 0, value);
}

void exposition_counter(struct exposition *to, const char *name, const char *help, uint64_t value)
{
    exposition_begin(to, name, EXPOSITION_COUNTER, NULL, help);
    exposition_add(to, NULL, 0, value);
}

void exposition_gauge_ms(struct exposition *to, const char *name, const char *help, int64_t ms)
{
    exposition_begin(to, name, EXPOSITION_GAUGE, "seconds", help);
    exposition_add_seconds(to, NULL, 0, ms * US_PER_MS);
}

static void add_bucket(struct exposition *to, size_t class, uint64_t count)
{
    add_text(to, to->family);
    add_text(to, "_bucket{le=\"");
    add_seconds(to, INT64_C(1) << class);
    add_text(to, "\"} ");
    buffer_add_number(to->out, count);
    add_text(to, "\n");
}

static void add_part(struct exposition *to, const char *part)
{
    add_text(to, to->family);
    add_text(to, part);
}

void exposition_add_times(struct exposition *to, const struct exposition_times *times)
{
    uint64_t count = 0;

    for (size_t i = 0; i < times->class_count; i++) {
        count += times->classes[i];
        if (i >= times->first && i <= times->last && (i - times->first) % 2 == 0)
            add_bucket(to, i, count);
    }
    add_part(to, "_bucket{le=\"+Inf\"} ");
    buffer_add_number(to->out, count);
    add_text(to, "\n");
    add_part(to, "_sum ");
    add_seconds(to, (int64_t)times->sum_us);
    add_text(to, "\n");
    add_part(to, "_count ");
    buffer_add_number(to->out, count);
    add_text(to, "\n");
}

void exposition_end(struct exposition *to)
{
    if (to->is_open_metrics)
        add_text(to, "# EOF\n");
}
