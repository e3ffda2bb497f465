/* A connection that proves who is at its other end.
 * Must not let the loop wait for a proof, nor tell a key to anybody but its owner. */
#include "auth_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "auth/credential.h"
#include "auth_grant.h"
#include "auth_key.h"
#include "auth_worker.h"
#include "base/number.h"
#include "base/random.h"
#include "base/words.h"
#include "conn.h"
#include "context.h"
#include "pass.h"
#include "protocol/proof.h"
#include "setting.h"

enum { LOG_EVERY_S = 60, SELF_WAIT_MS = 2000 };

static const struct refusal invalid = {
    ERROR_CODE_PROOF_INVALID,
    "the proof of who you are is not right; connect again and give another"};
static const struct refusal too_late = {ERROR_CODE_PROOF_LATER,
                                        "who you are cannot be checked now; try again later"};

static const char *method_of(const struct conn *conn)
{
    if (conn->asker.proof == LOCK_PROVEN_BY_SOCKET)
        return "socket";
    return conn->server->auth != IPCLOCKER_AUTH_NONE ? "munge" : "none";
}

/* A proof may follow; where none does, grants are proven by the key.  A question to the kernel for
 * both. */
static void begin(struct auth_conn *auth)
{
    struct {
        struct seal_nonce nonce;
        struct siphash_key key;
    } drawn;

    random_fill(&drawn, sizeof drawn);
    auth->nonce = drawn.nonce;
    auth->key = drawn.key;
    auth->is_spent = false;
}

void auth_conn_auth(struct conn *conn, char *args)
{
    struct ipclocker_server *server = conn->server;
    struct buffer *out = &conn->out.bytes;
    char nonce[SEAL_KEY_TEXT_SIZE];

    (void)args;
    if (conn->auth == NULL)
        conn->auth = calloc(1, sizeof *conn->auth);
    if (conn->auth == NULL) {
        conn_refuse(conn, &refusal_no_memory);
        return;
    }
    /* The proof that is there is for this connection as it is. */
    if (!conn->auth->is_sealed)
        begin(conn->auth);
    seal_nonce_format(nonce, &conn->auth->nonce);
    buffer_add_text(out, "auth ");
    buffer_add_text(out, method_of(conn));
    buffer_add_text(out, " ");
    buffer_add_text(out, nonce);
    buffer_add_text(out, " ");
    buffer_add_number(out, server->auth_uid);
    buffer_add_text(out, server->auth == IPCLOCKER_AUTH_REQUIRE ? " required" : "");
    buffer_add_text(out, " urgent\n");
    pass_mark_dirty(conn);
}

void auth_conn_whoami(struct conn *conn, char *args)
{
    struct buffer *out = &conn->out.bytes;

    (void)args;
    buffer_add_text(out, "whoami ");
    buffer_add_text(out, proof_word(conn->asker.proof));
    if (conn->asker.proof != LOCK_CLAIMED) {
        buffer_add_text(out, " ");
        buffer_add_number(out, conn->asker.uid);
    }
    buffer_add_text(out, "\n");
    pass_mark_dirty(conn);
}

static void begin_seals(struct conn *conn, const struct siphash_key *key)
{
    conn->auth->is_sealed = true;
    seal_chain_begin(&conn->auth->chain, key, &conn->auth->nonce);
}

static void prove_by_munge(struct conn *conn, const char *credential)
{
    struct ipclocker_server *server = conn->server;
    struct auth_job *job;

    if (server->auth == IPCLOCKER_AUTH_NONE || credential == NULL ||
        strlen(credential) > CREDENTIAL_TEXT_MAX) {
        conn_refuse(conn, &invalid);
        return;
    }
    job = auth_worker_is_worthwhile(server) ? auth_job_create(AUTH_JOB_PROOF) : NULL;
    if (job != NULL)
        job->credential = strdup(credential);
    if (job == NULL || job->credential == NULL) {
        free(job);
        conn_refuse(conn, &too_late);
        return;
    }
    job->conn = conn;
    job->nonce = conn->auth->nonce;
    job->reader = server->auth_uid;
    memcpy(job->ip, conn->asker.peer, sizeof job->ip);
    if (auth_worker_submit(server, job) != 0) {
        conn_refuse(conn, &too_late);
        return;
    }
    conn->auth->job = job;
    conn->state = CONN_PROVING;
}

