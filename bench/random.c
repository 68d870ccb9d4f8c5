#include <config.h>

#include "harness.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The bytes that a random access moves, in a stream of this size. */
enum { PIECE_SIZE = 64, STREAM_SIZE = 8 << 20 };

/* The same sequence for every kind: Knuth's MMIX generator, its upper half. */
static size_t next_position(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t) (*state >> 32) % (STREAM_SIZE - PIECE_SIZE);
}

static void open_filled(struct subject *subject, enum kind kind)
{
    subject_open(subject, kind, STREAM_SIZE);
    for (size_t done = 0; done < STREAM_SIZE; done += BLOCK_SIZE)
        write_block(&text_lines, subject->file);
    if (fflush(subject->file) != 0)
        fail("fflush");
}

static char *filled_memory(void)
{
    char *memory = malloc(STREAM_SIZE);
    if (memory == NULL)
        fail("malloc");
    for (size_t done = 0; done < STREAM_SIZE; done += BLOCK_SIZE)
        memcpy(memory + done, text_lines.bytes, BLOCK_SIZE);
    return memory;
}

static void go_to(FILE *file, size_t position)
{
    if (fseeko(file, (off_t) position, SEEK_SET) != 0)
        fail("fseeko");
}

/* ---- Reading -------------------------------------------------------------------------
 */

static double read_anywhere(FILE *file, size_t count, bool check)
{
    char piece[PIECE_SIZE];
    uint64_t state = 1;
    double start = now();
    for (size_t i = 0; i < count; i++) {
        size_t position = next_position(&state);
        go_to(file, position);
        if (fread(piece, 1, PIECE_SIZE, file) != PIECE_SIZE)
            fail("fread");
        if (check && !text_matches(&text_lines, position, piece, PIECE_SIZE))
            fail_with_other_bytes();
    }
    return now() - start;
}

double measure_random_reading(const struct row *row, enum kind kind)
{
    struct subject subject;
    open_filled(&subject, kind);
    FILE *reader = subject_reader(&subject);
    (void) read_anywhere(reader, row->amount, true);
    double elapsed = read_anywhere(reader, row->amount, false);
    subject_close(&subject);
    return elapsed / (double) row->amount;
}

double measure_random_reading_of_memory(const struct row *row)
{
    char *memory = filled_memory();
    char piece[PIECE_SIZE];
    uint64_t state = 1;
    double start = now();
    for (size_t i = 0; i < row->amount; i++) {
        memcpy(piece, memory + next_position(&state), PIECE_SIZE);
        use_memory(piece);
    }
    double elapsed = now() - start;
    free(memory);
    return elapsed / (double) row->amount;
}

/* ---- Writing -------------------------------------------------------------------------
 */

/* Each piece differs from the last, so a lost or misplaced one shows. */
static const char *next_piece(size_t i)
{
    return text_lines.bytes + i * PIECE_SIZE % BLOCK_SIZE;
}

static double write_anywhere(FILE *file, size_t count)
{
    uint64_t state = 1;
    double start = now();
    for (size_t i = 0; i < count; i++) {
        go_to(file, next_position(&state));
        if (fwrite(next_piece(i), 1, PIECE_SIZE, file) != PIECE_SIZE)
            fail("fwrite");
    }
    if (fflush(file) != 0)
        fail("fflush");
    return now() - start;
}

static double write_memory_anywhere(char *memory, size_t count)
{
    uint64_t state = 1;
    double start = now();
    for (size_t i = 0; i < count; i++) {
        memcpy(memory + next_position(&state), next_piece(i), PIECE_SIZE);
        use_memory(memory);
    }
    return now() - start;
}

static void check_pieces(struct subject *subject, size_t count)
{
    size_t size;
    const char *bytes = subject_contents(subject, &size);
    char *expected = filled_memory();
    (void) write_memory_anywhere(expected, count);
    if (size != STREAM_SIZE || memcmp(bytes, expected, STREAM_SIZE) != 0)
        fail_with_other_bytes();
    free(expected);
}

double measure_random_writing(const struct row *row, enum kind kind)
{
    struct subject subject;
    open_filled(&subject, kind);
    double elapsed = write_anywhere(subject.file, row->amount);
    check_pieces(&subject, row->amount);
    subject_close(&subject);
    return elapsed / (double) row->amount;
}

double measure_random_writing_of_memory(const struct row *row)
{
    char *memory = filled_memory();
    double elapsed = write_memory_anywhere(memory, row->amount);
    free(memory);
    return elapsed / (double) row->amount;
}
