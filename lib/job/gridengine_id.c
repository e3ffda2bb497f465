/* The ids of Grid Engine's jobs.
 * Must not ask Grid Engine: it is used where there is none. */
#include "gridengine_id.h"

#include <stddef.h>
#include <string.h>

#include "base/number.h"

/* Reads a number at *at and moves it behind. */
static bool read_number(const char **at, uint32_t *number)
{
    char text[11];
    size_t len = strspn(*at, "0123456789");
    uint64_t value;

    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, *at, len);
    text[len] = '\0';
    if (number_parse(text, UINT32_MAX, &value) != 0 || value == 0)
        return false;
    *at += len;
    *number = (uint32_t)value;
    return true;
}

bool gridengine_id_parse(const char *text, struct gridengine_job *job)
{
    static const char prefix[] = "sge:";
    const char *at = text + sizeof prefix - 1;
    struct gridengine_job found = {0};

    if (strncmp(text, prefix, sizeof prefix - 1) != 0 || !read_number(&at, &found.id))
        return false;
    if (*at == '.' && (at++, !read_number(&at, &found.task)))
        return false;
    if (*at == '@') {
        size_t len = strlen(++at);

        if (len == 0 || len >= sizeof found.cluster)
            return false;
        memcpy(found.cluster, at, len + 1);
        at += len;
    }
    if (*at != '\0')
        return false;
    *job = found;
    return true;
}

const char *gridengine_cluster(const char *cluster_name, const char *cell)
{
    if (cluster_name != NULL)
        return cluster_name;
    return cell != NULL && strcmp(cell, "default") != 0 ? cell : NULL;
}