static void prove_by_grant(struct conn *conn, const char *word)
{
    const struct lock_request *grant;
    struct siphash_key key;
    uint64_t token;

    if (word == NULL || number_parse(word, UINT64_MAX, &token) != 0) {
        conn_refuse(conn, &invalid);
        return;
    }
    /* One that is not there, or has no key, looks the same from outside: no seal is right. */
    grant = auth_grant_find(conn->server, token);
    if (grant != NULL)
        key = (struct siphash_key){{grant->asker.key[0], grant->asker.key[1]}};
    else
        siphash_key_init(&key);
    key = seal_connection_key(&key, &conn->auth->nonce);
    begin_seals(conn, &key);
    conn->auth->grant = token;
}

void auth_conn_proof(struct conn *conn, char *args)
{
    const char *method = words_next(&args), *word = words_next(&args);

    /* What was asked for before was asked for by somebody else. */
    if (conn->auth == NULL || conn->auth->is_spent || method == NULL || !LIST_EMPTY(&conn->links)) {
        conn_refuse(conn, &invalid);
        return;
    }
    conn->auth->is_spent = true;
    setting_forget(conn);
    if (strcmp(method, "munge") == 0)
        prove_by_munge(conn, word);
    else if (strcmp(method, "grant") == 0)
        prove_by_grant(conn, word);
    else
        conn_refuse(conn, &invalid);
}

static void log_nobody(struct ipclocker_server *server, const char *why)
{
    time_t now_s = context_monotonic_s();

    if (server->last_munge_log_s != 0 && now_s - server->last_munge_log_s < LOG_EVERY_S)
        return;
    server->last_munge_log_s = now_s;
    context_log(server, LOG_WARNING, "credentials cannot be checked: %s; is munged running?", why);
}

static const struct refusal *refusal_of(enum munge_verdict verdict)
{
    static const struct refusal clock = {
        ERROR_CODE_PROOF_CLOCK,
        "the credential is too old or from the future; set the clocks of both machines"};

    switch (verdict) {
    case MUNGE_GOOD:
        return NULL;
    case MUNGE_CLOCK:
        return &clock;
    case MUNGE_NOBODY:
        return &too_late;
    default:
        return &invalid;
    }
}

static void take_proof(struct conn *conn, const struct auth_job *job)
{
    const struct refusal *wrong = refusal_of(job->verdict);

    conn->auth->job = NULL;
    if (conn->state == CONN_PROVING)
        conn->state = CONN_OPEN;
    pass_resume(conn);
    if (wrong != NULL) {
        context_log(conn->server, LOG_DEBUG, "a credential was refused: %s", job->why);
        conn_refuse(conn, wrong);
        return;
    }
    conn->asker.uid = job->proof.uid;
    conn->asker.proof = LOCK_PROVEN_BY_MUNGE;
    conn->is_admin = job->is_admin;
    conn->is_reaper = job->is_reaper;
    conn->auth->key = job->proof.key;
    begin_seals(conn, &job->proof.key);
}

static void take_self(struct ipclocker_server *server, const struct auth_job *job)
{
    if (job->verdict == MUNGE_GOOD)
        server->auth_uid = job->proof.uid;
    else
        log_nobody(server, job->why);
}

void auth_conn_on_job(struct ipclocker_server *server, struct auth_job *job)
{
    if (job->kind == AUTH_JOB_SELF)
        take_self(server, job);
    if (job->kind == AUTH_JOB_GROUPS)
        server->parts->on_groups(server, job);
    if (job->kind == AUTH_JOB_PROOF && job->verdict == MUNGE_NOBODY)
        log_nobody(server, job->why);
    if (job->kind == AUTH_JOB_LOGIN || (job->kind == AUTH_JOB_PROOF && job->verdict == MUNGE_GOOD))
        server->parts->on_login(server, job->proof.uid, job->login);
    if (job->conn != NULL)
        take_proof(job->conn, job);
}

void auth_conn_forget(struct conn *conn)
{
    if (conn->auth == NULL)
        return;
    if (conn->auth->job != NULL)
        conn->auth->job->conn = NULL;
    explicit_bzero(conn->auth, sizeof *conn->auth);
    free(conn->auth);
    conn->auth = NULL;
}

int auth_conn_start(struct ipclocker_server *server)
{
    struct auth_job *job;

    server->auth_uid = geteuid();
    if (server->auth == IPCLOCKER_AUTH_NONE)
        return 0;
    if (!munge_is_there()) {
        errno = ENOTSUP;
        return context_fail(server, "credentials cannot be checked without libmunge.so.2; install "
                                    "libmunge2, or start it without --auth");
    }
    job = auth_job_create(AUTH_JOB_SELF);
    if (job == NULL || auth_worker_submit(server, job) != 0) {
        errno = EAGAIN;
        return context_fail(server, "no thread can be had to check credentials");
    }
    auth_worker_wait(server, SELF_WAIT_MS);
    return 0;
}
