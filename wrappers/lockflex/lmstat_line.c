/* What one line of lmstat's list says.
 * Must not let a login, a host or a display be taken for something else. */
#include "lmstat_line.h"

static bool is_indented(struct span line)
{
    return line.len > 0 && (*line.at == ' ' || *line.at == '\t');
}

/* "(Total of 12 licenses issued;  Total of 3 licenses in use)": how many are in use. */
static bool read_totals(struct span text, uint32_t *in_use)
{
    uint32_t issued;

    if (!span_take(&text, "(Total of ") || !span_take_count(&text, &issued))
        return false;
    span_word(&text);
    text = span_skip_blanks(text);
    if (!span_take(&text, "issued;"))
        return false;
    text = span_skip_blanks(text);
    if (!span_take(&text, "Total of ") || !span_take_count(&text, in_use))
        return false;
    span_word(&text);
    text = span_skip_blanks(text);
    return span_take(&text, "in use)");
}

/* What follows "Users of ". */
static struct lmstat_line read_feature(struct span rest)
{
    struct span name = span_word(&rest);
    struct lmstat_line line = {.kind = LMSTAT_OTHER};

    if (name.len < 2 || name.at[name.len - 1] != ':')
        return line;
    line.name = (struct span){.at = name.at, .len = name.len - 1};
    line.text = rest = span_trim(rest);
    if (read_totals(rest, &line.count))
        line.kind = LMSTAT_FEATURE;
    else if (span_take(&rest, "(Uncounted") || span_take(&rest, "(uncounted"))
        line.kind = LMSTAT_UNCOUNTED;
    else if (span_take(&rest, "None") && rest.len == 0)
        line.kind = LMSTAT_FEATURE;
    else
        line.kind = LMSTAT_FAULT;
    return line;
}

/* "48 RESERVATIONs for GROUP night (server/27000)" */
static bool read_reservation(struct span text, struct lmstat_line *line)
{
    text = span_skip_blanks(text);
    if (!span_take_count(&text, &line->count))
        return false;
    text = span_skip_blanks(text);
    if (!span_take(&text, "RESERVATIONs for ") && !span_take(&text, "RESERVATION for "))
        return false;
    line->text = span_word(&text);
    line->name = span_word(&text);
    line->kind = LMSTAT_RESERVATION;
    return line->name.len > 0;
}

/* Takes " (...)", which is the last thing in *text, off it.  Returns what is in the brackets, with
 * a length of 0 where there are none. */
static struct span take_brackets(struct span *text)
{
    const char *open = span_find_last(*text, " (");
    struct span inside = {.at = text->at};

    if (open == NULL || text->at[text->len - 1] != ')')
        return inside;
    inside = span_from(*text, open + 2);
    inside.len--;
    *text = span_trim(span_before(*text, open));
    return inside;
}

/* "LOGIN HOST DISPLAY (VERSION) (SERVER/PORT HANDLE)" */
static bool read_who(struct span text, struct lmstat_line *line)
{
    struct span server;

    text = span_trim(text);
    server = take_brackets(&text);
    if (server.len == 0 || span_find_last(server, "/") == NULL)
        return false;
    take_brackets(&text);
    line->name = span_word(&text);
    line->host = span_word(&text);
    return line->host.len > 0;
}

/* Behind the time of a check-out: ", 3 licenses", or nothing for one. */
static bool read_amount(struct span tail, uint32_t *count)
{
    const char *comma = span_find_last(tail, " license");
    struct span amount;

    *count = 1;
    if (comma == NULL)
        return true;
    amount = span_before(tail, comma);
    comma = span_find_last(amount, ", ");
    if (comma == NULL)
        return false;
    amount = span_from(amount, comma + 2);
    return span_take_count(&amount, count) && amount.len == 0;
}

static bool read_checkout(struct span text, const char *start, struct lmstat_line *line)
{
    line->kind = LMSTAT_CHECKOUT;
    return read_who(span_before(text, start + 1), line) &&
           read_amount(span_from(text, start + 1), &line->count) && line->count > 0;
}

static bool read_queued(struct span text, const char *queued, struct lmstat_line *line)
{
    struct span amount = span_from(text, queued + sizeof " queued for " - 1);

    line->kind = LMSTAT_QUEUED;
    return span_take_count(&amount, &line->count) && span_take(&amount, " license") &&
           read_who(span_before(text, queued), line);
}

static struct lmstat_line read_user(struct span text)
{
    const char *start = span_find_last(text, "), start ");
    const char *queued = span_find_last(text, " queued for ");
    struct lmstat_line line = {.kind = LMSTAT_OTHER};
    bool is_good;

    /* What stands behind the brackets is the server's; before them it is whoever's. */
    if (start != NULL && (queued == NULL || queued < start))
        is_good = read_checkout(text, start, &line);
    else if (queued != NULL)
        is_good = read_queued(text, queued, &line);
    else
        is_good = read_reservation(text, &line);
    return is_good ? line : (struct lmstat_line){.kind = LMSTAT_OTHER};
}

static struct lmstat_line read_host(struct span text)
{
    struct lmstat_line line = {.kind = LMSTAT_OTHER, .text = span_trim(text)};
    struct span rest = text, name = span_word(&rest);

    /* "    License file(s) on HOST: PATH:" has its colon further behind. */
    if (name.len < 2 || name.at[name.len - 1] != ':')
        return line;
    rest = span_skip_blanks(rest);
    line.kind = span_take(&rest, "license server UP") ? LMSTAT_HOST_UP : LMSTAT_HOST_DOWN;
    return line;
}

static struct lmstat_line read_daemon(struct span text)
{
    struct lmstat_line line = read_host(text);
    struct span rest = text;

    if (line.kind == LMSTAT_OTHER)
        return line;
    span_word(&rest);
    rest = span_skip_blanks(rest);
    line.kind = span_take(&rest, "UP") ? LMSTAT_DAEMON_UP : LMSTAT_DAEMON_DOWN;
    return line;
}

/* Lines that begin at the margin say where in the list we are. */
static bool read_margin(struct span text, struct lmstat_line *line)
{
    if (is_indented(text))
        return false;
    if (span_take(&text, "License server status:"))
        *line = (struct lmstat_line){.kind = LMSTAT_SECTION, .name = span_trim(text)};
    else if (span_take(&text, "Error getting status:"))
        *line = (struct lmstat_line){.kind = LMSTAT_ERROR, .text = span_trim(text)};
    else if (span_take(&text, "Vendor daemon status"))
        line->kind = LMSTAT_TO_DAEMONS;
    else if (span_take(&text, "Feature usage info:"))
        line->kind = LMSTAT_TO_FEATURES;
    else if (span_take(&text, "Users of "))
        *line = read_feature(text);
    else
        return false;
    return true;
}

struct lmstat_line lmstat_line_read(struct span text, enum lmstat_part part)
{
    struct lmstat_line line = {.kind = LMSTAT_OTHER};

    if (read_margin(text, &line))
        return line;
    if (part == LMSTAT_SERVERS)
        return read_host(text);
    if (part == LMSTAT_DAEMONS)
        return read_daemon(text);
    return is_indented(text) ? read_user(text) : line;
}
