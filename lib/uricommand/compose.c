/* Commands for sh(1): from argument vectors, and through hops.
 * Must not run anything, nor guess what a word means to a shell other than sh. */
#include "compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell_names.h"

/* Ends a text that was written to memory; `ok` says whether all went well so far. */
static char *finish(FILE *out, char **text, bool ok)
{
    if (ferror(out) || !ok)
        ok = false;
    if (fclose(out) != 0 || !ok) {
        free(*text);
        errno = ENOMEM;
        return NULL;
    }
    return *text;
}

char *uricommand_join(const char *const words[])
{
    size_t size = 1;
    char *text, *end;

    for (size_t i = 0; words[i] != NULL; i++)
        size += strlen(words[i]) + 1;
    text = malloc(size);
    if (text == NULL)
        return NULL;
    end = text;
    *end = '\0';
    for (size_t i = 0; words[i] != NULL; i++)
        end = stpcpy(stpcpy(end, i > 0 ? " " : ""), words[i]);
    return text;
}

static void write_quoted(FILE *out, const char *word)
{
    static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_./-,+%:@=";

    if (*word != '\0' && word[strspn(word, bare)] == '\0') {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    }
    fputc('\'', out);
}

char *uricommand_quote(const char *const argv[])
{
    char *text = NULL;
    size_t size;
    FILE *out;

    if (argv[0] == NULL) {
        errno = EINVAL;
        return NULL;
    }
    out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    /* dash's exec takes no --, and a name that begins so is no builtin's. */
    if (argv[0][0] != '-' && !shell_name_is_builtin_only(argv[0], strlen(argv[0])))
        fputs("exec ", out);
    for (size_t i = 0; argv[i] != NULL; i++) {
        if (i > 0)
            fputc(' ', out);
        write_quoted(out, argv[i]);
    }
    return finish(out, &text, true);
}

char *uricommand_add_cd(const char *dir, const char *command)
{
    char *text = NULL;
    size_t size;
    FILE *out;

    if (*dir == '\0') {
        errno = EINVAL;
        return NULL;
    }
    out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    fputs("cd -P ", out);
    if (*dir != '/') {
        char *here = NULL;

        /* Behind ./ neither CDPATH nor a leading dash has a meaning. */
        if (asprintf(&here, "./%s", dir) < 0)
            return finish(out, &text, false);
        write_quoted(out, here);
        free(here);
    } else {
        write_quoted(out, dir);
    }
    fprintf(out, " || exit 71; %s", command);
    return finish(out, &text, true);
}

static bool is_valid_hop(const struct uricommand_hop *hop)
{
    bool blank = true;

    for (const char *c = hop->launcher; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
        blank = blank && *c == ' ';
    }
    return !blank && (hop->uriexec == NULL || uricommand_is_plain(hop->uriexec));
}

/* A launcher that is one simple command can take its shell's place; "cd /x && ssh h" cannot, nor
 * can what is no program: "A=b ssh h", "command ssh h". */
static bool can_exec(const char *launcher)
{
    const char *first = launcher + strspn(launcher, " ");
    size_t len = strcspn(first, " ");

    return strpbrk(launcher, ";&|()<>`!") == NULL && memchr(first, '=', len) == NULL &&
           *first != '-' && !shell_name_is_builtin_only(first, len);
}

static char *build_hop(const struct uricommand_hop *hop, const char *options, const char *line)
{
    const char *place = strstr(hop->launcher, "{}");
    size_t before = place != NULL ? (size_t)(place - hop->launcher) : strlen(hop->launcher);
    char *text;

    if (asprintf(&text, "%s%.*s%senv %s%s%s %s%s", can_exec(hop->launcher) ? "exec " : "",
                 (int)before, hop->launcher, place != NULL ? "" : " ",
                 hop->uriexec != NULL ? hop->uriexec : "uriexec", options != NULL ? " " : "",
                 options != NULL ? options : "", *line != '\0' ? line : "+",
                 place != NULL ? place + strlen("{}") : "") < 0)
        return NULL;
    return text;
}

char *compose_hops(const struct uricommand_hop *hops, size_t count, const char *options,
                   const char *last_options, const char *command)
{
    char *text;

    for (size_t i = 0; i < count; i++) {
        if (!is_valid_hop(&hops[i])) {
            errno = EINVAL;
            return NULL;
        }
    }
    text = strdup(command);
    for (size_t i = count; text != NULL && i-- > 0;) {
        char *line = uricommand_encode(text, strlen(text), URICOMMAND_WORDS);

        free(text);
        text =
            line != NULL ? build_hop(&hops[i], i + 1 < count ? options : last_options, line) : NULL;
        free(line);
    }
    return text;
}

char *uricommand_build_hops(const struct uricommand_hop *hops, size_t count, const char *command)
{
    return compose_hops(hops, count, NULL, NULL, command);
}
