/* The table of a server's pools, for people.
 * Must not trust the document: a stranger has sent it. */
#include "pool_list.h"

#include <json-c/json.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "list/member.h"

enum { NUMBERS = 8, NAME_SHOWN = 64 };

/* The columns of numbers, in their order. */
static const struct {
    const char *heading, *key;
} columns[NUMBERS] = {
    {"TOTAL", "total"},       {"HELD", "held"},       {"PROMISED", "promised"},
    {"RESERVED", "reserved"}, {"OUTSIDE", "outside"}, {"OFFLINE", "offline"},
    {"FREE", "free"},         {"WAITING", "waiting"},
};

static void print_heading(FILE *out)
{
    fprintf(out, "%-16s", "POOL");
    for (size_t i = 0; i < NUMBERS; i++)
        fprintf(out, " %*s", (int)strlen(columns[i].heading), columns[i].heading);
    fprintf(out, " %8s  %s\n", "OLDEST", "MOST");
}

static void clean_text(struct json_object *object, const char *key, char out[NAME_SHOWN])
{
    const char *text = object != NULL ? member_text(object, key) : NULL;

    out[0] = '\0';
    if (text != NULL)
        text_clean(out, NAME_SHOWN, text, strlen(text));
}

static int64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

static void print_pool(struct json_object *pool, FILE *out)
{
    struct json_object *oldest = NULL, *most = NULL;
    char name[NAME_SHOWN], user[NAME_SHOWN], waits[DURATION_TEXT_SIZE] = "-";

    clean_text(pool, "name", name);
    json_object_object_get_ex(pool, "oldest_wait_seconds", &oldest);
    json_object_object_get_ex(pool, "most", &most);
    clean_text(most, "user", user);
    if (oldest != NULL)
        duration_format(waits, json_object_get_int64(oldest), DURATION_SHORT);
    fprintf(out, "%-16s", name);
    for (size_t i = 0; i < NUMBERS; i++)
        fprintf(out, " %*lld", (int)strlen(columns[i].heading),
                (long long)number_of(pool, columns[i].key));
    fprintf(out, " %8s  ", waits);
    if (most != NULL)
        fprintf(out, "%s (%lld)\n", user, (long long)number_of(most, "held"));
    else
        fprintf(out, "-\n");
}

int pool_list_print(const char *document, FILE *out)
{
    struct json_object *object = json_tokener_parse(document);
    struct json_object *pools = object != NULL ? member_array(object, "pools") : NULL;

    if (pools != NULL && json_object_array_length(pools) > 0)
        print_heading(out);
    for (size_t i = 0; pools != NULL && i < json_object_array_length(pools); i++)
        print_pool(json_object_array_get_idx(pools, i), out);
    json_object_put(object);
    return pools != NULL ? 0 : -1;
}
