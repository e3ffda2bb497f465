/* Several names as one text, the way back from name_list.h. */
#ifndef FARMLOCK_BASE_NAME_FOLD_H
#define FARMLOCK_BASE_NAME_FOLD_H

#include <stddef.h>

/* Folds names that differ in the last number only: "lic1:vcs[1-8,12]", numbers in order, with
 * colons between.  What name_list_append() makes of it are the same names; but one that has a
 * character in it that would be taken for more, as a classic server's may, stands as it is.
 * Returns a text for the caller to free(3), or NULL with errno ENOMEM.
 */
char *name_fold(const char *const *names, size_t count);

#endif
