/* Fuzzes decoding: what it takes for right has to come back from encoding.
 * Must not allow more than uricommand.h does. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "uricommand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
    if (!truth)
        abort();
}

static void check_round_trip(const char *text, size_t len, unsigned flags)
{
    char *line = uricommand_encode(text, len, flags);
    size_t back_len = 0;
    char *back;

    require(line != NULL && line[0] != '-');
    back = uricommand_decode(line, strlen(line), URICOMMAND_STRICT, &back_len, NULL);
    require(back != NULL && back_len == len && memcmp(back, text, len) == 0);
    free(back);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned strict = 0; strict <= URICOMMAND_STRICT; strict++) {
        size_t len = 0;
        size_t error_at = SIZE_MAX;
        char *text = uricommand_decode((const char *)data, size, strict, &len, &error_at);

        if (text == NULL) {
            require(error_at < size && (errno == EILSEQ || (strict && errno == EINVAL)));
            continue;
        }
        require(error_at == SIZE_MAX && len <= size && strlen(text) == len);
        check_round_trip(text, len, 0);
        check_round_trip(text, len, URICOMMAND_WORDS);
        free(text);
    }
    return 0;
}
