/* What is in use of some features, read line by line.
 * Must not take silence for "none in use" where whoever should have told was not there. */
#include "reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int reading_init(struct reading *reading, enum reading_form form, const struct reading_terms *terms)
{
    *reading = (struct reading){.form = form, .terms = terms};
    reading->uses = calloc(terms->features->count + 1, sizeof *reading->uses);
    /* A list of check-outs says by silence that there are none. */
    for (size_t i = 0; i < terms->features->count && reading->uses != NULL && form == READING_PLAIN;
         i++)
        reading->uses[i].state = USE_COUNTED;
    return reading->uses != NULL ? 0 : -1;
}

void reading_fini(struct reading *reading)
{
    for (size_t i = 0; i < reading->terms->features->count && reading->uses != NULL; i++)
        use_fini(&reading->uses[i]);
    free(reading->uses);
    reading->uses = NULL;
}

void reading_blame(struct reading *reading, const char *format, ...)
{
    va_list args;

    if (reading->why[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(reading->why, sizeof reading->why, format, args);
    va_end(args);
}

static bool is_name(const char *name, struct span text)
{
    return strlen(name) == text.len && memcmp(name, text.at, text.len) == 0;
}

static const char *find_name(const struct name_list *list, struct span text, size_t *index)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_name(list->names[i], text)) {
            *index = i;
            return list->names[i];
        }
    }
    return NULL;
}

static struct use *find_use(const struct reading *reading, struct span name)
{
    size_t i;

    return find_name(reading->terms->features, name, &i) != NULL ? &reading->uses[i] : NULL;
}

/* ---- lmstat's list --------------------------------------------------------------------------- */

/* Of several hosts that stand in for each other one is enough. */
static void end_section(struct reading *reading)
{
    if (reading->in_section && !reading->has_host)
        reading_blame(reading, "the license server is down%s%s",
                      reading->host[0] != '\0' ? ": " : "", reading->host);
    reading->in_section = reading->has_host = false;
    reading->host[0] = '\0';
}

static void begin_section(struct reading *reading)
{
    end_section(reading);
    reading->in_section = true;
    reading->part = LMSTAT_SERVERS;
    reading->at = NULL;
}

static void note(char said[READING_WHY_SIZE], struct span text)
{
    text_clean(said, READING_WHY_SIZE / 2, text.at, text.len);
}

static void note_error(struct reading *reading, struct span text)
{
    char said[READING_WHY_SIZE];

    note(said, text);
    reading_blame(reading, "%s", said);
}

static void begin_feature(struct reading *reading, const struct lmstat_line *line)
{
    struct use *use = find_use(reading, line->name);

    reading->part = LMSTAT_FEATURES;
    reading->at = use;
    if (use == NULL || use->state == USE_FAULTY)
        return;
    if (line->kind == LMSTAT_FAULT) {
        use->state = USE_FAULTY;
        text_clean(use->why, sizeof use->why, line->text.at, line->text.len);
    } else if (line->kind == LMSTAT_FEATURE) {
        use->state = USE_COUNTED;
        use->has_total = true;
        use->total += line->count;
    } else if (use->state == USE_UNHEARD) {
        use->state = USE_UNCOUNTED;
    }
    if (line->kind != LMSTAT_FEATURE)
        reading->at = NULL;
}

static int add_checkout(struct reading *reading, struct use *use, struct span user,
                        struct span host, uint32_t count)
{
    if (!reading->terms->by_machine)
        host = (struct span){.at = ""};
    return use != NULL ? use_add(use, user, host, count) : 0;
}

static void add_reservation(struct reading *reading, const struct lmstat_line *line)
{
    size_t i;

    if (find_name(reading->terms->ours, line->name, &i) != NULL)
        reading->at->reserved_ours += line->count;
    else
        reading->at->reserved += line->count;
}

