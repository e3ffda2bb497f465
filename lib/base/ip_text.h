/* Addresses of the internet in 16 bytes, as IPv6 has them; those of IPv4 are mapped (RFC 4291,
 * 2.5.5.2).  All 0 is none. */
#ifndef FARMLOCK_BASE_IP_TEXT_H
#define FARMLOCK_BASE_IP_TEXT_H

#include <stdbool.h>

enum { IP_BYTES = 16, IP_TEXT_SIZE = 46 };

/* Whether there is an address. */
bool ip_text_is_known(const unsigned char ip[IP_BYTES]);

/* Whether only processes of this machine can have it. */
bool ip_text_is_loopback(const unsigned char ip[IP_BYTES]);

/* Writes it as people do: "10.1.2.3", "2001:db8::7"; "" for none. */
void ip_text_format(char text[IP_TEXT_SIZE], const unsigned char ip[IP_BYTES]);

/* Reads what ip_text_format() writes; NULL, and what is no address, is none. */
void ip_text_parse(unsigned char ip[IP_BYTES], const char *text);

#endif
