/* A configuration file with all that it includes.
 * Must not know what any setting means. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error_text.h"
#include "config.h"
#include "node.h"
#include "parse.h"
#include "scan.h"
#include "source.h"

enum { NESTED_MAX = 8, FILES_MAX = 1000 };

struct conf {
    struct conf_node root;
    char **files; /* their names, which the settings refer to */
    size_t count, room;
};

struct reading {
    struct conf *config;
    struct conf_faults *faults;
};

static int read_file(const struct reading *reading, const char *path, const struct conf_node *at,
                     unsigned nested);

static const char *keep_name(struct conf *config, const char *path)
{
    char **files = array_grow(config->files, &config->room, config->count, sizeof *files);

    if (files == NULL)
        return NULL;
    config->files = files;
    files[config->count] = strdup(path);
    return files[config->count] != NULL ? files[config->count++] : NULL;
}

/* The name or pattern of an include, from the folder of the file that has it. */
static char *place_of(const struct conf_node *include)
{
    const char *slash = strrchr(include->file, '/');
    char *path;

    if (include->text[0] == '/' || slash == NULL)
        return strdup(include->text);
    if (asprintf(&path, "%.*s/%s", (int)(slash - include->file), include->file, include->text) < 0)
        return NULL;
    return path;
}

static int read_matches(const struct reading *reading, const char *pattern,
                        const struct conf_node *include, unsigned nested)
{
    glob_t found = {0};
    int error = glob(pattern, 0, NULL, &found), result = 0;

    if (error == GLOB_NOSPACE || error == GLOB_ABORTED)
        result = -1;
    for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
        result = read_file(reading, found.gl_pathv[i], include, nested);
    globfree(&found);
    return result;
}

/* A pattern may match nothing; a name must be there. */
static int read_include(const struct reading *reading, const struct conf_node *include,
                        unsigned nested)
{
    char *path;
    int result;

    if (nested == NESTED_MAX) {
        conf_fault(reading->faults, include, "the files include each other more than %d deep",
                   NESTED_MAX);
        return 0;
    }
    path = place_of(include);
    if (path == NULL)
        return -1;
    if (strpbrk(include->text, "*?[") != NULL)
        result = read_matches(reading, path, include, nested + 1);
    else
        result = read_file(reading, path, include, nested + 1);
    free(path);
    return result;
}

/* Reads the text of a file into the settings of all. */
static int take_text(const struct reading *reading, const char *file, const char *text,
                     unsigned nested)
{
    struct conf_node root = {.kind = CONF_SECTION, .file = file};
    struct conf_scan scan;
    size_t before = reading->faults->count;
    int result = conf_scan(&scan, file, text, reading->faults);

    if (result != 0)
        return -1;
    buffer_add(&scan.text, "", 1);
    /* What does not end, libconfig would complain of once more. */
    if (scan.text.failed)
        result = -1;
    else if (reading->faults->count == before &&
             conf_parse(&root, scan.text.data, text, reading->faults) == 0)
        result = conf_node_join(&reading->config->root, &root, reading->faults);
    for (size_t i = 0; i < scan.includes.count && result == 0; i++)
        result = read_include(reading, &scan.includes.children[i], nested);
    conf_node_fini(&root);
    conf_scan_fini(&scan);
    return result;
}

/* Returns -1 with errno when there is no memory; faults are told. */
static int read_file(const struct reading *reading, const char *path, const struct conf_node *at,
                     unsigned nested)
{
    const char *file;
    char *text;
    int result;

    if (reading->config->count == FILES_MAX) {
        conf_fault(reading->faults, at, "more than %d files are included", FILES_MAX);
        return 0;
    }
    file = keep_name(reading->config, path);
    if (file == NULL)
        return -1;
    text = conf_source_read(file, at, reading->faults);
    if (text == NULL)
        return 0;
    result = take_text(reading, file, text, nested);
    free(text);
    return result;
}

struct conf *conf_read(const char *path, struct conf_faults *faults)
{
    const struct conf_node whole = {.file = path, .line = 1};
    const struct reading reading = {.config = calloc(1, sizeof(struct conf)), .faults = faults};
    size_t before = faults->count;
    int result = -1;

    if (reading.config != NULL) {
        reading.config->root = (struct conf_node){.kind = CONF_SECTION, .file = path};
        result = read_file(&reading, path, &whole, 0);
        if (reading.config->count > 0)
            reading.config->root.file = reading.config->files[0];
        for (size_t i = 0; i < reading.config->root.count && result == 0; i++)
            result = conf_node_check_names(&reading.config->root.children[i], faults);
    }
    if (result != 0)
        conf_fault(faults, &whole, "%s", error_text(errno));
    if (faults->count == before)
        return reading.config;
    conf_free(reading.config);
    return NULL;
}

const struct conf_node *conf_root(const struct conf *config)
{
    return &config->root;
}

void conf_free(struct conf *config)
{
    if (config == NULL)
        return;
    conf_node_fini(&config->root);
    for (size_t i = 0; i < config->count; i++)
        free(config->files[i]);
    free(config->files);
    free(config);
}
