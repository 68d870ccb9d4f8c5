/* A row: one piece of work, the kinds of stream that do it, and the targets. */
#ifndef ROW_H
#define ROW_H

#include "kind.h"
#include "text.h"

struct row;

enum unit { MEGABYTES_PER_SECOND, NANOSECONDS, MICROSECONDS, BYTES };

/* WARM: the process has done the same work before, so malloc may have freed memory to
 * give. */
enum heap { WARM, FRESH };

/* SUBJECT is to be FACTOR times as fast as AGAINST, or as small. Less is enough where
 * it is OF_LIMIT times as fast as LIMIT. */
struct target {
    enum kind subject;
    enum kind against;
    double factor;   /* 0 ends the list */
    double of_limit; /* 0: FACTOR alone counts */
};

enum { MOST_TARGETS = 12 };

struct row {
    const char *name;
    const char *work; /* in words */
    enum unit unit;
    enum heap heap;
    size_t amount;          /* bytes for a stream to hold, or operations */
    size_t times;           /* repetitions, each with a new stream */
    size_t others;          /* other streams that are open */
    bool needs_descriptors; /* each other stream on disk takes one */

    /* The cost, see struct costs. */
    double (*measure)(const struct row *, enum kind);
    unsigned kinds; /* without LIMIT */
    const char *limit;
    double (*measure_limit)(const struct row *); /* NULL: no LIMIT */
    struct target targets[MOST_TARGETS];

    const struct text *text;                    /* written or read over and over */
    void (*write)(const struct text *, FILE *); /* all of it, once */
    void (*read)(FILE *, char *buffer, size_t size);
};

extern const struct row rows[];
extern const size_t row_count;

bool row_has_kind(const struct row *row, enum kind kind);
const char *row_kind_name(const struct row *row, enum kind kind);

/* ---- What rows measure ---------------------------------------------------------------
 */

/* sequential.c: AMOUNT bytes of TEXT through WRITE or READ, in one or two threads, or
 * copied by memcpy, or copied so into memory that the kernel has just been asked for. */
double measure_writing(const struct row *row, enum kind kind);
double measure_reading(const struct row *row, enum kind kind);
double measure_writing_in_threads(const struct row *row, enum kind kind);
double measure_copying(const struct row *row);
double measure_copying_to_new_pages(const struct row *row);

/* random.c: AMOUNT accesses of a few bytes at random positions of a stream. */
double measure_random_reading(const struct row *row, enum kind kind);
double measure_random_writing(const struct row *row, enum kind kind);
double measure_random_reading_of_memory(const struct row *row);
double measure_random_writing_of_memory(const struct row *row);

/* life.c: AMOUNT streams that hold one row of text each, and AMOUNT calls that ask for
 * the size while OTHERS are open. */
double measure_opening(const struct row *row, enum kind kind);
double measure_opening_again(const struct row *row, enum kind kind);
double measure_opening_in_threads(const struct row *row, enum kind kind);
double measure_opening_without_others(const struct row *row);
double measure_opening_callbacks(const struct row *row);
double measure_opening_callbacks_in_threads(const struct row *row);
double measure_size(const struct row *row, enum kind kind);
double measure_size_without_others(const struct row *row);
/* AMOUNT children that end at once, while OTHERS are open. */
double measure_forking(const struct row *row, enum kind kind);

/* Whether the process may have as many descriptors as the row needs. */
bool row_has_descriptors(const struct row *row);

/* room.c: the memory that AMOUNT empty streams take, each, from malloc (only glibc
 * tells) and of the machine. */
double measure_heap(const struct row *row, enum kind kind);
double measure_resident(const struct row *row, enum kind kind);
double measure_room_allowed(const struct row *row);

/* whole.c: all AMOUNT bytes at once, TIMES times. */
double measure_view(const struct row *row, enum kind kind);
double measure_detach(const struct row *row, enum kind kind);
double measure_time_allowed(const struct row *row);
double measure_whole_copy(const struct row *row);

/* AMOUNT, or fewer turns on a KIND that has a descriptor, which is slow. */
size_t turns(size_t amount, enum kind kind);

#endif
