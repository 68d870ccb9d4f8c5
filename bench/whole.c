#include <config.h>

#include "filelike.h"
#include "harness.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TIME_ALLOWED 1e-3 /* seconds */

static void fill(const struct row *row, FILE *file)
{
    for (size_t done = 0; done < row->amount; done += BLOCK_SIZE)
        write_block(row->text, file);
    if (fflush(file) != 0)
        fail("fflush");
}

static void check(const struct row *row, const char *bytes, size_t size)
{
    if (size != row->amount || !text_matches(row->text, 0, bytes, size))
        fail_with_other_bytes();
}

/* ---- View ----------------------------------------------------------------------------
 */

/* A program without filelike_view does it this way. */
static const char *map(FILE *file, size_t *size)
{
    struct subject subject = {.kind = TMPFILE, .file = file};
    *size = subject_size(&subject);
    void *mapping = mmap(NULL, *size, PROT_READ, MAP_SHARED, fileno(file), 0);
    if (mapping == MAP_FAILED)
        fail("mmap");
    return mapping;
}

static bool is_native(enum kind kind)
{
    return kind == TMPFILE || kind == MEMFD;
}

static const char *view(struct subject *subject, size_t *size)
{
    return is_native(subject->kind) ? map(subject->file, size)
                                    : subject_contents(subject, size);
}

static void end_view(struct subject *subject, const char *bytes, size_t size)
{
    if (is_native(subject->kind))
        (void) munmap((void *) (uintptr_t) bytes, size);
}

/* A byte is added between two views, so that the second view must be a new one. */
static void add_byte(FILE *file)
{
    if (putc('x', file) == EOF || fflush(file) != 0)
        fail("cannot add a byte");
}

double measure_view(const struct row *row, enum kind kind)
{
    struct subject subject;
    size_t size;
    double elapsed = 0;
    subject_open(&subject, kind, row->amount + row->times);
    fill(row, subject.file);
    const char *contents = subject_contents(&subject, &size);
    check(row, contents, size);
    for (size_t i = 0; i < row->times; i++) {
        add_byte(subject.file);
        double start = now();
        const char *bytes = view(&subject, &size);
        elapsed += now() - start;
        start = now();
        end_view(&subject, bytes, size);
        elapsed += now() - start;
    }
    subject_close(&subject);
    return elapsed / (double) row->times;
}

double measure_time_allowed(const struct row *row)
{
    (void) row;
    return TIME_ALLOWED;
}

/* ---- Detach --------------------------------------------------------------------------
 */

/* The caller gets the bytes as a block to free, and an empty stream, as from
 * filelike_detach. */
static char *read_whole(FILE *file, size_t *size)
{
    struct subject subject = {.kind = TMPFILE, .file = file};
    *size = subject_size(&subject);
    char *bytes = malloc(*size + 1);
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size)
        fail("cannot read the whole file");
    rewind(file);
    if (ftruncate(fileno(file), 0) != 0)
        fail("ftruncate");
    bytes[*size] = '\0';
    return bytes;
}

static char *detach(struct subject *subject, size_t *size)
{
    if (is_native(subject->kind))
        return read_whole(subject->file, size);
    if (subject->kind != OPEN_MEMSTREAM)
        return filelike_detach(subject->file, size);
    if (fclose(subject->file) != 0)
        fail("fclose");
    *size = subject->size;
    return subject->bytes;
}

static double detach_once(const struct row *row, enum kind kind)
{
    struct subject subject;
    size_t size = 0;
    subject_open(&subject, kind, row->amount);
    fill(row, subject.file);
    double start = now();
    char *bytes = detach(&subject, &size);
    double elapsed = now() - start;
    if (bytes == NULL)
        fail("filelike_detach");
    check(row, bytes, size);
    free(bytes);
    if (kind != OPEN_MEMSTREAM)
        subject_close(&subject);
    return elapsed;
}

double measure_detach(const struct row *row, enum kind kind)
{
    double elapsed = 0;
    for (size_t i = 0; i < row->times; i++)
        elapsed += detach_once(row, kind);
    return elapsed / (double) row->times;
}

double measure_whole_copy(const struct row *row)
{
    double elapsed = 0;
    char *source = malloc(row->amount);
    if (source == NULL)
        fail("malloc");
    memset(source, 'x', row->amount);
    for (size_t i = 0; i < row->times; i++) {
        double start = now();
        char *copy = malloc(row->amount);
        if (copy == NULL)
            fail("malloc");
        memcpy(copy, source, row->amount);
        use_memory(copy);
        elapsed += now() - start;
        free(copy);
    }
    free(source);
    return elapsed / (double) row->times;
}
