/* ipclocker_list.h - what is held and who waits, as structs; a part of ipclocker.h, which includes
 * it.
 */
#ifndef IPCLOCKER_LIST_H
#define IPCLOCKER_LIST_H

#ifndef IPCLOCKER_H
#error "include ipclocker.h, which has this in it"
#endif

/* One row of the list of held locks. */
struct ipclocker_list_entry {
    const char *name;
    const char *owner;
};

/* Fetches the list of held locks.  Writes *count.  Returns an array that one free(3) releases, or
 * NULL on failure; for an empty list, an array of no entries.
 */
IPCLOCKER_API struct ipclocker_list_entry *ipclocker_lock_list(struct ipclocker *lock,
                                                               size_t *count);

/* Fetches locks and waiters as a JSON document of the installed schema
 * (locklist.schema.json), a string for the caller to free(3).  What a classic server does not
 * tell is null.
 */
IPCLOCKER_API char *ipclocker_lock_list_json(struct ipclocker *lock);

/* The same of the server's pools of seats alone.  Errors: ENOTSUP: the server is a classic one, or
 * an earlier one, which has none. */
IPCLOCKER_API char *ipclocker_pools_json(struct ipclocker *lock);

/* What a server holds and who waits there, at one instant.  It is the caller's alone: no handle has
 * a part in it, so that it may outlive the one that fetched it, and any thread may read it.
 * Strings are what clients have sent: clean them before they go to a terminal.
 */
struct ipclocker_list;

/* Whose something is.  Strings are NULL, and numbers 0, where they are not known. */
struct ipclocker_list_owner {
    const char *owner; /* the name that it goes by; not NULL; "-" where a server keeps it from us */
    const char *user;  /* the login name in an owner of the form HOST_PID_USER: a claim */
    const char *login; /* of `who`, where the server knows it */
    struct ipclocker_person who;
    const char *host; /* of the owner's process */
    uint64_t pid;
    const char *job;     /* of a scheduler, as "slurm:4711_3=4714@lab" */
    const char *project; /* that it is for, or that a pool counts it for */
};

/* A lock that is held. */
struct ipclocker_list_lock {
    const char *name; /* not NULL */
    struct ipclocker_list_owner by;
    int64_t since_ms;   /* since 1970, by the server's clock; -1 where it is not known, as below */
    int64_t held_ms;    /* how long it has been held */
    int64_t hold_limit; /* the most that it may be held, in seconds; 0 is for ever */
    int64_t waiting;    /* how many requests are queued for it */
    int autounlock;     /* whether the end of the owner's process releases it: 1, 0 or -1 */
    bool shared;        /* others may have an entry for the same lock */
    uint64_t token;     /* 0 where it is not told: to its owner only, by ipclocker_token() */
    const char *pool;   /* whose seat it is; NULL: none */
    bool kept;          /* its owner has gone, and nobody else gets it yet */
    bool until_boot;    /* nor before the owner's host has booted anew */
    int64_t kept_until; /* nor before this time, in milliseconds since 1970; -1: no such time */
    int64_t silent;     /* seconds for which nothing was heard of the owner; -1 where nobody is to
                         * be heard, or it is not known */
    bool offline;       /* it is out of use: nobody gets it after its owner */
};

/* Names that a request is for. */
struct ipclocker_list_group {
    uint64_t count; /* so many of them */
    bool shared;
    const char *const *names;
    size_t name_count; /* 1 or more */
    const char *pool;  /* whose seats they are; NULL: none, or it is named itself */
};

/* A request that waits. */
struct ipclocker_list_waiter {
    struct ipclocker_list_owner by;
    const struct ipclocker_list_group *groups; /* all of them are granted together */
    size_t group_count;                        /* 0: the server does not tell */
    uint64_t position;                         /* 1 is next; 0 where it is not known */
    uint64_t of;        /* so many stand in the queue in which it has that; 0: not told */
    int64_t since_ms;   /* as of a lock */
    int64_t waited_ms;  /* how long it has waited; -1 where it is not known */
    int64_t priority;   /* that was asked for */
    const char *reason; /* why it waits for seats of a pool, in a word of lockerd-protocol(7), or
                         * that it is away; NULL where others have single locks that it waits for */
};

/* A pool of seats: how many there are, and where they are. */
struct ipclocker_list_pool {
    const char *name; /* not NULL */
    int64_t total, held, promised, reserved, outside, offline, free;
    int64_t waiting;   /* requests that wait for seats */
    int64_t oldest_ms; /* for so long, the oldest of them; -1 where nobody does */
};

/* A lock or seat that is out of use. */
struct ipclocker_list_offline {
    const char *name;   /* not NULL */
    const char *pool;   /* whose seat it is; NULL: none */
    int64_t until_ms;   /* as of a lock; -1: until somebody puts it back */
    const char *reason; /* that was given; NULL: none */
};

/* About the list itself. */
struct ipclocker_list_head {
    int64_t time_ms;     /* when it was made, by the server's clock, since 1970; -1: not known */
    const char *version; /* of the server; NULL: not known */
    int64_t started_ms;  /* when the server was started; -1: not known */
    unsigned protocol;   /* 1: a classic server, which tells names and owners alone; 2: ours */
};

/* Fetches the list.  A list of 100,000 locks takes some 30 MB, and twice its text on the way.
 * Returns it, for the caller to free with ipclocker_list_free(); or NULL with errno as
 * ipclocker_owner(), besides
 *   E2BIG   it has more than two million locks, or an entry of more than 4 MiB
 *   EPROTO  it is not in the form that is known here
 */
IPCLOCKER_API struct ipclocker_list *ipclocker_list_read(struct ipclocker *lock);

/* Frees it with all that the functions below have returned.  NULL is allowed.  Keeps errno. */
IPCLOCKER_API void ipclocker_list_free(struct ipclocker_list *list);

/* What comes back is the list's and stays until that is freed.  A later library may have more
 * members at the end of each struct. */
IPCLOCKER_API const struct ipclocker_list_head *ipclocker_list_head(
    const struct ipclocker_list *list);

/* How many there are, and one of them, `index` being below that: locks by name, waiters in the
 * order of arrival, pools as the configuration has them, what is offline with the newest first. */
IPCLOCKER_API size_t ipclocker_list_lock_count(const struct ipclocker_list *list);
IPCLOCKER_API const struct ipclocker_list_lock *ipclocker_list_lock(
    const struct ipclocker_list *list, size_t index);
IPCLOCKER_API size_t ipclocker_list_waiter_count(const struct ipclocker_list *list);
IPCLOCKER_API const struct ipclocker_list_waiter *ipclocker_list_waiter(
    const struct ipclocker_list *list, size_t index);
IPCLOCKER_API size_t ipclocker_list_pool_count(const struct ipclocker_list *list);
IPCLOCKER_API const struct ipclocker_list_pool *ipclocker_list_pool(
    const struct ipclocker_list *list, size_t index);
IPCLOCKER_API size_t ipclocker_list_offline_count(const struct ipclocker_list *list);
IPCLOCKER_API const struct ipclocker_list_offline *ipclocker_list_offline(
    const struct ipclocker_list *list, size_t index);

#endif
