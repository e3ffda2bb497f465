/* Where uriexec begins: runs the plain case, `uriexec WORD...`, before the C library starts, which
 * by itself takes as long as half a shell.  Everything else, errors too, it leaves to main().
 * Must not use the C library, nor what that sets up: errno, thread data, relocated pointers, and
 * the stack protector's canary, which the Makefile turns off. */
#include <stddef.h>
#include <sys/syscall.h>

#include "uricommand/escape.h"

#if defined __x86_64__

#ifdef __has_attribute
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized)) /* to fill it would take memset(3) */
#endif
#endif
#ifndef UNINITIALIZED
#define UNINITIALIZED
#endif

/* Longer lines are for main(): their time goes elsewhere. */
enum { TEXT_MAX = 4096 };

void uriexec_run_plain(long *stack);

/* clang-format off */
__asm__(".globl uriexec_start\n"
        ".type uriexec_start, @function\n"
        "uriexec_start:\n"
        "    mov %rsp, %rbx\n" /* argc, argv and the environment, as the kernel lays them */
        "    mov %rsp, %rdi\n"
        "    and $-16, %rsp\n"
        "    call uriexec_run_plain\n"
        "    mov %rbx, %rsp\n"
        "    xor %edx, %edx\n" /* no function for exit(3), as the kernel starts a static program */
        "    jmp _start\n");
/* clang-format on */

static void become(const char *path, char **argv, char **environment)
{
    long number = SYS_execve;

    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(path), "S"(argv), "d"(environment)
                     : "rcx", "r11", "memory");
}

/* Joins and decodes the words.  Returns -1 where main() has something to say or to do. */
static int decode_plain(char **words, char *text)
{
    size_t out = 0;

    for (; *words != NULL; words++) {
        const char *in = *words;
        size_t used;

        for (; *in != '\0'; in += used, out++) {
            size_t len = in[1] == '\0' ? 1 : in[2] == '\0' ? 2 : 3;

            if (out + 2 > TEXT_MAX || escape_next(in, len, &text[out], &used) == URICOMMAND_NUL)
                return -1;
        }
        if (words[1] != NULL) {
            if (out + 2 > TEXT_MAX)
                return -1;
            text[out++] = ' ';
        }
    }
    text[out] = '\0';
    return text[0] == '-' || text[0] == '+' ? -1 : 0;
}

__attribute__((used)) void uriexec_run_plain(long *stack)
{
    UNINITIALIZED char text[TEXT_MAX];
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char *argv[] = {shell, option, text, NULL};
    char **words = (char **)(stack + 1) + 1;

    if (stack[0] < 2 || words[0][0] == '-' || decode_plain(words, text) != 0)
        return;
    become(shell, argv, (char **)(stack + 1) + stack[0] + 1);
}

#endif
