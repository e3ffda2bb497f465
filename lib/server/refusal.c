/* The lines that tell of a refusal.
 * Must not know who is refused, nor for what. */
#include "refusal.h"

const struct refusal refusal_no_memory = {ERROR_CODE_LATER,
                                          "the server is out of memory; try again later"};

static void add_line(struct buffer *out, const char *word, const char *rest)
{
    buffer_add_text(out, word);
    buffer_add(out, " ", 1);
    buffer_add_text(out, rest);
    buffer_add(out, "\n", 1);
}

void refusal_add(struct buffer *out, const struct refusal *refusal, unsigned protocol,
                 uint64_t *counts)
{
    counts[refusal->code]++;
    if (protocol >= 2)
        add_line(out, "error-code", error_code_word(refusal->code));
    add_line(out, "error", refusal->text);
}
