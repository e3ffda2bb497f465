/* A demand: groups of names with counts, "one of lic1 and lic2, and two of vcs1 to vcs8".  It owns
 * its names; a struct lock_group by itself borrows them.
 */
#ifndef FARMLOCK_LOCK_DEMAND_H
#define FARMLOCK_LOCK_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count` of these names are needed. */
struct lock_group {
    const char *const *names;
    size_t name_count;
    size_t count;
    bool shared; /* with any number of others that share them */
    bool spread; /* of what is free, what was used longest ago; else what is named first */
    bool kept;   /* of what is restored: their owner was done with them, see keep.h */
};

/* All zero wants nothing, and owns no memory. */
struct lock_demand {
    struct lock_group *groups; /* their names point into `names` */
    const char **names;        /* of all groups, in order */
    uint32_t group_count, name_count;
    uint32_t bytes; /* allocated; 0 where they are lent */
    bool is_lent;   /* groups, names and their text are in a struct lock_demand_room */
};

/* Memory of the caller's for what most want, which is one lock with a name that is not long. */
struct lock_demand_room {
    struct lock_group group;
    const char *name;
    char text[40];
};

/* Frees what it was put together in.  Keeps errno. */
void lock_demand_free(struct lock_group *groups);

/* Frees everything; the demand wants nothing then.  Keeps errno. */
static inline void lock_demand_fini(struct lock_demand *demand)
{
    if (demand->groups != NULL && !demand->is_lent)
        lock_demand_free(demand->groups);
    *demand = (struct lock_demand){0};
}

/* Each of the following adds to a demand, in one piece of memory with what it has already: names
 * and groups read from it before are not valid any more.  Nothing is checked but that there is
 * memory.  Returns 0, or -1 with errno ENOMEM, and nothing has changed.
 */

/* Adds a group, of which one is needed, from copies of `name_count` names, which may be 0. */
int lock_demand_add_group(struct lock_demand *demand, const char *const *names, size_t name_count);

/* Adds such a group from the words of `text`, which white space splits. */
int lock_demand_add_words(struct lock_demand *demand, const char *text);

/* Drops names that stand twice in the last group, which there must be.  Returns the most groups
 * that one name of the last stands in; or 0 without memory, and nothing has changed. */
size_t lock_demand_tidy(struct lock_demand *demand);

/* Adds a copy of a name to the last group, which there must be. */
int lock_demand_add_name(struct lock_demand *demand, const char *name);

/* Makes a demand that wants nothing one for the lock of a name with `len` bytes, as a copy in
 * `room`, which stays the demand's until it wants nothing again.  Returns false when the name is
 * too long for that; then nothing has changed. */
bool lock_demand_set_only(struct lock_demand *demand, struct lock_demand_room *room,
                          const char *name, size_t len);

/* How many of the last group are needed.  There must be a group. */
void lock_demand_set_count(struct lock_demand *demand, size_t count);

/* Whether the last group is shared.  There must be a group. */
void lock_demand_set_shared(struct lock_demand *demand, bool shared);

/* Whether the last group is spread.  There must be a group. */
void lock_demand_set_spread(struct lock_demand *demand, bool spread);

/* How many locks and seats all groups need together. */
static inline size_t lock_demand_needed(const struct lock_demand *demand)
{
    size_t needed = 0;

    for (size_t g = 0; g < demand->group_count; g++)
        needed += demand->groups[g].count;
    return needed;
}

/* The names of a demand or a group as one text, a separator between any two, for the caller to
 * free(3).  NULL with errno ENOMEM.
 */
char *lock_names_join(const char *const *names, size_t count, char separator);

/* The same, with blanks, of so many of the first names as `most` bytes hold, one at least, and for
 * the others their number: "a b +1022".
 */
char *lock_names_abridge(const char *const *names, size_t count, size_t most);

/* Writes the demand for people, "vcs1:vcs2 and 2 of lic1:lic2:lic3", its names as they are: who
 * shows it to anybody cleans it before.  What does not fit in `size` bytes, 4 or more, is cut and
 * ends with "...".
 */
void lock_demand_describe(const struct lock_demand *demand, char *out, size_t size);

#endif
