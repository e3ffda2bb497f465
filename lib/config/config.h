/* The configuration file of a daemon, as a tree of settings that know where they were written.
 *
 * The syntax is libconfig's.  A file may include others, by name or pattern (glob(7)), relative to
 * its own folder; they are read as if they stood there, and lists of sections that have one name
 * are joined.  What is set twice is a fault, and so is a file that somebody else may write.
 */
#ifndef FARMLOCK_CONFIG_H
#define FARMLOCK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum conf_kind {
    CONF_SECTION, /* { name = value; ... } */
    CONF_LIST,    /* ( value, ... ) and [ value, ... ] */
    CONF_TEXT,    /* "text" */
    CONF_NUMBER,  /* 17, 2.5 */
    CONF_SWITCH,  /* true, false */
};

struct conf_node {
    char *name; /* NULL in a list */
    enum conf_kind kind;
    char *text;       /* as it would stand on a command line; NULL of sections and lists */
    const char *file; /* where it was written */
    unsigned line;
    struct conf_node *children; /* of sections and lists, in their order */
    size_t count, room;
};

/* Who is told of faults.  `tell` gets a line for each, "FILE:LINE: what is wrong". */
struct conf_faults {
    void (*tell)(void *context, const char *text);
    void *context;
    size_t count; /* of those that were told */
};

/* Tells of a fault where a setting stands. */
void conf_fault(struct conf_faults *faults, const struct conf_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct conf;

/* Reads a file and those that it includes.  Returns it, for conf_free(); NULL when there was a
 * fault, of which all that were found have been told.  Blocks for as long as the disk does. */
struct conf *conf_read(const char *path, struct conf_faults *faults);
void conf_free(struct conf *config);

/* The section that all settings of the file are in; lives as long as the configuration. */
const struct conf_node *conf_root(const struct conf *config);

/* A setting of a section by its name; NULL: it is not there. */
const struct conf_node *conf_find(const struct conf_node *section, const char *name);

/* Whether two settings say the same, wherever they stand; NULL is one that is not there. */
bool conf_same(const struct conf_node *one, const struct conf_node *other);

/* Prints all settings as they were understood, with where each was found. */
void conf_print(const struct conf *config, FILE *out);

#endif
