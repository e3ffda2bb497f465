/* Which member is asked, and as whom.
 * Must not ask anything twice but with a new token, after a refusal of the old one. */
#include "members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address_book.h"
#include "base/error_text.h"
#include "fault.h"
#include "grpc.h"
#include "link.h"
#include "login.h"

struct members {
    struct etcd_caller caller; /* first: a caller is its members */
    struct endpoint_list list;
    struct login login;
    struct tls_files files;
    char *strings[5]; /* what the two above name */
    int interrupt_fd;
    struct address_book *book;
    size_t current;
    struct grpc *grpc; /* NULL: not connected */
    bool has_token;
    char token[GRPC_TOKEN_MAX + 1]; /* "": etcd does not ask who we are */
};

static const char *const paths[] = {
    [ETCD_TXN] = "/etcdserverpb.KV/Txn",
    [ETCD_RANGE] = "/etcdserverpb.KV/Range",
    [ETCD_COMPACT] = "/etcdserverpb.KV/Compact",
    [ETCD_STATUS] = "/etcdserverpb.Maintenance/Status",
};

static void disconnect(struct members *members)
{
    grpc_close(members->grpc);
    members->grpc = NULL;
}

static void go_on(struct members *members)
{
    disconnect(members);
    members->current = (members->current + 1) % members->list.count;
}

static struct grpc *connect_to_current(struct members *members, const struct patience *patience,
                                       struct etcd_error *error)
{
    const struct endpoint *endpoint = &members->list.items[members->current];
    const struct resolver_result *addresses =
        address_book_find(members->book, members->current, endpoint, patience, error);
    struct link *link =
        addresses != NULL ? link_open(endpoint, addresses, &members->files, patience, error) : NULL;
    struct grpc *grpc = link != NULL ? grpc_open(link) : NULL;

    if (link != NULL && grpc == NULL)
        fault_set(error, ETCD_CODE_NONE, "%s", error_text(ENOMEM));
    return grpc;
}

static void explain_all(size_t count, struct etcd_error *error)
{
    char last[sizeof error->text];

    memcpy(last, error->text, sizeof last);
    fault_set(error, ETCD_CODE_NONE, "none of %zu members can be reached; the last: %s", count,
              last);
}

/* Each member has its part of the time. */
static int connect_to_one(struct members *members, const struct patience *patience,
                          struct etcd_error *error)
{
    size_t count = members->list.count;

    if (members->grpc != NULL && grpc_is_usable(members->grpc))
        return 0;
    disconnect(members);
    for (size_t left = count; left > 0; left--) {
        struct patience share = patience_share(patience, (unsigned)left);

        members->grpc = connect_to_current(members, &share, error);
        if (members->grpc != NULL)
            return 0;
        if (left > 1)
            go_on(members);
    }
    if (count > 1)
        explain_all(count, error);
    return -1;
}

/* Refusals that a new proof may turn.  The second and third come where users are made use of, or
 * are changed, while we are connected (etcd's errors have no finer codes).
 */
static bool is_about_token(const struct etcd_error *error)
{
    return error->code == ETCD_CODE_UNAUTHENTICATED ||
           (error->code == ETCD_CODE_INVALID_ARGUMENT &&
            (strstr(error->text, "user name is empty") != NULL ||
             strstr(error->text, "revision of auth store is old") != NULL));
}

static enum etcd_outcome ask_with_token(struct members *members, enum etcd_method method,
                                        const struct buffer *request,
                                        const struct patience *patience, struct buffer *response,
                                        struct etcd_error *error)
{
    enum etcd_outcome outcome;

    if (members->login.user != NULL && !members->has_token) {
        outcome = login_prove(&members->login, members->grpc, patience, members->token, error);
        if (outcome != ETCD_ANSWERED)
            return outcome;
        members->has_token = true;
    }
    return grpc_call(members->grpc, paths[method],
                     members->has_token && members->token[0] != '\0' ? members->token : NULL,
                     request, patience, response, error);
}

/* Says that it is us who are not known, whatever code that came with. */
static enum etcd_outcome give_up(const struct members *members, struct etcd_error *error)
{
    char said[sizeof error->text];

