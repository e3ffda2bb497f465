/* The table of an asker's questions: what a reply finds, and what that costs, in basic blocks of
 * the table, which the Makefile builds with -fsanitize-coverage=trace-pc.
 * Must not look at a clock: counts are the same on a busy machine, and under valgrind. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pidstat/question.h"
#include "tests/unit/support/block_count.h"

enum { CROWD = 20000, BLOCKS_A_QUESTION = 200 };

struct crowd {
    struct question_table *table;
    struct cached_host *host;
    struct asker_question *questions[CROWD];
};

static void never_called(void *context, const struct pidstat_result *result)
{
    (void)context;
    (void)result;
    fail();
}

/* Each question names another start of one pid, as a client may that invents them. */
static int crowd_init(void **state)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);

    assert_non_null(crowd);
    *state = crowd;
    crowd->table = question_table_create();
    crowd->host = calloc(1, sizeof *crowd->host + sizeof "127.0.0.77");
    assert_non_null(crowd->table);
    assert_non_null(crowd->host);
    memcpy(crowd->host->name, "127.0.0.77", sizeof "127.0.0.77");
    for (size_t i = 0; i < CROWD; i++) {
        const struct pidstat_target target = {.pid = 7, .start = i + 1};

        crowd->questions[i] = question_create(&target, never_called, NULL);
        assert_non_null(crowd->questions[i]);
        crowd->questions[i]->host = crowd->host;
        question_table_add(crowd->table, crowd->questions[i]);
    }
    return 0;
}

static void drop(struct crowd *crowd, size_t i)
{
    if (crowd->questions[i] == NULL)
        return;
    question_table_remove(crowd->table, crowd->questions[i]);
    free(crowd->questions[i]);
    crowd->questions[i] = NULL;
}

static int crowd_fini(void **state)
{
    struct crowd *crowd = *state;

    for (size_t i = 0; i < CROWD; i++)
        drop(crowd, i);
    question_table_destroy(crowd->table);
    free(crowd->host);
    free(crowd);
    return 0;
}

static void expect_few_blocks(uint64_t before)
{
    uint64_t each = (block_count() - before) / CROWD;

    printf("# %" PRIu64 " basic blocks for each of %d questions\n", each, CROWD);
    assert_true(each >= 1 && each <= BLOCKS_A_QUESTION);
}

static void each_of_many_questions_about_a_pid_is_found_by_its_id(void **state)
{
    struct crowd *crowd = *state;
    uint64_t before = block_count();

    for (size_t i = 0; i < CROWD; i++) {
        const struct pidstat_reply reply = {
            .host = "127.0.0.77",
            .pid = 7,
            .words = {.present = WORD_ID, .id = crowd->questions[i]->known.id},
        };

        assert_ptr_equal(question_table_find(crowd->table, &reply), crowd->questions[i]);
    }
    expect_few_blocks(before);
}

static void an_id_does_not_answer_for_another_process(void **state)
{
    struct crowd *crowd = *state;
    struct pidstat_reply reply = {
        .host = "127.0.0.77",
        .pid = 8,
        .words = {.present = WORD_ID, .id = crowd->questions[0]->known.id},
    };

    assert_null(question_table_find(crowd->table, &reply));
    reply.pid = 7;
    reply.host = "127.0.0.78";
    assert_null(question_table_find(crowd->table, &reply));
}

/* A classic daemon repeats the host that it was asked with. */
static void a_classic_reply_is_found_by_the_id_in_its_host(void **state)
{
    struct crowd *crowd = *state;
    uint64_t before = block_count();
    char host[40];
    const struct pidstat_reply reply = {.host = host, .pid = 7};

    for (size_t i = 0; i < CROWD; i++) {
        snprintf(host, sizeof host, "127.0.0.77~%016" PRIx64, crowd->questions[i]->known.id);
        assert_ptr_equal(question_table_find(crowd->table, &reply), crowd->questions[i]);
    }
    expect_few_blocks(before);
}

static void a_reply_without_an_id_finds_nothing(void **state)
{
    struct crowd *crowd = *state;
    uint64_t id = crowd->questions[5]->known.id;
    char host[40];
    struct pidstat_reply reply = {.host = "127.0.0.77", .pid = 7};

    assert_null(question_table_find(crowd->table, &reply));
    reply.host = host;
    snprintf(host, sizeof host, "127.0.0.78~%016" PRIx64, id);
    assert_null(question_table_find(crowd->table, &reply));
    snprintf(host, sizeof host, "~%016" PRIx64, id);
    assert_null(question_table_find(crowd->table, &reply));
    snprintf(host, sizeof host, "127.0.0.77~%016" PRIx64 "0", id);
    assert_null(question_table_find(crowd->table, &reply));
    snprintf(host, sizeof host, "127.0.0.77~%016" PRIx64, id);
    assert_ptr_equal(question_table_find(crowd->table, &reply), crowd->questions[5]);
    /* It has another by now. */
    question_table_renew_id(crowd->table, crowd->questions[5]);
    assert_null(question_table_find(crowd->table, &reply));
    drop(crowd, 5);
}

#define CROWD_TEST(name) cmocka_unit_test_setup_teardown(name, crowd_init, crowd_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CROWD_TEST(each_of_many_questions_about_a_pid_is_found_by_its_id),
        CROWD_TEST(an_id_does_not_answer_for_another_process),
        CROWD_TEST(a_classic_reply_is_found_by_the_id_in_its_host),
        CROWD_TEST(a_reply_without_an_id_finds_nothing),
    };

    return cmocka_run_group_tests_name("asker_question", tests, NULL, NULL);
}
