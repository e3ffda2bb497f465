/* What lockflex prints of a look.
 * Must not print a name as it came: it is the administrator's, but not always a harmless one. */
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "list/member.h"

static bool put_count(struct json_object *object, const char *key, uint64_t count)
{
    return member_put(object, key, json_object_new_int64((int64_t)count));
}

static struct json_object *new_pool(const char *name, const struct look_pool *pool)
{
    const struct tally *tally = &pool->tally;
    struct json_object *object = json_object_new_object();
    bool good = member_put(object, "pool", member_new_text(name));

    good = put_count(object, "in_use", tally->in_use) && good;
    good = put_count(object, "ours", tally->ours) && good;
    good = put_count(object, "reserved", tally->reserved) && good;
    good = put_count(object, "queued", tally->queued) && good;
    good = put_count(object, "outside", tally->outside) && good;
    good = member_put(object, "complete", json_object_new_boolean(tally->is_whole)) && good;
    /* A null of json-c's is no object. */
    good = (pool->is_told ? put_count(object, "counts", pool->counts)
                          : json_object_object_add(object, "counts", NULL) == 0) &&
           good;
    if (good)
        return object;
    json_object_put(object);
    return NULL;
}

static char *text_of(struct json_object *document)
{
    const char *text =
        document != NULL ? json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN) : NULL;
    size_t size = text != NULL ? strlen(text) + 2 : 0;
    char *line = text != NULL ? malloc(size) : NULL;

    if (line != NULL)
        snprintf(line, size, "%s\n", text);
    return line;
}

static char *format_json(const struct settings *settings, const struct look *look)
{
    struct json_object *document = json_object_new_object(), *pools = json_object_new_array();
    bool good = member_put(document, "version", json_object_new_int(1));
    char *line;

    good = member_put(document, "dry_run", json_object_new_boolean(settings->dry_run)) && good;
    for (size_t i = 0; i < settings->map.count; i++)
        good = member_append(pools, new_pool(settings->map.pools[i].name, &look->pools[i])) && good;
    good = member_put(document, "pools", pools) && good;
    line = good ? text_of(document) : NULL;
    json_object_put(document);
    return line;
}

static void print_pool(FILE *out, const char *name, const struct look_pool *pool, bool dry_run)
{
    const struct tally *tally = &pool->tally;
    char shown[TEXT_CLEAN_GROWTH * NAME_LIST_NAME_LEN_MAX + 1];

    text_clean(shown, sizeof shown, name, strlen(name));
    fprintf(out, "%s: ", shown);
    if (!pool->is_told) {
        fprintf(out, "nothing is told\n");
        return;
    }
    fprintf(out, "%" PRIu64 " %s outside, as %" PRIu64 " of %" PRIu64 " in use are the farm's",
            pool->counts, dry_run ? "would be" : "are", tally->ours, tally->in_use);
    if (tally->reserved > 0)
        fprintf(out, ", and %" PRIu64 " reserved for others", tally->reserved);
    if (pool->counts < tally->outside)
        fprintf(out, " (lockerd leaves it at that: %" PRIu64 " were counted)", tally->outside);
    fprintf(out, "%s\n", tally->is_whole ? "" : " (not all servers have told)");
}

static char *format_lines(const struct settings *settings, const struct look *look)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < settings->map.count; i++)
        print_pool(out, settings->map.pools[i].name, &look->pools[i], settings->dry_run);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int print_look(struct print *print, const struct settings *settings, const struct look *look)
{
    char *text = settings->json ? format_json(settings, look) : format_lines(settings, look);

    if (text == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (print->told != NULL && strcmp(print->told, text) == 0) {
        free(text);
        return 0;
    }
    free(print->told);
    print->told = text;
    fputs(text, stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
}

void print_fini(struct print *print)
{
    free(print->told);
    print->told = NULL;
}
