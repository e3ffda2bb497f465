/* Jobs of Grid Engine that are known by a parent of the process.
 * Must not need Grid Engine: this program plays its shepherd and its starter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job/shepherd.h"

enum { ANSWER_SIZE = 256 };

static char folder[] = "/tmp/test_shepherd.XXXXXX", spool[sizeof folder + 32], program[4096];

static const char *shown(const char *value)
{
    return value != NULL ? value : "-";
}

/* What the child of a process that plays a parent has found, on standard output. */
static int find_and_show(void)
{
    struct gridengine_session *session;

    if (fork() != 0)
        return wait(NULL) > 0 ? 0 : 1;
    session = shepherd_find();
    if (session != NULL)
        printf("%s %s %s %s", session->variables.job_id, shown(session->variables.task_id),
               shown(session->variables.cell), shown(session->variables.cluster_name));
    else
        printf("none");
    free(session);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* Runs this program by a name, with a word, in a folder, and returns what its child has found. */
static const char *found_below(const char *name, const char *first_word, const char *word,
                               const char *where)
{
    static char answer[ANSWER_SIZE];
    char path[sizeof folder + 32];
    int ends[2];
    ssize_t got;
    pid_t pid;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(program, path), 0);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        if (chdir(where) == 0 && dup2(ends[1], STDOUT_FILENO) >= 0)
            execl(path, first_word, word, (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    got = read(ends[0], answer, sizeof answer - 1);
    close(ends[0]);
    assert_int_equal(unlink(path), 0);
    answer[got > 0 ? got : 0] = '\0';
    return answer;
}

static void who_has_no_shepherd_has_no_job(void **state)
{
    (void)state;
    assert_string_equal(found_below("bash", "bash", spool, spool), "none");
}

static void a_shepherd_is_known_by_the_folder_that_it_works_in(void **state)
{
    (void)state;
    assert_string_equal(found_below("sge_shepherd", "sge_shepherd-5", "-bg", spool), "5 3 lab -");
}

static void a_shepherd_in_a_folder_that_says_nothing_is_known_by_its_name(void **state)
{
    (void)state;
    assert_string_equal(found_below("sge_shepherd", "/x/sge_shepherd-17", "-bg", "/"), "17 - - -");
    assert_string_equal(found_below("sge_shepherd", "/x/sge_shepherd-1 7", "-bg", "/"), "none");
    assert_string_equal(found_below("sge_shepherd", "/x/sge_shepherd-", "-bg", "/"), "none");
    assert_string_equal(found_below("sge_shepherd", "/x/sge_shepherd", "-bg", "/"), "none");
}

static void a_starter_is_asked_for_the_folder_of_its_job(void **state)
{
    (void)state;
    assert_string_equal(found_below("qrsh_starter", "qrsh_starter", spool, "/"), "5 3 lab -");
    assert_string_equal(
        found_below("qrsh_starter", "qrsh_starter", "/nowhere/active_jobs/5.1", "/"), "none");
}

static int make_spool(void **state)
{
    char path[sizeof spool + 32];
    FILE *file;

    (void)state;
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0 || mkdtemp(folder) == NULL)
        return -1;
    snprintf(spool, sizeof spool, "%s/active_jobs", folder);
    mkdir(spool, 0700);
    snprintf(spool, sizeof spool, "%s/active_jobs/5.3", folder);
    mkdir(spool, 0700);
    snprintf(path, sizeof path, "%s/environment", spool);
    file = fopen(path, "w");
    if (file == NULL)
        return -1;
    fputs("HOME=/x\nJOB_ID=5\nSGE_TASK_ID=3\nSGE_CELL=lab\n", file);
    return fclose(file);
}

static int remove_spool(void **state)
{
    char path[sizeof spool + 32];

    (void)state;
    snprintf(path, sizeof path, "%s/environment", spool);
    unlink(path);
    rmdir(spool);
    snprintf(path, sizeof path, "%s/active_jobs", folder);
    rmdir(path);
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_no_shepherd_has_no_job),
        cmocka_unit_test(a_shepherd_is_known_by_the_folder_that_it_works_in),
        cmocka_unit_test(a_shepherd_in_a_folder_that_says_nothing_is_known_by_its_name),
        cmocka_unit_test(a_starter_is_asked_for_the_folder_of_its_job),
    };

    (void)argv;
    if (argc > 1)
        return find_and_show();
    return cmocka_run_group_tests_name("shepherd", tests, make_spool, remove_spool);
}
