/* What an errno means to who can do something about it. */
#ifndef FARMLOCK_BASE_ERROR_TEXT_H
#define FARMLOCK_BASE_ERROR_TEXT_H

#include <stdbool.h>

/* The text of strerror(3), and where something of this machine is short, what to do: "Too many open
 * files; raise their limit (ulimit -n)".  To be put at the end of a sentence.  Valid until the next
 * call in the same thread.
 */
const char *error_text(int number);

/* Whether error_text() says what to do: the caller need not. */
bool error_text_has_advice(int number);

#endif