static int take_lmstat(struct reading *reading, struct span text)
{
    struct lmstat_line line = lmstat_line_read(text, reading->part);

    reading->heard |= line.kind == LMSTAT_SECTION || line.kind == LMSTAT_ERROR ||
                      line.kind == LMSTAT_FEATURE || line.kind == LMSTAT_UNCOUNTED;
    switch (line.kind) {
    case LMSTAT_SECTION:
        begin_section(reading);
        break;
    case LMSTAT_ERROR:
        note_error(reading, line.text);
        break;
    case LMSTAT_HOST_UP:
        reading->has_host = true;
        break;
    case LMSTAT_HOST_DOWN:
        note(reading->host, line.text);
        break;
    case LMSTAT_TO_DAEMONS:
        reading->part = LMSTAT_DAEMONS;
        break;
    case LMSTAT_DAEMON_DOWN:
        note(reading->daemon, line.text);
        break;
    case LMSTAT_TO_FEATURES:
        reading->part = LMSTAT_FEATURES;
        break;
    case LMSTAT_FEATURE:
    case LMSTAT_UNCOUNTED:
    case LMSTAT_FAULT:
        begin_feature(reading, &line);
        break;
    case LMSTAT_CHECKOUT:
        return add_checkout(reading, reading->at, line.name, line.host, line.count);
    case LMSTAT_RESERVATION:
        if (reading->at != NULL)
            add_reservation(reading, &line);
        break;
    case LMSTAT_QUEUED:
        if (reading->at != NULL)
            reading->at->queued += line.count;
        break;
    case LMSTAT_DAEMON_UP:
    case LMSTAT_OTHER:
        break;
    }
    return 0;
}

/* What is not told of is not known, where whoever would have told of it is down. */
static void end_lmstat(struct reading *reading)
{
    end_section(reading);
    if (!reading->heard)
        reading_blame(reading, "this is no list of lmstat's");
    if (reading->why[0] == '\0' && reading->daemon[0] == '\0')
        return;
    for (size_t i = 0; i < reading->terms->features->count; i++) {
        struct use *use = &reading->uses[i];

        if (use->state == USE_UNHEARD) {
            use->state = USE_FAULTY;
            /* What is amiss with all of it is not said of each. */
            if (reading->why[0] == '\0')
                snprintf(use->why, sizeof use->why, "%s", reading->daemon);
        }
    }
}

/* ---- lines of four words --------------------------------------------------------------------- */

static int take_plain(struct reading *reading, struct span text, bool is_cut)
{
    struct span feature = span_word(&text), user = span_word(&text), host = span_word(&text);
    struct span amount = span_word(&text);
    struct use *use = find_use(reading, feature);
    uint32_t count;

    if (!is_cut && (feature.len == 0 || *feature.at == '#'))
        return 0;
    if (is_cut || !span_take_count(&amount, &count) || amount.len > 0 ||
        span_skip_blanks(text).len > 0) {
        reading_blame(reading, "line %zu is not FEATURE USER HOST COUNT", reading->line_number);
        return 0;
    }
    return add_checkout(reading, use, user, host, count);
}

/* ---- either ---------------------------------------------------------------------------------- */

int reading_take(struct reading *reading, const char *line, size_t len, bool is_cut)
{
    struct span text = {.at = line, .len = len};

    reading->line_number++;
    /* A name that was cut off at a null byte would be somebody else's. */
    if (len > 0 && memchr(line, '\0', len) != NULL) {
        text.len = 0;
        is_cut = true;
    }
    return reading->form == READING_PLAIN ? take_plain(reading, text, is_cut)
                                          : take_lmstat(reading, text);
}

void reading_end(struct reading *reading)
{
    if (reading->form == READING_LMSTAT)
        end_lmstat(reading);
    for (size_t i = 0; i < reading->terms->features->count; i++)
        use_merge_rows(&reading->uses[i]);
    reading->is_whole = reading->why[0] == '\0';
}
