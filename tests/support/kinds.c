#include <config.h>

#include "kinds.h"

#include "backing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { PATH_ROOM = 4096 };

/* ---- Starting on bytes ---------------------------------------------------------------
 */

static bool starts_with(const char *mode, char letter)
{
    return mode != NULL && mode[0] == letter;
}

/* Frees or closes what a failed opener has left. Keeps errno. */
static FILE *give_up(FILE *stream)
{
    int saved = errno;
    if (stream != NULL)
        (void) fclose(stream);
    errno = saved;
    return NULL;
}

static FILE *not_in_this_mode(FILE *stream)
{
    errno = ENOTSUP;
    return give_up(stream);
}

/* Modes with "a" go on at the end, all others start at 0. */
static int go_to_start(FILE *stream, const char *mode)
{
    if (starts_with(mode, 'a') && strchr(mode, '+') == NULL)
        return 0;
    return fseeko(stream, 0, SEEK_SET);
}

static int store(FILE *stream, const void *data, size_t size)
{
    return fwrite(data, 1, size, stream) == size ? fflush(stream) : -1;
}

/* Writes the bytes that STREAM, opened empty in MODE, is to start on. */
static FILE *fill(FILE *stream, const void *data, size_t size, const char *mode)
{
    if (stream == NULL || size == 0 || starts_with(mode, 'w'))
        return stream;
    errno = 0;
    if (store(stream, data, size) == 0 && go_to_start(stream, mode) == 0)
        return stream;
    return errno == REFUSED ? not_in_this_mode(stream) : give_up(stream);
}

static const char *directory(void)
{
    const char *chosen = getenv("TMPDIR");
    return chosen != NULL && chosen[0] != '\0' ? chosen : P_tmpdir;
}

/* ---- In memory and spooled -----------------------------------------------------------
 */

static FILE *open_memory(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return fill(filelike_memory(mode, options), data, size, mode);
}

static FILE *open_bytes(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return filelike_bytes(data, size, mode, options);
}

static FILE *open_adopt(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    void *block = malloc(size + 1);
    if (block == NULL)
        return NULL;
    if (size > 0)
        memcpy(block, data, size);
    FILE *stream = filelike_adopt(block, size, mode, options);
    if (stream == NULL)
        free(block);
    return stream;
}

static FILE *open_with_descriptor(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    FILE *stream = open_memory(data, size, mode, options);
    if (stream == NULL || filelike_fileno(stream) != -1)
        return stream;
    return give_up(stream);
}

/* Each has a name of its own, as other threads may open one at the same time. */
static FILE *open_by_name(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    static atomic_uint count;
    char name[32];
    FILE *stream = NULL;
    (void) snprintf(name, sizeof name, "memory:kinds-%u", atomic_fetch_add(&count, 1));
    FILE *first = filelike_open(name, "w", options);
    if (first != NULL && store(first, data, size) == 0)
        stream = filelike_open(name, mode != NULL ? mode : "r+", options);
    (void) give_up(first);
    int saved = errno;
    (void) filelike_remove(name);
    errno = saved;
    return stream;
}

static FILE *open_by_path(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return fill(
        filelike_open("memory:", mode != NULL ? mode : "w+", options), data, size, mode);
}

static FILE *open_spooled(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return fill(filelike_spooled(mode, options), data, size, mode);
}

static FILE *open_rolled_over(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    FILE *stream = filelike_spooled(mode, options);
    if (stream == NULL || filelike_rollover(stream) == 0)
        return fill(stream, data, size, mode);
    return give_up(stream);
}

/* ---- On disk -------------------------------------------------------------------------
 */

static FILE *open_temporary(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return fill(filelike_temporary(mode, options), data, size, mode);
}

static FILE *open_named(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return fill(filelike_named(mode, options), data, size, mode);
}

/* One for each process. */
static const char *target_path(void)
{
    static char path[PATH_ROOM];
    (void) snprintf(
        path, sizeof path, "%s/filelike-test-target-%ld", directory(), (long) getpid());
    return path;
}

void kinds_clean_up(void)
{
    (void) unlink(target_path());
}

/* Creates the target as it is before the stream is opened. */
static int make_target(const void *data, size_t size)
{
    static bool registered;
    if (!registered && atexit(kinds_clean_up) != 0)
        return -1;
    registered = true;
    FILE *target = fopen(target_path(), "w");
    if (target == NULL)
        return -1;
    int status = store(target, data, size);
    (void) fclose(target);
    return status;
}

