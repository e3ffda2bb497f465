/* Finding options of a table by name. */
#ifndef FARMLOCK_CLI_OPTION_NAME_H
#define FARMLOCK_CLI_OPTION_NAME_H

#include "options.h"

/* The row behind one, headings included, and behind the table's own those that every program has;
 * the first for NULL; NULL at the end. */
const struct option_spec *option_after(const struct option_spec *table,
                                       const struct option_spec *option);

/* How a long name was written. */
struct option_word {
    const char *name; /* without dashes; not ended by a NUL */
    size_t len;
    bool one_dash; /* names must be in the right case then, and help's in full */
};

enum option_found { OPTION_UNKNOWN, OPTION_FOUND, OPTION_AMBIGUOUS };

/* Finds the option that is meant; *negated is set where it is its --no form. */
enum option_found option_find(const struct option_spec *table, const struct option_word *word,
                              const struct option_spec **option, bool *negated);

/* NULL: there is none. */
const struct option_spec *option_find_letter(const struct option_spec *table, char letter);

/* Writes the names that begin like a word, "--count, --connect-tries". */
void option_name_candidates(const struct option_spec *table, const struct option_word *word,
                            char *out, size_t out_size);

enum { OPTION_NAME_SIZE = 48 };

/* Writes the name that is so like a word that it may be a slip for it.  False: there is none. */
bool option_name_nearest(const struct option_spec *table, const struct option_word *word,
                         char out[OPTION_NAME_SIZE]);

#endif
