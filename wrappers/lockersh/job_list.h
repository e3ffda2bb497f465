/* The entries of one scheduler's job in the JSON list of locks and waiters. */
#ifndef FARMLOCK_LOCKERSH_JOB_LIST_H
#define FARMLOCK_LOCKERSH_JOB_LIST_H

#include <stddef.h>
#include <stdio.h>

#include "ipclocker.h"

/* A list out of which the entries of other jobs have been taken. */
struct job_list;

/* Takes a document of share/schema/locklist.schema.json, as a server gave it, and keeps the
 * entries of `job` in the sense of job_id_covers().  Returns NULL with errno
 *   EPROTO   it is no such document
 *   ENOTSUP  it is of a classic server, which does not know jobs
 *   ENOMEM
 * The caller destroys it; NULL is allowed.
 */
struct job_list *job_list_create(const char *document, const char *job);
void job_list_destroy(struct job_list *list);

/* How many locks the job holds, and one of them, index below that; its strings are the list's, and
 * as the server wrote them: not fit for a terminal.
 */
size_t job_list_held_count(const struct job_list *list);
struct ipclocker_list_entry job_list_held(const struct job_list *list, size_t index);

/* Prints the document that is left, each entry in a line of its own, and a newline. */
void job_list_print_json(const struct job_list *list, FILE *out);

#endif
