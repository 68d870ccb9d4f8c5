#include <config.h>

#include "harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static size_t rounded_amount(const struct row *row)
{
    size_t texts = row->amount / row->text->size;
    return (texts == 0 ? 1 : texts) * row->text->size;
}

/* ---- Writing -------------------------------------------------------------------------
 */

static void fill(const struct row *row, FILE *file)
{
    for (size_t done = 0; done < rounded_amount(row); done += row->text->size)
        row->write(row->text, file);
    if (fflush(file) != 0)
        fail("fflush");
}

static void check_contents(const struct row *row, struct subject *subject)
{
    size_t size;
    const char *bytes = subject_contents(subject, &size);
    if (size != rounded_amount(row) || !text_matches(row->text, 0, bytes, size))
        fail_with_other_bytes();
}

/* From opening to bytes that can be seen; that closing frees them is not counted. */
static double write_once(const struct row *row, enum kind kind)
{
    struct subject subject;
    double start = now();
    subject_open(&subject, kind, rounded_amount(row));
    fill(row, subject.file);
    double elapsed = now() - start;
    check_contents(row, &subject);
    subject_close(&subject);
    return elapsed;
}

double measure_writing(const struct row *row, enum kind kind)
{
    double elapsed = 0;
    for (size_t i = 0; i < row->times; i++)
        elapsed += write_once(row, kind);
    return elapsed / (double) (row->times * rounded_amount(row));
}

/* ---- Reading -------------------------------------------------------------------------
 */

static double read_once(const struct row *row, FILE *file, bool check)
{
    static char buffer[BLOCK_SIZE + 1];
    rewind(file);
    double start = now();
    for (size_t done = 0; done < row->amount; done += BLOCK_SIZE) {
        row->read(file, buffer, BLOCK_SIZE);
        if (check && !text_matches(row->text, done, buffer, BLOCK_SIZE))
            fail_with_other_bytes();
    }
    return now() - start;
}

double measure_reading(const struct row *row, enum kind kind)
{
    struct subject subject;
    subject_open(&subject, kind, row->amount);
    fill(row, subject.file);
    FILE *reader = subject_reader(&subject);
    (void) read_once(row, reader, true);
    double elapsed = read_once(row, reader, false);
    subject_close(&subject);
    return elapsed / (double) row->amount;
}

/* ---- In two threads ------------------------------------------------------------------
 */

enum { THREADS = 2 };

struct writer {
    pthread_t thread;
    const struct row *row;
    struct subject subject;
};

static void *write_in_thread(void *argument)
{
    struct writer *writer = argument;
    fill(writer->row, writer->subject.file);
    return NULL;
}

static void start(struct writer *writer)
{
    if (pthread_create(&writer->thread, NULL, write_in_thread, writer) != 0)
        fail("pthread_create");
}

static void finish(struct writer *writer)
{
    check_contents(writer->row, &writer->subject);
    subject_close(&writer->subject);
}

/* A stream for each thread; they are opened before the threads, as most are. */
double measure_writing_in_threads(const struct row *row, enum kind kind)
{
    struct writer writers[THREADS] = {{.row = row}, {.row = row}};
    for (size_t i = 0; i < THREADS; i++)
        subject_open(&writers[i].subject, kind, rounded_amount(row));
    double begin = now();
    for (size_t i = 0; i < THREADS; i++)
        start(&writers[i]);
    for (size_t i = 0; i < THREADS; i++)
        (void) pthread_join(writers[i].thread, NULL);
    double elapsed = now() - begin;
    for (size_t i = 0; i < THREADS; i++)
        finish(&writers[i]);
    return elapsed / (double) (THREADS * rounded_amount(row));
}

/* ---- Limits --------------------------------------------------------------------------
 */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux's, since 5.14 */
#endif

enum { PIECE = 1 << 20 }; /* bytes whose pages are asked for at once */

static double copy_once(const struct row *row)
{
    double begin = now();
    char *memory = malloc(row->amount);
    if (memory == NULL)
        fail("malloc");
    for (size_t done = 0; done < row->amount; done += row->text->size)
        memcpy(memory + done, row->text->bytes, row->text->size);
    use_memory(memory);
    double elapsed = now() - begin;
    free(memory);
    return elapsed;
}

double measure_copying(const struct row *row)
{
    double elapsed = 0;
    for (size_t i = 0; i < row->times; i++)
        elapsed += copy_once(row);
    return elapsed / (double) (row->times * row->amount);
}

static void get_pages(char *memory, size_t size)
{
    /* An older kernel refuses, and gives each page when it is written. */
    (void) madvise(memory, size < PIECE ? size : PIECE, MADV_POPULATE_WRITE);
}

double measure_copying_to_new_pages(const struct row *row)
{
    double begin = now();
    char *memory = mmap(
        NULL, row->amount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    for (size_t done = 0; done < row->amount; done += row->text->size) {
        if (done % PIECE == 0)
            get_pages(memory + done, row->amount - done);
        memcpy(memory + done, row->text->bytes, row->text->size);
    }
    use_memory(memory);
    double elapsed = now() - begin;
    (void) munmap(memory, row->amount);
    return elapsed / (double) row->amount;
}
