/* JSON from the plain list of a classic server.
 * Must not guess: an owner's name is a label, and what stands in it is no fact. */
#include "classic.h"

#include "json.h"

char *list_classic_json(const char *version, int64_t started_s, char *const *names_and_owners,
                        size_t count, int64_t now_ms)
{
    const struct list_json_server server = {
        .version = version, .started_s = started_s, .protocol = 1};
    struct lock_json *json = list_json_begin(&server, now_ms);

    if (json == NULL)
        return NULL;
    for (size_t i = 0; i + 1 < count; i += 2) {
        const struct list_json_lock lock = {
            .name = names_and_owners[i],
            .owner = names_and_owners[i + 1],
            .held_since_ms = -1,
            .hold_limit_s = -1,
            .autounlock = LIST_JSON_UNKNOWN,
            .connected = LIST_JSON_UNKNOWN,
            .silent_ms = -1,
            .waiting = -1,
        };

        list_json_add_lock(json, &lock);
    }
    return list_json_end(json, NULL);
}
