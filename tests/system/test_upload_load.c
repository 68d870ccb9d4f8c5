/* Many uploads at once, and clients that go away: what the server of examples/upload
 * holds meanwhile and afterwards. */
#define _GNU_SOURCE

#include "endpoint.h"
#include "sanitized.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

enum {
    ROW_SIZE = 64, /* bytes */
    UPLOADS_MOST = 200,
    TIME_LIMIT = 240 /* seconds, for a very slow machine: then the test is killed */
};

#define BUDGET (16 * MIB)
#define SIZE_LIMIT (64 * MIB)

/* The server may use its budget and this memory: the program with its libraries; for
 * each upload the buffers of its connection (32 KiB), form (16 KiB) and stream (16 KiB);
 * for each thread a file in memory (1 MiB) that is copied while it grows. */
#define PROGRAM (8 * MIB)
#define EACH_UPLOAD (64 * KIB)
#define EACH_THREAD (2 * MIB)

static uint64_t memory_besides_budget(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = processors < 2 ? 2 : (uint64_t) processors;
    return PROGRAM + UPLOADS_MOST * EACH_UPLOAD + threads * EACH_THREAD;
}

/* ---- One upload ----------------------------------------------------------------------
 *
 * Each upload stops before its last row until it is released, so all uploads are there
 * at the same time. */

struct upload {
    CURL *transfer;
    curl_mime *form;
    uint64_t size;
    uint64_t position;
    bool released;
    bool held;
    struct answer answer;
};

static void print_row(char *row, uint64_t number)
{
    (void) snprintf(row, ROW_SIZE + 1, "%020" PRIu64 ",\"%-*s\"\r\n", number,
        ROW_SIZE - 25, "a \"\"quoted\"\" field, with a comma");
}

static size_t give(char *buffer, size_t size, size_t count, void *context)
{
    struct upload *upload = context;
    char row[ROW_SIZE + 1];
    uint64_t end = upload->released ? upload->size : upload->size - ROW_SIZE;
    size_t given = 0;
    upload->held = upload->position == end && !upload->released;
    if (upload->held)
        return CURL_READFUNC_PAUSE;
    while (given < size * count && upload->position < end) {
        size_t offset = (size_t) (upload->position % ROW_SIZE);
        size_t room = size * count - given;
        size_t part = ROW_SIZE - offset < room ? ROW_SIZE - offset : room;
        print_row(row, upload->position / ROW_SIZE);
        (void) memcpy(buffer + given, row + offset, part);
        upload->position += part;
        given += part;
    }
    return given;
}

static void prepare(
    struct upload *upload, uint64_t size, const struct endpoint *endpoint, CURLM *all)
{
    char url[128];
    *upload = (struct upload){.size = size, .transfer = curl_easy_init()};
    upload->form = curl_mime_init(upload->transfer);
    curl_mimepart *part = curl_mime_addpart(upload->form);
    if (part == NULL)
        fail("no memory for an upload");
    (void) snprintf(url, sizeof url, "%supload", endpoint->url);
    (void) curl_mime_name(part, "uploaded_file");
    (void) curl_mime_filename(part, "table.csv");
    /* The size of too large a file is not announced, or the server would refuse it at
     * once. */
    (void) curl_mime_data_cb(
        part, size > SIZE_LIMIT ? -1 : (curl_off_t) size, give, NULL, NULL, upload);
    (void) curl_easy_setopt(upload->transfer, CURLOPT_URL, url);
    (void) curl_easy_setopt(upload->transfer, CURLOPT_NOPROXY, "*");
    (void) curl_easy_setopt(upload->transfer, CURLOPT_MIMEPOST, upload->form);
    (void) curl_easy_setopt(upload->transfer, CURLOPT_WRITEFUNCTION, answer_append);
    (void) curl_easy_setopt(upload->transfer, CURLOPT_WRITEDATA, &upload->answer);
    (void) curl_multi_add_handle(all, upload->transfer);
}

