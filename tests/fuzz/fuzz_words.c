/* Feeds text to what reads numbers, times, lists of names and hosts, owners and jobs' ids.
 * Must not look up names: what is read is text. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/ip_text.h"
#include "base/name_list.h"
#include "base/number.h"
#include "base/rfc3339.h"
#include "base/text.h"
#include "client/hosts.h"
#include "job/job_id.h"
#include "job/slurm_component.h"
#include "net/cidr.h"
#include "net/resolver.h"
#include "protocol/owner_name.h"
#include "spank-plugin/contact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken for a number is one, digit for digit. */
static void check_number(const char *text)
{
    uint64_t value = 7, small = 7;
    char again[32];

    if (number_parse(text, UINT64_MAX, &value) == 0) {
        snprintf(again, sizeof again, "%llu", (unsigned long long)value);
        assert(strcmp(again, text + strspn(text, "0")) == 0 || (value == 0 && again[1] == '\0'));
        assert((number_parse(text, 999, &small) == 0) == (value <= 999));
    } else {
        assert(value == 7 && (errno == EINVAL || errno == ERANGE));
    }
}

static void check_times(const char *text)
{
    char shown[DURATION_TEXT_SIZE], again[RFC3339_SIZE];
    int64_t ms = -1;

    if (number_parse_seconds(text, INT64_MAX, &ms) == 0)
        assert(ms >= 0);
    if (number_parse_time(text, INT64_MAX, &ms) == 0) {
        assert(ms >= 0);
        duration_format(shown, ms / 1000, DURATION_SHORT);
    }
    if (rfc3339_parse(text, &ms) == 0) {
        rfc3339_format(again, ms);
        assert(strcmp(again, text) == 0);
    }
}

static void check_names(const char *text)
{
    struct name_list list = {0};
    char error[256] = "";

    if (name_list_append(&list, text, error, sizeof error) == 0) {
        assert(list.count > 0 && list.count <= NAME_LIST_NAMES_MAX);
        for (size_t i = 0; i < list.count; i++)
            assert(*list.names[i] != '\0' && strlen(list.names[i]) <= NAME_LIST_NAME_LEN_MAX);
    } else {
        assert(list.count == 0 && *error != '\0');
    }
    name_list_fini(&list);
}

static void check_hosts(const char *text)
{
    struct ipclocker *lock = ipclocker_create();
    struct resolver_result result;
    char shown[512];

    assert(lock != NULL);
    if (ipclocker_set_hosts(lock, text) == 0) {
        assert(lock->set.host_count > 0);
        for (size_t i = 0; i < lock->set.host_count; i++)
            client_hosts_describe(lock, &lock->set.hosts[i], shown, sizeof shown);
    } else {
        assert(lock->set.hosts == NULL && strchr(ipclocker_error(lock), '\n') == NULL);
    }
    ipclocker_destroy(lock);
    if (resolver_parse_address(text, &result))
        assert(result.error == 0 && result.count == 1);
}

static void check_addresses(const char *text)
{
    struct cidr_list list = {0};
    char error[CIDR_ERROR_SIZE] = "", shown[IP_TEXT_SIZE], again[IP_TEXT_SIZE];
    unsigned char ip[IP_BYTES];

    if (cidr_list_add(&list, text, error) == 0)
        assert(list.count > 0 && list.items[0].bits <= 128);
    else
        assert(*error != '\0'); /* its words are cleaned by who shows it */
    cidr_list_fini(&list);
    ip_text_parse(ip, text);
    ip_text_format(shown, ip);
    ip_text_parse(ip, shown);
    ip_text_format(again, ip);
    assert(strcmp(shown, again) == 0);
}

/* Cleaning what is clean changes nothing. */
static void check_text(const char *text, size_t len)
{
    char *clean = text_clean_dup(text), *again = clean != NULL ? text_clean_dup(clean) : NULL;

    assert(again != NULL && strcmp(clean, again) == 0);
    assert(strlen(clean) <= len * TEXT_CLEAN_GROWTH);
    free(clean);
    free(again);
}

static void check_ids(char *text)
{
    const char *user = owner_name_user(text);
    char *second = strchr(text, '\n');
    struct contact contact;
    char again[CONTACT_SIZE];

    assert(user == NULL || (user > text && *user != '\0'));
    if (contact_parse(&contact, text) == 0) {
        struct contact twin;

        contact_format(again, &contact);
        assert(contact_parse(&twin, again) == 0 && twin.pid == contact.pid);
    }
    if (second == NULL)
        return;
    *second++ = '\0';
    job_id_covers(text, second);
    slurm_component_of(text, (const char *[]){second, "n[1-2],m3"}, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    check_number(text);
    check_times(text);
    check_names(text);
    check_hosts(text);
    check_addresses(text);
    check_text(text, strlen(text));
    check_ids(text);
    free(text);
    return 0;
}
