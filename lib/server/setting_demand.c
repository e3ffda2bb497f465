/* What a connection wants to lock: how much of it a client may say.
 * Must not judge whether a demand can be fulfilled: the lock table does. */
#include "setting_demand.h"

#include "base/words.h"

static const struct refusal *check_names(const char *text, size_t *count)
{
    static const struct refusal too_long = {
        ERROR_CODE_LIMIT, "a lock's name is longer than 255 bytes; use a shorter one"};
    static const struct refusal none = {ERROR_CODE_MALFORMED, "no lock is named; name one"};
    size_t found = 0;

    for (const char *at = text; *(at += words_blank_len(at)) != '\0'; found++) {
        size_t len = words_word_len(at);

        if (len > DEMAND_NAME_LEN_MAX)
            return &too_long;
        at += len;
    }
    if (found == 0)
        return &none;
    *count = found;
    return NULL;
}

const struct refusal *setting_demand_add_group(struct lock_demand *demand, const char *text)
{
    static const struct refusal too_many = {ERROR_CODE_LIMIT,
                                            "a request can name 1024 locks at most; name fewer"};
    size_t count;
    const struct refusal *wrong = check_names(text, &count);

    if (wrong != NULL)
        return wrong;
    if (count > DEMAND_NAMES_MAX - demand->name_count)
        return &too_many;
    return lock_demand_add_words(demand, text) == 0 ? NULL : &refusal_no_memory;
}

const struct refusal *setting_demand_set_count(struct lock_demand *demand, size_t count)
{
    static const struct refusal no_names = {
        ERROR_CODE_MALFORMED,
        "a count comes behind the names that it counts; send \"locks\" first"};

    if (demand->group_count == 0)
        return &no_names;
    lock_demand_set_count(demand, count);
    return NULL;
}
