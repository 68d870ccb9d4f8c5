/* A glibc whose FILE behaves otherwise than this one's, in one way at a time. The library
 * tries its FILE when it opens its first stream, and does without what is not as it needs
 * it. Its streams then do all the same, but plain fileno may not answer. */
#include <config.h>

#include "expect.h"
#include "kinds.h"
#include "scratch.h"

#include <string.h>
#include <unistd.h>

#if FILELIKE_GLIBC_INTERNALS

/* ---- Ways to behave otherwise --------------------------------------------------------
 */

enum way {
    AS_USUAL,
    OTHER_DESCRIPTOR, /* a new stream with callbacks has another one */
    NO_LOCK,          /* it does not lock */
    KEPT_BUFFER,      /* fclose is not to free its buffer */
    HAS_BUFFER,
    HAS_POSITION,
    HIDES_DESCRIPTOR, /* fileno does not answer with one that is set */
    IGNORES_BUFFER,   /* that a write callback sets */
    FAILS_TO_FLUSH,
    CHANGES_BYTES,  /* of a write */
    HIDES_POSITION, /* ftello fails */
    REFUSES_SEEK,   /* fseeko fails */
    SEEKS_WITHOUT_READING,
    LOSES_MARK, /* _offset is set before a read */
    KEEPS_MARK, /* in all reads */
    READS_OTHER_BYTES,
    LOCKS_AGAIN, /* fseeko sets the lock bit */
    FAILS_TO_CLOSE,
    CLOSES_SILENTLY, /* without the callback */
    HAS_WIDE_STATE,
    OLDER_VERSION, /* fclose does not know free */
    FORWARDS,      /* another library stands before fopencookie */
    FORWARDS_SOME, /* of the streams */
    WAYS
};

static enum way way;

/* The first stream with callbacks, by which the library tries. It has no cookie. */
static FILE *tried;
static cookie_io_functions_t tried_callbacks;

enum { USER_BUFFER = 0x1, NEED_LOCK = 0x80, SMALL = 4 /* bytes */ };

static ssize_t write_to_small_buffer(void *cookie, const char *data, size_t size)
{
    ssize_t written = tried_callbacks.write(cookie, data, size);
    tried->_IO_buf_end = tried->_IO_buf_base + SMALL;
    return written;
}

static ssize_t write_other_bytes(void *cookie, const char *data, size_t size)
{
    (void) data;
    return tried_callbacks.write(cookie, "****************", size);
}

static ssize_t read_without_mark(void *cookie, char *buffer, size_t size)
{
    tried->_offset = 0;
    return tried_callbacks.read(cookie, buffer, size);
}

static ssize_t read_with_mark(void *cookie, char *buffer, size_t size)
{
    enum { MARK = -2 };
    tried->_offset = MARK;
    return tried_callbacks.read(cookie, buffer, size);
}

static ssize_t read_other_bytes(void *cookie, char *buffer, size_t size)
{
    ssize_t count = tried_callbacks.read(cookie, buffer, size);
    memset(buffer, '*', size);
    return count;
}

static int close_silently(void *cookie)
{
    (void) cookie;
    return 0;
}

static void change_callbacks(cookie_io_functions_t *callbacks)
{
    tried_callbacks = *callbacks;
    if (way == IGNORES_BUFFER)
        callbacks->write = write_to_small_buffer;
    if (way == CHANGES_BYTES)
        callbacks->write = write_other_bytes;
    if (way == LOSES_MARK)
        callbacks->read = read_without_mark;
    if (way == KEEPS_MARK)
        callbacks->read = read_with_mark;
    if (way == READS_OTHER_BYTES)
        callbacks->read = read_other_bytes;
    if (way == CLOSES_SILENTLY)
        callbacks->close = close_silently;
}

static void change_members(FILE *file)
{
    if (way == OTHER_DESCRIPTOR)
        file->_fileno = -3;
    if (way == NO_LOCK)
        file->_flags2 &= ~NEED_LOCK;
    if (way == KEPT_BUFFER)
        file->_flags |= USER_BUFFER;
    if (way == HAS_POSITION)
        file->_offset = 0;
    if (way == HAS_BUFFER) {
        file->_IO_buf_base = malloc(BUFSIZ);
        file->_IO_buf_end = file->_IO_buf_base + BUFSIZ;
    }
}

/* ---- Another library's fopencookie ---------------------------------------------------
 */

FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t callbacks);
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t callbacks);

struct forwarded {
    void *cookie;
    cookie_io_functions_t to;
};

static ssize_t forward_read(void *cookie, char *buffer, size_t size)
{
    const struct forwarded *forwarded = cookie;
    return forwarded->to.read(forwarded->cookie, buffer, size);
}

static ssize_t forward_write(void *cookie, const char *data, size_t size)
{
    const struct forwarded *forwarded = cookie;
    return forwarded->to.write(forwarded->cookie, data, size);
}

static int forward_seek(void *cookie, off64_t *offset, int whence)
{
    const struct forwarded *forwarded = cookie;
    return forwarded->to.seek(forwarded->cookie, offset, whence);
}

static int forward_close(void *cookie)
{
    struct forwarded forwarded = *(struct forwarded *) cookie;
    free(cookie);
    return forwarded.to.close(forwarded.cookie);
}

static FILE *open_forwarded(void *cookie, const char *mode, cookie_io_functions_t to)
{
    static const cookie_io_functions_t forwarding = {
        forward_read, forward_write, forward_seek, forward_close};
    struct forwarded *forwarded = malloc(sizeof *forwarded);
    *forwarded = (struct forwarded){cookie, to};
    return __real_fopencookie(forwarded, mode, forwarding);
}

static bool is_forwarded(void)
{
    static bool turn;
    turn = !turn;
    return way == FORWARDS || (way == FORWARDS_SOME && turn);
}

/* No test here uses wide characters, so nothing looks into the state. */
static FILE *open_wide(void *cookie, const char *mode, cookie_io_functions_t callbacks)
{
    static char state[1024];
    FILE *file = __real_fopencookie(cookie, mode, callbacks);
#ifdef HAVE_FILE__WIDE_DATA
    if (way == HAS_WIDE_STATE)
        file->_wide_data = (void *) state;
#else
    (void) state;
#endif
    return file;
}

FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t callbacks)
{
    if (cookie != NULL)
        return is_forwarded() ? open_forwarded(cookie, mode, callbacks)
                              : open_wide(cookie, mode, callbacks);
    change_callbacks(&callbacks);
    tried = __real_fopencookie(cookie, mode, callbacks);
    change_members(tried);
    return tried;
}

/* ---- Functions on the stream that is tried -------------------------------------------
 */

int __real_fflush(FILE *file);
int __real_fileno(FILE *file);
off64_t __real_ftello64(FILE *file);
int __real_fseeko64(FILE *file, off64_t offset, int whence);
int __real_fclose(FILE *file);
const char *__real_gnu_get_libc_version(void);
int __wrap_fflush(FILE *file);
int __wrap_fileno(FILE *file);
off64_t __wrap_ftello64(FILE *file);
int __wrap_fseeko64(FILE *file, off64_t offset, int whence);
int __wrap_fclose(FILE *file);
const char *__wrap_gnu_get_libc_version(void);

int __wrap_fflush(FILE *file)
{
    bool fails = file != NULL && file == tried && way == FAILS_TO_FLUSH;
    return __real_fflush(file) != 0 || fails ? EOF : 0;
}

int __wrap_fileno(FILE *file)
{
    return file == tried && way == HIDES_DESCRIPTOR ? -1 : __real_fileno(file);
}

off64_t __wrap_ftello64(FILE *file)
{
    return file == tried && way == HIDES_POSITION ? -1 : __real_ftello64(file);
}

int __wrap_fseeko64(FILE *file, off64_t offset, int whence)
{
    if (file == tried && way == REFUSES_SEEK)
        return -1;
    if (file == tried && way == SEEKS_WITHOUT_READING)
        return 0;
    if (file == tried && way == LOCKS_AGAIN)
        file->_flags2 |= NEED_LOCK;
    return __real_fseeko64(file, offset, whence);
}

int __wrap_fclose(FILE *file)
{
    bool fails = file == tried && way == FAILS_TO_CLOSE;
    if (file == tried)
        tried = NULL;
    return __real_fclose(file) != 0 || fails ? EOF : 0;
}

const char *__wrap_gnu_get_libc_version(void)
{
    return way == OLDER_VERSION ? "2.25" : __real_gnu_get_libc_version();
}

/* ---- All that streams do -------------------------------------------------------------
 */

enum { MANY_BYTES = 40000 };

static char pattern[MANY_BYTES];

