/* Credentials, by way of libmunge.
 * Must not be called where nobody may be kept waiting. */
#include "munge.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"

/* As munge(3) has them.  They are of the library's ABI, which is libmunge.so.2. */
enum { CODE_SUCCESS = 0, CODE_SNAFU = 1, CODE_NO_MEMORY = 5, CODE_SOCKET = 6, CODE_TIMEOUT = 7 };
enum { CODE_EXPIRED = 15, CODE_REWOUND = 16 };
enum { OPTION_CIPHER = 0, OPTION_SOCKET = 8, OPTION_UID_RESTRICTION = 9 };
enum { CIPHER_NONE = 0 };

struct munge_ctx;

static struct {
    struct munge_ctx *(*create)(void);
    void (*destroy)(struct munge_ctx *);
    int (*get)(struct munge_ctx *, int, ...);
    int (*set)(struct munge_ctx *, int, ...);
    int (*encode)(char **, struct munge_ctx *, const void *, int);
    int (*decode)(const char *, struct munge_ctx *, void **, int *, uid_t *, gid_t *);
    const char *(*explain)(int);
} library;

static bool is_there;

/* Pointers to functions and to objects are of one kind here, which POSIX wants and C does not. */
static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);

    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static void open_library(void)
{
    void *handle = dlopen("libmunge.so.2", RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return;
    is_there = find(handle, "munge_ctx_create", &library.create) &&
               find(handle, "munge_ctx_destroy", &library.destroy) &&
               find(handle, "munge_ctx_get", &library.get) &&
               find(handle, "munge_ctx_set", &library.set) &&
               find(handle, "munge_encode", &library.encode) &&
               find(handle, "munge_decode", &library.decode) &&
               find(handle, "munge_strerror", &library.explain);
}

bool munge_is_there(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, open_library);
    return is_there;
}

const char *munge_socket(const char *path)
{
    return path != NULL ? path : "/run/munge/munge.socket.2";
}

static struct munge_ctx *new_context(const char *socket, char why[MUNGE_WHY_SIZE])
{
    struct munge_ctx *context = munge_is_there() ? library.create() : NULL;

    if (context == NULL) {
        snprintf(why, MUNGE_WHY_SIZE, "%s",
                 is_there ? "out of memory" : "there is no libmunge.so.2 on this machine");
        return NULL;
    }
    if (socket == NULL || library.set(context, OPTION_SOCKET, socket) == CODE_SUCCESS)
        return context;
    snprintf(why, MUNGE_WHY_SIZE, "munged's socket cannot be used");
    library.destroy(context);
    return NULL;
}

char *munge_make(const char *socket, uid_t reader, const struct seal_nonce *nonce,
                 const struct siphash_key *key, char why[MUNGE_WHY_SIZE])
{
    struct munge_ctx *context = new_context(socket, why);
    char payload[CREDENTIAL_PAYLOAD_LEN + 1], *text = NULL;
    int code;

    if (context == NULL)
        return NULL;
    credential_format(payload, nonce, key);
    code = library.set(context, OPTION_UID_RESTRICTION, reader);
    if (code == CODE_SUCCESS)
        code = library.encode(&text, context, payload, CREDENTIAL_PAYLOAD_LEN);
    if (code != CODE_SUCCESS) {
        snprintf(why, MUNGE_WHY_SIZE, "%s", library.explain(code));
        free(text);
        text = NULL;
    }
    library.destroy(context);
    return text;
}

static enum munge_verdict verdict_of(int code)
{
    switch (code) {
    case CODE_SUCCESS:
        return MUNGE_GOOD;
    case CODE_SNAFU:
    case CODE_NO_MEMORY:
    case CODE_SOCKET:
    case CODE_TIMEOUT:
        return MUNGE_NOBODY;
    case CODE_EXPIRED:
    case CODE_REWOUND:
        return MUNGE_CLOCK;
    default:
        return MUNGE_BAD;
    }
}

/* Others could have read the key of one that is not for us alone. */
static bool is_secret(struct munge_ctx *context, uid_t reader)
{
    uid_t restriction = (uid_t)-1;
    int cipher = CIPHER_NONE;

    return library.get(context, OPTION_UID_RESTRICTION, &restriction) == CODE_SUCCESS &&
           restriction == reader && reader != (uid_t)-1 &&
           library.get(context, OPTION_CIPHER, &cipher) == CODE_SUCCESS && cipher != CIPHER_NONE;
}

static enum munge_verdict look_into(struct munge_ctx *context, const void *payload, int len,
                                    uid_t reader, const struct seal_nonce *nonce,
                                    struct siphash_key *key, char why[MUNGE_WHY_SIZE])
{
    const char *wrong = NULL;

    if (!is_secret(context, reader))
        wrong = "others than this server can read it";
    else if (len < 0 || !credential_parse(payload, (size_t)len, nonce, key))
        wrong = "it is not for this connection of lockerd";
    if (wrong == NULL)
        return MUNGE_GOOD;
    snprintf(why, MUNGE_WHY_SIZE, "%s", wrong);
    return MUNGE_BAD;
}

enum munge_verdict munge_judge(const char *socket, const char *text, uid_t reader,
                               const struct seal_nonce *nonce, struct munge_proof *proof,
                               char why[MUNGE_WHY_SIZE])
{
    struct munge_ctx *context = new_context(socket, why);
    struct munge_proof found = {0};
    enum munge_verdict verdict;
    void *payload = NULL;
    int code, len = 0;

    if (context == NULL)
        return MUNGE_NOBODY;
    code = library.decode(text, context, &payload, &len, &found.uid, &found.gid);
    verdict = verdict_of(code);
    if (code != CODE_SUCCESS)
        snprintf(why, MUNGE_WHY_SIZE, "%s", library.explain(code));
    else
        verdict = look_into(context, payload, len, reader, nonce, &found.key, why);
    if (verdict == MUNGE_GOOD)
        *proof = found;
    free(payload);
    library.destroy(context);
    return verdict;
}

enum munge_verdict munge_find_self(const char *socket, uid_t *uid, char why[MUNGE_WHY_SIZE])
{
    struct munge_ctx *context = new_context(socket, why);
    void *payload = NULL;
    char *text = NULL;
    int code, len = 0;
    gid_t gid;

    if (context == NULL)
        return MUNGE_NOBODY;
    code = library.encode(&text, context, NULL, 0);
    if (code == CODE_SUCCESS)
        code = library.decode(text, context, &payload, &len, uid, &gid);
    if (code != CODE_SUCCESS)
        snprintf(why, MUNGE_WHY_SIZE, "%s", library.explain(code));
    free(text);
    free(payload);
    library.destroy(context);
    return verdict_of(code);
}
