/* The words of a command for sh(1), as far as explaining it needs them. */
#ifndef FARMLOCK_URICOMMAND_SH_WORDS_H
#define FARMLOCK_URICOMMAND_SH_WORDS_H

#include <stddef.h>

struct sh_words {
    char **words; /* of the simple command last taken, without their quotes; then a NULL */
    size_t count;

    const char *rest; /* private: what is to come; room for words and their bytes */
    size_t room;
    char *bytes;
};

/* Begins with `text`, which must stay until fini.  Returns -1 with errno ENOMEM. */
int sh_words_init(struct sh_words *words, const char *text);

/* Takes the next simple command.  Quotes and backslashes are removed as sh does; expansions stay as
 * they are written, redirections and comments are left out.  An empty command, as between `;` and
 * a newline, has no words.
 * Returns 1; 0 at the end; -1 with errno ENOMEM.  The words are valid until the next call.
 */
int sh_words_next(struct sh_words *words);

void sh_words_fini(struct sh_words *words);

#endif
