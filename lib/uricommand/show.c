/* Explains a command, level by level.
 * Must not run or expand anything, nor let a byte of the command through that acts on a terminal.
 */
#include "uricommand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sh_words.h"
#include "shell_names.h"

enum {
    INDENT = 4,
    QUOTES_MAX = 8, /* commands quoted in commands, as in sh -c "su bob -c '...'" */
};

struct show {
    FILE *out;
    size_t width;
    unsigned depth;
};

static int show_level(struct show *show, const struct uricommand_run *run, const char *launcher);

static int write_clean(FILE *out, const char *text, size_t len, size_t *columns)
{
    size_t size = len * TEXT_CLEAN_GROWTH + 1;
    char *clean = malloc(size);
    size_t clean_len;

    if (clean == NULL)
        return -1;
    clean_len = text_clean(clean, size, text, len);
    fwrite(clean, 1, clean_len, out);
    for (size_t i = 0; columns != NULL && i < clean_len; i++)
        *columns += ((unsigned char)clean[i] & 0xc0) != 0x80;
    free(clean);
    return 0;
}

/* Breaks a line before words that would cross the right edge. */
static int write_wrapped(const struct show *show, const char *line, size_t len)
{
    const char *end = line + len;
    size_t column = INDENT;

    fprintf(show->out, "%*s", INDENT, "");
    while (line < end) {
        const char *blank = memchr(line + 1, ' ', (size_t)(end - line - 1));
        size_t step = (size_t)((blank != NULL ? blank : end) - line);

        if (column > INDENT && column + step > show->width) {
            fprintf(show->out, "\n%*s", INDENT + 2, "");
            column = INDENT + 2;
            line++;
            step--;
        }
        if (write_clean(show->out, line, step, &column) != 0)
            return -1;
        line += step;
    }
    fputc('\n', show->out);
    return 0;
}

static int write_laid_out(const struct show *show, const char *command)
{
    for (;;) {
        size_t len = strcspn(command, "\n");

        if (write_wrapped(show, command, len) != 0)
            return -1;
        if (command[len] == '\0')
            return 0;
        command += len + 1;
    }
}

static int write_labelled(FILE *out, const char *before, const char *text, const char *after)
{
    int status;

    if (text == NULL)
        return 0;
    fputs(before, out);
    status = write_clean(out, text, strlen(text), NULL);
    fputs(after, out);
    return status;
}

/* What an option of a nested call, "--cd DIR" or "--cd=DIR", is given; NULL where words[*at] is
 * another option. */
static const char *option_value(char *const *words, size_t count, size_t *at, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(words[*at], name, len) != 0)
        return NULL;
    if (words[*at][len] == '=')
        return words[*at] + len + 1;
    if (words[*at][len] != '\0' || *at + 1 >= count)
        return NULL;
    return words[++*at];
}

/* An option of a nested call that says nothing of what is run. */
static bool is_beside(char *const *words, size_t count, size_t *at)
{
    return strcmp(words[*at], "--show") == 0 || strcmp(words[*at], "--tie") == 0 ||
           option_value(words, count, at, "--tie-to") != NULL ||
           option_value(words, count, at, "--grace") != NULL;
}

struct call {
    const char *dir;
    const char *shell;
    unsigned flags;
};

/* Reads the options of a nested call from words[at] on.  Returns the index of its first other
 * word; `count` when it is not a call that runs something. */
static size_t read_options(struct call *call, char *const *words, size_t count, size_t at)
{
    for (; at < count && words[at][0] == '-'; at++) {
        const char *value;

        if (strcmp(words[at], "--") == 0)
            return at + 1;
        if ((value = option_value(words, count, &at, "--cd")) != NULL)
            call->dir = value;
        else if ((value = option_value(words, count, &at, "--shell")) != NULL)
            call->shell = value;
        else if (strcmp(words[at], "--strict") == 0)
            call->flags = URICOMMAND_STRICT;
        else if (!is_beside(words, count, &at))
            return count;
    }
    return at;
}

static int show_undecodable(const struct show *show, const char *line, size_t error_at)
{
    fprintf(show->out, "%u: cannot be decoded, at byte %zu of: ", show->depth, error_at + 1);
    if (write_clean(show->out, line, strlen(line), NULL) != 0)
        return -1;
    fputc('\n', show->out);
    return 0;
}

