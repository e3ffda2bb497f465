/* Has libconfig read a text, and copies what it found.
 * Must not let libconfig open a file. */
#include "parse.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/text.h"
#include "node.h"

enum { DEPTH_LIMIT = 16, VALUE_SIZE = 32 };

static enum conf_kind kind_of(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return CONF_SECTION;
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_ARRAY:
        return CONF_LIST;
    case CONFIG_TYPE_BOOL:
        return CONF_SWITCH;
    case CONFIG_TYPE_STRING:
        return CONF_TEXT;
    default:
        return CONF_NUMBER;
    }
}

/* The text of a value, in `buffer` where it has none; NULL of a section or list. */
static const char *text_of(const config_setting_t *setting, char buffer[VALUE_SIZE])
{
    switch (kind_of(setting)) {
    case CONF_TEXT:
        return config_setting_get_string(setting);
    case CONF_SWITCH:
        return config_setting_get_bool(setting) ? "true" : "false";
    case CONF_NUMBER:
        if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
            snprintf(buffer, VALUE_SIZE, "%.15g", config_setting_get_float(setting));
        else
            snprintf(buffer, VALUE_SIZE, "%lld", config_setting_get_int64(setting));
        return buffer;
    default:
        return NULL;
    }
}

static int copy_children(struct conf_node *parent, const config_setting_t *setting, unsigned depth,
                         struct conf_faults *faults)
{
    int count = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

    for (int i = 0; i < count; i++) {
        const config_setting_t *child = config_setting_get_elem(setting, (unsigned)i);
        char buffer[VALUE_SIZE];
        struct conf_node *node = conf_node_add(parent, config_setting_name(child), kind_of(child),
                                               text_of(child, buffer));

        if (node == NULL) {
            conf_fault(faults, parent, "%s", error_text(errno));
            return -1;
        }
        node->line = config_setting_source_line(child);
        if (depth == DEPTH_LIMIT) {
            conf_fault(faults, node, "more than %d brackets in each other", DEPTH_LIMIT);
            return -1;
        }
        if (copy_children(node, child, depth + 1, faults) != 0)
            return -1;
    }
    return 0;
}

/* What stands in the line that libconfig could not read. */
static void tell_of_syntax(const struct conf_node *root, const config_t *config, const char *text,
                           struct conf_faults *faults)
{
    const struct conf_node at = {.file = root->file, .line = (unsigned)config_error_line(config)};
    char shown[64];

    for (unsigned line = 1; line < at.line && strchr(text, '\n') != NULL; line++)
        text = strchr(text, '\n') + 1;
    text += strspn(text, " \t");
    text_clean(shown, sizeof shown, text, strcspn(text, "\n"));
    conf_fault(faults, &at, "%s%s%s",
               config_error_text(config) != NULL ? config_error_text(config) : "not understood",
               shown[0] != '\0' ? ": " : "", shown);
}

int conf_parse(struct conf_node *root, const char *text, const char *written,
               struct conf_faults *faults)
{
    config_t config;
    int result = -1;

    config_init(&config);
    if (config_read_string(&config, text) != CONFIG_TRUE)
        tell_of_syntax(root, &config, written, faults);
    else
        result = copy_children(root, config_root_setting(&config), 0, faults);
    config_destroy(&config);
    return result;
}
