/* Takes a JSON document apart, as far as its entries; json-c reads these.
 * Must not hold more than one of them, nor know what is in them. */
#include "entries.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

struct walk {
    const char *at, *end;
    struct json_tokener *tokener;
    list_entry_fn *take;
    void *context;
    struct list_entry key; /* of the member that is being read */
};

static bool skip(struct walk *walk, char c)
{
    walk->at += strspn(walk->at, " \t\r\n");
    if (*walk->at != c)
        return false;
    walk->at++;
    walk->at += strspn(walk->at, " \t\r\n");
    return true;
}

/* Reads one value, whose text is written to *entry. */
static int read_value(struct walk *walk, struct list_entry *entry)
{
    size_t left = (size_t)(walk->end - walk->at);
    size_t len = left < LIST_ENTRY_MAX ? left : LIST_ENTRY_MAX;
    enum json_tokener_error error;

    json_tokener_reset(walk->tokener);
    entry->value = json_tokener_parse_ex(walk->tokener, walk->at, (int)len);
    error = json_tokener_get_error(walk->tokener);
    if (error != json_tokener_success)
        return list_fail(error == json_tokener_continue && len < left ? E2BIG : EPROTO);
    entry->text = walk->at;
    entry->len = json_tokener_get_parse_end(walk->tokener);
    walk->at += entry->len;
    while (entry->len > 0 && strchr(" \t\r\n", entry->text[entry->len - 1]) != NULL)
        entry->len--;
    return 0;
}

static int take_value(struct walk *walk)
{
    struct list_entry entry = walk->key;
    int result = read_value(walk, &entry);

    if (result != 0)
        return -1;
    result = walk->take(walk->context, &entry);
    json_object_put(entry.value);
    return result;
}

/* Behind its bracket. */
static int take_array(struct walk *walk)
{
    struct list_entry array = walk->key;

    array.text = "[";
    array.len = 1;
    if (walk->take(walk->context, &array) != 0)
        return -1;
    if (skip(walk, ']'))
        return 0;
    do {
        if (take_value(walk) != 0)
            return -1;
    } while (skip(walk, ','));
    return skip(walk, ']') ? 0 : list_fail(EPROTO);
}

static int take_member(struct walk *walk)
{
    struct list_entry key;
    int result;

    if (read_value(walk, &key) != 0)
        return -1;
    walk->key = (struct list_entry){
        .key = json_object_get_string(key.value), .key_text = key.text, .key_len = key.len};
    if (!json_object_is_type(key.value, json_type_string) || !skip(walk, ':'))
        result = list_fail(EPROTO);
    else
        result = skip(walk, '[') ? take_array(walk) : take_value(walk);
    json_object_put(key.value);
    return result;
}

static int take_members(struct walk *walk)
{
    if (!skip(walk, '{'))
        return list_fail(EPROTO);
    if (skip(walk, '}'))
        return 0;
    do {
        if (take_member(walk) != 0)
            return -1;
    } while (skip(walk, ','));
    return skip(walk, '}') && *walk->at == '\0' ? 0 : list_fail(EPROTO);
}

int list_entries_read(const char *document, list_entry_fn *take, void *context)
{
    struct walk walk = {.at = document,
                        .end = document + strlen(document),
                        .tokener = json_tokener_new(),
                        .take = take,
                        .context = context};
    int result, saved_errno;

    if (walk.tokener == NULL)
        return list_fail(ENOMEM);
    result = take_members(&walk);
    saved_errno = errno;
    json_tokener_free(walk.tokener);
    errno = saved_errno;
    return result;
}
