/* What the tests of the client's calls share. */
#ifndef FARMLOCK_CLIENT_FIXTURE_H
#define FARMLOCK_CLIENT_FIXTURE_H

#include "ipclocker.h"

/* Checks right behind a call that it returned -1, with that errno and one line that says why. */
void expect_failure(struct ipclocker *lock, int result, int number);

#endif
