/* tee_hash: stores what comes and computes its SHA-256 at the same time.
 *
 * usage: tee_hash FILE <input
 *
 * Copies the standard input to FILE, which appears whole or not at all, and prints what
 * sha256sum(1) would. The function that copies knows FILE * only; the stream that it
 * writes to hands each byte to the file and to the hash.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <filelike.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* ---- Code that knows FILE * only -----------------------------------------------------
 */

/* 0, or -1 with errno. */
static int copy(FILE *in, FILE *out)
{
    char block[16384];
    size_t size;
    while ((size = fread(block, 1, sizeof block, in)) > 0) {
        if (fwrite(block, 1, size, out) != size)
            return -1;
    }
    return ferror(in) ? -1 : 0;
}

/* ---- A stream that stores and hashes -------------------------------------------------
 */

struct tee {
    FILE *file;
    struct sha256_ctx hash;
};

static ssize_t tee_write(void *context, const void *data, size_t size, int64_t position)
{
    struct tee *tee = context;
    (void) position;
    if (fwrite(data, 1, size, tee->file) != size)
        return -1;
    sha256_update(&tee->hash, size, data);
    return (ssize_t) size;
}

/* If a byte was lost, the file is worth nothing. */
static int tee_close(void *context, int lost)
{
    struct tee *tee = context;
    if (lost != 0)
        (void) filelike_discard(tee->file);
    return fclose(tee->file);
}

/* A stream that writes PATH. The hash in TEE is complete once it is closed. */
static FILE *open_tee(struct tee *tee, const char *path)
{
    static const struct filelike_operations operations = {
        .write = tee_write,
        .close = tee_close,
    };
    sha256_init(&tee->hash);
    tee->file = filelike_atomic(path, "w", NULL);
    if (tee->file == NULL)
        return NULL;
    FILE *stream = filelike_custom(tee, &operations, "w", NULL);
    if (stream == NULL) {
        int error = errno;
        (void) filelike_discard(tee->file);
        (void) fclose(tee->file);
        errno = error;
    }
    return stream;
}

/* ---- The program ---------------------------------------------------------------------
 */

static int fail(const char *path, const char *what, const char *remedy)
{
    fprintf(stderr, "tee_hash: %s: %s: %s\n%s\n", path, what, strerror(errno), remedy);
    return EXIT_FAILURE;
}

static void print_hash(struct tee *tee, const char *path)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&tee->hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        printf("%02x", digest[i]);
    printf("  %s\n", path);
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: tee_hash FILE <input\n");
        return EXIT_FAILURE;
    }
    const char *path = arguments[1];
    struct tee tee;
    FILE *stream = open_tee(&tee, path);
    if (stream == NULL)
        return fail(path, "cannot be written",
            "Give a path in a directory that exists and may be written.");
    if (copy(stdin, stream) != 0 && ferror(stdin)) {
        int status = fail(
            path, "the input cannot be read", "Give a file as input; nothing is stored.");
        (void) filelike_discard(stream);
        (void) fclose(stream);
        return status;
    }
    if (fclose(stream) != 0)
        return fail(
            path, "not stored", "Make room and try again; the file is as it was.");
    print_hash(&tee, path);
    return EXIT_SUCCESS;
}
