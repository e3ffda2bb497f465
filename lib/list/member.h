/* Members of JSON objects and arrays, for those who write such documents and those who read them:
 * what json-c leaves to its callers.
 */
#ifndef FARMLOCK_LIST_MEMBER_H
#define FARMLOCK_LIST_MEMBER_H

#include <stdbool.h>

struct json_object;

/* Reads a document of a stranger.  Returns NULL with errno EPROTO, or E2BIG: it has more values
 * than a list of 1.5 million locks, and would fill the memory, as "0,0,0" takes some forty times
 * its length there.
 */
struct json_object *member_parse(const char *text);

/* Each puts a value into an object, in the place of one that has the key already, or behind the
 * others of an array.  Takes over `value`, in every case.  Returns false when there is no memory,
 * which also `object`, `array` or `value` being NULL stands for.
 */
bool member_put(struct json_object *object, const char *key, struct json_object *value);
bool member_append(struct json_object *array, struct json_object *value);

/* A string of what a stranger may have written, made harmless (see text_clean()).  Returns NULL
 * when there is no memory.
 */
struct json_object *member_new_text(const char *text);

/* The member of that name, if it is a string, or an array.  Returns NULL when it is not.  What
 * comes back is the object's.
 */
const char *member_text(struct json_object *object, const char *key);
struct json_object *member_array(struct json_object *object, const char *key);

#endif
