/* csv_gz: compressed tables, written and read by code that knows FILE * only.
 *
 * usage: csv_gz pack FILE <table
 *        csv_gz sum FILE
 *
 * The first copies rows of NAME,AMOUNT from the standard input to FILE, compressed as by
 * gzip(1); the second prints the sum of the amounts. FILE appears whole or not at all:
 * where a line is no row the stream is given up, where a write is lost it gives up
 * itself, and FILE is as it was.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#define ZLIB_CONST

#include <errno.h>
#include <filelike.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK_SIZE = 16384 };           /* bytes */
enum { GZIP_FORMAT = 16 + MAX_WBITS }; /* not zlib's own format, see zlib.h */

/* ---- Code that knows FILE * only -----------------------------------------------------
 */

/* Whether LINE is NAME,AMOUNT. Sets the amount. */
static bool parse_row(const char *line, int64_t *amount)
{
    char end;
    return sscanf(line, "%*[^,\n],%" SCNd64 "%c", amount, &end) == 2 && end == '\n';
}

/* Copies the rows of IN to OUT. Returns 0, or the number of the first line that is not a
 * row. */
static size_t copy_rows(FILE *in, FILE *out)
{
    char *line = NULL;
    size_t room = 0;
    int64_t amount;
    size_t bad_line = 0;
    for (size_t number = 1; bad_line == 0 && getline(&line, &room, in) != -1; number++) {
        if (parse_row(line, &amount))
            fputs(line, out);
        else
            bad_line = number;
    }
    free(line);
    return bad_line;
}

static int64_t sum_rows(FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    int64_t amount;
    int64_t sum = 0;
    while (getline(&line, &room, in) != -1) {
        if (parse_row(line, &amount))
            sum += amount;
    }
    free(line);
    return sum;
}

/* ---- A stream that compresses --------------------------------------------------------
 */

struct compressor {
    FILE *file;
    z_stream stream;
};

/* Compresses what is to be compressed into the file. 0, or -1 with errno. */
static int deflate_all(struct compressor *compressor, int flush)
{
    unsigned char block[BLOCK_SIZE];
    z_stream *stream = &compressor->stream;
    do {
        stream->next_out = block;
        stream->avail_out = sizeof block;
        (void) deflate(stream, flush);
        size_t made = sizeof block - stream->avail_out;
        if (fwrite(block, 1, made, compressor->file) != made)
            return -1;
    } while (stream->avail_out == 0);
    return 0;
}

static ssize_t compress_some(
    void *context, const void *data, size_t size, int64_t position)
{
    struct compressor *compressor = context;
    uInt taken = size < BLOCK_SIZE ? (uInt) size : BLOCK_SIZE;
    (void) position;
    compressor->stream.next_in = data;
    compressor->stream.avail_in = taken;
    return deflate_all(compressor, Z_NO_FLUSH) == 0 ? (ssize_t) taken : -1;
}

/* LOST tells that what has been written is not the whole: then no file is to appear. */
static int end_compressing(void *context, int lost)
{
    struct compressor *compressor = context;
    if (lost == 0 && deflate_all(compressor, Z_FINISH) != 0)
        lost = errno;
    if (lost != 0)
        (void) filelike_discard(compressor->file);
    (void) deflateEnd(&compressor->stream);
    int status = fclose(compressor->file);
    free(compressor);
    if (lost != 0)
        errno = lost;
    return status == 0 && lost == 0 ? 0 : -1;
}

/* A stream that writes PATH compressed. */
static FILE *open_compressing(const char *path)
{
    static const struct filelike_operations operations = {
        .write = compress_some,
        .close = end_compressing,
    };
    struct compressor *compressor = calloc(1, sizeof *compressor);
    if (compressor == NULL)
        return NULL;
    if (deflateInit2(&compressor->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_FORMAT,
            MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(compressor);
        errno = ENOMEM;
        return NULL;
    }
    compressor->file = filelike_atomic(path, "w", NULL);
    FILE *stream = NULL;
    if (compressor->file != NULL)
        stream = filelike_custom(compressor, &operations, "w", NULL);
    if (stream != NULL)
        return stream;
    int error = errno;
    (void) deflateEnd(&compressor->stream);
    if (compressor->file != NULL) {
        (void) filelike_discard(compressor->file);
        (void) fclose(compressor->file);
    }
    free(compressor);
    errno = error;
    return NULL;
}

/* ---- A stream that decompresses ------------------------------------------------------
 */

struct decompressor {
    FILE *file;
    z_stream stream;
    bool ended; /* the compressed data; the file may hold more of it */
    unsigned char block[BLOCK_SIZE];
};

/* Reads more of the file. Returns the number of bytes, 0 at end-of-file, or -1 with
 * errno. */
static ssize_t fill_block(struct decompressor *decompressor)
{
    size_t count = fread(decompressor->block, 1, BLOCK_SIZE, decompressor->file);
    if (count == 0 && ferror(decompressor->file))
        return -1;
    if (count == 0 && !decompressor->ended) {
        errno = EBADMSG; /* it is cut off */
        return -1;
    }
    decompressor->stream.next_in = decompressor->block;
    decompressor->stream.avail_in = (uInt) count;
    return (ssize_t) count;
}

/* Makes one step of zlib. 0, or -1 with errno. */
static int inflate_some(struct decompressor *decompressor)
{
    if (decompressor->ended)
        (void) inflateReset(&decompressor->stream);
    int status = inflate(&decompressor->stream, Z_NO_FLUSH);
    decompressor->ended = status == Z_STREAM_END;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR)
        return 0;
    errno = status == Z_MEM_ERROR ? ENOMEM : EBADMSG;
    return -1;
}

