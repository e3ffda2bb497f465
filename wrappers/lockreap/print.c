/* What lockreap prints.
 * Must not print a name as a stranger wrote it: the list has them cleaned, and keeps them so. */
#include "print.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

#include "list/member.h"

static void print_line(const struct reap_print *print, const struct reap_loss *loss)
{
    const char *before = " ", *verb = print->dry_run ? "would release" : "released";

    printf("%s%s%s:", loss->job, loss->state != NULL ? " " : "",
           loss->state != NULL ? loss->state : "");
    if (loss->claim_count == 0)
        printf(" %s %lld %s", verb, (long long)loss->ended,
               loss->ended == 1 ? "request" : "requests");
    for (size_t i = 0; i < loss->claim_count; i++) {
        const struct job_claim *claim = loss->claims[i];

        if (claim->lock != NULL)
            printf("%s%s %s of %s", before, verb, claim->lock, claim->owner);
        else
            printf("%s%s the wait of %s", before, print->dry_run ? "would end" : "ended",
                   claim->owner);
        before = ", ";
    }
    putchar('\n');
}

static struct json_object *make_claim(const struct job_claim *claim)
{
    struct json_object *object = json_object_new_object();

    if (object != NULL && member_put(object, "owner", json_object_new_string(claim->owner)) &&
        (claim->lock == NULL || member_put(object, "lock", json_object_new_string(claim->lock))))
        return object;
    json_object_put(object);
    return NULL;
}

/* Those that hold a lock, or those that wait. */
static struct json_object *make_claims(const struct reap_loss *loss, bool held)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < loss->claim_count && array != NULL; i++) {
        if ((loss->claims[i]->lock != NULL) == held &&
            !member_append(array, make_claim(loss->claims[i]))) {
            json_object_put(array);
            array = NULL;
        }
    }
    return array;
}

static struct json_object *make_loss(const struct reap_loss *loss)
{
    struct json_object *object = json_object_new_object();

    if (object != NULL && member_put(object, "job", json_object_new_string(loss->job)) &&
        (loss->state == NULL || member_put(object, "state", json_object_new_string(loss->state))) &&
        member_put(object, "ended", json_object_new_int64(loss->ended)) &&
        member_put(object, "held", make_claims(loss, true)) &&
        member_put(object, "waited", make_claims(loss, false)))
        return object;
    json_object_put(object);
    return NULL;
}

void print_loss(void *context, const struct reap_loss *loss)
{
    struct reap_print *print = context;

    print->told = true;
    if (!print->json) {
        print_line(print, loss);
        return;
    }
    if (print->jobs == NULL)
        print->jobs = json_object_new_array();
    if (print->jobs == NULL || !member_append(print->jobs, make_loss(loss)))
        print->failed = true;
}

static void print_document(struct reap_print *print)
{
    struct json_object *document = json_object_new_object();
    struct json_object *jobs = print->jobs != NULL ? print->jobs : json_object_new_array();
    const char *text = NULL;

    print->jobs = NULL;
    if (document == NULL || !member_put(document, "version", json_object_new_int(1)) ||
        !member_put(document, "dry_run", json_object_new_boolean(print->dry_run))) {
        json_object_put(jobs);
        print->failed = true;
    } else if (member_put(document, "jobs", jobs)) {
        text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE);
    }
    if (text == NULL || puts(text) == EOF)
        print->failed = true;
    json_object_put(document);
}

int print_end(struct reap_print *print)
{
    if (print->json && (print->jobs != NULL || print->even_if_empty))
        print_document(print);
    if (fflush(stdout) != 0)
        return -1;
    if (!print->failed)
        return 0;
    print->failed = false;
    errno = ENOMEM;
    return -1;
}
