/* Broken locks as text and JSON: whose they were, who took them, and how that is known.
 * Must not let a name harm a terminal. */
#include "print_breaks.h"

#include <stdlib.h>

#include "base/ip_text.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "json_put.h"
#include "list/member.h"
#include "protocol/proof.h"
#include "times.h"

enum { SHOWN_MOST = 20 };

static void print_text(const char *text, FILE *out)
{
    char *clean = text_clean_dup(text != NULL ? text : "-");

    fputs(clean != NULL ? clean : "?", out);
    free(clean);
}

static void print_who(const char *name, const struct lock_asker *asker, FILE *out)
{
    print_text(name, out);
    if (asker->proof != LOCK_CLAIMED)
        fprintf(out, " (uid %u by %s)", asker->uid, proof_word(asker->proof));
    else
        fputs(" (claimed)", out);
}

static void print_break(const struct broken_lock *item, FILE *out)
{
    char at[REPORT_TIME_SIZE], peer[IP_TEXT_SIZE];

    report_format_time(at, item->at_ms);
    ip_text_format(peer, item->by.peer);
    fprintf(out, "%s  ", at);
    print_text(item->lock, out);
    fputs(", of ", out);
    print_who(item->owner, &item->whose, out);
    fputs(", by ", out);
    print_who(item->by_name, &item->by, out);
    fprintf(out, "%s%s\n", peer[0] != '\0' ? " from " : "", peer);
}

void print_breaks(const struct break_list *breaks, FILE *out)
{
    size_t first = breaks->count > SHOWN_MOST ? breaks->count - SHOWN_MOST : 0;

    if (breaks->count == 0)
        return;
    fputs("\nBroken:\n", out);
    if (first > 0)
        fprintf(out, "%zu before these, see --json\n", first);
    for (size_t i = first; i < breaks->count; i++)
        print_break(&breaks->items[i], out);
}

static struct json_object *new_by(const struct broken_lock *item)
{
    struct json_object *by = json_object_new_object();
    char peer[IP_TEXT_SIZE];

    ip_text_format(peer, item->by.peer);
    if (by != NULL && json_put_text(by, "name", item->by_name) &&
        json_put_person(by, "uid", "proof", &item->by) && json_put_text(by, "peer", peer))
        return by;
    json_object_put(by);
    return NULL;
}

static struct json_object *new_break(const struct broken_lock *item)
{
    struct json_object *object = json_object_new_object();
    char at[RFC3339_SIZE];

    rfc3339_format(at, item->at_ms);
    if (object != NULL && member_put(object, "time", json_object_new_string(at)) &&
        json_put_text(object, "lock", item->lock) && json_put_text(object, "owner", item->owner) &&
        json_put_person(object, "uid", "proof", &item->whose) &&
        member_put(object, "by", new_by(item)))
        return object;
    json_object_put(object);
    return NULL;
}

struct json_object *print_breaks_json(const struct break_list *breaks)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; array != NULL && i < breaks->count; i++) {
        if (!member_append(array, new_break(&breaks->items[i]))) {
            json_object_put(array);
            return NULL;
        }
    }
    return array;
}
