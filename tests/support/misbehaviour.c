#include <config.h>

#include "misbehaviour.h"

#include "filelike.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The input -----------------------------------------------------------------------
 */

struct run {
    const uint8_t *bytes; /* what is left of the input */
    size_t left;
    const char *wrong; /* the first promise that did not hold; or NULL */
    FILE *streams[3];  /* the first, reopened, a section; or NULL */
    bool sequential;
    unsigned closed; /* how often close was called */
};

/* Returns 0 at the end of the input, so that the operations behave from then on. */
static unsigned next(struct run *run)
{
    if (run->left == 0)
        return 0;
    run->left--;
    return *run->bytes++;
}

static void require(struct run *run, bool condition, const char *what)
{
    if (!condition && run->wrong == NULL)
        run->wrong = what;
}

/* ---- Operations ----------------------------------------------------------------------
 */

enum { MOST = 1 << 16 /* the largest size that is reported */ };

struct content {
    struct run *run;
    int64_t size;
};

/* Usually GOOD. Otherwise a result that is neither a count of SIZE bytes nor a plain
 * failure. */
static int64_t answer(struct content *content, int64_t good, size_t size)
{
    static const int errors[] = {0, EINTR, EIO, ENOSPC, EAGAIN, -1};
    unsigned chosen = next(content->run);
    require(content->run, content->run->closed == 0, "no operation after close");
    switch (chosen % 16) {
    case 1:
        return (int64_t) size + 1;
    case 2:
        return SSIZE_MAX;
    case 3:
        return -2;
    case 4:
        return -SSIZE_MAX - 1;
    case 5:
        errno = errors[next(content->run) % COUNT(errors)];
        return -1;
    case 6:
        return 0;
    case 7:
        content->size = next(content->run) * 256;
        return good;
    default:
        return good > 1 ? 1 + chosen % good : good;
    }
}

static ssize_t wild_read(void *context, void *buffer, size_t size, int64_t position)
{
    struct content *content = context;
    int64_t there = content->size > position ? content->size - position : 0;
    memset(buffer, 'r', size);
    if ((uint64_t) there > size)
        there = (int64_t) size;
    return (ssize_t) answer(content, there, size);
}

/* The calls write only zeros, as in gaps, and bytes that were read. */
static bool is_filled(const char *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && (bytes[i] == '\0' || bytes[i] == 'r'))
        i++;
    return i == size;
}

static ssize_t wild_write(void *context, const void *data, size_t size, int64_t position)
{
    struct content *content = context;
    require(content->run, size > 0 && position >= 0, "a write of some bytes");
    require(content->run, is_filled(data, size), "the bytes that were written");
    ssize_t count = (ssize_t) answer(content, (int64_t) size, size);
    if (count > 0 && (size_t) count <= size && position + count > content->size)
        content->size = position + count;
    return count;
}

static int64_t wild_size(void *context)
{
    struct content *content = context;
    int64_t size = answer(content, content->size, MOST);
    return size > MOST && size != SSIZE_MAX ? content->size : size;
}

static int wild_truncate(void *context, int64_t size)
{
    struct content *content = context;
    int64_t result = answer(content, 0, 0);
    if (result == 0)
        content->size = size;
    return (int) result;
}

static int wild_close(void *context, int lost)
{
    struct content *content = context;
    int64_t result = answer(content, 0, 0);
    require(content->run, lost >= 0, "an errno for close");
    content->run->closed++;
    return (int) result;
}

static struct filelike_operations choose_operations(struct run *run)
{
    struct filelike_operations operations = {
        .read = wild_read, .write = wild_write, .close = wild_close};
    if (!run->sequential)
        operations.size = wild_size;
    if (next(run) % 4 != 1)
        operations.truncate = wild_truncate;
    return operations;
}

/* ---- Calls ---------------------------------------------------------------------------
 */

static void write_some(struct run *run, FILE *stream)
{
    static char bytes[10000];
    (void) fwrite(bytes, 1, (size_t) next(run) * 39, stream);
}

static void read_some(struct run *run, FILE *stream)
{
    size_t size = (size_t) next(run) * 39 + 1;
    char *buffer = malloc(size);
    if (buffer == NULL)
        return;
    size_t ignored = fread(buffer, 1, size, stream);
    (void) ignored;
    free(buffer);
}

static void read_byte(struct run *run, FILE *stream)
{
    int byte = getc(stream);
    if (byte != EOF && next(run) % 2 == 1)
        (void) ungetc(byte, stream);
}

