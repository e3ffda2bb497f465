/* Words for calls that came to no answer.
 * Must not decide what they mean. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void fault_set(struct etcd_error *error, int code, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error->code = code;
    text_clean(error->text, sizeof error->text, text, strlen(text));
}

void fault_set_wait(struct etcd_error *error, enum patience_end end, const char *url,
                    const char *what, const struct patience *patience)
{
    if (end == PATIENCE_INTERRUPTED)
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: the call was interrupted", url);
    else
        fault_set(error, ETCD_CODE_NONE, "etcd at %s does not %s within %lld ms", url, what,
                  (long long)patience->given_ms);
}
