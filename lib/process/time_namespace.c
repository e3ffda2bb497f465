/* The offset of this process's time namespace, read once.
 * Must not guess: a start time that is wrong by a tick is another process's.
 */
#include "time_namespace.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc_file.h"

#define SECOND_NS INT64_C(1000000000)

static struct {
    int64_t seconds, nanoseconds;
    bool is_known;
} offset;

/* The file tells of the namespace that children are to be in, which for a while may be another. */
static bool is_ours(void)
{
    struct stat ours, of_children;

    return stat("/proc/self/ns/time", &ours) == 0 &&
           stat("/proc/self/ns/time_for_children", &of_children) == 0 &&
           ours.st_ino == of_children.st_ino;
}

static void read_offset(void)
{
    static const char word[] = "\nboottime";
    char text[256], *end;

    offset.is_known = true;
    if (proc_file_read("/proc/self/timens_offsets", text, sizeof text) <= 0)
        return;
    end = strstr(text, word);
    if (end == NULL)
        return;
    offset.seconds = strtoll(end + sizeof word - 1, &end, 10);
    offset.nanoseconds = strtoll(end, NULL, 10);
    if (offset.seconds != 0 || offset.nanoseconds != 0)
        offset.is_known = is_ours();
}

static void know_offset(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_offset);
}

int64_t time_namespace_boot_offset_ns(void)
{
    know_offset();
    return offset.seconds * SECOND_NS + offset.nanoseconds;
}

uint64_t time_namespace_start_outside(uint64_t start)
{
    int64_t tick_ns;

    know_offset();
    if (offset.seconds == 0 && offset.nanoseconds == 0)
        return start;
    tick_ns = SECOND_NS / sysconf(_SC_CLK_TCK);
    if (!offset.is_known || offset.nanoseconds % tick_ns != 0)
        return 0;
    return start - (uint64_t)(time_namespace_boot_offset_ns() / tick_ns);
}