static void seek(struct run *run, FILE *stream)
{
    static const int from[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    int whence = from[next(run) % COUNT(from)];
    (void) fseeko(stream, (off_t) next(run) * 64 - 1000, whence);
}

static void flush(struct run *run, FILE *stream)
{
    errno = 0;
    require(run, fflush(stream) == 0 || errno != 0, "an errno of fflush");
}

/* musl's ftello counts characters that were pushed back at 0, and fails without errno. */
#ifdef __GLIBC__
enum { PUSHES_BACK_BEYOND_0 = false };
#else
enum { PUSHES_BACK_BEYOND_0 = true };
#endif

static void tell(struct run *run, FILE *stream)
{
    int64_t position = ftello(stream);
    require(run, position >= 0 || errno != 0 || PUSHES_BACK_BEYOND_0, "errno of ftello");
    clearerr(stream);
}

static void ask_size(struct run *run, FILE *stream)
{
    errno = 0;
    int64_t size = filelike_size(stream);
    require(run, size >= 0 || (size == -1 && errno != 0), "a size");
}

static void view(struct run *run, FILE *stream)
{
    size_t size = 0;
    errno = 0;
    const char *bytes = filelike_view(stream, &size);
    require(run, bytes != NULL || errno != 0, "an errno of filelike_view");
    for (size_t i = 0; bytes != NULL && i < size; i++)
        require(run, bytes[i] == 'r', "bytes of a view that were read");
}

static void detach(struct run *run, FILE *stream)
{
    size_t size = 0;
    errno = 0;
    char *bytes = filelike_detach(stream, &size);
    require(run, bytes != NULL ? bytes[size] == '\0' : errno != 0, "detached bytes");
    free(bytes);
}

static void cut(struct run *run, FILE *stream)
{
    errno = 0;
    int status = filelike_truncate(stream, (int64_t) next(run) * 64);
    require(run, status == 0 || errno != 0, "an errno of filelike_truncate");
}

static void persist(struct run *run, FILE *stream)
{
    errno = 0;
    int status = filelike_persist(stream, "/dev/null/nothing", FILELIKE_NOSYNC);
    require(run, status == -1 && errno != 0, "an errno of filelike_persist");
}

static void ask_the_rest(struct run *run, FILE *stream)
{
    require(run, filelike_fileno(stream) == -1, "no descriptor");
    require(run, filelike_path(stream) == NULL, "no path");
    (void) filelike_error(stream);
    clearerr(stream);
}

static void discard(struct run *run, FILE *stream)
{
    require(run, filelike_discard(stream) == 0, "filelike_discard");
}

static void close_one(struct run *run, FILE **stream)
{
    errno = 0;
    if (*stream != NULL)
        require(run, fclose(*stream) == 0 || errno != 0, "an errno of fclose");
    *stream = NULL;
}

static void reopen(struct run *run, FILE *stream)
{
    static const char *const modes[] = {"r", "r+", "a", "w", "w+", "a+"};
    FILE *reopened = filelike_reopen(stream, modes[next(run) % COUNT(modes)]);
    close_one(run, &run->streams[1]);
    run->streams[1] = reopened;
}

static void take_section(struct run *run, FILE *stream)
{
    int64_t start = (int64_t) next(run) * 16;
    int64_t size = (int64_t) next(run) * 16 - 16;
    FILE *section = filelike_section(stream, start, size >= 0 ? size : -1);
    close_one(run, &run->streams[2]);
    run->streams[2] = section;
}

static void (*const calls[])(struct run *run, FILE *stream) = {write_some, read_some,
    read_byte, seek, flush, tell, ask_size, view, detach, cut, persist, ask_the_rest,
    discard, reopen, take_section};

/* ISO C asks for a seek between writing and reading. Without positions, a stream can only
 * do one of the two. */
static void make_call(struct run *run)
{
    size_t chosen = next(run);
    FILE *stream = run->streams[chosen / COUNT(calls) % COUNT(run->streams)];
    if (stream == NULL)
        stream = run->streams[0];
    void (*call)(struct run *, FILE *) = calls[chosen % COUNT(calls)];
    if (call == write_some || call == read_some || call == read_byte)
        (void) fseeko(stream, 0, SEEK_CUR);
    if (ferror(stream))
        clearerr(stream);
    call(run, stream);
}

/* ---- A run ---------------------------------------------------------------------------
 */

static FILE *open_stream(struct run *run, struct content *content)
{
    static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};
    static const size_t buffers[] = {0, 1, 7, 4096, 100000};
    struct filelike_options options = {.buffer_size = buffers[next(run) % COUNT(buffers)],
        .size_limit = next(run) * 100};
    unsigned chosen = next(run);
    run->sequential = chosen % 3 == 0;
    const char *mode = modes[chosen / 3 % (run->sequential ? 3 : COUNT(modes))];
    struct filelike_operations operations = choose_operations(run);
    return filelike_custom(content, &operations, mode, &options);
}

bool misbehaviour_run(const uint8_t *bytes, size_t size)
{
    struct run run = {
        .bytes = bytes, .left = size < MISBEHAVIOUR_MOST ? size : MISBEHAVIOUR_MOST};
    struct content content = {.run = &run, .size = 1000};
    run.streams[0] = open_stream(&run, &content);
    bool opened = run.streams[0] != NULL;
    while (opened && run.left > 0)
        make_call(&run);
    for (size_t i = COUNT(run.streams); i-- > 0;)
        close_one(&run, &run.streams[i]);
    require(&run, run.closed == opened, "one close of what was opened");
    if (run.wrong != NULL)
        (void) fprintf(stderr, "broken promise: %s\n", run.wrong);
    return run.wrong == NULL;
}
