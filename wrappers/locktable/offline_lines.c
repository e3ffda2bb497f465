/* Lines of what is out of use.
 * Must not trust that a reason is fit for a terminal. */
#include "offline_lines.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"

static void print_text(FILE *out, const char *before, const char *text, const char *behind)
{
    char *clean = text_clean_dup(text);

    fprintf(out, "%s%s%s", before, clean != NULL ? clean : "?", behind);
    free(clean);
}

static void print_line(FILE *out, const struct ipclocker_list_offline *offline, int64_t now_ms)
{
    print_text(out, "-- offline: ", offline->name, "");
    if (offline->pool != NULL)
        print_text(out, " (", offline->pool, ")");
    if (offline->until_ms >= 0 && now_ms >= 0) {
        char left[DURATION_TEXT_SIZE];
        int64_t left_ms = offline->until_ms > now_ms ? offline->until_ms - now_ms : 0;

        duration_format(left, (left_ms + 999) / 1000, DURATION_WORDS);
        fprintf(out, ", for %s more", left);
    }
    if (offline->reason != NULL)
        print_text(out, ": ", offline->reason, "");
    fputc('\n', out);
}

size_t offline_lines_count(const struct ipclocker_list *list, const struct list_filter *filter)
{
    size_t count = 0;

    for (size_t i = 0; i < ipclocker_list_offline_count(list); i++)
        count += filter_has_offline(filter, ipclocker_list_offline(list, i));
    return count > OFFLINE_LINES_MOST ? OFFLINE_LINES_MOST + 1 : count;
}

void offline_lines_print(FILE *out, const struct ipclocker_list *list,
                         const struct list_filter *filter, size_t most)
{
    int64_t now_ms = ipclocker_list_head(list)->time_ms;
    size_t count = 0;

    for (size_t i = 0; i < ipclocker_list_offline_count(list); i++) {
        const struct ipclocker_list_offline *offline = ipclocker_list_offline(list, i);

        if (filter_has_offline(filter, offline) && count++ < most)
            print_line(out, offline, now_ms);
    }
    if (count > most)
        fprintf(out, "... and %zu more\n", count - most);
}