static bool holds(FILE *stream, const char *bytes, size_t size)
{
    size_t held;
    const char *view = filelike_view(stream, &held);
    return view != NULL && held == size && memcmp(view, bytes, size) == 0;
}

/* The position counts for reads and writes. */
static void read_and_write(FILE *stream)
{
    EXPECT(fwrite(pattern, 1, MANY_BYTES, stream) == MANY_BYTES);
    for (int i = 0; i < MANY_BYTES; i += 777) {
        EXPECT(fseeko(stream, i, SEEK_SET) == 0 && getc(stream) == pattern[i]);
        EXPECT(fseeko(stream, 0, SEEK_CUR) == 0 && ftello(stream) == i + 1);
    }
    EXPECT(fseeko(stream, 10, SEEK_SET) == 0 && fputs("abc", stream) >= 0);
    EXPECT(fseeko(stream, 20, SEEK_SET) == 0 && putc('d', stream) == 'd');
    EXPECT(fseeko(stream, 10, SEEK_SET) == 0 && getc(stream) == 'a');
    EXPECT(fseeko(stream, 10, SEEK_SET) == 0 && fwrite(pattern, 1, 11, stream) == 11);
    EXPECT(filelike_truncate(stream, 5) == 0 && holds(stream, pattern, 5));
    EXPECT(fseeko(stream, 0, SEEK_END) == 0 && fwrite(pattern + 5, 1, 5, stream) == 5);
    EXPECT(filelike_size(stream) == 10);
}

/* Plain fileno does not answer if the members of FILE do not work. */
static void move(FILE *stream)
{
    int descriptor = filelike_fileno(stream);
    EXPECT(descriptor > STDERR_FILENO);
    EXPECT(fileno(stream) == descriptor || fileno(stream) == -1);
    EXPECT(fwrite(pattern + 10, 1, MANY_BYTES - 10, stream) == MANY_BYTES - 10);
    EXPECT(fflush(stream) == 0 && lseek(descriptor, 0, SEEK_CUR) == MANY_BYTES);
    EXPECT(holds(stream, pattern, MANY_BYTES));
}

static void use_kind(const struct kind *kind)
{
    expect_subject = kind->name;
    if (kind_has(kind, KIND_ONLY_READS))
        return;
    FILE *stream = kind_open(kind, "w+", NULL);
    read_and_write(stream);
    if (!kind_has(kind, KIND_BOUND))
        move(stream);
    EXPECT(fclose(stream) == 0);
    kinds_clean_up();
}

/* The library finds each of its streams, and none that is not its own. */
static void find_streams(void)
{
    enum { MANY = 2000 };
    static FILE *streams[MANY];
    char bytes[8];
    expect_subject = "many streams";
    for (size_t i = 0; i < MANY; i++) {
        streams[i] = filelike_bytes(pattern, i, "r", NULL);
        EXPECT(streams[i] != NULL);
    }
    FILE *native = tmpfile();
    FILE *other = fmemopen(bytes, sizeof bytes, "w+");
    EXPECT(filelike_size(native) == 0 && fclose(native) == 0);
    EXPECT_FAILS(filelike_size(other), -1, ENOTSUP);
    EXPECT(fclose(other) == 0);
    for (size_t i = 0; i < MANY; i++) {
        EXPECT(filelike_size(streams[i]) == (int64_t) i);
        EXPECT(fclose(streams[i]) == 0);
    }
}

static int use_streams(void *context)
{
    struct filelike_options options = {.buffer_size = 100};
    way = *(const enum way *) context;
    expect_failures = 0;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (char) ('a' + i % 23);
    for (size_t i = 0; i < kind_count; i++)
        use_kind(&kinds[i]);
    expect_subject = "a native stream with a buffer";
    FILE *native = filelike_temporary("w+", &options);
    read_and_write(native);
    EXPECT(fclose(native) == 0);
    find_streams();
    return expect_status();
}

/* Each in a process where the library has not tried yet. */
int main(void)
{
    scratch_enter();
    for (int i = AS_USUAL; i < WAYS; i++) {
        if (!EXPECT(in_child(use_streams, &i) == EXIT_SUCCESS))
            (void) fprintf(stderr, "... in way %d\n", i);
    }
    scratch_leave();
    return expect_status();
}

#else

int main(void)
{
    (void) puts("skipped: the library does not look into glibc's FILE");
    return SKIPPED;
}

#endif
