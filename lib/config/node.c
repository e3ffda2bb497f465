/* Settings as a tree.
 * Must not know how they are written, or what they mean. */
#include "node.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void conf_fault(struct conf_faults *faults, const struct conf_node *node, const char *format, ...)
{
    char what[512], text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(text, sizeof text, "%s:%u: %s", node->file, node->line, what);
    faults->count++;
    faults->tell(faults->context, text);
}

static struct conf_node *make_room(struct conf_node *parent)
{
    struct conf_node *children =
        array_grow(parent->children, &parent->room, parent->count, sizeof *children);

    if (children == NULL)
        return NULL;
    parent->children = children;
    return &children[parent->count];
}

struct conf_node *conf_node_add(struct conf_node *parent, const char *name, enum conf_kind kind,
                                const char *text)
{
    struct conf_node *node = make_room(parent);

    if (node == NULL)
        return NULL;
    *node = (struct conf_node){.kind = kind, .file = parent->file};
    if ((name != NULL && (node->name = strdup(name)) == NULL) ||
        (text != NULL && (node->text = strdup(text)) == NULL)) {
        conf_node_fini(node);
        return NULL;
    }
    parent->count++;
    return node;
}

void conf_node_fini(struct conf_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        conf_node_fini(&node->children[i]);
    free(node->children);
    free(node->name);
    free(node->text);
    *node = (struct conf_node){.kind = node->kind};
}

const struct conf_node *conf_find(const struct conf_node *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++) {
        if (section->children[i].name != NULL && strcmp(section->children[i].name, name) == 0)
            return &section->children[i];
    }
    return NULL;
}

static bool is_list_of_sections(const struct conf_node *node)
{
    return node->kind == CONF_LIST && node->count > 0 && node->children[0].kind == CONF_SECTION;
}

/* Moves the last setting of one to the end of another. */
static int move(struct conf_node *into, struct conf_node *node)
{
    struct conf_node *place = make_room(into);

    if (place == NULL)
        return -1;
    *place = *node;
    *node = (struct conf_node){.kind = CONF_SECTION};
    into->count++;
    return 0;
}

static int join_one(struct conf_node *into, struct conf_node *node, struct conf_faults *faults)
{
    struct conf_node *first = (struct conf_node *)conf_find(into, node->name);

    if (first == NULL)
        return move(into, node);
    if (!is_list_of_sections(first) || !is_list_of_sections(node)) {
        conf_fault(faults, node, "%s is set already, in %s:%u", node->name, first->file,
                   first->line);
        return 0;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (move(first, &node->children[i]) != 0)
            return -1;
    }
    return 0;
}

int conf_node_join(struct conf_node *into, struct conf_node *from, struct conf_faults *faults)
{
    for (size_t i = 0; i < from->count; i++) {
        if (join_one(into, &from->children[i], faults) != 0)
            return -1;
    }
    return 0;
}

static const struct conf_node *title_of(const struct conf_node *section)
{
    const struct conf_node *title =
        section->kind == CONF_SECTION ? conf_find(section, "name") : NULL;

    return title != NULL && title->text != NULL ? title : NULL;
}

static int compare_titles(const void *a, const void *b)
{
    const struct conf_node *const *one = a, *const *other = b;
    int order = strcmp((*one)->text, (*other)->text);

    return order != 0 ? order : (int)(*one)->line - (int)(*other)->line;
}

int conf_node_check_names(const struct conf_node *list, struct conf_faults *faults)
{
    const struct conf_node **titles = calloc(list->count + 1, sizeof(struct conf_node *));
    size_t count = 0;

    if (titles == NULL)
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        if (title_of(&list->children[i]) != NULL)
            titles[count++] = title_of(&list->children[i]);
    }
    qsort(titles, count, sizeof(struct conf_node *), compare_titles);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(titles[i - 1]->text, titles[i]->text) == 0)
            conf_fault(faults, titles[i], "%s has a section named %s already, in %s:%u", list->name,
                       titles[i]->text, titles[i - 1]->file, titles[i - 1]->line);
    }
    free(titles);
    return 0;
}

bool conf_same(const struct conf_node *one, const struct conf_node *other)
{
    if (one == NULL || other == NULL)
        return one == other;
    if (one->kind != other->kind || one->count != other->count ||
        (one->name == NULL) != (other->name == NULL) ||
        (one->name != NULL && strcmp(one->name, other->name) != 0) ||
        (one->text != NULL && strcmp(one->text, other->text) != 0))
        return false;
    for (size_t i = 0; i < one->count; i++) {
        if (!conf_same(&one->children[i], &other->children[i]))
            return false;
    }
    return true;
}
