/* Feeds lines of a history to the client's parser, and what they say to a report.
 * Must not print the report. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/past_line.h"
#include "lockreport/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lock_asker asker_of(const struct ipclocker_person *person)
{
    assert(person->proof != IPCLOCKER_CLAIMED || person->uid == 0);
    return (struct lock_asker){.uid = person->uid, .proof = (unsigned char)person->proof};
}

static struct store_history entry_of(const struct ipclocker_history_row *row)
{
    return (struct store_history){
        .past = (enum store_past)row->past,
        .lock = row->locks,
        .owner = row->owner,
        .host = row->host,
        .job = row->job,
        .pid = row->pid,
        .token = row->token,
        .asked_ms = row->asked_ms,
        .granted_ms = row->granted_ms,
        .ended_ms = row->ended_ms,
        .reason = row->by_name != NULL ? LOCK_REASON_BREAK : LOCK_REASON_NONE,
        .asker = asker_of(&row->who),
        .by = asker_of(&row->by),
        .by_name = row->by_name,
    };
}

static void check_groups(struct report *report)
{
    size_t count = 0;
    const struct report_group *groups = report_finish(report, &count);

    for (size_t i = 0; i < count; i++) {
        assert(groups[i].name != NULL && groups[i].busy_ms >= 0);
        assert(groups[i].mean >= 0 && groups[i].peak <= groups[i].holds);
        assert(groups[i].wait.median_ms <= groups[i].wait.longest_ms);
        assert(groups[i].hold.p90_ms <= groups[i].hold.longest_ms);
        assert(groups[i].full_ms >= groups[i].waiting_full_ms && groups[i].full_ms <= 99000);
        assert(groups[i].share >= 0 && groups[i].share <= 1);
        assert(groups[i].granted_late <= groups[i].granted);
    }
}

static void report_lines(char *text, struct report *report)
{
    char *line;

    while ((line = strsep(&text, "\n")) != NULL) {
        struct ipclocker_history_row row = {0};
        struct store_history entry;

        if (!past_line_parse(line, &row))
            continue;
        if (text != NULL && strncmp(text, "by ", 3) == 0) {
            line = strsep(&text, "\n");
            past_line_parse_by(line + 3, &row);
        }
        assert(row.owner != NULL && row.locks != NULL && row.asked_ms >= 0);
        entry = entry_of(&row);
        assert(report_add(report, &entry) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report *report;
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    report = report_create((enum report_by)(data[0] % 4), 1000, 100000);
    if (text == NULL || report == NULL)
        abort();
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] & 4) {
        char error[256];

        report_add_pool(report, "vcs[1-8]", error, sizeof error);
    }
    report_lines(text, report);
    check_groups(report);
    report_destroy(report);
    free(text);
    return 0;
}
