/* Feeds documents to what reads a lock server's JSON list for one job, or shows it, and names of a
 * classic server's list to what makes such a document of them.
 * Must not print to a terminal. */
#include <assert.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "list/classic.h"
#include "list/rows.h"
#include "lockersh/picked_json.h"
#include "locktable/view.h"

enum { NAMES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whoever shows it line by line relies on that. */
static void check_is_harmless(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t step = text[at] == '\n' ? 1 : text_char_len(text + at, len - at);

        assert(step > 0);
        at += step;
    }
}

static void check_document(const char *text)
{
    struct json_object *document = json_tokener_parse(text);

    assert(json_object_is_type(document, json_type_object));
    json_object_put(document);
}

static void read_of_job(const char *document, const char *job, bool is_ours)
{
    const struct list_filter filter = {.job = job};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int result;

    assert(out != NULL);
    result = picked_json_print(document, &filter, out);
    fclose(out);
    assert(!is_ours || result != 0);
    if (result == 0)
        check_document(text);
    free(text);
}

/* Whatever is in a list, its tables are harmless and fit. */
static void show(const char *document)
{
    const struct table_screen screen = {.columns = 60, .is_terminal = true};
    struct list_view view = {.by = TALLY_NOTHING};
    struct ipclocker_list *list = list_rows_create(document);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert(out != NULL);
    if (list != NULL) {
        view_print(out, list, &view, &screen);
        view.by = TALLY_POOL;
        view_print(out, list, &view, &screen);
    }
    fclose(out);
    check_is_harmless(text, len);
    free(text);
    ipclocker_list_free(list);
}

static void write_classic(char *text)
{
    char *names[NAMES_MAX], *document;
    size_t count = 0;

    while (count < NAMES_MAX && (names[count] = strsep(&text, "\n")) != NULL)
        count++;
    document = list_classic_json("1", 0, names, count & ~(size_t)1, 1000);
    assert(document != NULL);
    check_is_harmless(document, strlen(document));
    check_document(document);
    /* It knows of no jobs. */
    read_of_job(document, "1", true);
    show(document);
    free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    read_of_job(text, "4711", false);
    show(text);
    write_classic(text);
    free(text);
    return 0;
}
