/* What a connection wants to lock: how much of it a client may say.
 * Must not judge whether a demand can be fulfilled: the lock table does. */
#include "setting_demand.h"

#include <string.h>

#include "base/words.h"

enum { GROUPS_MOST = 8 }; /* that a lock may be named in */

const struct refusal setting_demand_too_many = {ERROR_CODE_LIMIT, "too many locks are named"};
const struct refusal setting_demand_too_long = {ERROR_CODE_LIMIT, "the names are too long"};

static const struct refusal *check_names(const char *text, size_t *count, size_t *bytes)
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
        *bytes += len;
    }
    if (found == 0)
        return &none;
    *count = found;
    return NULL;
}

static size_t bytes_of(const struct lock_demand *demand)
{
    size_t bytes = 0;

    for (size_t i = 0; i < demand->name_count; i++)
        bytes += strlen(demand->names[i]);
    return bytes;
}

/* What looks at each name looks at what is asked for once, or a few times. */
static const struct refusal *tidy(struct lock_demand *demand)
{
    static const struct refusal too_often = {ERROR_CODE_MALFORMED,
                                             "a lock is named in too many groups: that goes for 8 "
                                             "groups with 128 locks at most; name it in one"};
    size_t groups = lock_demand_tidy(demand);

    if (groups > 0 && groups <= GROUPS_MOST)
        return NULL;
    lock_demand_fini(demand);
    return groups == 0 ? &refusal_no_memory : &too_often;
}

const struct refusal *setting_demand_add_group(struct lock_demand *demand, const char *text,
                                               const struct setting_demand_limits *limits)
{
    size_t count, bytes = bytes_of(demand);
    const struct refusal *wrong = check_names(text, &count, &bytes);

    if (wrong != NULL)
        return wrong;
    if (demand->name_count + count > limits->names)
        return &setting_demand_too_many;
    if (bytes > limits->bytes)
        return &setting_demand_too_long;
    if (lock_demand_add_words(demand, text) != 0)
        return &refusal_no_memory;
    return demand->name_count > 1 ? tidy(demand) : NULL;
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

const struct refusal *setting_demand_set_shared(struct lock_demand *demand, bool shared)
{
    static const struct refusal no_names = {
        ERROR_CODE_MALFORMED,
        "\"shared\" comes behind the names that it is about; send \"locks\" first"};

    if (demand->group_count == 0)
        return &no_names;
    lock_demand_set_shared(demand, shared);
    return NULL;
}

const struct refusal *setting_demand_set_spread(struct lock_demand *demand, bool spread)
{
    static const struct refusal no_names = {
        ERROR_CODE_MALFORMED,
        "\"spread\" comes behind the names that it is about; send \"locks\" first"};

    if (demand->group_count == 0)
        return &no_names;
    lock_demand_set_spread(demand, spread);
    return NULL;
}