static void print_wanted(char *text, size_t room, uint64_t size)
{
    if (size > SIZE_LIMIT)
        (void) snprintf(text, room,
            "{\"error\": \"the file is larger than the limit: %" PRIu64
            " bytes\", \"limit\": %" PRIu64 "}\n",
            SIZE_LIMIT, SIZE_LIMIT);
    else
        (void) snprintf(text, room,
            "{\"rows\": %" PRIu64 ", \"columns\": 2, \"bytes\": %" PRIu64 "}\n",
            size / ROW_SIZE, size);
}

static void check(const struct upload *upload)
{
    char wanted[256];
    print_wanted(wanted, sizeof wanted, upload->size);
    if (strcmp(upload->answer.text, wanted) != 0)
        fail(
            "%" PRIu64 " bytes were answered by '%s'", upload->size, upload->answer.text);
}

/* ---- Many at once --------------------------------------------------------------------
 */

struct crowd {
    const struct endpoint *endpoint;
    CURLM *all;
    size_t count;
    struct upload uploads[UPLOADS_MOST];
};

struct part_of_crowd {
    size_t count;
    uint64_t size;
};

static void gather(struct crowd *crowd, const struct part_of_crowd *parts)
{
    crowd->all = curl_multi_init();
    crowd->count = 0;
    for (; parts->count != 0; parts++) {
        for (size_t i = 0; i < parts->count; i++)
            prepare(&crowd->uploads[crowd->count++], parts->size, crowd->endpoint,
                crowd->all);
    }
}

static int run_a_little(struct crowd *crowd)
{
    int running;
    if (curl_multi_perform(crowd->all, &running) != CURLM_OK ||
        curl_multi_poll(crowd->all, NULL, 0, 100, NULL) != CURLM_OK)
        fail("libcurl cannot go on");
    return running;
}

static bool all_are_held(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        if (!crowd->uploads[i].held)
            return false;
    }
    return true;
}

static void run_until_held(struct crowd *crowd)
{
    while (!all_are_held(crowd)) {
        if (run_a_little(crowd) < (int) crowd->count)
            fail("an upload ended too early");
    }
}

static bool all_have_arrived(void *context)
{
    const struct crowd *crowd = context;
    return endpoint_status(crowd->endpoint, "uploading") == crowd->count;
}

static void release(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->uploads[i].released = true;
        (void) curl_easy_pause(crowd->uploads[i].transfer, CURLPAUSE_CONT);
    }
    while (run_a_little(crowd) > 0)
        continue;
}

static void scatter(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        (void) curl_multi_remove_handle(crowd->all, crowd->uploads[i].transfer);
        curl_easy_cleanup(crowd->uploads[i].transfer);
        curl_mime_free(crowd->uploads[i].form);
    }
    (void) curl_multi_cleanup(crowd->all);
}

/* Releases all uploads and checks the answers. */
static void finish(struct crowd *crowd)
{
    release(crowd);
    for (size_t i = 0; i < crowd->count; i++)
        check(&crowd->uploads[i]);
    scatter(crowd);
}

static void check_memory(const struct endpoint *endpoint)
{
    uint64_t memory = endpoint_memory(endpoint);
    uint64_t peak = endpoint_status(endpoint, "budget_peak");
    uint64_t bound = BUDGET + memory_besides_budget();
    printf("the server's memory: at most %" PRIu64
           " KiB resident, with a bound of %" PRIu64 " KiB; its budget: at most %" PRIu64
           " of %" PRIu64 " KiB\n",
        memory / KIB, bound / KIB, peak / KIB, BUDGET / KIB);
    if (peak > BUDGET || peak < BUDGET / 2)
        fail("the budget was not kept, or not used");
    if (SANITIZED)
        printf("skipped: a sanitizer's memory cannot be told from the server's\n");
    else if (memory > bound)
        fail("the server's memory is beyond its bound");
}

