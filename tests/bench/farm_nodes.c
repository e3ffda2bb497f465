/* Nodes that fail, pause and are cut off, and a pidstatd that speaks for each of them.
 * Must not let a node answer that has no network. */
#include "farm_nodes.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "farm_words.h"
#include "meter.h"
#include "pidstat/wire.h"

/* The pid namespace of a machine itself, the same on every machine: pidstat-protocol(7). */
#define MACHINE_NAMESPACE UINT64_C(4026531836)

int farm_nodes_listen(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("the nodes' pidstatd");
    return fd;
}

bool farm_nodes_reach(const struct farm *farm, uint32_t node)
{
    return farm->plan.nodes[node].away_until_us <= farm_now_us(farm);
}

/* ---- pidstatd -------------------------------------------------------------------------------- */

static enum pidstat_state judge(const struct farm *farm, uint32_t node, const char *boot,
                                const struct pidstat_question *question)
{
    const struct pidstat_words *asked = &question->words;
    size_t number = (size_t)question->pid - FARM_PID_FIRST;
    const struct job *job;

    if (question->pid < FARM_PID_FIRST || number >= farm->plan.job_count)
        return PIDSTAT_GONE;
    job = &farm->plan.jobs[number];
    if (job->node != node || !farm_job_lives(job) ||
        ((asked->present & WORD_BOOT) && strcmp(asked->boot, boot) != 0) ||
        ((asked->present & WORD_START) && asked->start != farm_words_start(job)))
        return PIDSTAT_GONE;
    return PIDSTAT_EXISTS;
}

/* Its length; 0 where there is no answer. */
static size_t answer_to(const struct farm *farm, uint32_t node, char *text, size_t len, char *out)
{
    struct pidstat_question question;
    struct pidstat_words words = {.present = WORD_BOOT | WORD_NAMESPACE,
                                  .pid_namespace = MACHINE_NAMESPACE};
    enum pidstat_state state;

    if (pidstat_wire_parse_question(text, len, &question) != 0)
        return 0;
    farm_node_boot(&farm->plan, node, words.boot);
    state = judge(farm, node, words.boot, &question);
    words.present |= question.words.present & (WORD_ID | WORD_START);
    words.id = question.words.id;
    words.start = question.words.start;
    if ((question.words.present & WORD_START_ASKED) && state == PIDSTAT_EXISTS) {
        words.present |= WORD_START;
        words.start = farm_words_start(&farm->plan.jobs[question.pid - FARM_PID_FIRST]);
    }
    return pidstat_wire_format_answer(out, &question, len, "node", state, &words);
}

/* Which address was asked: the answer has to come from there. */
static struct in_pktinfo *asked_address(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO)
            return (struct in_pktinfo *)CMSG_DATA(part);
    }
    return NULL;
}

void farm_nodes_answer(struct farm *farm, int fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo)) + 64];
    char text[PIDSTAT_WIRE_MAX + 1], out[PIDSTAT_WIRE_MAX];
    struct sockaddr_in from;

    for (;;) {
        struct iovec part = {.iov_base = text, .iov_len = sizeof text - 1};
        struct msghdr message = {.msg_name = &from,
                                 .msg_namelen = sizeof from,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        ssize_t got = recvmsg(fd, &message, 0);
        struct in_pktinfo *info = got >= 0 ? asked_address(&message) : NULL;
        uint32_t node;

        if (info == NULL)
            return;
        farm->questions++;
        node = farm_node_of(&farm->plan, info->ipi_addr);
        if (node == farm->plan.node_count || !farm_nodes_reach(farm, node))
            continue;
        part = (struct iovec){out, answer_to(farm, node, text, (size_t)got, out)};
        info->ipi_spec_dst = info->ipi_addr;
        info->ipi_ifindex = 0;
        if (part.iov_len > 0)
            (void)sendmsg(fd, &message, 0); /* may be lost, as any datagram */
    }
}

/* ---- troubles -------------------------------------------------------------------------------- */

void farm_nodes_suffer(struct farm *farm, const struct trouble *trouble)
{
    struct node *node = &farm->plan.nodes[trouble->node];
    int64_t back_us = farm_now_us(farm) + trouble->for_us;
    struct job *job, *next;

    if (!farm_nodes_reach(farm, trouble->node))
        return;
    node->away_until_us = back_us;
    node->boots += trouble->kind == TROUBLE_FAILURE;
    timers_add(&farm->timers, TIMER_BACK, trouble->node, back_us);
    for (job = LIST_FIRST(&node->jobs); job != NULL; job = next) {
        next = LIST_NEXT(job, on_node);
        if (trouble->kind == TROUBLE_PAUSE)
            farm_client_pause(farm, job);
        else if (trouble->kind == TROUBLE_FAILURE || job->state == JOB_GIVING)
            farm_client_die(farm, job, JOB_END_NODE, back_us);
        else
            farm_client_cut(farm, job);
    }
}

void farm_nodes_come_back(struct farm *farm, uint32_t number)
{
    struct job *job, *next;

    if (!farm_nodes_reach(farm, number)) /* the next trouble came in between */
        return;
    for (job = LIST_FIRST(&farm->plan.nodes[number].jobs); job != NULL; job = next) {
        next = LIST_NEXT(job, on_node);
        if (job->fd >= 0)
            farm_client_resume(farm, job);
        else
            farm_client_come_back(farm, job);
    }
}
