/* How the C libraries treat streams with callbacks. Each test shows that the library
 * copes with one fact, on every kind of stream. The program runs on each C library
 * that has a branch in lib/stdio/libc.h. To port the library to another C library,
 * start here. */
#include <config.h>

#include "expect.h"
#include "kinds.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { LIMIT = 100 };

static bool is_watched(const struct kind *kind)
{
    return kind_has(kind, KIND_WATCHED | KIND_OPTIONS);
}

static FILE *limited(const struct kind *kind)
{
    return kind_open(kind, "w+", &(struct filelike_options){.size_limit = LIMIT});
}

static FILE *open_text(const struct kind *kind, const char *text, const char *mode)
{
    return kind_open_on(kind, text, strlen(text), mode, NULL);
}

static bool holds(FILE *stream, const void *bytes, size_t size)
{
    size_t held;
    const void *view = filelike_view(stream, &held);
    return view != NULL && held == size && memcmp(view, bytes, size) == 0;
}

static bool holds_text(FILE *stream, const char *text)
{
    return holds(stream, text, strlen(text));
}

static bool reads(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        if (getc(stream) != *text)
            return false;
    }
    return getc(stream) == EOF && !ferror(stream);
}

/* ---- A failed write is 0 to glibc and -1 to musl -------------------------------------
 *
 * The wrong one is taken for success, or for a count beyond the caller's bytes.
 */

/* SIZE bytes, followed by an address that cannot be accessed; or NULL. */
static char *guarded(size_t size)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);
    size_t length = (size + page - 1) / page * page;
    char *base = mmap(
        NULL, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + length, page, PROT_NONE) != 0)
        return NULL;
    return base + length - size;
}

/* Whether stdio reports the failure, by the count, the indicator or the flush. */
static bool write_fails(FILE *stream, const char *bytes, size_t size)
{
    size_t count = fwrite(bytes, 1, size, stream);
    EXPECT(count <= size);
    return count < size || ferror(stream) || fflush(stream) == EOF;
}

static void failed_write_is_reported(const struct kind *kind)
{
    static const size_t sizes[] = {1, LIMIT, 1000, 5000, 100000};
    if (!is_watched(kind))
        return;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *bytes = guarded(sizes[i]);
        FILE *stream = limited(kind);
        if (!EXPECT(bytes != NULL) || !EXPECT(stream != NULL))
            return;
        EXPECT(fseeko(stream, LIMIT, SEEK_SET) == 0);
        EXPECT(write_fails(stream, bytes, sizes[i]));
        EXPECT(errno == EFBIG);
        clearerr(stream);
        EXPECT(filelike_size(stream) == 0);
        EXPECT_FAILS(fclose(stream), EOF, EFBIG);
    }
}

/* musl calls the write callback with 0 bytes after each flush. */
static void flushing_nothing_succeeds(const struct kind *kind)
{
    FILE *stream = kind_open(kind, "w+", NULL);
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(fflush(stream) == 0);
    EXPECT(fputs("0123", stream) >= 0);
    EXPECT(fflush(stream) == 0);
    EXPECT(fflush(stream) == 0);
    EXPECT(holds_text(stream, "0123"));
    EXPECT(fclose(stream) == 0);
}

/* ---- A failed flush drops the bytes, and fclose does not report it -------------------
 */

static void fclose_tells_of_a_lost_write(const struct kind *kind)
{
    if (!is_watched(kind))
        return;
    FILE *stream = limited(kind);
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(fputs("0123", stream) >= 0);
    EXPECT(fseeko(stream, LIMIT, SEEK_SET) == 0);
    (void) fputs("lost", stream);
    EXPECT(fflush(stream) == EOF || ferror(stream));
    clearerr(stream);
    EXPECT(fflush(stream) == 0);
    EXPECT(filelike_error(stream) == EFBIG);
    EXPECT(holds_text(stream, "0123"));
    EXPECT_FAILS(fclose(stream), EOF, EFBIG);
}

/* Here it is the flush by fclose that fails. */
static void fclose_tells_of_its_own(const struct kind *kind)
{
    if (!is_watched(kind))
        return;
    FILE *stream = limited(kind);
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(fseeko(stream, LIMIT, SEEK_SET) == 0);
    (void) putc('x', stream);
    EXPECT_FAILS(fclose(stream), EOF, EFBIG);
}

/* ---- A callback that is missing fails in a different way in each ----------------------
 */

