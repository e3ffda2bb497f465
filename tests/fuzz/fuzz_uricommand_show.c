/* Fuzzes the explanation of commands: it ends, and holds nothing that acts on a terminal.
 * Must not judge the words it is made of. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "uricommand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_width(const char *command, size_t width)
{
    const struct uricommand_run run = {.shell = "/bin/sh", .dir = command, .command = command};
    char *text = uricommand_show(&run, width);

    if (text == NULL)
        abort();
    for (size_t at = 0; text[at] != '\0';) {
        size_t step = text[at] == '\n' ? 1 : text_char_len(text + at, strlen(text + at));

        if (step == 0)
            abort();
        at += step;
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *command = strndup((const char *)data, size);

    if (command == NULL)
        abort();
    check_width(command, 0);
    check_width(command, size > 0 ? data[0] : 1);
    free(command);
    return 0;
}
