/* uricommand: a command as one line that no shell changes.
 *
 * A line holds only letters, digits and _ . / - , + %, which mean nothing to sh, bash, dash, ksh,
 * zsh, csh, tcsh and fish wherever they stand in an argument; `+` stands for a space and `%xx` for
 * a byte, as in the forms of RFC 1866, section 8.2.1.  uriexec(1) decodes such a line and runs it.
 *
 * Text that comes back is ended by a NUL, belongs to the caller, and is released with free(3).
 * Nothing here blocks, prints, or keeps state: all functions may be called from any thread.
 */
#ifndef URICOMMAND_H
#define URICOMMAND_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* lines */

/* Flags of uricommand_encode(). */
enum {
    /* A space that stands alone between two words stays a space, so that the line becomes several
     * words; uriexec joins them again.  A line inside a line then grows less with each level. */
    URICOMMAND_WORDS = 1,
};

/* Flags of uricommand_decode(). */
enum {
    /* A `%` without two hex digits behind it is an error and not itself. */
    URICOMMAND_STRICT = 1,
};

/* Encodes `len` bytes of `text`; the line never begins with a dash.  Of an empty text the line is
 * empty; uriexec(1), which needs a word, takes "+" for it.
 * Returns the line, or NULL with errno
 *   EILSEQ  the text holds a NUL, which no command can carry
 *   ENOMEM
 */
char *uricommand_encode(const char *text, size_t len, unsigned flags);

/* Decodes `len` bytes of `line`.  Bytes that need no decoding, spaces among them, stay.
 * Returns the text, its length in *text_len; or NULL with errno
 *   EILSEQ  a `%00` or a NUL
 *   EINVAL  with URICOMMAND_STRICT, a `%` without two hex digits
 *   ENOMEM
 * and, for the first two, the place in *error_at, counted in bytes from 0.  Either pointer may be
 * NULL.
 */
char *uricommand_decode(const char *line, size_t len, unsigned flags, size_t *text_len,
                        size_t *error_at);

/* True when `word` is not empty, does not begin with a dash and holds only characters that mean
 * nothing to any shell, and neither `%` nor `+`: it may stand in a line as it is.
 */
bool uricommand_is_plain(const char *word);

/* commands */

/* Joins words, up to a NULL, with single spaces.  Returns NULL with errno ENOMEM. */
char *uricommand_join(const char *const words[]);

/* Writes an argument vector, up to a NULL, as a command for sh(1) that becomes exactly that
 * command (exec): no builtin of the same name gets in between.  Only names that the shell alone
 * knows, such as exit and ulimit, are left to it, and those that begin with a dash, which not every
 * exec takes.
 * Returns NULL with errno
 *   EINVAL  the vector is empty
 *   ENOMEM
 */
char *uricommand_quote(const char *const argv[]);

/* Puts before a command for sh(1) that it runs in the folder `dir`; where that cannot be entered,
 * the shell says so and ends with status 71, and the command is not run.
 * Returns NULL with errno
 *   EINVAL  dir is empty
 *   ENOMEM
 */
char *uricommand_add_cd(const char *dir, const char *command);

/* hops */

struct uricommand_hop {
    /* A command for sh(1) that runs the words behind it somewhere else: "ssh host1", or with {}
     * where those words belong: "su bob -c '{}'". */
    const char *launcher;
    /* How the far side calls uriexec: a name or path for which uricommand_is_plain(), or NULL for
     * "uriexec". */
    const char *uriexec;
};

/* Builds a command for sh(1) on this host that goes through all `count` hops, the first of them
 * from here, and runs `command`, itself a command for sh(1), at the far end.  Each launcher that
 * is a simple command is run by exec, so that signals reach it.  The words for a launcher are `env
 * uriexec LINE`, whatever the login shell there: env(1) answers status 127 where there is no
 * uriexec.  Returns NULL with errno:
 *
 *   EINVAL  a launcher is empty or holds a control character, or an uriexec is not plain
 *   ENOMEM
 */
char *uricommand_build_hops(const struct uricommand_hop *hops, size_t count, const char *command);

/* explaining */

/* What uriexec would run: the first level of uricommand_show(). */
struct uricommand_run {
    const char *dir;     /* the folder to run in, or NULL */
    const char *shell;   /* such as "/bin/sh", which gets -c; or with arguments, "/bin/bash -c" */
    const char *command; /* what the shell gets behind that */
};

enum {
    /* Calls of uriexec nested deeper than this are shown, but not looked into. */
    URICOMMAND_SHOW_DEPTH = 32,
};

/* Explains a run, and every call of uriexec inside it but those with --hop, which it names; a
 * call's folder is shown decoded: whether one is there under the name as it stands only the far
 * side knows.  With `width` 0 the text is one line a level, "LEVEL: SHELL -c COMMAND"; else it is
 * laid out for a terminal of so many columns.  Control characters and malformed UTF-8 come as \xNN,
 * so the text is fit for a terminal whatever the command holds.
 * Returns NULL with errno ENOMEM.
 */
char *uricommand_show(const struct uricommand_run *run, size_t width);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