/* stdio itself refuses the call. musl does not set errno. */
#ifdef __GLIBC__
#define REFUSED EBADF
#else
#define REFUSED 0
#endif

static void wrong_direction_is_refused(const struct kind *kind)
{
    FILE *stream = kind_open(kind, "r", NULL);
    if (stream != NULL) {
        EXPECT_FAILS(putc('x', stream), EOF, REFUSED);
        EXPECT(ferror(stream));
        EXPECT(fseeko(stream, 3, SEEK_SET) == 0 && ftello(stream) == 3);
        EXPECT(fclose(stream) == 0);
    }
    stream = kind_open(kind, "w", NULL);
    if (stream != NULL) {
        EXPECT_FAILS(getc(stream), EOF, REFUSED);
        EXPECT(ferror(stream));
        EXPECT(fseeko(stream, 3, SEEK_SET) == 0 && ftello(stream) == 3);
        EXPECT(fclose(stream) == 0);
    }
}

/* A large fread reads from the descriptor, past the buffer, if the descriptor can be
 * read. */
static void large_reads_are_refused_too(const struct kind *kind)
{
    static char buffer[100000];
    FILE *stream = open_text(kind, "0123", "w");
    if (stream == NULL)
        return;
    EXPECT(fputs("0123", stream) >= 0);
    EXPECT(fseeko(stream, 0, SEEK_SET) == 0);
    EXPECT_FAILS(fread(buffer, 1, sizeof buffer, stream), 0, REFUSED);
    EXPECT(fclose(stream) == 0);
}

/* ---- End-of-file is sticky -----------------------------------------------------------
 */

static void truncation_clears_end_of_file(const struct kind *kind)
{
    FILE *stream = open_text(kind, "01", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(reads(stream, "01"));
    EXPECT(feof(stream));
    EXPECT(filelike_truncate(stream, 3) == 0);
    EXPECT(!feof(stream));
    EXPECT(getc(stream) == '\0');
    EXPECT(getc(stream) == EOF);
    EXPECT(fclose(stream) == 0);
}

/* ---- glibc turns a seek into others, and a read --------------------------------------
 */

static void positions_past_the_end(const struct kind *kind)
{
    static const int64_t positions[] = {
        5, 1023, 1024, 1025, 16384, 100000, INT64_C(5) << 32};
    FILE *stream = open_text(kind, "0123", "r+");
    if (!EXPECT(stream != NULL))
        return;
    for (size_t i = 0; i < COUNT(positions); i++) {
        EXPECT(fseeko(stream, positions[i], SEEK_SET) == 0);
        EXPECT(ftello(stream) == positions[i]);
        EXPECT(getc(stream) == EOF);
        EXPECT(fseeko(stream, 1 - positions[i], SEEK_CUR) == 0);
        EXPECT(getc(stream) == '1');
        EXPECT(fseeko(stream, positions[i], SEEK_END) == 0);
        EXPECT(ftello(stream) == positions[i] + 4);
    }
    EXPECT(filelike_size(stream) == 4);
    EXPECT(fclose(stream) == 0);
}

static void negative_positions(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(getc(stream) == '0');
    EXPECT_FAILS(fseeko(stream, -1, SEEK_SET), -1, EINVAL);
    EXPECT_FAILS(fseeko(stream, -2, SEEK_CUR), -1, EINVAL);
    EXPECT_FAILS(fseeko(stream, -5, SEEK_END), -1, EINVAL);
    EXPECT(ftello(stream) == 1);
    EXPECT(reads(stream, "123"));
    EXPECT(fclose(stream) == 0);
}

static void flushing_after_reading(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(getc(stream) == '0');
    EXPECT(fflush(stream) == 0);
    EXPECT(ftello(stream) == 1);
    EXPECT(putc('x', stream) == 'x');
    EXPECT(holds_text(stream, "0x23"));
    EXPECT(fclose(stream) == 0);
}

/* ---- No C library goes to the end before an append -----------------------------------
 */

static void appends_at_the_end(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123", "a+");
    if (stream == NULL)
        return;
    EXPECT(ftello(stream) == 0);
    EXPECT(getc(stream) == '0');
    EXPECT(fseeko(stream, 1, SEEK_SET) == 0);
    EXPECT(putc('4', stream) == '4');
    EXPECT(fflush(stream) == 0);
    EXPECT(ftello(stream) == 5);
    EXPECT(fseeko(stream, 2, SEEK_SET) == 0);
    EXPECT(reads(stream, "234"));
    EXPECT(fclose(stream) == 0);
}

/* The position is the end even while output is pending, both at the start and after a
 * seek. On musl's own streams it is 0 at the start. */
static void append_tells_the_end(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123", "a");
    if (stream == NULL || !kind_has(kind, KIND_WATCHED)) {
        if (stream != NULL)
            (void) fclose(stream);
        return;
    }
    EXPECT(ftello(stream) == 4);
    EXPECT(putc('4', stream) == '4');
    EXPECT(ftello(stream) == 5);
    EXPECT(putc('5', stream) == '5');
    EXPECT(holds_text(stream, "012345"));
    EXPECT(fseeko(stream, 3, SEEK_SET) == 0);
    EXPECT(putc('6', stream) == '6');
    EXPECT(ftello(stream) == 7);
    EXPECT(fclose(stream) == 0);
}

/* ---- Each understands other modes ----------------------------------------------------
 */

static void update_is_not_lost(const struct kind *kind)
{
    static const char *const modes[] = {"we+", "wb+", "w+b", "wbe+", "w+eb", "wx+"};
    if (!kind_has(kind, KIND_OPTIONS))
        return;
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = kind_open(kind, modes[i], NULL);
        if (!EXPECT(stream != NULL))
            continue;
        EXPECT(putc('x', stream) == 'x');
        rewind(stream);
        EXPECT(reads(stream, "x"));
        EXPECT(fclose(stream) == 0);
    }
}

