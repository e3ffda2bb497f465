/* Fuzz entry for clients' files.
 * Must not open files. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defaults/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken is what such a line would be taken for again. */
static void check_setting(const struct defaults_setting *setting, const char *end)
{
    assert(setting->name[0] >= '-' && setting->name[0] <= 'z' && setting->value[0] != '\0');
    assert(setting->line > 0 && setting->value + strlen(setting->value) <= end);
    assert(strpbrk(setting->value, "\n\x1b\x7f") == NULL);
    assert(strpbrk(setting->name, " \t=#\"") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct defaults *defaults = calloc(1, sizeof *defaults);
    struct defaults_file *file = defaults != NULL ? &defaults->files[0] : NULL;
    char error[DEFAULTS_ERROR_SIZE] = "";
    size_t i = 0;

    if (file == NULL || (file->text = strndup((const char *)data, size)) == NULL)
        abort();
    file->path = "fuzzed";
    size = strlen(file->text);
    if (defaults_add(defaults, file, error) != 0)
        assert(strncmp(error, "fuzzed:", 7) == 0);
    for (; defaults_at(defaults, i) != NULL; i++) {
        check_setting(defaults_at(defaults, i), file->text + size);
        assert(defaults_find(defaults, defaults_at(defaults, i)->name) == defaults_at(defaults, i));
    }
    assert(i <= 256);
    defaults_free(defaults);
    return 0;
}
