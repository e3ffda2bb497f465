/* Formats and parses "1:PORT:PID:START:BOOT:own|in", 1 being the version of the format.
 * Must not accept anything that srun's side would not write. */
#include "contact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

enum { FIELDS = 6 };

void contact_format(char out[CONTACT_SIZE], const struct contact *contact)
{
    snprintf(out, CONTACT_SIZE, "1:%u:%d:%llu:%s:%s", contact->port, (int)contact->pid,
             (unsigned long long)contact->start, contact->boot,
             contact->owns_allocation ? "own" : "in");
}

/* Splits in place; fields may be empty.  Returns how many there are, at most FIELDS + 1. */
static int split(char *text, char *fields[FIELDS + 1])
{
    int count = 0;
    char *field;

    while (count <= FIELDS && (field = strsep(&text, ":")) != NULL)
        fields[count++] = field;
    return count;
}

static bool is_boot_id(const char *text)
{
    if (strcmp(text, "-") == 0)
        return true;
    return strlen(text) == 36 && strspn(text, "0123456789abcdef-") == 36;
}

int contact_parse(struct contact *contact, const char *text)
{
    char copy[CONTACT_SIZE], *fields[FIELDS + 1];
    uint64_t port, pid, start;

    if (strlen(text) >= sizeof copy)
        goto invalid;
    memcpy(copy, text, strlen(text) + 1);
    if (split(copy, fields) != FIELDS || strcmp(fields[0], "1") != 0 ||
        number_parse(fields[1], UINT16_MAX, &port) != 0 || port == 0 ||
        number_parse(fields[2], INT32_MAX, &pid) != 0 || pid == 0 ||
        number_parse(fields[3], UINT64_MAX, &start) != 0 || start == 0 || !is_boot_id(fields[4]) ||
        (strcmp(fields[5], "own") != 0 && strcmp(fields[5], "in") != 0))
        goto invalid;
    *contact = (struct contact){
        .port = (uint16_t)port,
        .pid = (pid_t)pid,
        .start = start,
        .owns_allocation = fields[5][0] == 'o',
    };
    memcpy(contact->boot, fields[4], strlen(fields[4]) + 1);
    return 0;
invalid:
    errno = EINVAL;
    return -1;
}
