/* A reservation of licences in Slurm.
 * Must not touch one that has nodes: it is not ours. */
#include "reservation.h"

#include <errno.h>
#include <slurm/slurm_errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compat.h"

struct reservation *reservation_create(void)
{
    return child_alloc(sizeof(struct reservation));
}

void reservation_destroy(struct reservation *reservation)
{
    if (reservation == NULL)
        return;
    seat_maps_fini(&reservation->maps);
    child_free(reservation, sizeof *reservation);
}

static int fail(const char *what)
{
    const char *advice = "";

    if (errno == ESLURM_ACCESS_DENIED || errno == ESLURM_USER_ID_MISSING)
        advice = "; run locksync as SlurmUser, as root, or as one of Slurm's operators";
    fprintf(stderr, "%s: %s%s\n", what, slurm_strerror(errno), advice);
    return -1;
}

/* Copies a text of Slurm's, NULL being ""; false when it is too long. */
static bool copy(char *out, size_t size, const char *text)
{
    return snprintf(out, size, "%s", text != NULL ? text : "") < (int)size;
}

static int look_at_cluster(struct reservation *reservation)
{
    slurm_conf_t *conf = NULL;
    bool fits;

    if (slurm_load_ctl_conf(0, &conf) != 0)
        return fail("cannot ask for the configuration");
    fits = copy(reservation->cluster, sizeof reservation->cluster, conf->cluster_name);
    compat_free_conf(conf);
    if (fits && reservation->cluster[0] != '\0')
        return 0;
    fprintf(stderr, "the cluster has no name, or one that is too long\n");
    return -1;
}

static int look_at_licenses(struct reservation *reservation)
{
    license_info_msg_t *message = NULL;

    if (slurm_load_licenses(0, &message, SHOW_ALL) != 0)
        return fail("cannot ask for the licenses");
    for (size_t i = 0; i < reservation->maps.count; i++) {
        struct seat_map *map = &reservation->maps.maps[i];

        map->total = 0;
        for (uint32_t k = 0; k < message->num_lic; k++) {
            if (strcmp(message->lic_array[k].name, map->license) == 0)
                map->total = message->lic_array[k].total;
        }
    }
    slurm_free_license_info_msg(message);
    return 0;
}

static int look_at_reservations(struct reservation *reservation)
{
    reserve_info_msg_t *message = NULL;
    bool fits = true;

    if (slurm_load_reservations(0, &message) != 0)
        return fail("cannot ask for the reservations");
    reservation->exists = false;
    for (uint32_t i = 0; i < message->record_count; i++) {
        const reserve_info_t *info = &message->reservation_array[i];

        if (strcmp(info->name, reservation->name) != 0)
            continue;
        reservation->exists = true;
        reservation->has_nodes = info->node_cnt > 0;
        reservation->end_s = info->end_time;
        fits = copy(reservation->licenses, sizeof reservation->licenses, info->licenses);
    }
    slurm_free_reservation_info_msg(message);
    if (fits)
        return 0;
    fprintf(stderr, "reservation %s has too many licenses\n", reservation->name);
    return -1;
}

static int look(void *context)
{
    if (look_at_cluster(context) != 0 || look_at_licenses(context) != 0)
        return -1;
    return look_at_reservations(context);
}

/* Only licences: it takes no node away.  Somebody must be allowed to use it. */
static int put(void *context)
{
    struct reservation *reservation = context;
    resv_desc_msg_t wanted;

    slurm_init_resv_desc_msg(&wanted);
    wanted.name = reservation->name;
    wanted.licenses = reservation->wanted;
    wanted.end_time = reservation->wanted_end_s;
    if (reservation->exists)
        return slurm_update_reservation(&wanted) == 0 ? 0 : fail("cannot change the reservation");
    wanted.start_time = time(NULL);
    wanted.flags = RESERVE_FLAG_ANY_NODES | RESERVE_FLAG_IGN_JOBS;
    wanted.users = (char[]){"root"};
    return slurm_create_reservation(&wanted) != NULL ? 0 : fail("cannot make the reservation");
}

static int drop(void *context)
{
    struct reservation *reservation = context;
    reservation_name_msg_t name;

    name.name = reservation->name;
    if (slurm_delete_reservation(&name) == 0 || errno == ESLURM_RESERVATION_INVALID)
        return 0;
    return fail("cannot delete the reservation");
}

int reservation_look(struct reservation *reservation, int64_t deadline_ms,
                     char error[CHILD_ERROR_SIZE])
{
    return slurm_call(look, reservation, deadline_ms, error);
}

int reservation_put(struct reservation *reservation, int64_t deadline_ms,
                    char error[CHILD_ERROR_SIZE])
{
    return slurm_call(put, reservation, deadline_ms, error);
}

int reservation_drop(struct reservation *reservation, int64_t deadline_ms,
                     char error[CHILD_ERROR_SIZE])
{
    return slurm_call(drop, reservation, deadline_ms, error);
}
