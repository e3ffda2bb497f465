/* Who a uid is on this machine. */
#ifndef FARMLOCK_LOCKREPORT_LOGIN_H
#define FARMLOCK_LOCKREPORT_LOGIN_H

#include <stdint.h>

/* A report_login_fn, see report.h. */
char *login_of(uint32_t uid);

#endif
