/* download: reads what a server sends, as a stream, while it comes.
 *
 * usage: download URL
 *
 * Prints the lines at URL with their numbers, each as soon as it has come. The function
 * that numbers them knows FILE * only. Each time that the stream has nothing left for it,
 * libcurl fetches some more; what comes too early waits in the connection.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <curl/curl.h>
#include <errno.h>
#include <filelike.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- Code that knows FILE * only -----------------------------------------------------
 */

static void number_lines(FILE *in, FILE *out)
{
    char *line = NULL;
    size_t room = 0;
    for (int number = 1; getline(&line, &room, in) != -1; number++) {
        fprintf(out, "%d %s", number, line);
        fflush(out);
    }
    free(line);
}

/* ---- A stream that downloads ---------------------------------------------------------
 */

struct download {
    CURLM *multi;
    CURL *easy;
    bool ended;
    CURLcode result; /* the transfer's result, once it has ended */
    size_t size;     /* of what has come */
    size_t given;    /* bytes of it that the reader has taken */
    char bytes[CURL_MAX_WRITE_SIZE];
    char error[CURL_ERROR_SIZE];
};

/* libcurl has SIZE bytes. It keeps them while those of before are not read. */
static size_t take_bytes(char *bytes, size_t one, size_t size, void *context)
{
    struct download *download = context;
    (void) one;
    if (download->given < download->size)
        return CURL_WRITEFUNC_PAUSE;
    memcpy(download->bytes, bytes, size);
    download->size = size;
    download->given = 0;
    return size;
}

static void note_end(struct download *download)
{
    int left;
    CURLMsg *message = curl_multi_info_read(download->multi, &left);
    if (message == NULL || message->msg != CURLMSG_DONE)
        return;
    download->ended = true;
    download->result = message->data.result;
}

/* Lets libcurl work until bytes have come or the transfer has ended. */
static void fetch_some(struct download *download)
{
    enum { MILLISECONDS = 1000 };
    int running;
    (void) curl_easy_pause(download->easy, CURLPAUSE_CONT);
    while (download->given == download->size && !download->ended) {
        (void) curl_multi_perform(download->multi, &running);
        note_end(download);
        if (download->given == download->size && !download->ended)
            (void) curl_multi_poll(download->multi, NULL, 0, MILLISECONDS, NULL);
    }
}

static ssize_t read_download(void *context, void *buffer, size_t size, int64_t position)
{
    struct download *download = context;
    (void) position;
    if (download->given == download->size && !download->ended)
        fetch_some(download);
    size_t left = download->size - download->given;
    size_t count = size < left ? size : left;
    memcpy(buffer, download->bytes + download->given, count);
    download->given += count;
    if (count > 0 || download->result == CURLE_OK)
        return (ssize_t) count;
    errno = EIO;
    return -1;
}

static int end_download(void *context, int lost)
{
    struct download *download = context;
    (void) lost;
    (void) curl_multi_remove_handle(download->multi, download->easy);
    curl_easy_cleanup(download->easy);
    (void) curl_multi_cleanup(download->multi);
    return 0;
}

static bool begin_download(struct download *download, const char *url)
{
    *download = (struct download){
        .multi = curl_multi_init(), .easy = curl_easy_init(), .result = CURLE_OK};
    CURL *easy = download->easy;
    return download->multi != NULL && easy != NULL &&
           curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, download->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, download) == CURLE_OK &&
           curl_multi_add_handle(download->multi, easy) == CURLM_OK;
}

/* A stream that reads URL. DOWNLOAD is used until it is closed, and tells of errors. */
static FILE *open_download(struct download *download, const char *url)
{
    static const struct filelike_operations operations = {
        .read = read_download,
        .close = end_download,
    };
    FILE *stream = NULL;
    if (begin_download(download, url))
        stream = filelike_custom(download, &operations, "r", NULL);
    if (stream == NULL)
        (void) end_download(download, 0);
    return stream;
}

/* ---- The program ---------------------------------------------------------------------
 */

int main(int count, char **arguments)
{
    static struct download download;
    if (count != 2) {
        fprintf(stderr, "usage: download URL\n");
        return EXIT_FAILURE;
    }
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);
    FILE *stream = open_download(&download, arguments[1]);
    if (stream == NULL) {
        fprintf(stderr, "download: %s: cannot be opened: %s\nGive another address.\n",
            arguments[1], strerror(errno));
        return EXIT_FAILURE;
    }
    number_lines(stream, stdout);
    bool complete = filelike_error(stream) == 0;
    (void) fclose(stream);
    curl_global_cleanup();
    if (complete)
        return EXIT_SUCCESS;
    fprintf(stderr,
        "download: %s: %s\nCheck the address and the network, and try again.\n",
        arguments[1], download.error);
    return EXIT_FAILURE;
}