static void test_many(struct crowd *crowd)
{
    static const struct part_of_crowd parts[] = {
        {3, 64 * MIB}, {30, MIB}, {47, 64 * KIB}, {120, KIB}, {0}};
    gather(crowd, parts);
    run_until_held(crowd);
    await(all_have_arrived, crowd, "200 uploads on the server at once");
    finish(crowd);
    printf("%zu uploads at once were read\n", crowd->count);
    check_memory(crowd->endpoint);
}

/* ---- Uploads that are refused --------------------------------------------------------
 */

struct silence {
    const struct endpoint *endpoint;
    size_t descriptors;
};

static const struct part_of_crowd refused_parts[] = {{2, SIZE_LIMIT + MIB}, {0}};

/* Their connections are open. The server holds nothing else for them. */
static bool nothing_is_held(void *context)
{
    const struct silence *before = context;
    return endpoint_descriptors(before->endpoint) == before->descriptors + 2 &&
           endpoint_status(before->endpoint, "uploading") == 2 &&
           endpoint_status(before->endpoint, "budget_used") == 0;
}

static void test_refused(struct crowd *crowd, struct silence *before)
{
    gather(crowd, refused_parts);
    run_until_held(crowd);
    await(nothing_is_held, before, "refused uploads that hold nothing");
    finish(crowd);
    printf("%zu uploads were refused, and held nothing from then on\n", crowd->count);
}

/* ---- Clients that go away ------------------------------------------------------------
 */

static const struct part_of_crowd lost_parts[] = {{6, 4 * MIB}, {14, 64 * KIB}, {0}};

static bool all_are_open(void *context)
{
    const struct silence *before = context;
    size_t wanted = before->descriptors;
    for (const struct part_of_crowd *part = lost_parts; part->count != 0; part++)
        wanted += part->size > MIB ? 2 * part->count : part->count;
    return endpoint_descriptors(before->endpoint) >= wanted &&
           endpoint_status(before->endpoint, "budget_used") > 0;
}

static bool nothing_is_left(void *context)
{
    const struct silence *before = context;
    return endpoint_descriptors(before->endpoint) == before->descriptors &&
           endpoint_files(before->endpoint) == 0 &&
           endpoint_status(before->endpoint, "uploading") == 0 &&
           endpoint_status(before->endpoint, "budget_used") == 0;
}

_Noreturn static void upload_for_ever(struct crowd *crowd)
{
    (void) alarm(TIME_LIMIT);
    gather(crowd, lost_parts);
    for (;;)
        (void) run_a_little(crowd);
}

static void test_lost(struct crowd *crowd, struct silence *before)
{
    pid_t clients = fork();
    if (clients == -1)
        fail("no process for the clients");
    if (clients == 0)
        upload_for_ever(crowd);
    await(all_are_open, before, "uploads in memory and on disk");
    (void) kill(clients, SIGKILL);
    (void) waitpid(clients, NULL, 0);
    await(nothing_is_left, before, "no upload, descriptor, file or memory on the server");
    if (endpoint_status(before->endpoint, "abandoned") != 20)
        fail("not 20 abandoned uploads were counted");
    printf("20 uploads of killed clients have left nothing\n");
}

int main(void)
{
    static const char *const options[] = {
        "--size-limit", "64M", "--memory-limit", "1M", "--budget", "16M", NULL};
    static struct endpoint endpoint;
    static struct crowd crowd = {.endpoint = &endpoint};
    (void) alarm(TIME_LIMIT);
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);
    endpoint_start(&endpoint, options);
    struct silence before = {&endpoint, endpoint_descriptors(&endpoint)};
    test_many(&crowd);
    await(
        nothing_is_left, &before, "no upload, descriptor, file or memory on the server");
    test_refused(&crowd, &before);
    await(
        nothing_is_left, &before, "no upload, descriptor, file or memory on the server");
    test_lost(&crowd, &before);
    endpoint_stop(&endpoint);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
