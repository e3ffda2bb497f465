/* Credentials that are waited for a while: with a munged of the test's own, with none, and with one
 * that says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/munge_soon.h"
#include "base/clock.h"

enum { PATIENCE_MS = 20000, POLL_US = 2000 };

static const struct seal_nonce nonce = {{1, 2}};
static const struct siphash_key key = {{3, 4}};

/* A folder with a socket of the name "socket". */
struct place {
    char folder[32], socket[64];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    snprintf(place->folder, sizeof place->folder, "/tmp/munge_soon.XXXXXX");
    if (mkdtemp(place->folder) == NULL || chmod(place->folder, 0755) != 0)
        return -1;
    snprintf(place->socket, sizeof place->socket, "%s/socket", place->folder);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    DIR *folder = opendir(place->folder);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(place->folder);
    free(place);
    return 0;
}

static size_t count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(tasks)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void wait_for_threads(size_t most)
{
    int64_t end_ms = clock_now_ms() + PATIENCE_MS;

    while (count_threads() > most && clock_now_ms() < end_ms)
        usleep(POLL_US);
    assert_true(count_threads() <= most);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void without_munged_there_is_none_at_once(void **state)
{
    const struct place *place = *state;
    char why[MUNGE_WHY_SIZE] = "";
    size_t threads = count_threads();

    assert_null(munge_make_soon(place->socket, getuid(), &nonce, &key, PATIENCE_MS, why));
    assert_true(strlen(why) > 0);
    assert_string_not_equal(why, "munged does not answer");
    wait_for_threads(threads);
}

/* Nor is the thread that is left behind lost: it ends, and frees what it has, when munged goes. */
static void one_that_hangs_is_waited_for_as_long_as_was_said(void **state)
{
    static const int limits_ms[] = {1, 250, 1100};
    const struct place *place = *state;
    size_t threads = count_threads();
    int fd = listen_at(place->socket);

    for (size_t i = 0; i < sizeof limits_ms / sizeof *limits_ms; i++) {
        char why[MUNGE_WHY_SIZE] = "";
        int64_t begin_ms = clock_now_ms(), took_ms;

        assert_null(munge_make_soon(place->socket, getuid(), &nonce, &key, limits_ms[i], why));
        took_ms = clock_now_ms() - begin_ms;
        assert_string_equal(why, "munged does not answer");
        assert_true(took_ms >= limits_ms[i]);
        /* libmunge itself would give up after ten. */
        assert_true(took_ms < limits_ms[i] + 5000);
    }
    assert_int_equal(count_threads(), threads + sizeof limits_ms / sizeof *limits_ms);
    unlink(place->socket);
    close(fd);
    wait_for_threads(threads);
}

static void write_key(const char *path)
{
    static const char bytes[128] = "a key that no other munged has";
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
}

/* Returns 0 where this machine has none. */
static pid_t start_munged(const struct place *place)
{
    static const char program[] = "/usr/sbin/munged";
    static const char *const files[] = {"key", "pid", "log", "seed"};
    char options[4][96], socket[96];
    pid_t pid;

    if (access(program, X_OK) != 0)
        return 0;
    snprintf(socket, sizeof socket, "--socket=%s", place->socket);
    for (size_t i = 0; i < 4; i++)
        snprintf(options[i], sizeof options[i], "--%s-file=%s/%s", files[i], place->folder,
                 files[i]);
    write_key(strchr(options[0], '/'));
    pid = fork();
    if (pid == 0) {
        /* Also where a test fails. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execl(program, program, "--foreground", "--force", socket, options[0], options[1],
              options[2], options[3], NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static void what_munged_has_made_is_for_one_reader_nonce_and_key(void **state)
{
    const struct seal_nonce other_nonce = {{1, 3}};
    const struct place *place = *state;
    size_t threads = count_threads();
    pid_t munged = start_munged(place);
    int64_t end_ms = clock_now_ms() + PATIENCE_MS;
    struct munge_proof proof = {.uid = 77};
    char why[MUNGE_WHY_SIZE];
    char *text = NULL;

    if (munged == 0) {
        print_message("# not tried: there is no /usr/sbin/munged; make deps installs it\n");
        return;
    }
    while (text == NULL && clock_now_ms() < end_ms) {
        text = munge_make_soon(place->socket, getuid(), &nonce, &key, PATIENCE_MS, why);
        if (text == NULL)
            usleep(POLL_US);
    }
    assert_non_null(text);
    assert_int_equal(munge_judge(place->socket, text, getuid(), &other_nonce, &proof, why),
                     MUNGE_BAD);
    assert_int_equal(proof.uid, 77);
    free(text);
    text = munge_make_soon(place->socket, getuid(), &nonce, &key, PATIENCE_MS, why);
    assert_int_equal(munge_judge(place->socket, text, getuid(), &nonce, &proof, why), MUNGE_GOOD);
    assert_int_equal(proof.uid, getuid());
    assert_memory_equal(&proof.key, &key, sizeof key);
    /* Once only. */
    assert_int_equal(munge_judge(place->socket, text, getuid(), &nonce, &proof, why), MUNGE_BAD);
    free(text);
    wait_for_threads(threads);
    kill(munged, SIGTERM);
    assert_int_equal(waitpid(munged, NULL, 0), munged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_munged_there_is_none_at_once, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(one_that_hangs_is_waited_for_as_long_as_was_said,
                                        make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_munged_has_made_is_for_one_reader_nonce_and_key,
                                        make_place, remove_place),
    };

    return cmocka_run_group_tests_name("munge_soon", tests, NULL, NULL);
}