static void other_modes_are_refused(const struct kind *kind)
{
    static const char *const modes[] = {"", "+", "rw", "w++", "wt", "w,ccs=UTF-8", "wm"};
    if (!kind_has(kind, KIND_OPTIONS))
        return;
    for (size_t i = 0; i < COUNT(modes); i++)
        EXPECT_FAILS(kind_open(kind, modes[i], NULL), NULL, EINVAL);
}

/* ---- At exit streams are written out and never closed --------------------------------
 */

static void status_of_child(pid_t child)
{
    int status;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static FILE *left_open;

static void write_at_exit(void)
{
    if (fputs("at exit", left_open) < 0)
        _exit(EXIT_FAILURE);
}

/* Three streams: with pending output, with read-ahead, and one that an exit handler
 * writes. */
static void leave_open(const struct kind *kind)
{
    FILE *pending = kind_open(kind, "w+", NULL);
    FILE *reading = open_text(kind, "0123", "r+");
    left_open = kind_open(kind, "w+", NULL);
    if (pending == NULL || reading == NULL || left_open == NULL ||
        atexit(write_at_exit) != 0 || getc(reading) != '0' ||
        fputs("pending", pending) < 0)
        _exit(EXIT_FAILURE);
    exit(EXIT_SUCCESS);
}

static void exit_without_fclose(const struct kind *kind)
{
    pid_t child = fork();
    if (child == 0)
        leave_open(kind);
    status_of_child(child);
}

/* The file has the pending bytes afterwards. */
static void write_and_exit(FILE *file)
{
    FILE *stream = filelike_reopen(file, "r+");
    if (stream == NULL || fputs("pending", stream) < 0)
        _exit(EXIT_FAILURE);
    exit(EXIT_SUCCESS);
}

static void exit_writes_out(const struct kind *kind)
{
    if (kind_has(kind, KIND_MOVABLE) || kind_has(kind, KIND_PUBLISHES) ||
        kind_has(kind, KIND_BOUND))
        return;
    FILE *file = kind_open(kind, "w+", NULL);
    if (!EXPECT(file != NULL))
        return;
    pid_t child = fork();
    if (child == 0)
        write_and_exit(file);
    status_of_child(child);
    EXPECT(holds_text(file, "pending"));
    EXPECT(fclose(file) == 0);
}

/* fflush(NULL) holds the lock of stdio's list of streams while it calls callbacks. A
 * callback that opened a stream, to move to disk, would hang. */
static void flushing_all(const struct kind *kind)
{
    enum { SECONDS = 120 };
    FILE *stream = kind_open(kind, "w+", NULL);
    if (!EXPECT(stream != NULL))
        return;
    for (int i = 0; i < 10; i++)
        EXPECT(putc('x', stream) == 'x');
    (void) alarm(SECONDS);
    EXPECT(fflush(NULL) == 0);
    (void) alarm(0);
    EXPECT(holds_text(stream, "xxxxxxxxxx"));
    EXPECT(fclose(stream) == 0);
}

/* ---- Wide characters ------------------------------------------------------------------
 *
 * They work on the C library's own streams; on those with callbacks glibc refuses them.
 */

static void wide_characters(const struct kind *kind)
{
    FILE *stream = kind_open(kind, "w+", NULL);
    if (!EXPECT(stream != NULL))
        return;
    if (!kind_has(kind, KIND_WATCHED)) {
        EXPECT(fputwc(L'x', stream) == L'x');
        EXPECT(fclose(stream) == 0);
        return;
    }
    wint_t answer = fputwc(L'x', stream);
    EXPECT(answer == WEOF || answer == L'x');
    (void) fclose(stream);
}

/* ---- The size of a buffer without the buffer is ignored -------------------------------
 */

static void buffer_size_is_taken(const struct kind *kind)
{
    static const size_t sizes[] = {1, 7, 100, 5000};
    if (!is_watched(kind))
        return;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct filelike_options options = {.buffer_size = sizes[i]};
        FILE *stream = kind_open(kind, "w+", &options);
        if (!EXPECT(stream != NULL))
            return;
        EXPECT(putc('x', stream) == 'x');
        EXPECT(__fbufsize(stream) == sizes[i]);
        EXPECT(__fpending(stream) <= sizes[i]);
        EXPECT(fclose(stream) == 0);
    }
}

