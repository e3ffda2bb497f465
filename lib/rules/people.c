/* Reads who or what a rule is about.
 * Must not ask whether there is such a user, host or group. */
#include "people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error_text.h"
#include "base/name_list.h"

/* A list that grows, of copies. */
struct growing {
    const char **items;
    size_t count, room;
};

static void add(struct reading *reading, struct growing *growing, const char *item)
{
    const char **items;

    if (item == NULL)
        return;
    items = array_grow(growing->items, &growing->room, growing->count, sizeof *items);
    if (items == NULL) {
        reading->no_memory = true;
        return;
    }
    growing->items = items;
    items[growing->count++] = item;
}

/* Checks a text, and adds what it stands for. */
typedef void add_fn(struct reading *reading, const struct conf_node *node, struct growing *growing);

static void take(struct reading *reading, const struct conf_node *node, add_fn *add_text,
                 struct pool_list *list)
{
    struct growing growing = {0};
    const char **items;

    if (node->kind != CONF_LIST)
        add_text(reading, node, &growing);
    else if (node->count == 0)
        reading_fault(reading, node, "%s is empty; name somebody, or leave it out", node->name);
    for (size_t i = 0; node->kind == CONF_LIST && i < node->count; i++)
        add_text(reading, &node->children[i], &growing);
    items = reading_alloc(reading, growing.count, sizeof *items);
    if (items != NULL && growing.count > 0)
        memcpy(items, growing.items, growing.count * sizeof *items);
    *list = (struct pool_list){items, items != NULL ? growing.count : 0};
    free(growing.items);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What begins with that is a group, and has a name behind it. */
static bool is_group(const char *name)
{
    return (begins(name, POOL_GROUP) && name[strlen(POOL_GROUP)] != '\0') ||
           (begins(name, POOL_SYSTEM_GROUP) && name[strlen(POOL_SYSTEM_GROUP)] != '\0');
}

static void add_user(struct reading *reading, const struct conf_node *node, struct growing *growing)
{
    const char *name = reading_name(reading, node);

    if (name == NULL)
        return;
    if (strpbrk(name, ":@") != NULL && !is_group(name))
        reading_fault(reading, node,
                      "%s is no user; a group is \"group:NAME\", one of the system \"unix:NAME\"",
                      name);
    else
        add(reading, growing, name);
}

void people_users(struct reading *reading, const struct conf_node *node, struct pool_list *list)
{
    take(reading, node, add_user, list);
}

static void add_group(struct reading *reading, const struct conf_node *node,
                      struct growing *growing)
{
    const char *name = reading_name(reading, node);

    if (name != NULL && !is_group(name))
        reading_fault(
            reading, node,
            "%s is no group; write \"group:NAME\", or \"unix:NAME\" for one of the system", name);
    else
        add(reading, growing, name);
}

void people_groups(struct reading *reading, const struct conf_node *node, struct pool_list *list)
{
    take(reading, node, add_group, list);
}

static void add_word(struct reading *reading, const struct conf_node *node, struct growing *growing)
{
    const char *name = reading_name(reading, node);

    if (name != NULL && is_group(name))
        reading_fault(reading, node, "%s is a group of users, and here is none meant", name);
    else
        add(reading, growing, name);
}

void people_words(struct reading *reading, const struct conf_node *node, struct pool_list *list)
{
    take(reading, node, add_word, list);
}

static void add_hosts(struct reading *reading, const struct conf_node *node,
                      struct growing *growing)
{
    const char *text = reading_name(reading, node);
    struct name_list names = {0};
    char error[160];

    if (text == NULL)
        return;
    if (name_list_append(&names, text, error, sizeof error) != 0)
        reading_fault(reading, node, "%s", errno == ENOMEM ? error_text(errno) : error);
    for (size_t i = 0; i < names.count; i++)
        add(reading, growing, reading_copy(reading, names.names[i]));
    name_list_fini(&names);
}

void people_hosts(struct reading *reading, const struct conf_node *node, struct pool_list *list)
{
    take(reading, node, add_hosts, list);
}

static void take_users(struct reading *reading, const struct conf_node *node, void *out)
{
    people_users(reading, node, &((struct pool_who *)out)->users);
}

static void take_hosts(struct reading *reading, const struct conf_node *node, void *out)
{
    people_hosts(reading, node, &((struct pool_who *)out)->hosts);
}

static void take_projects(struct reading *reading, const struct conf_node *node, void *out)
{
    people_words(reading, node, &((struct pool_who *)out)->projects);
}

void people_who(struct reading *reading, const struct conf_node *node, struct pool_who *who)
{
    static const struct reading_key keys[] = {
        {"users", take_users}, {"hosts", take_hosts}, {"projects", take_projects}, {NULL, NULL}};

    if (reading_section(reading, node, node->name, keys, who) && node->count == 0)
        reading_fault(reading, node, "%s names nobody; give it users, hosts or projects",
                      node->name);
}
