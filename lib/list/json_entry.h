/* An entry of the JSON list in the making: members are put into it, and it remembers whether there
 * was memory for all of them. */
#ifndef FARMLOCK_LIST_JSON_ENTRY_H
#define FARMLOCK_LIST_JSON_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

struct json_object;

struct json_entry {
    struct json_object *object;
    bool failed;
};

void json_entry_put_null(struct json_entry *entry, const char *key);

/* Takes over `value`, whose being NULL means that there was no memory for it. */
void json_entry_put_value(struct json_entry *entry, const char *key, struct json_object *value);

/* null for NULL; for a number of 0; for one below 0; for a time of -1; for no flag. */
void json_entry_put_text(struct json_entry *entry, const char *key, const char *text);
void json_entry_put_positive(struct json_entry *entry, const char *key, uint64_t number);
void json_entry_put_count(struct json_entry *entry, const char *key, int64_t number);
void json_entry_put_time(struct json_entry *entry, const char *key, int64_t time_ms);
void json_entry_put_flag(struct json_entry *entry, const char *key, enum list_json_flag flag);

/* Seconds since a time; null for -1. */
void json_entry_put_elapsed(struct json_entry *entry, const char *key, int64_t since_ms,
                            int64_t now_ms);

/* Left out where it is NULL, or not so. */
void json_entry_put_known(struct json_entry *entry, const char *key, const char *text);
void json_entry_put_true(struct json_entry *entry, const char *key, bool is_so);

#endif
