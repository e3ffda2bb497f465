/* What Grid Engine does to lockersh's monitor, and whether this host is prepared for it. */
#ifndef FARMLOCK_LOCKERSH_GRIDENGINE_H
#define FARMLOCK_LOCKERSH_GRIDENGINE_H

/* Grid Engine ends a job with all that it has started, lockersh's monitor included.  Warns on
 * standard error where this is one of its jobs, its queue has no epilog, and no pidstatd answers on
 * this host: nobody would see its end then.  Costs nothing elsewhere; up to 0.2 s where it warns.
 */
void gridengine_warn(void);

/* The same, once a job: for those that start many commands. */
void gridengine_warn_once(void);

#endif
