/* What lockerd can be told, and the reading of it. */
#ifndef FARMLOCK_LOCKERD_OPTIONS_H
#define FARMLOCK_LOCKERD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/options.h"
#include "http_option.h"
#include "ipclocker_server.h"
#include "lockerd_who.h"
#include "privileges.h"
#include "rules/rules.h"
#include "store/store.h"

enum { LOCKERD_HOSTS_MAX = 64 };

struct lockerd_options {
    const char *hosts[LOCKERD_HOSTS_MAX];
    size_t host_count;
    const char *allow[LOCKERD_HOSTS_MAX];
    size_t allow_count;
    const char *port, *path, *pid_file, *log, *state; /* NULL: nothing was said of it */
    enum ipclocker_durability durability;
    uint64_t history_s, requeue_grace_s;
    int pidstat_port;                /* 0: the default; -1: nobody is asked */
    size_t limits[IPCLOCKER_LIMITS]; /* see ipclocker_server_set_limit() */
    uint64_t history_bytes;
    unsigned no_classic_pidstatd;
    bool background, debug, move_corrupt_state;
    bool resigns; /* another that runs is to give up leading */
    struct http_option http;
    struct store_etcd_options etcd;
    struct lockerd_who who;
    struct privileges privileges; /* of the user that was named */
    struct conf_options_asked asked;
    struct rules *rules; /* of pools, for lockerd_rules_apply() to take */
};

/* For conf_options_begin(), which sets a struct lockerd_options. */
extern struct conf_options lockerd_told;

#endif
