/* The word behind --tie-to: "held,tell,PID.START.NAMESPACE.BOOT".
 * Must not take a process of another host, boot or namespace for one of here. */
#include "tie_word.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "process/process.h"

enum { BOOT_LEN = 8 }; /* of the boot's id: enough, with all else that has to agree */

void tie_word_write(char out[TIE_WORD_SIZE], bool held, bool tell)
{
    pid_t pid = getpid();

    snprintf(out, TIE_WORD_SIZE, "%s%s%d.%" PRIu64 ".%" PRIu64 ".%.*s", held ? "held," : "",
             tell ? "tell," : "", (int)pid, process_start_time(pid), process_pid_namespace(),
             BOOT_LEN, process_boot_id());
}

static int read_process(struct tie_word *word, char *text)
{
    uint64_t numbers[3]; /* pid, start, namespace */
    char *rest = text;

    for (size_t i = 0; i < 3; i++) {
        const char *number = strsep(&rest, ".");

        if (rest == NULL || number_parse(number, i == 0 ? INT32_MAX : UINT64_MAX, &numbers[i]) != 0)
            return -1;
    }
    if (numbers[2] == 0 || numbers[2] != process_pid_namespace() || strlen(rest) != BOOT_LEN ||
        strncmp(rest, process_boot_id(), BOOT_LEN) != 0)
        return 0;
    word->pid = (pid_t)numbers[0];
    word->start = numbers[1];
    return 0;
}

int tie_word_read(struct tie_word *word, const char *text)
{
    char copy[TIE_WORD_SIZE];
    char *rest = copy;
    const char *part;

    memset(word, 0, sizeof *word);
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy) {
        errno = EINVAL;
        return -1;
    }
    while ((part = strsep(&rest, ",")) != NULL) {
        word->held = word->held || strcmp(part, "held") == 0;
        word->tell = word->tell || strcmp(part, "tell") == 0;
        if (*part >= '0' && *part <= '9' && read_process(word, copy + (part - copy)) != 0) {
            errno = EINVAL;
            return -1;
        }
    }
    return 0;
}
