/* The calls that make up a sequence. Each is a function that can be called on a stream of
 * the library and on a real file. */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes that one call reads or writes at most. */
enum { CALL_ROOM = 40000 };

/* Longer than any file of the tests, and within what filesystems allow. */
#define FAR_AWAY (INT64_C(1) << 40)

/* The value of errno before each call. No call sets errno to it. */
enum { ERRNO_BEFORE = 12345 };

enum operation_name {
    FPUTC,
    FPUTS,
    FWRITE,
    FPRINTF,
    FGETC,
    FGETS,
    FREAD,
    GETLINE,
    UNGETC,
    FSEEKO,
    FTELLO,
    FSETPOS,
    SEEK_FAR,
    REWIND,
    FFLUSH,
    FLUSH_ALL,
    CLEARERR,
    SIZE,
    VIEW,
    TRUNCATE,
    DETACH,
    ROLLOVER,
    FILENO,
    WRITE_BENEATH,
    PATH,
    PERSIST,
    ERROR,
    IN_MEMORY,
    DESCRIPTOR_READ,
    DESCRIPTOR_WRITE,
    DESCRIPTOR_SEEK,
    CHILD_APPENDS,
    CHILD_WRITES,
    REOPEN, /* takes two streams: the sequence makes this call */
    OPERATION_COUNT
};

struct call {
    enum operation_name operation;
    size_t size;
    size_t unit; /* bytes of an item of fread and fwrite */
    int64_t offset;
    int whence;
    int character;  /* also the seed of what is written */
    int descriptor; /* the stream's, for calls that use it */
};

struct outcome {
    int64_t result;
    bool failed;
    int error;   /* ERRNO_BEFORE if the call did not set errno */
    size_t size; /* bytes at DATA */
    const char *data;
    char *block; /* from malloc, to be freed */
    char room[CALL_ROOM + 1];
};

/* The effect of an operation on a stream. */
enum {
    READS = 1,
    WRITES = 2,
    POSITIONS = 4,  /* reading and writing may follow */
    CHANGES = 8,    /* changes bytes that stdio may have in its buffer */
    ASKS = 16,      /* asks for the position */
    MOVES = 32,     /* moves bytes from memory to a descriptor */
    HANDS_OVER = 64 /* uses the descriptor, another handle of the file */
};

struct operation {
    const char *name;
    const char *arguments; /* s: size, u: unit, o: offset, w: whence, c: character */
    unsigned weight;       /* in random sequences */
    unsigned effects;
    void (*call)(FILE *file, const struct call *call, struct outcome *outcome);
    /* The call on the real file, if it is another one; else NULL. */
    void (*real)(FILE *file, const struct call *call, struct outcome *outcome);
};

extern const struct operation operations[OPERATION_COUNT];

/* Makes the call on a stream, or on the real file. First frees the block that OUTCOME has
 * from the call before. */
void call_stream(FILE *stream, const struct call *call, struct outcome *outcome);
void call_real_file(FILE *file, const struct call *call, struct outcome *outcome);
void outcome_release(struct outcome *outcome);

/* Writes the call down, much as it would be in C. */
void call_describe(const struct call *call, FILE *text);

#endif
