/* The table of an asker's questions: what a reply finds, and what that costs, in basic blocks of
 * the table, which the Makefile builds with -fsanitize-coverage=trace-pc.
 * Must not look at a clock: counts are the same on a busy machine, and under valgrind. */
#include <arpa/inet.h>
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

enum { CROWD = 20000, PORT = 1752, BLOCKS_A_QUESTION = 200 };

struct crowd {
    struct question_table *table;
    struct cached_host *host;
    struct sockaddr_storage address;
    struct reply_source source;
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
    assert_true(resolver_parse_address(crowd->host->name, &crowd->host->addresses));
    memcpy(&crowd->address, &crowd->host->addresses.addresses[0],
           sizeof crowd->host->addresses.addresses[0]);
    ((struct sockaddr_in *)&crowd->address)->sin_port = htons(PORT);
    crowd->source = (struct reply_source){&crowd->address, PORT};
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
    assert_in_range(each, 1, BLOCKS_A_QUESTION);
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

        assert_ptr_equal(question_table_first(crowd->table, &reply, &crowd->source),
                         crowd->questions[i]);
        assert_null(question_table_next(crowd->table, &reply, &crowd->source));
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

    assert_null(question_table_first(crowd->table, &reply, &crowd->source));
    reply.pid = 7;
    reply.host = "127.0.0.78";
    assert_null(question_table_first(crowd->table, &reply, &crowd->source));
}

static void a_classic_reply_finds_each_question_once(void **state)
{
    struct crowd *crowd = *state;
    const struct pidstat_reply reply = {.host = "127.0.0.77", .pid = 7};
    struct asker_question *question;
    uint64_t before = block_count();
    size_t found = 0;

    for (question = question_table_first(crowd->table, &reply, &crowd->source); question != NULL;
         question = question_table_next(crowd->table, &reply, &crowd->source)) {
        assert_in_range(question->known.start, 1, CROWD);
        assert_ptr_equal(question, crowd->questions[question->known.start - 1]);
        question->known.start = 0;
        found++;
    }
    assert_int_equal(found, CROWD);
    expect_few_blocks(before);
}

static void questions_may_go_while_a_reply_is_taken(void **state)
{
    struct crowd *crowd = *state;
    const struct pidstat_reply reply = {.host = "127.0.0.77", .pid = 7};
    struct asker_question *question;
    size_t found = 0;

    /* The last one added comes first; its neighbour goes with it. */
    for (question = question_table_first(crowd->table, &reply, &crowd->source); question != NULL;
         question = question_table_next(crowd->table, &reply, &crowd->source)) {
        size_t at = question->known.start - 1;

        drop(crowd, at);
        drop(crowd, at - 1);
        found++;
    }
    assert_int_equal(found, CROWD / 2);
    assert_null(question_table_any(crowd->table));
}

static void a_classic_reply_counts_from_its_host_only(void **state)
{
    struct crowd *crowd = *state;
    const struct pidstat_reply reply = {.host = "127.0.0.77", .pid = 7};

    ((struct sockaddr_in *)&crowd->address)->sin_port = htons(PORT + 1);
    assert_null(question_table_first(crowd->table, &reply, &crowd->source));
}

#define CROWD_TEST(name) cmocka_unit_test_setup_teardown(name, crowd_init, crowd_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CROWD_TEST(each_of_many_questions_about_a_pid_is_found_by_its_id),
        CROWD_TEST(an_id_does_not_answer_for_another_process),
        CROWD_TEST(a_classic_reply_finds_each_question_once),
        CROWD_TEST(questions_may_go_while_a_reply_is_taken),
        CROWD_TEST(a_classic_reply_counts_from_its_host_only),
    };

    return cmocka_run_group_tests_name("asker_question", tests, NULL, NULL);
}
