/* The memory that a process keeps while it sleeps. */
#ifndef FARMLOCK_BASE_RESIDENT_H
#define FARMLOCK_BASE_RESIDENT_H

/* Lets go of the stack that deeper calls have used.  For the first thread only, whose stack grows
 * by itself.  Keeps errno. */
void resident_let_go(void);

#endif