static ssize_t decompress_some(void *context, void *buffer, size_t size, int64_t position)
{
    struct decompressor *decompressor = context;
    uInt room = size < BLOCK_SIZE ? (uInt) size : BLOCK_SIZE;
    z_stream *stream = &decompressor->stream;
    (void) position;
    stream->next_out = buffer;
    stream->avail_out = room;
    while (stream->avail_out == room) {
        ssize_t count = stream->avail_in > 0 ? 1 : fill_block(decompressor);
        if (count <= 0)
            return count;
        if (inflate_some(decompressor) != 0)
            return -1;
    }
    return (ssize_t) (room - stream->avail_out);
}

static int end_decompressing(void *context, int lost)
{
    struct decompressor *decompressor = context;
    (void) lost;
    (void) inflateEnd(&decompressor->stream);
    int status = fclose(decompressor->file);
    free(decompressor);
    return status;
}

/* A stream that reads PATH decompressed. */
static FILE *open_decompressing(const char *path)
{
    static const struct filelike_operations operations = {
        .read = decompress_some,
        .close = end_decompressing,
    };
    struct decompressor *decompressor = calloc(1, sizeof *decompressor);
    if (decompressor == NULL)
        return NULL;
    if (inflateInit2(&decompressor->stream, GZIP_FORMAT) != Z_OK) {
        free(decompressor);
        errno = ENOMEM;
        return NULL;
    }
    decompressor->file = fopen(path, "re");
    FILE *stream = NULL;
    if (decompressor->file != NULL)
        stream = filelike_custom(decompressor, &operations, "r", NULL);
    if (stream != NULL)
        return stream;
    int error = errno;
    (void) inflateEnd(&decompressor->stream);
    if (decompressor->file != NULL)
        (void) fclose(decompressor->file);
    free(decompressor);
    errno = error;
    return NULL;
}

/* ---- The program ---------------------------------------------------------------------
 */

static int fail(const char *path, const char *what, const char *remedy)
{
    fprintf(stderr, "csv_gz: %s: %s: %s\n%s\n", path, what, strerror(errno), remedy);
    return EXIT_FAILURE;
}

static int pack(const char *path)
{
    FILE *table = open_compressing(path);
    if (table == NULL)
        return fail(path, "cannot be written",
            "Give a path in a directory that exists and may be written.");
    size_t bad_line = copy_rows(stdin, table);
    if (bad_line != 0) {
        fprintf(stderr,
            "csv_gz: standard input:%zu: not NAME,AMOUNT\n"
            "Mend the line and pack again; %s is as it was.\n",
            bad_line, path);
        (void) filelike_discard(table);
        (void) fclose(table);
        return EXIT_FAILURE;
    }
    return fclose(table) == 0 ? EXIT_SUCCESS
                              : fail(path, "not written",
                                    "Make room and pack again; the file is as it was.");
}

static int sum(const char *path)
{
    FILE *table = open_decompressing(path);
    if (table == NULL)
        return fail(path, "cannot be read", "Give a file that csv_gz pack has written.");
    int64_t amount = sum_rows(table);
    errno = filelike_error(table);
    int status = errno == 0 ? EXIT_SUCCESS
                            : fail(path, "not read",
                                  "The file is cut off or damaged: fetch it again.");
    (void) fclose(table);
    if (status == EXIT_SUCCESS)
        printf("%" PRId64 "\n", amount);
    return status;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "pack") == 0)
        return pack(arguments[2]);
    if (count == 3 && strcmp(arguments[1], "sum") == 0)
        return sum(arguments[2]);
    fprintf(stderr, "usage: csv_gz pack FILE <table\n       csv_gz sum FILE\n");
    return EXIT_FAILURE;
}
