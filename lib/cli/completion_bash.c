/* Completion for bash, with or without the package bash-completion.
 * Must not let a name that a server tells be taken for shell text. */
#include "completion_bash.h"

#include <stddef.h>

#include "completion_text.h"

/* The same in each file, as each is read alone.  It finds `options`, `kinds` and `operand` in the
 * function that calls it.  bash splits words at = and : as well, so they are put together again
 * first, and what it would not replace is cut off the answers in the end. */
static const char engine[] =
    "_farmlock_complete() {\n"
    "    local -a words=() index=()\n"
    "    local i at=1 last word cur piece value part head='' kind='' option='' behind=''\n"
    "    local line=${COMP_LINE#*\"${COMP_WORDS[0]}\"}\n"
    "\n"
    "    COMPREPLY=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        if ((i > 0)) && [[ -n $COMP_LINE && $line != [[:space:]]* ]]; then\n"
    "            words[${#words[@]} - 1]+=${COMP_WORDS[i]}\n"
    "        else\n"
    "            words+=(\"${COMP_WORDS[i]}\")\n"
    "            index+=(\"$i\")\n"
    "        fi\n"
    "        ((i == 0)) && continue\n"
    "        line=${line#\"${line%%[![:space:]]*}\"}\n"
    "        line=${line#\"${COMP_WORDS[i]}\"}\n"
    "    done\n"
    "    last=$((${#words[@]} - 1))\n"
    "    cur=${words[last]}\n"
    "    piece=${COMP_WORDS[COMP_CWORD]}\n"
    "    [[ $piece == [:=] ]] && piece=''\n"
    "    while ((at < last)); do\n"
    "        word=${words[at]}\n"
    "        [[ $word == -[!-]?* && -n ${kinds[-$word]} ]] && word=-$word\n"
    "        if [[ $word != -?* || $word == -- ]]; then\n"
    "            [[ $word == -- ]] && ((at++))\n"
    "            [[ $operand == mixed* && $word != -- ]] || behind=1\n"
    "            [[ -n $behind ]] && break\n"
    "            operand=''\n"
    "        elif [[ -n ${kinds[$word]} ]]; then\n"
    "            ((++at == last)) && option=$word\n"
    "        fi\n"
    "        ((at++))\n"
    "    done\n"
    "    value=$cur\n"
    "    if [[ -z $behind && -z $option && $cur == --*=* ]]; then\n"
    "        option=${cur%%=*}\n"
    "        value=${cur#*=}\n"
    "    fi\n"
    "    if [[ -n $option ]]; then\n"
    "        kind=${kinds[$option]}\n"
    "    elif [[ -z $behind && $cur == -* ]]; then\n"
    "        kind=\"words $options\"\n"
    "    elif [[ $operand == command ]]; then\n"
    "        if [[ -n $behind ]] && ((at <= last)) && declare -F _command_offset >/dev/null; then\n"
    "            _command_offset \"${index[at]}\"\n"
    "            return\n"
    "        fi\n"
    "        kind='file'\n"
    "        ((at >= last)) && kind='command'\n"
    "    else\n"
    "        kind=${operand#mixed }\n"
    "    fi\n"
    "    part=$value\n"
    "    [[ $kind == lock || $kind == host ]] && part=${value##*:}\n"
    "    head=${cur%\"$part\"}\n"
    "    case $kind in\n"
    "    command) mapfile -t COMPREPLY < <(compgen -c -- \"$part\") ;;\n"
    "    file) mapfile -t COMPREPLY < <(compgen -f -- \"$part\") ;;\n"
    "    folder) mapfile -t COMPREPLY < <(compgen -d -- \"$part\") ;;\n"
    "    host) mapfile -t COMPREPLY < <(compgen -A hostname -- \"$part\") ;;\n"
    "    user) mapfile -t COMPREPLY < <(compgen -u -- \"$part\") ;;\n"
    "    words*) mapfile -t COMPREPLY < <(compgen -W \"${kind#words }\" -- \"$part\") ;;\n"
    "    lock)\n"
    "        while read -r word _; do\n"
    "            [[ $word == \"$part\"* ]] || continue\n"
    "            printf -v word %q \"$word\"\n"
    "            COMPREPLY+=(\"$word\")\n"
    "        done < <(" COMPLETION_ASK_LOCKS " 2>/dev/null </dev/null)\n"
    "        ;;\n"
    "    esac\n"
    "    [[ $kind == file || $kind == folder ]] && compopt -o filenames 2>/dev/null\n"
    "    head=${head#\"${cur%\"$piece\"}\"}\n"
    "    for i in \"${!COMPREPLY[@]}\"; do\n"
    "        COMPREPLY[i]=$head${COMPREPLY[i]}\n"
    "    done\n"
    "}\n";

static void print_kind(FILE *out, enum option_completion completion, const char *words)
{
    static const char *const kinds[] = {
        [COMPLETE_NOTHING] = "none", [COMPLETE_FILE] = "file",       [COMPLETE_FOLDER] = "folder",
        [COMPLETE_HOST] = "host",    [COMPLETE_COMMAND] = "command", [COMPLETE_USER] = "user",
        [COMPLETE_LOCK] = "lock",    [COMPLETE_WORDS] = "words ",
    };

    fputs(kinds[completion], out);
    if (completion == COMPLETE_WORDS)
        completion_print_words(out, words, " ");
}

static void print_kinds(FILE *out, const struct command_line *line)
{
    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option)) {
        if (option->argument == NULL)
            continue;
        fprintf(out, "\n        [--%s]='", option->name);
        print_kind(out, option->completion, option->words);
        fputc('\'', out);
        if (option->letter != '\0') {
            fprintf(out, " [-%c]='", option->letter);
            print_kind(out, option->completion, option->words);
            fputc('\'', out);
        }
    }
}

static void print_operand(FILE *out, const struct command_line *line)
{
    if (line->words == WORDS_COMMAND) {
        fputs("command", out);
    } else {
        fputs(line->words == WORDS_MIXED ? "mixed " : "", out);
        print_kind(out, line->completion, line->candidates);
    }
}

void completion_print_bash(FILE *out, const struct command_line *line)
{
    fprintf(out, "# bash completion for %s, as %s --completion bash prints it\n\n%s\n_%s() {\n",
            line->program, line->program, engine, line->program);
    fputs("    # shellcheck disable=SC2034\n    local options='", out);
    completion_print_names(out, line, " --");
    for (const struct option_spec *option = completion_after(line, NULL); option != NULL;
         option = completion_after(line, option)) {
        if (option->letter != '\0')
            fprintf(out, " -%c", option->letter);
    }
    fputs("' operand='", out);
    print_operand(out, line);
    fputs("'\n    # shellcheck disable=SC2034\n    local -A kinds=(", out);
    print_kinds(out, line);
    fprintf(out, "\n    )\n    _farmlock_complete\n}\n\ncomplete -F _%s %s\n", line->program,
            line->program);
}
