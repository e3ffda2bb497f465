/* A file into which a daemon writes its pid. */
#ifndef FARMLOCK_LOCKERSH_PID_FILE_H
#define FARMLOCK_LOCKERSH_PID_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct pid_file {
    char *path; /* absolute */
    bool was_there;
    struct stat before;
    uint64_t since; /* by process_clock() */
};

/* Notes what is there before the command runs that will start the daemon.  Returns 0, and what
 * pid_file_fini() frees; -1 with errno. */
int pid_file_init(struct pid_file *file, const char *path);
void pid_file_fini(struct pid_file *file);

/* The process that the file names: one that lives, and has started since, in a file that was
 * written since.  Returns its pid, and its start time, 0 where that is hidden; or 0 where there is
 * none such, yet. */
pid_t pid_file_read(const struct pid_file *file, uint64_t *start);

#endif
