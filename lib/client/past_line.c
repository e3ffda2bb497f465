/* Parses a line of a server's history.
 * Must not trust that it is well formed. */
#include "past_line.h"

#include <string.h>

#include "answer_line.h"
#include "base/number.h"
#include "protocol/past.h"
#include "protocol/proof.h"

_Static_assert((int)PAST_HOLD == (int)IPCLOCKER_PAST_HOLD &&
                   (int)PAST_REFUSED == (int)IPCLOCKER_PAST_REFUSED &&
                   (int)PAST_LEFT == (int)IPCLOCKER_PAST_LEFT &&
                   (int)PAST_HOLE == (int)IPCLOCKER_PAST_HOLE,
               "the kinds have the same order");
_Static_assert((int)PROOF_CLAIMED == (int)IPCLOCKER_CLAIMED &&
                   (int)PROOF_SOCKET == (int)IPCLOCKER_PROVEN_BY_SOCKET &&
                   (int)PROOF_MUNGE == (int)IPCLOCKER_PROVEN_BY_MUNGE,
               "the proofs have the same order");

static bool take_number(char **rest, uint64_t max, uint64_t *number)
{
    const char *word = strsep(rest, " ");

    return word != NULL && number_parse(word, max, number) == 0;
}

static bool take_time(char **rest, int64_t *time_ms)
{
    const char *word = strsep(rest, " ");

    return word != NULL && answer_line_parse_ms(word, time_ms);
}

/* A word, NULL where it stands for what is not known. */
static const char *take_known(char **rest)
{
    const char *word = strsep(rest, " ");

    return word != NULL && strcmp(word, "-") != 0 ? word : NULL;
}

bool past_line_parse(char *line, struct ipclocker_history_row *row)
{
    struct ipclocker_history_row found = {0};
    char *rest = line;
    int past = past_parse(strsep(&rest, " "));

    found.reason = take_known(&rest);
    if (past < 0 || !take_number(&rest, UINT64_MAX, &found.token) ||
        !take_time(&rest, &found.asked_ms) || !take_time(&rest, &found.granted_ms) ||
        !take_time(&rest, &found.ended_ms) || !take_number(&rest, INT64_MAX, &found.pid))
        return false;
    found.past = (enum ipclocker_past)past;
    found.owner = strsep(&rest, " ");
    found.host = take_known(&rest);
    found.job = take_known(&rest);
    found.locks = rest;
    if (found.owner == NULL || found.locks == NULL)
        return false;
    *row = found;
    return true;
}

/* Proof and uid; a uid without a proof is nobody's. */
static bool take_person(char **rest, struct ipclocker_person *person)
{
    const char *proof = strsep(rest, " ");
    uint64_t uid;

    if (proof == NULL || *rest == NULL)
        return false;
    person->proof = (enum ipclocker_proof)proof_parse(proof);
    if (person->proof == IPCLOCKER_CLAIMED)
        return strsep(rest, " ") != NULL;
    if (!take_number(rest, UINT32_MAX, &uid))
        return false;
    person->uid = (uint32_t)uid;
    return true;
}

void past_line_parse_by(char *line, struct ipclocker_history_row *row)
{
    struct ipclocker_person who = {0}, by = {0};
    char *rest = line;
    const char *peer, *mark;

    if (!take_person(&rest, &who) || !take_person(&rest, &by))
        return;
    peer = take_known(&rest);
    row->who = who;
    row->by = by;
    row->by_peer = peer;
    row->by_name = take_known(&rest);
    /* Earlier servers end here. */
    row->pool = take_known(&rest);
    row->project = take_known(&rest);
    mark = take_known(&rest);
    row->shared = mark != NULL && strcmp(mark, "shared") == 0;
}
