/* What Grid Engine does to lockersh's monitor, and whether this host is prepared for it.
 * Must not warn on a guess: what cannot be read may well be there. */
#include "gridengine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/message.h"
#include "pidstat.h"

enum { TRIES = 2, TRY_MS = 100 };

/* The job's folder in the spool has what its shepherd was told, for everyone to read. */
static bool has_no_epilog(void)
{
    const char *folder = getenv("SGE_JOB_SPOOL_DIR");
    char path[4096], line[4096];
    bool has_none = false;
    FILE *file;

    if (folder == NULL || *folder != '/' || getenv("JOB_ID") == NULL ||
        snprintf(path, sizeof path, "%s/config", folder) >= (int)sizeof path)
        return false;
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!has_none && fgets(line, sizeof line, file) != NULL)
        has_none = strcasecmp(line, "epilog=none\n") == 0;
    fclose(file);
    return has_none;
}

/* As lockerd asks it, by this host's name. */
static bool has_no_pidstatd(void)
{
    struct pidstat *client = pidstat_create();
    char host[PIDSTAT_HOST_MAX + 1] = "";
    bool is_absent = false;

    if (client != NULL && gethostname(host, sizeof host - 1) == 0 &&
        pidstat_set_tries(client, TRIES, TRY_MS) == 0)
        is_absent = pidstat_ping_status(client, host, NULL, 0) < 0 &&
                    (errno == ECONNREFUSED || errno == ETIMEDOUT);
    pidstat_destroy(client);
    return is_absent;
}

static bool is_unprepared(void)
{
    return has_no_epilog() && has_no_pidstatd();
}

static void warn(void)
{
    cli_error(
        "lockersh", 0,
        "warning: Grid Engine kills lockersh's monitor with the job, and there is neither a "
        "pidstatd on this host nor an epilog: the lock may stay taken behind the job; see GRID "
        "ENGINE in lockersh(1)");
}

/* Grid Engine makes a folder for each job's temporary files, and removes it behind the job. Returns
 * false where another lockersh of the job was here before. */
static bool leave_mark(void)
{
    const char *folder = getenv("TMPDIR"), *job = getenv("JOB_ID"), *base;
    char path[4096];
    int fd;

    base = folder != NULL ? strrchr(folder, '/') : NULL;
    if (base == NULL || job == NULL || strncmp(base + 1, job, strlen(job)) != 0 ||
        base[1 + strlen(job)] != '.' ||
        snprintf(path, sizeof path, "%s/.lockersh-has-warned", folder) >= (int)sizeof path)
        return true;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno != EEXIST;
    close(fd);
    return true;
}

void gridengine_warn(void)
{
    if (is_unprepared())
        warn();
}

void gridengine_warn_once(void)
{
    if (is_unprepared() && leave_mark())
        warn();
}
