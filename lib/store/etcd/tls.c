/* TLS by libssl, over a descriptor that does not block.
 * Must not wait, nor let a write to a closed connection raise SIGPIPE. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "fault.h"
#include "tls_context.h"
#include "tls_peer.h"
#include "tls_socket.h"

struct tls {
    SSL_CTX *context;
    BIO_METHOD *method;
    SSL *ssl;
    struct tls_peer peer;
    struct tls_files files;
};

int tls_check_files(const struct tls_files *files, struct etcd_error *error)
{
    SSL_CTX *context = tls_context_create(files, error);

    SSL_CTX_free(context);
    return context != NULL ? 0 : -1;
}

static int set_up(struct tls *tls, int fd)
{
    BIO *bio;

    tls->ssl = SSL_new(tls->context);
    tls->method = tls_socket_method();
    bio = tls->ssl != NULL && tls->method != NULL ? tls_socket_bio(tls->method, fd) : NULL;
    if (bio == NULL)
        return -1;
    SSL_set_bio(tls->ssl, bio, bio); /* takes it over */
    SSL_set_connect_state(tls->ssl);
    return tls_peer_expect(&tls->peer, tls->ssl);
}

struct tls *tls_create(const struct tls_files *files, const struct endpoint *endpoint, int fd,
                       struct etcd_error *error)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL) {
        fault_set(error, ETCD_CODE_NONE, "%s", error_text(errno));
        return NULL;
    }
    tls->files = *files;
    tls->peer.endpoint = endpoint;
    tls->context = tls_context_create(files, error);
    if (tls->context == NULL || set_up(tls, fd) != 0) {
        if (tls->context != NULL)
            fault_set(error, ETCD_CODE_NONE, "TLS cannot be set up: %s", tls_context_reason());
        tls_destroy(tls);
        return NULL;
    }
    return tls;
}

void tls_destroy(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    BIO_meth_free(tls->method);
    SSL_CTX_free(tls->context);
    free(tls);
}

/* An alert of the other side, or 0. */
static int alert_of(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    return ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
                   reason <= SSL_AD_REASON_OFFSET + UINT8_MAX
               ? reason - SSL_AD_REASON_OFFSET
               : 0;
}

/* Go's library, as old as etcd 3.4's, says "bad certificate" for all of them. */
static bool is_about_our_certificate(int alert)
{
    return alert == SSL_AD_BAD_CERTIFICATE || alert == SSL_AD_UNSUPPORTED_CERTIFICATE ||
           alert == SSL_AD_CERTIFICATE_REVOKED || alert == SSL_AD_CERTIFICATE_EXPIRED ||
           alert == SSL_AD_CERTIFICATE_UNKNOWN || alert == SSL_AD_UNKNOWN_CA ||
           alert == SSL_AD_ACCESS_DENIED || alert == TLS13_AD_CERTIFICATE_REQUIRED;
}

/* With TLS 1.3 the handshake is over before the other side has looked at our certificate: this may
 * be said of the first read. */
static void explain_alert(const struct tls *tls, int alert, struct etcd_error *error)
{
    const char *url = tls->peer.endpoint->url, *said = SSL_alert_desc_string_long(alert);
    X509 *own = SSL_CTX_get0_certificate(tls->context);

    if (!is_about_our_certificate(alert))
        fault_set(error, ETCD_CODE_NONE, "etcd at %s ends TLS: %s", url, said);
    else if (own == NULL)
        fault_set(error, ETCD_CODE_NONE,
                  "etcd at %s wants a certificate of us (%s): name one with --etcd-cert", url,
                  said);
    else if (X509_cmp_current_time(X509_get0_notAfter(own)) <= 0)
        fault_set(error, ETCD_CODE_NONE,
                  "etcd at %s refuses our certificate (%s): the one in %s has expired; renew it",
                  url, said, tls->files.cert);
    else
        fault_set(error, ETCD_CODE_NONE,
                  "etcd at %s refuses our certificate in %s (%s): it must be of a CA that etcd "
                  "trusts, and for clients",
                  url, tls->files.cert, said);
}

static bool is_no_tls(int reason)
{
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_BAD_RECORD_TYPE ||
           reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_UNEXPECTED_MESSAGE;
}

static enum tls_end explain(struct tls *tls, struct etcd_error *error)
{
    unsigned long code = ERR_peek_last_error();
    const char *url = tls->peer.endpoint->url;
    int alert = alert_of(code);

    if (SSL_get_verify_result(tls->ssl) != X509_V_OK)
        tls_peer_explain(&tls->peer, tls->ssl, error);
    else if (alert != 0)
        explain_alert(tls, alert, error);
    else if (ERR_GET_LIB(code) == ERR_LIB_SSL && is_no_tls(ERR_GET_REASON(code)))
        fault_set(error, ETCD_CODE_NONE,
                  "what answers at %s speaks no TLS: is it http:// there, or no etcd?", url);
    else
        fault_set(error, ETCD_CODE_NONE, "etcd at %s: TLS fails: %s", url, tls_context_reason());
    ERR_clear_error();
    return TLS_FAILED;
}

static bool is_end(void)
{
    unsigned long code = ERR_peek_last_error();

    return ERR_GET_LIB(code) == ERR_LIB_SSL &&
           ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static enum tls_end end_of(struct tls *tls, int result, struct etcd_error *error)
{
    int number = errno, failure = SSL_get_error(tls->ssl, result);

    if (result > 0)
        return TLS_DONE;
    if (failure == SSL_ERROR_WANT_READ)
        return TLS_WAITS_TO_READ;
    if (failure == SSL_ERROR_WANT_WRITE)
        return TLS_WAITS_TO_WRITE;
    if (failure == SSL_ERROR_ZERO_RETURN || (failure == SSL_ERROR_SSL && is_end())) {
        ERR_clear_error();
        return TLS_ENDED;
    }
    if (failure == SSL_ERROR_SSL)
        return explain(tls, error);
    fault_set(error, ETCD_CODE_NONE, "the connection to etcd at %s broke (%s)",
              tls->peer.endpoint->url, error_text(number));
    return number == 0 ? TLS_ENDED : TLS_FAILED;
}

static enum tls_end check_protocol(struct tls *tls, struct etcd_error *error)
{
    const unsigned char *chosen;
    unsigned len;

    SSL_get0_alpn_selected(tls->ssl, &chosen, &len);
    if (len == 2 && memcmp(chosen, "h2", 2) == 0)
        return TLS_DONE;
    fault_set(error, ETCD_CODE_NONE,
              "what answers at %s speaks no HTTP/2 by TLS, as etcd does for its clients: is it "
              "another port, or no etcd?",
              tls->peer.endpoint->url);
    return TLS_FAILED;
}

/* SSL_get_error(3) needs an empty list of errors before the call. */
enum tls_end tls_handshake(struct tls *tls, struct etcd_error *error)
{
    enum tls_end end;

    ERR_clear_error();
    errno = 0;
    end = end_of(tls, SSL_do_handshake(tls->ssl), error);
    return end == TLS_DONE ? check_protocol(tls, error) : end;
}

enum tls_end tls_read(struct tls *tls, void *data, size_t size, size_t *count,
                      struct etcd_error *error)
{
    ERR_clear_error();
    errno = 0;
    return end_of(tls, SSL_read_ex(tls->ssl, data, size, count), error);
}

enum tls_end tls_write(struct tls *tls, const void *data, size_t len, size_t *count,
                       struct etcd_error *error)
{
    ERR_clear_error();
    errno = 0;
    return end_of(tls, SSL_write_ex(tls->ssl, data, len, count), error);
}
