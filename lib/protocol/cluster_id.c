/* The id of lock servers that share one state.
 * Must not be compared but for being the same: it has no order and no parts. */
#include "cluster_id.h"

#include <string.h>

bool cluster_id_is_valid(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len < CLUSTER_ID_SIZE && text[len] == '\0';
}
