/* Finds well-known programs among the words of a launcher.
 * Must not take a host or a file that has such a name in it for one. */
#include "launcher_name.h"

#include <string.h>

/* Whether a word is that name, or a path of it, or the name with a dash and more behind it. */
static bool has_word(const char *launcher, const char *name)
{
    const char *word = launcher + strspn(launcher, " ");
    size_t len = strlen(name);

    while (*word != '\0') {
        size_t word_len = strcspn(word, " ");
        const char *slash = memrchr(word, '/', word_len);
        const char *base = slash != NULL ? slash + 1 : word;
        size_t base_len = (size_t)(word + word_len - base);

        if (base_len >= len && strncmp(base, name, len) == 0 &&
            (base_len == len || base[len] == '-'))
            return true;
        word += word_len + strspn(word + word_len, " ");
    }
    return false;
}

bool launcher_name_is_rsh(const char *launcher)
{
    return has_word(launcher, "rsh") || has_word(launcher, "remsh");
}

bool launcher_name_is_ssh(const char *launcher)
{
    return has_word(launcher, "ssh");
}
