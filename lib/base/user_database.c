/* Users and groups of the system, found by their names, and users by their numbers.
 * Must not be asked where nobody may wait. */
#include "user_database.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "passwd_file.h"

enum { RECORD_SIZE_MIN = 4096, RECORD_SIZE_MAX = 1 << 26 };

/* What is asked for, and what came of it. */
struct question {
    const char *name; /* by this one, */
    uid_t uid;        /* or by this */
    bool is_there;
    gid_t id; /* of whom is found by name */
    char *login;
    size_t login_size; /* what is longer is not there */
};

/* What asks the database, with some memory: 0, or an errno. */
typedef int ask_fn(struct question *question, char *record, size_t size);

static int ask_for_user(struct question *question, char *record, size_t size)
{
    struct passwd user, *found = NULL;
    int error = getpwnam_r(question->name, &user, record, size, &found);

    question->is_there = found != NULL;
    if (found != NULL)
        question->id = user.pw_gid;
    return error;
}

static int ask_for_group(struct question *question, char *record, size_t size)
{
    struct group group, *found = NULL;
    int error = getgrnam_r(question->name, &group, record, size, &found);

    question->is_there = found != NULL;
    if (found != NULL)
        question->id = group.gr_gid;
    return error;
}

static int ask_for_login(struct question *question, char *record, size_t size)
{
    struct passwd user, *found = NULL;
    int error = getpwuid_r(question->uid, &user, record, size, &found);

    question->is_there = found != NULL && strlen(user.pw_name) < question->login_size;
    if (question->is_there)
        snprintf(question->login, question->login_size, "%s", user.pw_name);
    return error;
}

/* Returns -1 where it cannot be asked.  A group may have many members. */
static int find(ask_fn *ask, struct question *question)
{
    int error = ERANGE;

    for (size_t size = RECORD_SIZE_MIN; error == ERANGE && size <= RECORD_SIZE_MAX; size *= 4) {
        char *record = malloc(size);

        if (record == NULL)
            return -1;
        error = ask(question, record, size);
        free(record);
    }
    /* What modules say of a name that is not there. */
    return error == 0 || error == ENOENT || error == ESRCH ? 0 : -1;
}

static int find_by_name(ask_fn *ask, const char *name, gid_t *id, bool *there)
{
    struct question question = {.name = name};
    int result = find(ask, &question);

    *there = question.is_there;
    if (question.is_there)
        *id = question.id;
    return result;
}

int user_database_find_user(const char *login, gid_t *group, bool *there)
{
    return find_by_name(ask_for_user, login, group, there);
}

int user_database_find_group(const char *name, gid_t *id, bool *there)
{
    return find_by_name(ask_for_group, name, id, there);
}

bool user_database_find_login(uid_t uid, char *login, size_t size)
{
    struct question question = {.uid = uid, .login = login, .login_size = size};

    if (passwd_file_find_login("/etc/nsswitch.conf", "/etc/passwd", uid, login, size))
        return true;
    return find(ask_for_login, &question) == 0 && question.is_there;
}