    memcpy(said, error->text, sizeof said);
    fault_set(error, ETCD_CODE_UNAUTHENTICATED, "%s%s", said,
              members->login.user == NULL ? ": name a user with --etcd-user" : "");
    return ETCD_REFUSED;
}

static enum etcd_outcome ask(struct members *members, enum etcd_method method,
                             const struct buffer *request, const struct patience *patience,
                             struct buffer *response, struct etcd_error *error)
{
    bool had_token = members->has_token;
    enum etcd_outcome outcome = ask_with_token(members, method, request, patience, response, error);

    if (outcome == ETCD_REFUSED && is_about_token(error) && had_token) {
        members->has_token = false;
        outcome = ask_with_token(members, method, request, patience, response, error);
    }
    if (outcome != ETCD_REFUSED || !is_about_token(error))
        return outcome;
    members->has_token = false;
    return give_up(members, error);
}

static enum etcd_outcome call(struct etcd_caller *self, enum etcd_method method,
                              const struct buffer *request, int64_t timeout_ms,
                              struct buffer *response, struct etcd_error *error)
{
    struct members *members = (struct members *)self;
    struct patience patience = patience_begin(timeout_ms, members->interrupt_fd);
    enum etcd_outcome outcome = ETCD_UNKNOWN;

    buffer_fini(response);
    if (connect_to_one(members, &patience, error) == 0)
        outcome = ask(members, method, request, &patience, response, error);
    if (outcome == ETCD_UNKNOWN)
        go_on(members);
    return outcome;
}

static char *keep(struct members *members, const char *text, bool *failed)
{
    size_t i = 0;

    if (text == NULL)
        return NULL;
    while (members->strings[i] != NULL)
        i++;
    members->strings[i] = strdup(text);
    *failed |= members->strings[i] == NULL;
    return members->strings[i];
}

static struct members *copy(const struct endpoint_list *list,
                            const struct members_settings *settings)
{
    struct members *members = calloc(1, sizeof *members);
    bool failed = false;

    if (members == NULL)
        return NULL;
    members->caller.call = call;
    members->list = *list;
    members->interrupt_fd = settings->interrupt_fd;
    members->login.user = keep(members, settings->user, &failed);
    members->login.password_file = keep(members, settings->password_file, &failed);
    members->files.ca = keep(members, settings->ca_file, &failed);
    members->files.cert = keep(members, settings->cert_file, &failed);
    members->files.key = keep(members, settings->key_file, &failed);
    members->book = address_book_create();
    if (!failed && members->book != NULL)
        return members;
    members_destroy(members);
    return NULL;
}

/* Files that nobody would read are a mistake, and one that matters: who names a CA wants TLS. */
static int check(const struct members *members, struct etcd_error *error)
{
    const struct tls_files *files = &members->files;

    if (login_check(&members->login, error) != 0)
        return -1;
    if (members->list.items[0].tls)
        return tls_check_files(files, error);
    if (files->ca == NULL && files->cert == NULL && files->key == NULL)
        return 0;
    fault_set(error, ETCD_CODE_NONE,
              "certificates are named, but %s is without TLS: write https://",
              members->list.items[0].url);
    return -1;
}

struct members *members_create(const struct endpoint_list *list,
                               const struct members_settings *settings, struct etcd_error *error)
{
    struct members *members = copy(list, settings);

    if (members == NULL) {
        fault_set(error, ETCD_CODE_NONE, "%s", error_text(ENOMEM));
        return NULL;
    }
    if (check(members, error) == 0)
        return members;
    members_destroy(members);
    return NULL;
}

void members_destroy(struct members *members)
{
    int number = errno;

    if (members == NULL)
        return;
    grpc_close(members->grpc);
    address_book_destroy(members->book);
    for (size_t i = 0; i < sizeof members->strings / sizeof *members->strings; i++)
        free(members->strings[i]);
    explicit_bzero(members->token, sizeof members->token);
    free(members);
    errno = number;
}

struct etcd_caller *members_caller(struct members *members)
{
    return &members->caller;
}

const char *members_url(const struct members *members)
{
    return members->list.items[members->current].url;
}