static FILE *open_atomic(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    if (make_target(data, size) != 0)
        return NULL;
    if (size == 0 && !starts_with(mode, 'r'))
        kinds_clean_up();
    return filelike_atomic(target_path(), mode, options);
}

/* ---- The C library's -----------------------------------------------------------------
 */

static FILE *open_fopen(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    char path[PATH_ROOM];
    FILE *stream = NULL;
    (void) options;
    (void) snprintf(path, sizeof path, "%s/filelike-test-XXXXXX", directory());
    int descriptor = mkstemp(path);
    if (descriptor == -1)
        return NULL;
    if (size == 0 || write(descriptor, data, size) == (ssize_t) size)
        stream = fopen(path, mode != NULL ? mode : "r+");
    (void) close(descriptor);
    (void) unlink(path);
    return stream;
}

static FILE *open_tmpfile(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    (void) options;
    if (mode != NULL && strcmp(mode, "w+") != 0 && strcmp(mode, "r+") != 0)
        return not_in_this_mode(NULL);
    return fill(tmpfile(), data, size, mode);
}

/* ---- Reopened ------------------------------------------------------------------------
 */

static FILE *reopened(FILE *first, const void *data, size_t size, const char *mode)
{
    FILE *stream = NULL;
    if (first != NULL && store(first, data, size) == 0)
        stream = filelike_reopen(first, mode);
    (void) give_up(first);
    return stream;
}

static FILE *reopen_memory(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return reopened(filelike_memory("w", options), data, size, mode);
}

static FILE *reopen_temporary(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return reopened(filelike_temporary("w+", options), data, size, mode);
}

static FILE *reopen_fopen(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return reopened(open_fopen("", 0, "w+", options), data, size, mode);
}

/* ---- On what the caller has ----------------------------------------------------------
 */

enum { CAPACITY = 8 << 20 /* bytes */ };

/* The leak sanitizer reads all static memory at the end of each process. Static blocks
 * would make each check take 0.2 s there, so they are mapped. */
static char *blocks;

