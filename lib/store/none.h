/* The engine that keeps nothing. */
#ifndef FARMLOCK_STORE_NONE_H
#define FARMLOCK_STORE_NONE_H

#include "store.h"

/* Returns NULL with errno ENOMEM and *error. */
struct store *store_none_open(char error[STORE_ERROR_SIZE]);

#endif
