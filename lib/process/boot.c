/* Telling machines and their boots apart.
 * Must not take a likeness of names for a proof. */
#include "boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "process.h"
#include "time_namespace.h"

/* A container's machine-id(5) may be that of an image, which runs on many machines. */
static void read_machine_id(char *id, size_t size)
{
    uint64_t pid_namespace = process_pid_namespace();
    FILE *file = NULL;

    snprintf(id, size, "-");
    if (pid_namespace != 0 && !process_namespace_is_container(pid_namespace))
        file = fopen("/etc/machine-id", "re");
    if (file == NULL)
        return;
    if (fgets(id, (int)size, file) == NULL || strspn(id, "0123456789abcdef") < 32)
        snprintf(id, size, "-");
    fclose(file);
    id[strcspn(id, " \t\n")] = '\0';
}

void boot_describe(char text[BOOT_TEXT_SIZE])
{
    char id[64], host[256] = "-";

    read_machine_id(id, sizeof id);
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        snprintf(host, sizeof host, "-");
    host[sizeof host - 1] = '\0';
    snprintf(text, BOOT_TEXT_SIZE, "%s %s %s", id, host, process_boot_id());
}

const char *boot_ended(const char *earlier, const char *now)
{
    const char *boot = strrchr(earlier, ' '), *boot_now = strrchr(now, ' ');

    if (boot == NULL || boot_now == NULL || strncmp(earlier, "- ", 2) == 0 ||
        strstr(earlier, " - ") != NULL)
        return NULL;
    if (boot - earlier != boot_now - now || strncmp(earlier, now, (size_t)(boot - earlier)) != 0)
        return NULL;
    if (strcmp(boot, " -") == 0 || strcmp(boot_now, " -") == 0 || strcmp(boot, boot_now) == 0)
        return NULL;
    return boot + 1;
}

int64_t boot_clock_offset_ms(void)
{
    return time_namespace_boot_offset_ns() / 1000000;
}

int64_t boot_clock_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME) - boot_clock_offset_ms();
}
