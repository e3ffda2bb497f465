/* Lines of what was held, and of what was asked for in vain.
 * Must not let a name harm a terminal. */
#include "row_line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "cell.h"
#include "protocol/owner_name.h"
#include "protocol/reason.h"
#include "times.h"

enum { TIME_COLUMNS = 19, LENGTH_COLUMNS = 6, ENDING_COLUMNS = 14, NAME_COLUMNS = 12 };

/* How an entry ended, for people. */
static const char *ending_of(const struct store_history *entry)
{
    static const char *const holds[REASON_KEPT + 1] = {
        [REASON_UNLOCK] = "unlocked",       [REASON_BREAK] = "broken",     [REASON_DEAD] = "died",
        [REASON_HOLD_LIMIT] = "hold limit", [REASON_JOB_END] = "job over", [REASON_GONE] = "gone",
        [REASON_KEPT] = "kept so long",
    };
    static const char *const waits[REASON_KEPT + 1] = {
        [REASON_UNLOCK] = "gave up",
        [REASON_BREAK] = "broken",
        [REASON_DEAD] = "died",
        [REASON_HOLD_LIMIT] = "time limit",
        [REASON_JOB_END] = "job over",
        [REASON_GONE] = "client gone",
        [REASON_INSIDE] = "inside itself",
    };
    size_t reason = entry->reason;
    const char *const *words = entry->past == STORE_PAST_HOLD ? holds : waits;

    if (entry->past == STORE_PAST_REFUSED)
        return "would not wait";
    if (entry->past == STORE_PAST_HOLD && entry->ended_ms == 0)
        return "held still";
    return reason <= REASON_KEPT && words[reason] != NULL ? words[reason] : "ended";
}

static int64_t held_ms(const struct rows *rows, const struct store_history *entry)
{
    int64_t end_ms = entry->ended_ms != 0 ? entry->ended_ms : rows->until_ms;

    return end_ms > entry->granted_ms ? end_ms - entry->granted_ms : 0;
}

static int64_t waited_ms(const struct store_history *entry)
{
    int64_t end_ms = entry->past == STORE_PAST_HOLD ? entry->granted_ms : entry->ended_ms;

    return end_ms > entry->asked_ms ? end_ms - entry->asked_ms : 0;
}

static void print_text(const char *text, size_t columns, FILE *out)
{
    char *clean = text_clean_dup(text != NULL && *text != '\0' ? text : "-");

    fputs("  ", out);
    cell_print(clean != NULL ? clean : "?", columns, out);
    free(clean);
}

/* A proven user may give itself any name. */
static void print_user(const struct rows *rows, const struct store_history *entry)
{
    const char *login = owner_name_user(entry->owner);
    char number[32], *known;

    if (entry->asker.proof == LOCK_CLAIMED) {
        print_text(login != NULL ? login : entry->owner, NAME_COLUMNS, rows->out);
        return;
    }
    known = rows->login_of != NULL ? rows->login_of(entry->asker.uid) : NULL;
    snprintf(number, sizeof number, "uid %" PRIu32, entry->asker.uid);
    print_text(known != NULL ? known : number, NAME_COLUMNS, rows->out);
    free(known);
}

static void print_time(int64_t time_ms, FILE *out)
{
    char text[REPORT_TIME_SIZE];

    report_format_time(text, time_ms);
    text[TIME_COLUMNS] = '\0'; /* the zone is in the title */
    fputs(text, out);
}

static void print_length(int64_t ms, FILE *out)
{
    char text[CELL_SIZE];

    cell_put_length(text, ms);
    fprintf(out, "  %*s", LENGTH_COLUMNS, text);
}

static void print_ending(const struct store_history *entry, FILE *out)
{
    char text[64];

    if (entry->past == STORE_PAST_REFUSED && entry->token > 1)
        snprintf(text, sizeof text, "%s, %" PRIu64 " times", ending_of(entry), entry->token);
    else
        snprintf(text, sizeof text, "%s", ending_of(entry));
    print_text(text, ENDING_COLUMNS, out);
}

static void print_pid(uint64_t pid, FILE *out)
{
    char text[32] = "-";

    if (pid != 0)
        snprintf(text, sizeof text, "%" PRIu64, pid);
    fprintf(out, "  %7s", text);
}

void row_line_print(const struct rows *rows, const struct store_history *entry)
{
    print_time(rows->in_vain ? entry->asked_ms : entry->granted_ms, rows->out);
    print_length(waited_ms(entry), rows->out);
    if (!rows->in_vain)
        print_length(held_ms(rows, entry), rows->out);
    print_ending(entry, rows->out);
    print_text(entry->lock, NAME_COLUMNS, rows->out);
    print_user(rows, entry);
    print_text(entry->host, NAME_COLUMNS, rows->out);
    print_pid(entry->pid, rows->out);
    print_text(entry->job, NAME_COLUMNS, rows->out);
    print_text(entry->project, 0, rows->out);
    if (entry->shared)
        fputs("  shared", rows->out);
    if (entry->by_name != NULL) {
        fputs("  by", rows->out);
        print_text(entry->by_name, 0, rows->out);
    }
    fputc('\n', rows->out);
}

void row_line_titles(const struct rows *rows)
{
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];

    report_format_time(since, rows->since_ms);
    report_format_time(until, rows->until_ms);
    fprintf(rows->out, "From %s to %s\n\n", since, until);
    fprintf(rows->out, "%-*s  %*s", TIME_COLUMNS, rows->in_vain ? "ASKED" : "GRANTED",
            LENGTH_COLUMNS, "WAITED");
    if (!rows->in_vain)
        fprintf(rows->out, "  %*s", LENGTH_COLUMNS, "HELD");
    fprintf(rows->out, "  %-*s  %-*s  %-*s  %-*s  %7s  %-*s  PROJECT\n", ENDING_COLUMNS, "END",
            NAME_COLUMNS, rows->in_vain ? "LOCKS" : "LOCK", NAME_COLUMNS, "USER", NAME_COLUMNS,
            "HOST", "PID", NAME_COLUMNS, "JOB");
}