/* ---- glibc's internals ----------------------------------------------------------------
 */

static void descriptor_is_shown(const struct kind *kind)
{
    if (!kind_has(kind, KIND_WATCHED) || kind_has(kind, KIND_BOUND))
        return;
    FILE *stream = kind_open(kind, "w+", NULL);
    if (!EXPECT(stream != NULL))
        return;
    if (kind_has(kind, KIND_MOVABLE))
        EXPECT_FAILS(fileno(stream), -1, EBADF);
    int descriptor = filelike_fileno(stream);
    EXPECT(descriptor >= 0);
    EXPECT(fcntl(descriptor, F_GETFD) == FD_CLOEXEC);
#if FILELIKE_GLIBC_INTERNALS
    EXPECT(fileno(stream) == descriptor);
#endif
    EXPECT(fclose(stream) == 0);
}

/* If a write follows read-ahead, glibc keeps the old position. Only its internals allow
 * to repair that. */
static void position_after_writing(const struct kind *kind)
{
#if defined __GLIBC__ && !FILELIKE_GLIBC_INTERNALS
    if (kind_has(kind, KIND_WATCHED))
        return;
#endif
    FILE *stream = open_text(kind, "0123456789", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(fseeko(stream, 2, SEEK_SET) == 0);
    EXPECT(fseeko(stream, 2, SEEK_SET) == 0);
    EXPECT(putc('x', stream) == 'x');
    EXPECT(fseeko(stream, 0, SEEK_CUR) == 0);
    EXPECT(ftello(stream) == 3);
    EXPECT(getc(stream) == '3');
    EXPECT(fclose(stream) == 0);
}

/* So the library's functions must not seek relative to that position while a write is
 * pending. */
static void position_after_writing_and_truncating(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123456789", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(getc(stream) == '0');
    EXPECT(fseeko(stream, 6, SEEK_SET) == 0);
    EXPECT(putc('x', stream) == 'x');
    EXPECT(filelike_truncate(stream, 9) == 0);
    EXPECT(ftello(stream) == 7);
    EXPECT(getc(stream) == '7');
    EXPECT(fclose(stream) == 0);
}

/* ---- A pushed-back character and a flush crash glibc ----------------------------------
 */

static void pushed_back_characters(const struct kind *kind)
{
    FILE *stream = open_text(kind, "0123", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(getc(stream) == '0');
    EXPECT(ungetc('x', stream) == 'x');
    EXPECT(filelike_size(stream) == 4);
    EXPECT(holds_text(stream, "0123"));
    EXPECT(getc(stream) == 'x');
    EXPECT(ungetc('y', stream) == 'y');
    EXPECT(filelike_truncate(stream, 3) == 0);
    rewind(stream);
    EXPECT(ungetc('z', stream) == 'z');
    free(filelike_detach(stream, NULL));
    EXPECT(getc(stream) == EOF);
    EXPECT(fclose(stream) == 0);
}

/* glibc's own streams are then at 6, where their read-ahead ends, if an earlier seek has
 * told them their position. */
static void relative_seek_after_pushing_back(const struct kind *kind)
{
    if (!kind_has(kind, KIND_WATCHED))
        return;
    FILE *stream = open_text(kind, "012345", "r+");
    if (!EXPECT(stream != NULL))
        return;
    EXPECT(fseeko(stream, 6, SEEK_SET) == 0);
    EXPECT(fseeko(stream, 1, SEEK_SET) == 0);
    EXPECT(getc(stream) == '1');
    EXPECT(ungetc('x', stream) == 'x');
    EXPECT(getc(stream) == 'x');
    EXPECT(fseeko(stream, 0, SEEK_CUR) == 0);
    EXPECT(putc('y', stream) == 'y');
    EXPECT(holds_text(stream, "01y345"));
    EXPECT(fclose(stream) == 0);
}

/* ---- A descriptor is another handle of the file ---------------------------------------
 */

/* After a seek, glibc's own streams remember their position. A flush makes them ask for
 * it again. So a flush alone hands a stream over, but a seek does not. */
static void position_after_other_handle(const struct kind *kind)
{
    if (kind->properties & KIND_BOUND)
        return;
    FILE *stream = kind_open(kind, "w+", NULL);
    if (!EXPECT(stream != NULL))
        return;
    int descriptor = filelike_fileno(stream);
    EXPECT(fputs("one ", stream) >= 0);
    EXPECT(fseeko(stream, 0, SEEK_CUR) == 0);
    EXPECT(fflush(stream) == 0);
    EXPECT(write(descriptor, "two ", 4) == 4);
    EXPECT(ftello(stream) == 8);
    EXPECT(fputs("three", stream) >= 0);
    EXPECT(holds_text(stream, "one two three"));
    EXPECT(fclose(stream) == 0);
}

/* At the end of the file, glibc's fread checks the indicator if it is asked for few
 * bytes. If it is asked for a whole buffer or more, it reads the file. So the size of
 * the buffer shows. After a seek, all streams read the bytes that another handle has
 * written. */
static void end_of_file_and_other_handle(const struct kind *kind)
{
    if (kind->properties & KIND_BOUND)
        return;
    char bytes[BUFSIZ * 8];
    FILE *stream = open_text(kind, "0123456789", "r+");
    if (!EXPECT(stream != NULL))
        return;
    int descriptor = filelike_fileno(stream);
    EXPECT(reads(stream, "0123456789") && feof(stream));
    EXPECT(fflush(stream) == 0);
    EXPECT(lseek(descriptor, 4, SEEK_SET) == 4);
    size_t count = fread(bytes, 1, sizeof bytes, stream);
    EXPECT(count == 0 || count == 6);
    EXPECT(fflush(stream) == 0);
    EXPECT(lseek(descriptor, 4, SEEK_SET) == 4);
    EXPECT(fseeko(stream, 0, SEEK_CUR) == 0);
    EXPECT(fread(bytes, 1, sizeof bytes, stream) == 6);
    EXPECT(fclose(stream) == 0);
}

/* ---- All ------------------------------------------------------------------------------
 */

static void (*const facts[])(const struct kind *) = {
    failed_write_is_reported,
    flushing_nothing_succeeds,
    fclose_tells_of_a_lost_write,
    fclose_tells_of_its_own,
    wrong_direction_is_refused,
    large_reads_are_refused_too,
    truncation_clears_end_of_file,
    positions_past_the_end,
    negative_positions,
    flushing_after_reading,
    appends_at_the_end,
    append_tells_the_end,
    update_is_not_lost,
    other_modes_are_refused,
    exit_without_fclose,
    exit_writes_out,
    flushing_all,
    wide_characters,
    buffer_size_is_taken,
    descriptor_is_shown,
    position_after_writing,
    position_after_writing_and_truncating,
    pushed_back_characters,
    relative_seek_after_pushing_back,
    position_after_other_handle,
    end_of_file_and_other_handle,
};

int main(void)
{
#if defined __GLIBC__ && !FILELIKE_GLIBC_INTERNALS
    (void) puts("skipped: the position after a write that follows read-ahead, and plain "
                "fileno: built without glibc's internals");
    (void) fflush(stdout);
#endif
    for (size_t kind = 0; kind < kind_count; kind++) {
        if (kind_has(&kinds[kind], KIND_ONLY_READS))
            continue;
        expect_subject = kinds[kind].name;
        for (size_t fact = 0; fact < COUNT(facts); fact++)
            facts[fact](&kinds[kind]);
    }
    return expect_status();
}
