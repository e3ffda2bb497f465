/* Members that several documents of lockreport(1) have alike. */
#ifndef FARMLOCK_LOCKREPORT_JSON_PUT_H
#define FARMLOCK_LOCKREPORT_JSON_PUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* Puts a text, made harmless; null for NULL and for an empty one.  Returns false without memory. */
bool json_put_text(struct json_object *object, const char *key, const char *text);

/* Puts milliseconds as seconds with three decimals.  Returns false without memory. */
bool json_put_seconds(struct json_object *object, const char *key, int64_t ms);

/* Puts who it was: a uid, null where none was proven, and how it was.  Returns false without
 * memory. */
bool json_put_person(struct json_object *object, const char *uid_key, const char *proof_key,
                     const struct lock_asker *asker);

#endif
