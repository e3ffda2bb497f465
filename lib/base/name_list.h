/* Lists of names as people and schedulers write them: "lic1:lic2", "vcs[1-8,12]", "r[1-2]n[01-16]".
 * Names are separated by colons, commas or blanks.  A bracket holds numbers and ranges, separated
 * by commas; leading zeros are kept ("n[08-10]" is n08 n09 n10).  The form is Slurm's (see HOSTLIST
 * in scontrol(1)).
 */
#ifndef FARMLOCK_BASE_NAME_LIST_H
#define FARMLOCK_BASE_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum { NAME_LIST_NAMES_MAX = 1024, NAME_LIST_NAME_LEN_MAX = 255 };

/* All zero is an empty list. */
struct name_list {
    char **names;
    size_t count;
};

/* Appends the names of `text` to a list, those that are in it already left out.
 * Returns 0; or -1 with errno, the list as it was, and one line in `error` that names the place:
 *   EINVAL  no name, an empty one, one over NAME_LIST_NAME_LEN_MAX bytes or with a control
 *           character, a malformed bracket or range
 *   E2BIG   the list would have more than NAME_LIST_NAMES_MAX names
 *   ENOMEM
 */
int name_list_append(struct name_list *list, const char *text, char *error, size_t error_size);

/* Whether a name is one of `count` names. */
bool name_list_has(char *const *names, size_t count, const char *name);

/* Frees the names; the list is empty then. */
void name_list_fini(struct name_list *list);

#endif
