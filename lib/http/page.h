/* The page that a service shows at "/": one file, which is read whole. */
#ifndef FARMLOCK_HTTP_PAGE_H
#define FARMLOCK_HTTP_PAGE_H

#include "shared_text.h"

/* What browsers are told that the page may do: run what it has in itself, and ask this server. */
extern const char page_policy[];

/* Reads it.  Blocks.  NULL with errno, EFBIG for a file that is none. */
struct shared_text *page_read(const char *path);

#endif
