/* Certificates and keys from files.
 * Must not ask anybody for a passphrase: nobody is there. */
#include "tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error_text.h"
#include "fault.h"

static int note_question(char *text, int size, int is_writing, void *was_asked)
{
    (void)is_writing;
    if (size > 0)
        *text = '\0';
    if (was_asked != NULL)
        *(bool *)was_asked = true;
    return -1;
}

const char *tls_context_reason(void)
{
    unsigned long code = ERR_peek_error(); /* the first is the nearest to the cause */
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    if (ERR_SYSTEM_ERROR(code))
        reason = strerror(ERR_GET_REASON(code));
    ERR_clear_error();
    return reason != NULL ? reason : "libssl gives no reason";
}

/* The kernel's reason comes before libssl's, which is a list of them. */
static int refuse_file(const char *what, const char *path, struct etcd_error *error)
{
    const char *reason = access(path, R_OK) != 0 ? error_text(errno) : tls_context_reason();

    ERR_clear_error();
    fault_set(error, ETCD_CODE_NONE, "%s %s cannot be used: %s", what, path, reason);
    return -1;
}

static int take_authority(SSL_CTX *context, const char *path, struct etcd_error *error)
{
    if (path == NULL)
        return SSL_CTX_set_default_verify_paths(context) == 1 ? 0 : -1;
    if (SSL_CTX_load_verify_locations(context, path, NULL) != 1)
        return refuse_file("the CA's certificates in", path, error);
    return 0;
}

static int take_key(SSL_CTX *context, const char *path, struct etcd_error *error)
{
    bool was_asked = false;
    int result;

    SSL_CTX_set_default_passwd_cb_userdata(context, &was_asked);
    result = SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    if (result == 1)
        return 0;
    if (!was_asked)
        return refuse_file("the key of our certificate, in PEM form, in", path, error);
    ERR_clear_error();
    fault_set(error, ETCD_CODE_NONE,
              "the key in %s has a passphrase, which nobody can be asked for: write it without",
              path);
    return -1;
}

static int take_own(SSL_CTX *context, const struct tls_files *files, struct etcd_error *error)
{
    if (files->cert == NULL)
        return 0;
    if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
        return refuse_file("our certificate in", files->cert, error);
    return take_key(context, files->key != NULL ? files->key : files->cert, error);
}

SSL_CTX *tls_context_create(const struct tls_files *files, struct etcd_error *error)
{
    static const unsigned char http2[] = "\2h2";
    SSL_CTX *context;

    ERR_clear_error();
    fault_set(error, ETCD_CODE_NONE, "TLS cannot be set up");
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_default_passwd_cb(context, note_question);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* The last one returns 0 for success. */
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, http2, sizeof http2 - 1) != 0 ||
        take_authority(context, files->ca, error) != 0 || take_own(context, files, error) != 0) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}
