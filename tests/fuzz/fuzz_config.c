/* Fuzz entry for configuration files, and the pools in them.
 * Must not open files, nor ask for groups. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/node.h"
#include "config/parse.h"
#include "config/scan.h"
#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses a text that a syntax error stands behind: a little for each faulty file. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

static void take_fault(void *context, const char *text)
{
    (void)context;
    assert(strncmp(text, "fuzzed:", 7) == 0);
}

/* The scan changes no line, or faults would be told in others. */
static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* What is sound is sound for the lock table, and can be shown. */
static void read_rules(const struct conf_node *root, struct conf_faults *faults)
{
    static FILE *nowhere;
    size_t before = faults->count;
    struct rules *rules = rules_read(root, faults);
    struct pools_fault fault;

    assert((rules == NULL) == (faults->count > before));
    if (rules == NULL)
        return;
    assert(pools_config_check(rules_pools(rules), &fault));
    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    if (nowhere != NULL)
        rules_print(rules, nowhere);
    rules_free(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_faults faults = {.tell = take_fault};
    struct conf_node root = {.kind = CONF_SECTION, .file = "fuzzed"};
    struct conf_scan scan;
    char *text = malloc(size + 2);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    memcpy(text + size, "\n", 2);
    if (strlen(text) == size + 1 && conf_scan(&scan, root.file, text, &faults) == 0) {
        buffer_add(&scan.text, "", 1);
        assert(count_lines(scan.text.data) == count_lines(text));
        assert(conf_parse(&root, scan.text.data, text, &faults) == 0 || faults.count > 0);
        for (size_t i = 0; i < root.count; i++) {
            assert(root.children[i].name != NULL && root.children[i].line > 0);
            assert(conf_same(&root.children[i], &root.children[i]));
            conf_node_check_names(&root.children[i], &faults);
        }
        read_rules(&root, &faults);
        conf_scan_fini(&scan);
    }
    conf_node_fini(&root);
    free(text);
    return 0;
}
