/* What qstat(1) says of jobs, as text.
 * Must not take what it does not understand for the end of a job. */
#include "job_table.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "job/slurm_id.h"

static const char row_begin[] = "<job_list", row_end[] = "</job_list>";

bool job_table_is_whole(const char *text)
{
    static const char end[] = "</job_info>";
    size_t len = strlen(text);

    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    return len >= sizeof end - 1 && memcmp(text + len - (sizeof end - 1), end, sizeof end - 1) == 0;
}

/* Finds what stands between <NAME> and </NAME> before `end`.  Names of jobs are escaped, so that
 * nobody else writes such marks.  NULL when there is none. */
static const char *find_element(const char *from, const char *end, const char *name, size_t *len)
{
    char begin_mark[32], end_mark[32];
    const char *begin, *stop;

    snprintf(begin_mark, sizeof begin_mark, "<%s>", name);
    snprintf(end_mark, sizeof end_mark, "</%s>", name);
    begin = strstr(from, begin_mark);
    if (begin == NULL || begin > end)
        return NULL;
    begin += strlen(begin_mark);
    stop = strstr(begin, end_mark);
    if (stop == NULL || stop > end)
        return NULL;
    *len = (size_t)(stop - begin);
    return begin;
}

/* Copies it; `other` where it does not fit. */
static bool read_element(const char *from, const char *end, const char *name, char *out,
                         size_t out_size, const char *other)
{
    size_t len;
    const char *begin = find_element(from, end, name, &len);

    if (begin == NULL)
        return false;
    snprintf(out, out_size, "%.*s", len < out_size ? (int)len : (int)strlen(other),
             len < out_size ? begin : other);
    return true;
}

/* In the zone that qstat has, as we do. */
static int64_t read_time(const char *text)
{
    struct tm time = {.tm_isdst = -1};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &time);

    return end != NULL && *end == '\0' ? (int64_t)mktime(&time) : 0;
}

bool job_table_next(const char **at, struct job_row *row)
{
    const char *begin = strstr(*at, row_begin), *end;
    char text[40];
    uint64_t id;

    if (begin == NULL || (end = strstr(begin, row_end)) == NULL)
        return false;
    *row = (struct job_row){0};
    if (!read_element(begin, end, "JB_job_number", text, sizeof text, "") ||
        number_parse(text, UINT32_MAX, &id) != 0)
        return false;
    row->id = (uint32_t)id;
    /* An unknown state is a live one; a list of tasks that was cut may have any. */
    read_element(begin, end, "state", row->state, sizeof row->state, "?");
    read_element(begin, end, "tasks", row->tasks, sizeof row->tasks, "...");
    if (read_element(begin, end, "JAT_start_time", text, sizeof text, ""))
        row->start_s = read_time(text);
    *at = end + sizeof row_end - 1;
    return true;
}

bool job_table_row_has(const struct job_row *row, uint32_t id, uint32_t task)
{
    return row->id == id &&
           (task == 0 || row->tasks[0] == '\0' || slurm_id_list_has(row->tasks, task));
}

struct job_standing job_table_standing(const struct job_row *row)
{
    bool waits = strchr(row->state, 'q') != NULL || strchr(row->state, 'w') != NULL;

    return (struct job_standing){
        .phase = waits ? JOB_PHASE_WAITING : JOB_PHASE_LIVE,
        .restarts = strchr(row->state, 'R') != NULL,
        .start_s = row->start_s,
    };
}

bool job_table_denies(const char *text)
{
    return strstr(text, "jobs do not exist") != NULL;
}
