/* The way to etcd, and who asks there.
 * Must not ask anything. */
#include "etcd_open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "error.h"
#include "etcd_batch.h"
#include "etcd_store.h"

int store_etcd_check(const char *path, char error[STORE_ERROR_SIZE])
{
    struct endpoint_list list;
    char why[ENDPOINT_WHY_SIZE];

    return endpoint_list_parse(path, &list, why) == 0
               ? 0
               : store_error_set(error, EINVAL, "--state: %s", why);
}

struct members *etcd_open_members(const struct store_options *options, int interrupt_fd,
                                  char **prefix, char error[STORE_ERROR_SIZE])
{
    const struct store_etcd_options *etcd = &options->etcd;
    const struct members_settings settings = {
        .user = etcd->user,
        .password_file = etcd->password_file,
        .ca_file = etcd->ca_file,
        .cert_file = etcd->cert_file,
        .key_file = etcd->key_file,
        .interrupt_fd = interrupt_fd,
    };
    struct endpoint_list list;
    struct etcd_error etcd_error = {0};
    char why[ENDPOINT_WHY_SIZE], *text;
    struct members *members;

    if (endpoint_list_parse(options->path, &list, why) != 0) {
        store_error_set(error, EINVAL, "--state: %s", why);
        return NULL;
    }
    if (asprintf(&text, "%s/", list.prefix) < 0) {
        store_error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    members = members_create(&list, &settings, &etcd_error);
    if (members != NULL) {
        *prefix = text;
        return members;
    }
    free(text);
    store_error_set(error, EINVAL, "%s", etcd_error.text);
    return NULL;
}

static void fill_id(char id[ETCD_ID_SIZE])
{
    snprintf(id, ETCD_ID_SIZE, "%016llx%016llx", (unsigned long long)random_u64(),
             (unsigned long long)random_u64());
}

static void describe(struct etcd_leader *who, const struct store_etcd_options *options)
{
    snprintf(who->instance, sizeof who->instance, "%s", options->instance);
    fill_id(who->cluster);
    if (gethostname(who->host, sizeof who->host - 1) != 0)
        who->host[0] = '\0';
    snprintf(who->listens, sizeof who->listens, "%s",
             options->listens != NULL ? options->listens : "");
    snprintf(who->version, sizeof who->version, "%s", FARMLOCK_VERSION);
    who->takeover_ms = options->takeover_ms;
}

struct etcd_replica *etcd_open_replica(const struct store_etcd_options *options, const char *prefix,
                                       const struct etcd_replica_options *calls)
{
    struct etcd_replica_options replica = *calls;
    char machine[ETCD_NAME_SIZE];

    etcd_batch_machine(machine, sizeof machine, options->host);
    replica.prefix = prefix;
    replica.machine = machine;
    replica.boot = options->host;
    replica.random = random_u64();
    replica.compacts = options->compacts;
    describe(&replica.who, options);
    return etcd_replica_create(&replica);
}
