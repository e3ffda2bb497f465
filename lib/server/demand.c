/* Wishes: the "locks", "and" and "count" lines of a connection.
 * Must not judge whether a wish can be fulfilled: the lock table does. */
#include "demand.h"

#include <stdlib.h>
#include <string.h>

#include "base/words.h"

/* Groups, names and their text are one piece of memory, in this order. */
void wish_fini(struct wish *wish)
{
    free(wish->groups);
    *wish = (struct wish){0};
}

/* How many bytes the text of all names has, from the first of the first to the NUL of the last. */
static size_t text_size(const struct wish *wish)
{
    const char *last;

    if (wish->name_count == 0)
        return 0;
    last = wish->names[wish->name_count - 1];
    return (size_t)(last - wish->names[0]) + strlen(last) + 1;
}

/* Copies what the wish has to the front of its new arrays. */
static void move(const struct wish *wish, struct lock_group *groups, char **names, char *text)
{
    size_t at = 0;

    for (size_t i = 0; i < wish->name_count; i++)
        names[i] = text + (wish->names[i] - wish->names[0]);
    for (size_t g = 0; g < wish->group_count; g++) {
        groups[g] = wish->groups[g];
        groups[g].names = (const char *const *)&names[at];
        at += groups[g].name_count;
    }
}

/* Makes room for a group of so many names and for their text.  Returns where that goes, or NULL. */
static char *make_room(struct wish *wish, size_t name_count, size_t size)
{
    size_t old_size = text_size(wish), group_count = wish->group_count + 1U;
    struct lock_group *groups;
    char **names, *text;

    name_count += wish->name_count;
    groups = malloc(group_count * sizeof *groups + name_count * sizeof *names + old_size + size);
    if (groups == NULL)
        return NULL;
    names = (char **)(void *)(groups + group_count);
    text = (char *)(names + name_count);
    if (old_size > 0)
        memcpy(text, wish->names[0], old_size);
    move(wish, groups, names, text);
    free(wish->groups);
    wish->groups = groups;
    wish->names = names;
    return text + old_size;
}

static const struct refusal *check_names(const char *text, size_t *count)
{
    static const struct refusal too_long = {
        ERROR_CODE_LIMIT, "a lock's name is longer than 255 bytes; use a shorter one"};
    static const struct refusal none = {ERROR_CODE_MALFORMED, "no lock is named; name one"};
    size_t found = 0;

    for (const char *at = text; *(at += words_blank_len(at)) != '\0'; found++) {
        size_t len = words_word_len(at);

        if (len > WISH_NAME_LEN_MAX)
            return &too_long;
        at += len;
    }
    if (found == 0)
        return &none;
    *count = found;
    return NULL;
}

const struct refusal *wish_add_group(struct wish *wish, const char *text)
{
    static const struct refusal too_many = {ERROR_CODE_LIMIT,
                                            "a request can name 1024 locks at most; name fewer"};
    size_t count, size;
    const struct refusal *wrong = check_names(text, &count);
    char *rest;

    if (wrong != NULL)
        return wrong;
    if (count > WISH_NAMES_MAX - wish->name_count)
        return &too_many;
    text += words_blank_len(text);
    size = strlen(text) + 1;
    rest = make_room(wish, count, size);
    if (rest == NULL)
        return &refusal_no_memory;
    memcpy(rest, text, size);
    wish->groups[wish->group_count++] = (struct lock_group){
        .names = (const char *const *)&wish->names[wish->name_count],
        .name_count = count,
        .count = 1,
    };
    for (size_t i = 0; i < count; i++)
        wish->names[wish->name_count++] = words_next(&rest);
    return NULL;
}

const struct refusal *wish_set_count(struct wish *wish, size_t count)
{
    static const struct refusal no_names = {
        ERROR_CODE_MALFORMED,
        "a count comes behind the names that it counts; send \"locks\" first"};

    if (wish->group_count == 0)
        return &no_names;
    wish->groups[wish->group_count - 1].count = count;
    return NULL;
}
