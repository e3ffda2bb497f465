/* The memory that a process keeps while it sleeps. */
#ifndef FARMLOCK_BASE_RESIDENT_H
#define FARMLOCK_BASE_RESIDENT_H

/* For the functions that are left to go to sleep and to wake: linkers put them beside each other,
 * so that the kernel need not map much to have them. */
#define RESIDENT_LAST __attribute__((hot))

/* Lets go of what the process can do without until it goes on: stack that deeper
 * calls have used, and the program's own code and constants, which the kernel maps again from the
 * file's pages as they are used.  For the first thread only.  Keeps errno.
 */
RESIDENT_LAST void resident_let_go(void);

#endif
