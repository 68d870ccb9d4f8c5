/* Uploads a table straight from the stream that it was written to, and downloads into a
 * stream, with libcurl.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <csv.h>
#include <curl/curl.h>
#include <errno.h>
#include <filelike.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: client [--stream KIND] [--rows COUNT] URL\n"
    "           Writes a table with a heading and COUNT rows (1000) and uploads it.\n"
    "       client --file NAME URL\n"
    "           Uploads a file.\n"
    "       client [--stream KIND] --get URL\n"
    "           Downloads into a stream and tells its size.\n"
    "\n"
    "KIND is memory (as it is without --stream), spooled or named.\n";

enum { COLUMNS = 3 };

/* ---- The table -----------------------------------------------------------------------
 */

/* libcsv's own writer quotes the fields that need it. It knows only FILE *. */
static void write_row(FILE *stream, const char *const fields[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        (void) csv_fwrite(stream, fields[i], strlen(fields[i]));
        (void) putc(i + 1 < COLUMNS ? ',' : '\n', stream);
    }
}

static void write_table(FILE *stream, uint64_t rows)
{
    char number[32];
    char square[32];
    write_row(stream, (const char *const[]){"number", "square", "remark"});
    for (uint64_t i = 1; i <= rows; i++) {
        (void) snprintf(number, sizeof number, "%" PRIu64, i);
        (void) snprintf(square, sizeof square, "%" PRIu64, i * i);
        write_row(stream,
            (const char *const[]){number, square, i % 2 ? "odd" : "even, not \"odd\""});
    }
}

/* ---- Streams -------------------------------------------------------------------------
 */

static FILE *open_memory(void)
{
    return filelike_memory("w+", NULL);
}

static FILE *open_spooled(void)
{
    return filelike_spooled("w+", NULL);
}

static FILE *open_named(void)
{
    struct filelike_options options = {.prefix = "table-", .suffix = ".csv"};
    return filelike_named("w+", &options);
}

static const struct kind {
    const char *name;
    FILE *(*open)(void);
} kinds[] = {
    {"memory", open_memory},
    {"spooled", open_spooled},
    {"named", open_named},
};

/* NULL if no kind has this name. */
static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* ---- Transfers -----------------------------------------------------------------------
 */

/* The bytes go from the stream directly to libcurl's buffer. */
static size_t read_stream(char *buffer, size_t size, size_t count, void *stream)
{
    size_t read = fread(buffer, size, count, stream);
    return ferror((FILE *) stream) ? CURL_READFUNC_ABORT : read * size;
}

