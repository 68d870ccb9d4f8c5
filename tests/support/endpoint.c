#define _GNU_SOURCE

#include "endpoint.h"

#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER "examples/upload/server"

enum {
    OPTIONS_MOST = 16,
    START_PATIENCE = 20 * 1000, /* milliseconds */
    PATIENCE = 30 * 1000, /* milliseconds, less than the SILENCE_LIMIT of the server */
    PAUSE = 20            /* milliseconds */
};

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void) fputs("FAIL: ", stdout);
    (void) vprintf(format, arguments);
    (void) putchar('\n');
    va_end(arguments);
    exit(EXIT_FAILURE);
}

void await(bool (*ready)(void *context), void *context, const char *what)
{
    for (int waited = 0; waited < PATIENCE; waited += PAUSE) {
        if (ready(context))
            return;
        (void) usleep(PAUSE * 1000);
    }
    fail("waited in vain for this: %s", what);
}

/* ---- The process ---------------------------------------------------------------------
 */

_Noreturn static void become_server(
    const char *directory, const char *const *options, int output)
{
    const char *arguments[OPTIONS_MOST + 6] = {SERVER, "--port", "0", "--dir", directory};
    for (size_t i = 0; i < OPTIONS_MOST && options[i] != NULL; i++)
        arguments[5 + i] = options[i];
    (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void) dup2(output, STDOUT_FILENO);
    (void) execv(SERVER, (char **) (uintptr_t) arguments);
    perror(SERVER);
    _exit(EXIT_FAILURE);
}

/* The line that tells the port. */
static void read_url(struct endpoint *endpoint)
{
    static const char start[] = "listening on ";
    char line[128];
    struct pollfd ready = {.fd = endpoint->output, .events = POLLIN};
    if (poll(&ready, 1, START_PATIENCE) != 1)
        fail("the server does not start");
    ssize_t size = read(endpoint->output, line, sizeof line - 1);
    line[size > 0 ? size : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, start, strlen(start)) != 0 ||
        strlen(line + strlen(start)) >= sizeof endpoint->url)
        fail("the server does not tell its port but '%s'", line);
    (void) strcpy(endpoint->url, line + strlen(start));
}

void endpoint_start(struct endpoint *endpoint, const char *const *options)
{
    int ends[2];
    (void) strcpy(endpoint->directory, "upload-test-XXXXXX");
    if (mkdtemp(endpoint->directory) == NULL || pipe2(ends, O_CLOEXEC) != 0)
        fail("no directory, or no pipe, for the server");
    endpoint->output = ends[0];
    endpoint->process = fork();
    if (endpoint->process == -1)
        fail("no process for the server");
    if (endpoint->process == 0)
        become_server(endpoint->directory, options, ends[1]);
    (void) close(ends[1]);
    read_url(endpoint);
}

/* Its statistics, for the reader of the test's log. */
static void copy_output(int output)
{
    char text[512];
    ssize_t size;
    while ((size = read(output, text, sizeof text)) > 0)
        (void) fwrite(text, 1, (size_t) size, stdout);
    (void) close(output);
}

void endpoint_stop(struct endpoint *endpoint)
{
    int status;
    (void) kill(endpoint->process, SIGTERM);
    copy_output(endpoint->output);
    if (waitpid(endpoint->process, &status, 0) == -1 || status != 0)
        fail("the server ends with status %d", status);
    if (rmdir(endpoint->directory) != 0)
        fail("the server has left something in %s", endpoint->directory);
}

/* ---- Looking at it -------------------------------------------------------------------
 */

static size_t count_names(const char *path)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL)
        fail("cannot look into %s", path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void) closedir(directory);
    return count;
}

size_t endpoint_descriptors(const struct endpoint *endpoint)
{
    char path[64];
    (void) snprintf(path, sizeof path, "/proc/%d/fd", (int) endpoint->process);
    return count_names(path);
}

size_t endpoint_files(const struct endpoint *endpoint)
{
    return count_names(endpoint->directory);
}

uint64_t endpoint_memory(const struct endpoint *endpoint)
{
    char line[128];
    uint64_t kilobytes = 0;
    (void) snprintf(line, sizeof line, "/proc/%d/status", (int) endpoint->process);
    FILE *status = fopen(line, "re");
    while (status != NULL && kilobytes == 0 && fgets(line, sizeof line, status) != NULL)
        (void) sscanf(line, "VmHWM: %" SCNu64 " kB", &kilobytes);
    if (kilobytes == 0)
        fail("no VmHWM in /proc");
    (void) fclose(status);
    return kilobytes * 1024;
}

/* ---- Talking to it -------------------------------------------------------------------
 */

size_t answer_append(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    if (size * count >= sizeof answer->text - answer->size)
        return 0;
    (void) memcpy(answer->text + answer->size, data, size * count);
    answer->size += size * count;
    answer->text[answer->size] = '\0';
    return size * count;
}

static void get(const char *url, struct answer *answer)
{
    CURL *transfer = curl_easy_init();
    if (transfer == NULL)
        fail("no memory for a request");
    (void) curl_easy_setopt(transfer, CURLOPT_URL, url);
    (void) curl_easy_setopt(transfer, CURLOPT_NOPROXY, "*");
    (void) curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, answer_append);
    (void) curl_easy_setopt(transfer, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(transfer);
    curl_easy_cleanup(transfer);
    if (code != CURLE_OK)
        fail("%s: %s", url, curl_easy_strerror(code));
}

uint64_t endpoint_status(const struct endpoint *endpoint, const char *name)
{
    char text[128];
    uint64_t value;
    struct answer answer = {0};
    (void) snprintf(text, sizeof text, "%sstatus", endpoint->url);
    get(text, &answer);
    (void) snprintf(text, sizeof text, "\"%s\": ", name);
    const char *found = strstr(answer.text, text);
    if (found == NULL || sscanf(found + strlen(text), "%" SCNu64, &value) != 1)
        fail("/status tells no %s but %s", name, answer.text);
    return value;
}
