/* The server of examples/upload as a child process, for the tests that talk to it. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct endpoint {
    pid_t process;
    int output;         /* what it prints */
    char directory[32]; /* for its files, empty at first */
    char url[64];       /* ends in '/' */
};

/* Starts the server with OPTIONS, ended by NULL, besides --port and --dir. It ends with
 * this process at the latest. */
void endpoint_start(struct endpoint *endpoint, const char *const *options);

/* Ends the server with SIGTERM. Fails the test if the server leaves anything behind. */
void endpoint_stop(struct endpoint *endpoint);

/* A number from the server's /status. */
uint64_t endpoint_status(const struct endpoint *endpoint, const char *name);

/* The files that the server has open, sockets and all. */
size_t endpoint_descriptors(const struct endpoint *endpoint);

/* The names in its directory. */
size_t endpoint_files(const struct endpoint *endpoint);

/* The most memory that the server ever had resident, in bytes. */
uint64_t endpoint_memory(const struct endpoint *endpoint);

/* A response's text, as libcurl's write function fills it. */
struct answer {
    size_t size;
    char text[1024];
};
size_t answer_append(char *data, size_t size, size_t count, void *answer);

/* Prints why, and ends the test as failed. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Calls READY again and again until it is true. Fails the test if that takes too long. */
void await(bool (*ready)(void *context), void *context, const char *what);

#endif
