/* Feeds lists of a lock server to what reads them for lockreap and locksync.
 * Must not leave anything behind from one input to the next. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "job/slurm_id.h"
#include "scheduler/job_claims.h"
#include "scheduler/seat_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An id that was understood is written as it was read, but for "slurm:". */
static void check_id(const char *text)
{
    char again[SLURM_JOB_TEXT_SIZE];
    struct slurm_job job, twin;

    if (!slurm_id_parse(text, &job))
        return;
    slurm_id_format(again, &job);
    assert(slurm_id_parse(again, &twin));
    assert(slurm_id_compare(&job, &twin) == 0 && strcmp(job.cluster, twin.cluster) == 0);
}

static bool is_inside(const void *context, const char *job)
{
    (void)context;
    return slurm_id_is_ours(job);
}

static void check_claims(const struct job_claims *claims)
{
    static struct seat_maps maps;
    char text[SEAT_TEXT_SIZE], error[256];

    if (maps.count == 0) {
        assert(seat_maps_add(&maps, "vcs=a[1-9]:b", error, sizeof error) == 0);
        maps.maps[0].total = 5;
    }
    for (size_t i = 0; i < claims->count; i++) {
        assert(claims->claims[i].owner != NULL);
        if (claims->claims[i].job != NULL)
            check_id(claims->claims[i].job);
    }
    seat_maps_count(&maps, claims, is_inside, NULL);
    seat_maps_format(&maps, text);
    assert(maps.maps[0].outside <= 5 && seat_maps_equal(&maps, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct job_claims claims;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_id(text);
    slurm_id_list_has(text, 7);
    if (job_claims_parse(&claims, text) == 0) {
        check_claims(&claims);
        job_claims_fini(&claims);
    }
    free(text);
    return 0;
}
