/* Picks a job's locks and waiters out of a server's JSON list.
 * Must not change what it keeps: members that are not known here go through as they came. */
#include "job_list.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>

#include "job/job_id.h"
#include "list/member.h"

enum { PRINT_FLAGS = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE };

struct job_list {
    struct json_object *document;
    struct json_object *locks; /* the document's */
};

static bool is_classic(struct json_object *document)
{
    struct json_object *server, *protocol;

    return json_object_object_get_ex(document, "server", &server) &&
           json_object_object_get_ex(server, "protocol", &protocol) &&
           json_object_get_int(protocol) < 2;
}

static bool is_of_job(struct json_object *entry, const char *job)
{
    const char *id = member_text(entry, "job");

    return id != NULL && job_id_covers(job, id);
}

/* Puts an array in the place of another that has the job's entries only.  Returns it, or NULL with
 * errno ENOMEM. */
static struct json_object *keep_entries(struct json_object *document, const char *key,
                                        struct json_object *entries, const char *job)
{
    struct json_object *kept = json_object_new_array();

    for (size_t i = 0; i < json_object_array_length(entries) && kept != NULL; i++) {
        struct json_object *entry = json_object_array_get_idx(entries, i);

        if (!is_of_job(entry, job))
            continue;
        if (!member_append(kept, json_object_get(entry))) {
            json_object_put(kept);
            kept = NULL;
        }
    }
    if (kept != NULL && json_object_object_add(document, key, kept) == 0)
        return kept;
    json_object_put(kept);
    errno = ENOMEM;
    return NULL;
}

/* Returns 0, or the errno. */
static int filter(struct job_list *list, const char *job)
{
    struct json_object *document = list->document;
    struct json_object *locks = member_array(document, "locks");
    struct json_object *waiters = member_array(document, "waiters");

    if (locks == NULL || waiters == NULL)
        return EPROTO;
    if (is_classic(document))
        return ENOTSUP;
    list->locks = keep_entries(document, "locks", locks, job);
    if (list->locks == NULL || keep_entries(document, "waiters", waiters, job) == NULL)
        return ENOMEM;
    return 0;
}

struct job_list *job_list_create(const char *document, const char *job)
{
    struct job_list *list = calloc(1, sizeof *list);
    int number;

    if (list == NULL)
        return NULL;
    errno = 0;
    list->document = json_tokener_parse(document);
    if (list->document != NULL)
        number = filter(list, job);
    else
        number = errno == ENOMEM ? ENOMEM : EPROTO;
    if (number == 0)
        return list;
    job_list_destroy(list);
    errno = number;
    return NULL;
}

void job_list_destroy(struct job_list *list)
{
    int saved_errno = errno;

    if (list == NULL)
        return;
    json_object_put(list->document);
    free(list);
    errno = saved_errno;
}

size_t job_list_held_count(const struct job_list *list)
{
    return json_object_array_length(list->locks);
}

struct ipclocker_list_entry job_list_held(const struct job_list *list, size_t index)
{
    struct json_object *entry = json_object_array_get_idx(list->locks, index);
    const char *name = member_text(entry, "name"), *owner = member_text(entry, "owner");

    return (struct ipclocker_list_entry){.name = name != NULL ? name : "",
                                         .owner = owner != NULL ? owner : ""};
}

/* A stranger's text has to be quoted again. */
static void print_key(const char *key, FILE *out)
{
    struct json_object *text = json_object_new_string(key);

    fprintf(out, "%s:", json_object_to_json_string_ext(text, PRINT_FLAGS));
    json_object_put(text);
}

static void print_array(struct json_object *array, FILE *out)
{
    fputc('[', out);
    for (size_t i = 0; i < json_object_array_length(array); i++)
        fprintf(out, "%s\n%s", i > 0 ? "," : "",
                json_object_to_json_string_ext(json_object_array_get_idx(array, i), PRINT_FLAGS));
    fputc(']', out);
}

void job_list_print_json(const struct job_list *list, FILE *out)
{
    const char *separator = "{";

    json_object_object_foreach(list->document, key, value)
    {
        fputs(separator, out);
        print_key(key, out);
        if (json_object_is_type(value, json_type_array))
            print_array(value, out);
        else
            fputs(json_object_to_json_string_ext(value, PRINT_FLAGS), out);
        separator = ",\n";
    }
    fputs("}\n", out);
}