static int show_call(struct show *show, const struct call *call, const char *line,
                     const char *launcher)
{
    struct uricommand_run run = {.dir = call->dir};
    char *shell = NULL;
    char *dir = NULL;
    size_t error_at = 0;
    char *command = uricommand_decode(line, strlen(line), call->flags, NULL, &error_at);
    int status = -1;

    if (command == NULL)
        return errno != ENOMEM ? show_undecodable(show, line, error_at) : -1;
    /* Whoever wrote the call could not know whether the name is also there as it stands. */
    if (call->dir != NULL)
        dir = uricommand_decode(call->dir, strlen(call->dir), 0, NULL, NULL);
    if (dir != NULL)
        run.dir = dir;
    shell = uricommand_decode(call->shell, strlen(call->shell), 0, NULL, &error_at);
    if (shell != NULL) {
        run.shell = shell;
        run.command = command;
        status = show_level(show, &run, launcher);
    } else if (errno != ENOMEM) {
        status = show_undecodable(show, call->shell, error_at);
    }
    free(shell);
    free(dir);
    free(command);
    return status;
}

static bool is_uriexec(const char *word)
{
    const char *slash = strrchr(word, '/');

    return strcmp(slash != NULL ? slash + 1 : word, "uriexec") == 0;
}

/* The words before uriexec, without what every launcher has. */
static char *name_launcher(char **words, size_t count)
{
    char *kept;
    char *name;

    if (count > 0 && strcmp(words[count - 1], "env") == 0)
        count--;
    if (count > 0 && strcmp(words[0], "exec") == 0) {
        words++;
        count--;
    }
    kept = words[count];
    words[count] = NULL;
    name = uricommand_join((const char *const *)words);
    words[count] = kept;
    return name;
}

/* Whether a nested call, its options from words[at] on, builds a command line of its own. */
static bool has_hop(char *const *words, size_t count, size_t at)
{
    for (; at < count && words[at][0] == '-' && strcmp(words[at], "--") != 0; at++) {
        size_t option = at;

        if (option_value(words, count, &option, "--hop") != NULL)
            return true;
        if (option_value(words, count, &option, "--uriexec-path") != NULL ||
            option_value(words, count, &option, "--cd") != NULL || is_beside(words, count, &option))
            at = option;
    }
    return false;
}

/* Shows the call of uriexec whose name is words[at]. */
static int show_nested(struct show *show, char **words, size_t count, size_t at)
{
    struct call call = {.shell = "/bin/sh"};
    size_t first = read_options(&call, words, count, at + 1);
    char *line;
    char *launcher;
    int status = -1;

    if (first >= count) {
        if (has_hop(words, count, at + 1))
            fprintf(show->out, "%u: not explained: --hop\n", show->depth + 1);
        return 0;
    }
    launcher = name_launcher(words, at);
    line = uricommand_join((const char *const *)words + first);
    if (launcher != NULL && line != NULL) {
        show->depth++;
        status = show_call(show, &call, line, *launcher != '\0' ? launcher : NULL);
        show->depth--;
    }
    free(launcher);
    free(line);
    return status;
}

/* Looks for calls of uriexec in a command, and in commands that are words of it. */
static int search(struct show *show, const char *command, unsigned quotes)
{
    struct sh_words words;
    int status = sh_words_init(&words, command);
    int more;

    while (status == 0 && (more = sh_words_next(&words)) != 0) {
        if (more < 0)
            status = -1;
        for (size_t i = 0; status == 0 && i < words.count; i++) {
            if (is_uriexec(words.words[i])) {
                status = show_nested(show, words.words, words.count, i);
                break;
            }
            if (quotes < QUOTES_MAX && strchr(words.words[i], ' ') != NULL &&
                strstr(words.words[i], "uriexec") != NULL)
                status = search(show, words.words[i], quotes + 1);
        }
    }
    sh_words_fini(&words);
    return status;
}

static int show_level(struct show *show, const struct uricommand_run *run, const char *launcher)
{
    bool wide = show->width > 0;
    const char *option = shell_name_has_arguments(run->shell) ? "" : " -c";

    fprintf(show->out, "%u: ", show->depth);
    if ((wide && write_labelled(show->out, "beyond ", launcher, ": ") != 0) ||
        write_labelled(show->out, "in ", run->dir, ": ") != 0 ||
        write_labelled(show->out, "", run->shell, option) != 0)
        return -1;
    fputc(wide ? '\n' : ' ', show->out);
    if (wide ? write_laid_out(show, run->command)
             : write_labelled(show->out, "", run->command, "\n"))
        return -1;
    return show->depth < URICOMMAND_SHOW_DEPTH ? search(show, run->command, 0) : 0;
}

char *uricommand_show(const struct uricommand_run *run, size_t width)
{
    char *text = NULL;
    size_t size;
    struct show show = {.out = open_memstream(&text, &size), .width = width, .depth = 1};
    bool failed;

    if (show.out == NULL)
        return NULL;
    failed = show_level(&show, run, NULL) != 0 || ferror(show.out);
    if (fclose(show.out) != 0 || failed) {
        free(text);
        errno = ENOMEM;
        return NULL;
    }
    return text;
}
