/* Addresses of the internet, as bytes and as text.
 * Must not resolve a name. */
#include "ip_text.h"

#include <arpa/inet.h>
#include <string.h>

static const unsigned char mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool ip_text_is_known(const unsigned char ip[IP_BYTES])
{
    static const unsigned char none[IP_BYTES];

    return memcmp(ip, none, IP_BYTES) != 0;
}

bool ip_text_is_loopback(const unsigned char ip[IP_BYTES])
{
    static const unsigned char v4[] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    static const unsigned char v6[IP_BYTES] = {[15] = 1};

    return memcmp(ip, v4, sizeof v4) == 0 || memcmp(ip, v6, sizeof v6) == 0;
}

void ip_text_format(char text[IP_TEXT_SIZE], const unsigned char ip[IP_BYTES])
{
    bool is_mapped = memcmp(ip, mapped_prefix, sizeof mapped_prefix) == 0;

    text[0] = '\0';
    if (is_mapped)
        inet_ntop(AF_INET, ip + sizeof mapped_prefix, text, IP_TEXT_SIZE);
    else if (ip_text_is_known(ip))
        inet_ntop(AF_INET6, ip, text, IP_TEXT_SIZE);
}

void ip_text_parse(unsigned char ip[IP_BYTES], const char *text)
{
    memset(ip, 0, IP_BYTES);
    if (text == NULL || inet_pton(AF_INET6, text, ip) == 1)
        return;
    memset(ip, 0, IP_BYTES);
    if (inet_pton(AF_INET, text, ip + sizeof mapped_prefix) == 1)
        memcpy(ip, mapped_prefix, sizeof mapped_prefix);
}
