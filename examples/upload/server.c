/* An endpoint that takes uploaded CSV files, with libmicrohttpd: POST a form of the type
 * multipart/form-data with a field uploaded_file to /upload.
 *
 * The bytes of each file go into a spooled stream as they arrive: small files stay in
 * memory, large ones go to disk, and one budget bounds the memory of all. When a file is
 * complete, its FILE * goes to a parser that knows nothing else, see table.c.
 *
 * service.c   what all requests share       request.c   which request is answered how
 * form.c      one form on its way in        answer.c    the answers
 * upload.c    the stream of one file        settings.c  the command line
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "request.h"
#include "service.h"
#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SILENCE_LIMIT = 60,    /* seconds after which a silent client is disconnected */
    READ_STEP = 16 * 1024, /* bytes by which a connection's buffer grows */
    THREADS_MOST = 16,
    DESCRIPTORS_OWN = 64, /* the server's own descriptors */
    CONNECTIONS_MOST = 10000
};

/* ---- Starting ------------------------------------------------------------------------
 */

/* The server has a pool of threads, about one for each processor. Each thread polls its
 * share of the connections. An upload is mostly waiting; it then costs a buffer and no
 * stack. The rest is copying and parsing, and more threads would not make it faster.
 * While a thread parses, TCP holds back its other clients, so nothing piles up: many
 * uploads at once cost the budget and a few tens of KiB each. One connection stays with
 * one thread, so the streams need no locks.
 *
 * The server uses poll and not epoll: with epoll libmicrohttpd (0.9.75) sometimes misses
 * that a client has gone away, and keeps the bytes of that client until SILENCE_LIMIT. */
static unsigned pool_size(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 2)
        return 2;
    return processors < THREADS_MOST ? (unsigned) processors : THREADS_MOST;
}

/* Each connection has a socket and may have a file. More clients have to wait. */
static unsigned connection_limit(void)
{
    struct rlimit limit = {.rlim_cur = 0};
    (void) getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < DESCRIPTORS_OWN + 2 * THREADS_MOST)
        return THREADS_MOST;
    rlim_t connections = (limit.rlim_cur - DESCRIPTORS_OWN) / 2;
    return connections < CONNECTIONS_MOST ? (unsigned) connections : CONNECTIONS_MOST;
}

static struct MHD_Daemon *start(struct service *service, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, port, NULL, NULL,
        request_handle, service, MHD_OPTION_NOTIFY_COMPLETED, request_completed, service,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *) &address, MHD_OPTION_THREAD_POOL_SIZE,
        pool_size(), MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) SILENCE_LIMIT,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t) READ_STEP, MHD_OPTION_END);
}

_Noreturn static void fail(const char *what, const char *remedy)
{
    fprintf(stderr, "server: %s: %s. %s\n", what, strerror(errno), remedy);
    exit(EXIT_FAILURE);
}

/* An unusable directory is reported now, not with the first large file. */
static void check_directory(const struct filelike_options *stream)
{
    FILE *file = filelike_temporary("w+", stream);
    if (file == NULL)
        fail(stream->dir == NULL ? "no directory for files" : stream->dir,
            "Name one that can be written to with --dir.");
    (void) fclose(file);
}

static struct filelike_options stream_options(const struct settings *settings)
{
    struct filelike_options options = {
        .dir = settings->directory,
        .size_limit = settings->size_limit,
        .memory_limit = (size_t) settings->memory_limit,
        .flags = FILELIKE_UNLOCKED,
        .budget = filelike_budget_new((size_t) settings->budget),
    };
    if (options.budget == NULL)
        fail("budget", "");
    check_directory(&options);
    return options;
}

/* ---- Running -------------------------------------------------------------------------
 */

/* The signals are blocked in this thread, and so in all later ones, until wait_for_end
 * takes one. */
static void block_signals(sigset_t *signals)
{
    (void) sigemptyset(signals);
    (void) sigaddset(signals, SIGINT);
    (void) sigaddset(signals, SIGTERM);
    (void) pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static void wait_for_end(const sigset_t *signals)
{
    int number;
    while (sigwait(signals, &number) != 0)
        continue;
}

static void announce(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    printf("listening on http://127.0.0.1:%u/\n", (unsigned) info->port);
    (void) fflush(stdout);
}

int main(int count, char **arguments)
{
    struct settings settings = settings_read(count, arguments);
    struct service service = {
        .stream = stream_options(&settings),
        .budget = (size_t) settings.budget,
    };
    sigset_t signals;
    block_signals(&signals);
    struct MHD_Daemon *daemon = start(&service, settings.port);
    if (daemon == NULL)
        fail("127.0.0.1", "Is the port in use? --port 0 takes a free one.");
    announce(daemon);
    wait_for_end(&signals);
    MHD_stop_daemon(daemon);
    service_print(&service, stdout);
    filelike_budget_free(service.stream.budget);
    return EXIT_SUCCESS;
}
