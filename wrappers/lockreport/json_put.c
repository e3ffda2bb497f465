/* Texts and people in JSON.
 * Must not let a name be more than text. */
#include "json_put.h"

#include <stdio.h>

#include "list/member.h"
#include "protocol/proof.h"

bool json_put_text(struct json_object *object, const char *key, const char *text)
{
    if (text != NULL && *text != '\0')
        return member_put(object, key, member_new_text(text));
    json_object_object_add(object, key, NULL);
    return true;
}

bool json_put_seconds(struct json_object *object, const char *key, int64_t ms)
{
    char text[64];

    snprintf(text, sizeof text, "%.3f", (double)ms / 1000);
    return member_put(object, key, json_object_new_double_s((double)ms / 1000, text));
}

bool json_put_person(struct json_object *object, const char *uid_key, const char *proof_key,
                     const struct lock_asker *asker)
{
    struct json_object *uid = NULL;

    if (asker->proof != LOCK_CLAIMED && (uid = json_object_new_int64(asker->uid)) == NULL)
        return false;
    json_object_object_add(object, uid_key, uid);
    return json_put_text(object, proof_key, proof_word(asker->proof));
}
