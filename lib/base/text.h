/* Text from strangers, made harmless for a log line or a terminal. */
#ifndef FARMLOCK_BASE_TEXT_H
#define FARMLOCK_BASE_TEXT_H

#include <stddef.h>

/* The most bytes that one input byte can become. */
enum { TEXT_CLEAN_GROWTH = 4 };

/* Copies `len` bytes of `in` to `out`, a byte that is not part of a character that text_char_len()
 * measures as \xNN, and ends with a NUL.  What does not fit in `out_size`
 * bytes is cut between characters.  Returns the length written, without the NUL.
 */
size_t text_clean(char *out, size_t out_size, const char *in, size_t len);

/* The same into memory that the caller frees; NULL with errno ENOMEM. */
char *text_clean_dup(const char *in);

/* Copies JSON for the caller to free(3), a character that is not printable (but white space) as
 * \uNNNN and a byte that is not part of valid UTF-8 as "?": a program that writes JSON has none,
 * and a terminal obeys them.  NULL with errno ENOMEM.
 */
char *text_clean_json(const char *in);

/* Length in bytes of the printable UTF-8 character at `in`, 1 to 4; 0 when there is none: a
 * control character, one that cannot be seen or reorders others, a malformed, overlong or surrogate
 * sequence (RFC 3629), or the end.
 */
size_t text_char_len(const char *in, size_t len);

#endif
