/* What the near end of a tie tells the far ends of itself: one word that no shell changes. */
#ifndef FARMLOCK_URIEXEC_TIE_WORD_H
#define FARMLOCK_URIEXEC_TIE_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tie_word {
    bool held; /* standard input carries nothing, and ends with the near end */
    bool tell; /* the launchers hide how the command ended: this far end is to say it */
    /* The near uriexec, where it is on this host and in this pid namespace; else 0. */
    pid_t pid;
    uint64_t start; /* see process_start_time() */
};

enum { TIE_WORD_SIZE = 128 };

/* Writes the word of this process with these two flags. */
void tie_word_write(char out[TIE_WORD_SIZE], bool held, bool tell);

/* Reads one; what it does not know it ignores, as a later version may say more.  Returns 0, or -1
 * with errno EINVAL where a process is malformed.
 */
int tie_word_read(struct tie_word *word, const char *text);

#endif