/* libcurl seeks when it has to send the form again. */
static int seek_stream(void *stream, curl_off_t offset, int origin)
{
    return fseeko(stream, offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static bool fill_form(curl_mime *form, FILE *stream, const char *file_name)
{
    curl_mimepart *part = curl_mime_addpart(form);
    return part != NULL && curl_mime_name(part, "uploaded_file") == CURLE_OK &&
           curl_mime_filename(part, file_name) == CURLE_OK &&
           curl_mime_type(part, "text/csv") == CURLE_OK &&
           curl_mime_data_cb(part, filelike_size(stream), read_stream, seek_stream, NULL,
               stream) == CURLE_OK;
}

static int complain(const char *what, const char *why, const char *remedy)
{
    fprintf(stderr, "client: %s: %s. %s\n", what, why, remedy);
    return EXIT_FAILURE;
}

/* Prints the error of the transfer if it failed. */
static int judge(CURL *transfer, CURLcode code, const char *url, FILE *destination)
{
    char text[64];
    long status = 0;
    bool stored = fflush(destination) == 0;
    (void) curl_easy_getinfo(transfer, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return complain(url, curl_easy_strerror(code), "Does the server run there?");
    if (!stored)
        return complain(url, strerror(errno), "Make room for the answer.");
    if (status < 400)
        return EXIT_SUCCESS;
    (void) snprintf(text, sizeof text, "the server answered %ld", status);
    return complain(url, text, "Its answer says what is wrong.");
}

/* libcurl's own write callback is fwrite, so any FILE * can take the answer. */
static int perform(CURL *transfer, const char *url, FILE *destination)
{
    (void) curl_easy_setopt(transfer, CURLOPT_URL, url);
    (void) curl_easy_setopt(transfer, CURLOPT_WRITEDATA, destination);
    CURLcode code = curl_easy_perform(transfer);
    return judge(transfer, code, url, destination);
}

static int upload(FILE *stream, const char *file_name, const char *url)
{
    int status;
    CURL *transfer = curl_easy_init();
    curl_mime *form = transfer == NULL ? NULL : curl_mime_init(transfer);
    if (form != NULL && fill_form(form, stream, file_name)) {
        (void) curl_easy_setopt(transfer, CURLOPT_MIMEPOST, form);
        status = perform(transfer, url, stdout);
    } else {
        status = complain(url, strerror(ENOMEM), "Free some memory.");
    }
    curl_mime_free(form);
    curl_easy_cleanup(transfer);
    return status;
}

static int download(FILE *stream, const char *url)
{
    CURL *transfer = curl_easy_init();
    if (transfer == NULL)
        return complain(url, strerror(ENOMEM), "Free some memory.");
    int status = perform(transfer, url, stream);
    curl_easy_cleanup(transfer);
    if (status == EXIT_SUCCESS)
        printf("%" PRId64 " bytes\n", filelike_size(stream));
    return status;
}

/* ---- The command line ----------------------------------------------------------------
 */

struct order {
    const struct kind *kind;
    const char *file;
    const char *source; /* to download */
    uint64_t rows;
};

static const struct option options[] = {
    {"stream", required_argument, NULL, 's'},
    {"rows", required_argument, NULL, 'r'},
    {"file", required_argument, NULL, 'f'},
    {"get", required_argument, NULL, 'g'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

_Noreturn static void explain(int status)
{
    fputs(usage, status == EXIT_SUCCESS ? stdout : stderr);
    exit(status);
}

static uint64_t read_count(const char *value)
{
    char *end;
    errno = 0;
    uint64_t count = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0)
        exit(complain(value, "not a count of rows", "Give a number."));
    return count;
}

static void set(struct order *order, int option, const char *value)
{
    switch (option) {
    case 's':
        order->kind = find_kind(value);
        if (order->kind == NULL)
            exit(complain(
                value, "not a kind of stream", "Give memory, spooled or named."));
        break;
    case 'r':
        order->rows = read_count(value);
        break;
    case 'f':
        order->file = value;
        break;
    case 'g':
        order->source = value;
        break;
    default:
        explain(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
    }
}

static struct order read_order(int count, char **arguments)
{
    struct order order = {.kind = kinds, .rows = 1000};
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        set(&order, option, optarg);
    if (count - optind != (order.source == NULL ? 1 : 0))
        explain(EXIT_FAILURE);
    return order;
}

static int upload_file(FILE *stream, const char *path, const char *url)
{
    const char *slash = strrchr(path, '/');
    return upload(stream, slash == NULL ? path : slash + 1, url);
}

static int upload_table(FILE *stream, uint64_t rows, const char *url)
{
    write_table(stream, rows);
    if (fseeko(stream, 0, SEEK_SET) == 0 && !ferror(stream))
        return upload(stream, "table.csv", url);
    return complain("the table", strerror(filelike_error(stream)), "Ask for less rows.");
}

static int run(const struct order *order, const char *url, FILE *stream)
{
    if (order->source != NULL)
        return download(stream, order->source);
    if (order->file != NULL)
        return upload_file(stream, order->file, url);
    return upload_table(stream, order->rows, url);
}

int main(int count, char **arguments)
{
    struct order order = read_order(count, arguments);
    bool has_file = order.source == NULL && order.file != NULL;
    FILE *stream = has_file ? fopen(order.file, "rb") : order.kind->open();
    if (stream == NULL)
        return complain(has_file ? order.file : order.kind->name, strerror(errno),
            has_file ? "Name a file that may be read." : "Free some memory.");
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);
    int status = run(&order, arguments[optind], stream);
    curl_global_cleanup();
    (void) fclose(stream);
    return status;
}