__attribute__((constructor)) static void map_blocks(void)
{
    blocks = mmap(NULL, (size_t) KIND_MOST_BARE * CAPACITY, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* The test does not say when it closes a stream, so the blocks are used in turn. A block
 * that is used again holds its old bytes. */
static char *next_block(void)
{
    static atomic_uint count;
    return blocks + atomic_fetch_add(&count, 1) % KIND_MOST_BARE * (size_t) CAPACITY;
}

static FILE *open_fixed(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    if (blocks == MAP_FAILED)
        return NULL;
    char *block = next_block();
    memcpy(block, data, size);
    return filelike_fixed(block, CAPACITY, size, mode, options);
}

static FILE *open_backing(unsigned seed, const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    struct backing *backing = backing_create(seed, data, size);
    if (backing == NULL)
        return NULL;
    FILE *stream = filelike_custom(
        backing, &backing_operations, mode != NULL ? mode : "r+", options);
    if (stream == NULL) {
        backing_finish(backing);
        free(backing);
    }
    return stream;
}

static FILE *open_custom(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return open_backing(0, data, size, mode, options);
}

static FILE *open_in_parts(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    return open_backing(1, data, size, mode, options);
}

static FILE *open_section(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    static const char other[] = "what is before and behind";
    if (mode == NULL || mode[0] != 'r' || strchr(mode, '+') != NULL)
        return not_in_this_mode(NULL);
    FILE *stream = NULL;
    FILE *whole = filelike_spooled("w", options);
    if (whole != NULL && store(whole, other, sizeof other) == 0 &&
        store(whole, data, size) == 0 && store(whole, other, sizeof other) == 0)
        stream = filelike_section(whole, sizeof other, (int64_t) size);
    (void) give_up(whole);
    return stream;
}

/* ---- The table -----------------------------------------------------------------------
 */

#define OURS (KIND_OPTIONS | KIND_WATCHED)
#define SPOOLED (OURS | KIND_IN_MEMORY | KIND_MOVABLE)
#define MEMORY (SPOOLED | KIND_STAYS)
#define BOUND (OURS | KIND_STAYS | KIND_STARTS_FULL | KIND_BOUND)
#define FIXED (BOUND | KIND_IN_MEMORY | KIND_BARE)
#define CUSTOM (BOUND | KIND_OPAQUE)
#define REOPENED (KIND_WATCHED | KIND_STAYS | KIND_STARTS_FULL)
#define SECTION (REOPENED | KIND_BOUND | KIND_BARE | KIND_ONLY_READS)

const struct kind kinds[] = {
    {"memory", MEMORY, {0}, open_memory},
    {"memory, buffer of 1", MEMORY, {.buffer_size = 1}, open_memory},
    {"memory, buffer of 7", MEMORY, {.buffer_size = 7}, open_memory},
    {"memory, buffer of 4096", MEMORY, {.buffer_size = 4096}, open_memory},
    {"memory, unlocked", MEMORY, {.flags = FILELIKE_UNLOCKED}, open_memory},
    {"memory, with a descriptor", OURS | KIND_STAYS | KIND_IN_MEMORY, {0},
        open_with_descriptor},
    {"memory, by path", KIND_STAYS | KIND_IN_MEMORY, {0}, open_by_path},
    {"memory, by name", KIND_STAYS | KIND_STARTS_FULL | KIND_IN_MEMORY, {0},
        open_by_name},
    {"memory, by name, watched", REOPENED | KIND_IN_MEMORY | KIND_MOVABLE,
        {.size_limit = INT64_MAX}, open_by_name},
    {"bytes", MEMORY | KIND_STARTS_FULL, {0}, open_bytes},
    {"adopt", MEMORY | KIND_STARTS_FULL, {0}, open_adopt},
    {"spooled, never moving", MEMORY, {.memory_limit = FILELIKE_NEVER}, open_spooled},
    {"spooled, limit of 1", SPOOLED, {.memory_limit = 1}, open_spooled},
    {"spooled, limit of 7", SPOOLED, {.memory_limit = 7, .buffer_size = 5}, open_spooled},
    {"spooled, limit of 4096", SPOOLED, {.memory_limit = 4096, .buffer_size = 512},
        open_spooled},
    {"spooled, rolled over", OURS | KIND_STAYS, {0}, open_rolled_over},
    {"temporary", KIND_OPTIONS | KIND_STAYS, {0}, open_temporary},
    {"temporary, with a limit", OURS | KIND_STAYS, {.size_limit = INT64_MAX},
        open_temporary},
    {"temporary, in the kernel's memory", KIND_OPTIONS | KIND_STAYS | KIND_IN_MEMORY,
        {.flags = FILELIKE_IN_MEMORY}, open_temporary},
    {"named", OURS | KIND_STAYS, {0}, open_named},
    {"atomic", OURS | KIND_STAYS | KIND_STARTS_FULL | KIND_PUBLISHES,
        {.flags = FILELIKE_NOSYNC}, open_atomic},
    {"fopen", KIND_STAYS | KIND_STARTS_FULL, {0}, open_fopen},
    {"tmpfile", KIND_STAYS | KIND_ONLY_UPDATE, {0}, open_tmpfile},
    {"memory, reopened", REOPENED | KIND_IN_MEMORY | KIND_MOVABLE, {0}, reopen_memory},
    {"temporary, reopened", REOPENED, {0}, reopen_temporary},
    {"fopen, reopened", REOPENED, {0}, reopen_fopen},
    {"fixed", FIXED, {0}, open_fixed},
    {"fixed, buffer of 7", FIXED, {.buffer_size = 7}, open_fixed},
    {"custom", CUSTOM, {0}, open_custom},
    {"custom, in parts", CUSTOM, {0}, open_in_parts},
    {"custom, in parts, buffer of 7", CUSTOM, {.buffer_size = 7}, open_in_parts},
    {"section", SECTION | KIND_IN_MEMORY, {0}, open_section},
    {"section on disk", SECTION, {.memory_limit = 1, .buffer_size = 7}, open_section},
};
const size_t kind_count = COUNT(kinds);

bool kind_has(const struct kind *kind, unsigned properties)
{
    return (kind->properties & properties) == properties;
}

/* ---- Opening -------------------------------------------------------------------------
 */

static struct filelike_options join(
    const struct filelike_options *own, const struct filelike_options *more)
{
    struct filelike_options options = more != NULL ? *more : (struct filelike_options){0};
    if (options.memory_limit == 0)
        options.memory_limit = own->memory_limit;
    if (options.size_limit == 0)
        options.size_limit = own->size_limit;
    if (options.buffer_size == 0)
        options.buffer_size = own->buffer_size;
    options.flags |= own->flags;
    return options;
}

FILE *kind_open_on(const struct kind *kind, const void *data, size_t size,
    const char *mode, const struct filelike_options *options)
{
    struct filelike_options joined = join(&kind->options, options);
    return kind->open(data, size, mode, &joined);
}

FILE *kind_open(
    const struct kind *kind, const char *mode, const struct filelike_options *options)
{
    return kind_open_on(kind, "", 0, mode, options);
}
