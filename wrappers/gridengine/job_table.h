/* What qstat(1) says of jobs, as text. */
#ifndef FARMLOCK_GRIDENGINE_JOB_TABLE_H
#define FARMLOCK_GRIDENGINE_JOB_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/job_source.h"

enum { JOB_ROW_STATE_SIZE = 16, JOB_ROW_TASKS_SIZE = 4096 };

/* A job, or some tasks of one, in the XML of qstat -xml. */
struct job_row {
    uint32_t id;
    char state[JOB_ROW_STATE_SIZE]; /* "r", "hqw", "Rq" */
    char tasks[JOB_ROW_TASKS_SIZE]; /* "3", "5,7", "1-9:2"; "" for a job that is no array */
    int64_t start_s;                /* since 1970; 0 where it has not started */
};

/* Whether this is all that qstat wanted to print. */
bool job_table_is_whole(const char *text);

/* Reads the next row at *at and moves it behind.  Returns false at the end, or where what follows
 * is no row: with job_table_is_whole() there is none then.
 */
bool job_table_next(const char **at, struct job_row *row);

/* Whether a row is about this job: of an array, about that task; task 0 is about all. */
bool job_table_row_has(const struct job_row *row, uint32_t id, uint32_t task);

/* What a row means to the rule. */
struct job_standing job_table_standing(const struct job_row *row);

/* Whether the text of qstat -j, which has failed, says that there is none of the jobs. */
bool job_table_denies(const char *text);

#endif
