/* Holds etcd's certificate against the name that it was reached by.
 * Must not let a connection pass that libssl has refused. */
#include "tls_peer.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"

static void add_name(struct tls_peer *peer, const char *name, int len)
{
    size_t at = strlen(peer->names);

    snprintf(peer->names + at, sizeof peer->names - at, "%s%.*s", at > 0 ? ", " : "", len, name);
}

static void add_alternative(struct tls_peer *peer, const GENERAL_NAME *name)
{
    char text[INET6_ADDRSTRLEN];
    int kind, len;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    const unsigned char *data;

    if (kind != GEN_DNS && kind != GEN_IPADD)
        return;
    data = ASN1_STRING_get0_data(value);
    len = ASN1_STRING_length(value);
    if (kind == GEN_DNS)
        add_name(peer, (const char *)data, len);
    else if ((len == 4 || len == 16) &&
             inet_ntop(len == 4 ? AF_INET : AF_INET6, data, text, sizeof text) != NULL)
        add_name(peer, text, (int)strlen(text));
}

static void note_names(struct tls_peer *peer, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    char common[64] = "";

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_alternative(peer, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    if (peer->names[0] == '\0' &&
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common,
                                  sizeof common) > 0)
        add_name(peer, common, (int)strlen(common));
}

/* Called for each thing that is wrong; the certificate is gone when the handshake has failed. */
static int note_mismatch(int is_good, X509_STORE_CTX *context)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    int number = X509_STORE_CTX_get_error(context);
    struct tls_peer *peer = SSL_get_app_data(ssl);

    if (!is_good &&
        (number == X509_V_ERR_HOSTNAME_MISMATCH || number == X509_V_ERR_IP_ADDRESS_MISMATCH))
        note_names(peer, X509_STORE_CTX_get_current_cert(context));
    return is_good;
}

static bool is_address(const struct endpoint *endpoint)
{
    struct in_addr in;

    return endpoint->is_ipv6 || inet_pton(AF_INET, endpoint->host, &in) == 1;
}

int tls_peer_expect(struct tls_peer *peer, SSL *ssl)
{
    const char *host = peer->endpoint->host;

    peer->names[0] = '\0';
    SSL_set_app_data(ssl, peer);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, note_mismatch);
    if (is_address(peer->endpoint))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ? 0 : -1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1 ? 0 : -1;
}

void tls_peer_explain(const struct tls_peer *peer, const SSL *ssl, struct etcd_error *error)
{
    const char *url = peer->endpoint->url, *host = peer->endpoint->host;
    long result = SSL_get_verify_result(ssl);

    switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        fault_set(error, ETCD_CODE_NONE, "the certificate of etcd at %s is for %s, not %s", url,
                  peer->names[0] != '\0' ? peer->names : "nobody", host);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        fault_set(
            error, ETCD_CODE_NONE,
            "the certificate of etcd at %s is out of date (%s): renew it, or look at the clock",
            url, X509_verify_cert_error_string(result));
        break;
    default:
        fault_set(error, ETCD_CODE_NONE,
                  "the certificate of etcd at %s is not trusted (%s): name its CA with --etcd-ca",
                  url, X509_verify_cert_error_string(result));
    }
}
