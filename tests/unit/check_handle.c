/* A stream and its descriptor are two handles of one open file, as in POSIX (XSH 2.5.1).
 * Each goes on at the position where the other stopped. */
#include <config.h>

#include "fault_calls.h"
#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int descriptor_of(FILE *stream)
{
    int descriptor = filelike_fileno(stream);
    ck_assert_msg(descriptor >= 0, "%s", strerror(errno));
    return descriptor;
}

/* An empty stream of KIND with TEXT in it, flushed, and with a descriptor; NULL where the
 * kind does not take MODE. */
static FILE *started(const struct kind *kind, const char *mode, const char *text)
{
    FILE *stream = open_empty(kind, mode);
    if (stream == NULL)
        return NULL;
    (void) descriptor_of(stream);
    write_text(stream, text);
    ck_assert_int_eq(fflush(stream), 0);
    return stream;
}

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < kind_count; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    ck_abort_msg("no kind %s", name);
}

static void write_to(int descriptor, const char *text)
{
    ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t) strlen(text));
}

static void assert_next(int descriptor, const char *text)
{
    char bytes[64];
    ck_assert_uint_le(strlen(text), sizeof bytes);
    ck_assert_int_eq(read(descriptor, bytes, strlen(text)), (ssize_t) strlen(text));
    ck_assert_mem_eq(bytes, text, strlen(text));
}

/* ---- Others write --------------------------------------------------------------------
 */

static const char *childs_text;

static int write_as_child(void *descriptor)
{
    ssize_t size = (ssize_t) strlen(childs_text);
    /* in_child ends by exit, which would write out the streams. */
    _exit(write(*(int *) descriptor, childs_text, (size_t) size) == size ? 0 : 1);
}

static void let_child_write(int descriptor, const char *text)
{
    childs_text = text;
    ck_assert_int_eq(in_child(write_as_child, &descriptor), 0);
}

static const char *const writing_modes[] = {"w", "w+", "r+", "a", "a+"};

START_TEST(child_writes_between)
{
    for (size_t i = 0; i < COUNT(writing_modes); i++) {
        FILE *stream = started(&kinds[_i], writing_modes[i], "header\n");
        if (stream == NULL)
            continue;
        let_child_write(filelike_fileno(stream), "child's\n");
        write_text(stream, "trailer\n");
        assert_text(stream, "header\nchild's\ntrailer\n");
        let_child_write(filelike_fileno(stream), "again\n");
        write_text(stream, "end\n");
        assert_text(stream, "header\nchild's\ntrailer\nagain\nend\n");
        assert_closes(stream);
    }
}
END_TEST

/* The descriptor has O_APPEND, so its position does not matter. */
START_TEST(descriptor_appends_where_the_stream_does)
{
    static const char *const modes[] = {"a", "a+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = started(&kinds[_i], modes[i], "one\n");
        if (stream == NULL)
            continue;
        int descriptor = filelike_fileno(stream);
        ck_assert_int_ne(fcntl(descriptor, F_GETFL) & O_APPEND, 0);
        ck_assert_int_eq(lseek(descriptor, 0, SEEK_SET), 0);
        write_to(descriptor, "two\n");
        write_text(stream, "three\n");
        assert_text(stream, "one\ntwo\nthree\n");
        assert_closes(stream);
    }
}
END_TEST

START_TEST(descriptor_does_not_append_otherwise)
{
    FILE *stream = started(&kinds[_i], "w+", "0123456789");
    if (stream == NULL)
        return;
    int descriptor = filelike_fileno(stream);
    ck_assert_int_eq(fcntl(descriptor, F_GETFL) & O_APPEND, 0);
    ck_assert_int_eq(lseek(descriptor, 2, SEEK_SET), 2);
    write_to(descriptor, "ab");
    write_text(stream, "cd");
    assert_text(stream, "01abcd6789");
    assert_closes(stream);
}
END_TEST

/* unzip does this. */
START_TEST(writing_to_the_descriptor_again_and_again)
{
    static const char *const parts[] = {"one, ", "two, ", "three, ", "four"};
    FILE *stream = started(&kinds[_i], "w+", "");
    if (stream == NULL)
        return;
    for (size_t i = 0; i < COUNT(parts); i++)
        write_to(descriptor_of(stream), parts[i]);
    assert_text(stream, "one, two, three, four");
    write_text(stream, ".");
    assert_text(stream, "one, two, three, four.");
    assert_closes(stream);
}
END_TEST

/* ---- Others read ---------------------------------------------------------------------
 */

static FILE *reader_of(const struct kind *kind, const char *text)
{
    FILE *stream = started(kind, "w+", text);
    if (stream != NULL)
        rewind(stream);
    return stream;
}

/* Scanners that flex generates do this. */
START_TEST(reading_from_the_descriptor_again_and_again)
{
    FILE *stream = reader_of(&kinds[_i], "0123456789");
    if (stream == NULL)
        return;
    assert_next(descriptor_of(stream), "012");
    assert_next(descriptor_of(stream), "345");
    assert_next(descriptor_of(stream), "678");
    assert_next(descriptor_of(stream), "9");
    char more;
    ck_assert_int_eq(read(descriptor_of(stream), &more, 1), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(what_others_have_read_is_not_read_again)
{
    FILE *stream = reader_of(&kinds[_i], "0123456789");
    if (stream == NULL)
        return;
    ck_assert_int_eq(getc(stream), '0');
    assert_next(descriptor_of(stream), "123");
    ck_assert_int_eq(getc(stream), '4');
    assert_next(descriptor_of(stream), "567");
    assert_reads(stream, "89");
    assert_closes(stream);
}
END_TEST

/* If a stream has read ahead, fflush sets the descriptor to its position. So does fseek.
 */
START_TEST(stream_hands_over_its_position)
{
    FILE *stream = reader_of(&kinds[_i], "0123456789");
    if (stream == NULL)
        return;
    int descriptor = descriptor_of(stream);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(fflush(stream), 0);
    assert_next(descriptor, "12");
    ck_assert_int_eq(getc(stream), '3');
    ck_assert_int_eq(fseeko(stream, 1, SEEK_CUR), 0);
    ck_assert_int_eq(fflush(stream), 0);
    assert_next(descriptor, "567");
    assert_reads(stream, "89");
    assert_closes(stream);
}
END_TEST

START_TEST(pushed_back_characters_are_given_up)
{
    FILE *stream = reader_of(&kinds[_i], "0123456789");
    if (stream == NULL)
        return;
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(getc(stream), '1');
    ck_assert_int_eq(ungetc('x', stream), 'x');
    assert_next(descriptor_of(stream), "1");
    ck_assert_int_eq(getc(stream), '2');
    assert_closes(stream);
}
END_TEST

/* ---- Asking --------------------------------------------------------------------------
 */

START_TEST(asking_again_changes_nothing)
{
    FILE *stream = started(&kinds[_i], "w+", "0123456789");
    if (stream == NULL)
        return;
    int descriptor = filelike_fileno(stream);
    ck_assert_int_eq(lseek(descriptor, 4, SEEK_SET), 4);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(filelike_fileno(stream), descriptor);
        ck_assert_int_eq(lseek(descriptor, 0, SEEK_CUR), 4);
    }
    ck_assert_int_eq(getc(stream), '4');
    assert_closes(stream);
}
END_TEST

static bool has_plain_fileno(void)
{
    if (!FILELIKE_GLIBC_INTERNALS)
        say_skipped("plain fileno", "built without glibc's internals");
    return FILELIKE_GLIBC_INTERNALS;
}

/* After filelike_fileno has answered, plain fileno works, too, for the stream that opened
 * the bytes. */
START_TEST(plain_fileno_is_at_the_position)
{
    struct filelike_options options = {.memory_limit = 4};
    FILE *streams[] = {filelike_named("w+", NULL), filelike_atomic("target", "w+", NULL),
        filelike_spooled("w+", &options), filelike_memory("w+", NULL)};
    if (!has_plain_fileno())
        return;
    ck_assert_int_gt(filelike_fileno(streams[COUNT(streams) - 1]), 0);
    for (size_t i = 0; i < COUNT(streams); i++) {
        write_text(streams[i], "header\n");
        ck_assert_int_eq(fflush(streams[i]), 0);
        write_to(fileno(streams[i]), "other\n");
        write_text(streams[i], "trailer\n");
        assert_text(streams[i], "header\nother\ntrailer\n");
        ck_assert_int_eq(filelike_fileno(streams[i]), fileno(streams[i]));
        assert_closes(streams[i]);
    }
}
END_TEST

START_TEST(access_is_at_least_that_of_the_mode)
{
    static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_empty(&kinds[_i], modes[i]);
        if (stream == NULL || filelike_fileno(stream) == -1)
            continue;
        int access = fcntl(filelike_fileno(stream), F_GETFL) & O_ACCMODE;
        if (modes[i][1] == '+')
            ck_assert_int_eq(access, O_RDWR);
        else if (modes[i][0] == 'r')
            ck_assert_int_ne(access, O_WRONLY);
        else
            ck_assert_int_ne(access, O_RDONLY);
        assert_closes(stream);
    }
}
END_TEST

/* ---- Reopened streams ----------------------------------------------------------------
 */

/* The first stream does not change the position of the second. */
START_TEST(reopened_stream_has_a_position_of_its_own)
{
    FILE *stream = started(&kinds[_i], "w+", "0123456789");
    if (stream == NULL)
        return;
    FILE *second = filelike_reopen(stream, "r");
    ck_assert_int_eq(getc(second), '0');
    assert_next(descriptor_of(stream), "");
    ck_assert_int_eq(lseek(descriptor_of(stream), 7, SEEK_SET), 7);
    ck_assert_int_eq(fflush(second), 0);
    ck_assert_int_eq(getc(second), '1');
    ck_assert_int_eq(lseek(descriptor_of(stream), 0, SEEK_CUR), 7);
    assert_next(descriptor_of(second), "234");
    ck_assert_int_eq(lseek(descriptor_of(stream), 0, SEEK_CUR), 7);
    ck_assert_int_ne(descriptor_of(second), descriptor_of(stream));
    ck_assert_int_eq(getc(second), '5');
    ck_assert_int_eq(getc(stream), '7');
    assert_closes(stream);
    assert_next(descriptor_of(second), "6789");
    assert_closes(second);
}
END_TEST

static void assert_flags(FILE *stream, int flags)
{
    int found = fcntl(descriptor_of(stream), F_GETFL);
    ck_assert_int_eq(found & (O_ACCMODE | O_APPEND), flags);
    ck_assert_int_eq(fcntl(filelike_fileno(stream), F_GETFD), FD_CLOEXEC);
}

START_TEST(reopened_access_is_exactly_that_of_the_mode)
{
    static const struct {
        const char *mode;
        int flags;
    } modes[] = {
        {"r", O_RDONLY},
        {"r+", O_RDWR},
        {"a", O_WRONLY | O_APPEND},
        {"a+", O_RDWR | O_APPEND},
        {"w", O_WRONLY},
        {"w+", O_RDWR},
    };
    FILE *stream = started(&kinds[_i], "w+", "0123456789");
    bool readers_only = kind_has(&kinds[_i], KIND_PUBLISHES);
    for (size_t i = 0; stream != NULL && i < COUNT(modes); i++) {
        if (readers_only && i > 0)
            break;
        FILE *second = filelike_reopen(stream, modes[i].mode);
        assert_flags(second, modes[i].flags);
        assert_closes(second);
    }
    if (stream != NULL)
        assert_closes(stream);
}
END_TEST

START_TEST(child_writes_between_reopened)
{
    static const char *const modes[] = {"w", "a", "a+", "w+", "r+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = started(&kinds[_i], "w+", "");
        if (stream == NULL || kind_has(&kinds[_i], KIND_PUBLISHES))
            return;
        FILE *second = filelike_reopen(stream, modes[i]);
        write_text(second, "header\n");
        let_child_write(descriptor_of(second), "child's\n");
        write_text(second, "trailer\n");
        assert_text(second, "header\nchild's\ntrailer\n");
        assert_text(stream, "header\nchild's\ntrailer\n");
        assert_closes(stream);
        assert_closes(second);
    }
}
END_TEST

/* A flush of the second stream writes at its position, not at the end. */
START_TEST(reopened_stream_writes_beside_one_that_appends)
{
    FILE *stream = started(&kinds[_i], "a+", "0123456789");
    if (stream == NULL || kind_has(&kinds[_i], KIND_PUBLISHES))
        return;
    FILE *second = filelike_reopen(stream, "r+");
    ck_assert_int_eq(fseeko(second, 3, SEEK_SET), 0);
    write_text(second, "abc");
    ck_assert_int_eq(fflush(second), 0);
    write_text(stream, "+");
    ck_assert_int_eq(fflush(stream), 0);
    write_text(second, "d");
    assert_text(second, "012abcd789+");
    assert_closes(stream);
    assert_closes(second);
}
END_TEST

/* Before Linux 6.9 the second stream needs an open file description of its own for that.
 */
START_TEST(reopened_stream_writes_beside_one_that_appends_on_old_kernels)
{
    FILE *stream = started(&kinds[_i], "a+", "0123456789");
    if (stream == NULL || kind_has(&kinds[_i], KIND_PUBLISHES))
        return;
    faults.append = EOPNOTSUPP;
    FILE *second = filelike_reopen(stream, "r+");
    ck_assert_int_eq(fseeko(second, 3, SEEK_SET), 0);
    write_text(second, "abc");
    ck_assert_int_eq(fflush(second), 0);
    write_text(second, "d");
    assert_text(second, "012abcd789");
    faults.append = 0;
    assert_closes(stream);
    assert_closes(second);
}
END_TEST

START_TEST(reopened_stream_that_cannot_write_beside_one_that_appends_says_so)
{
    FILE *stream = filelike_named("a+", NULL);
    write_text(stream, "0123456789");
    ck_assert_int_eq(fflush(stream), 0);
    FILE *second = filelike_reopen(stream, "r+");
    faults.append = EOPNOTSUPP;
    faults.no_proc = true;
    write_text(second, "abc");
    assert_fails(fflush(second), EOF, ENOTSUP);
    assert_text(stream, "0123456789");
    assert_closes_with(second, ENOTSUP);
    faults = (struct faults){0};
    assert_closes(stream);
}
END_TEST

/* Another failure than that of an old kernel. */
START_TEST(reopened_stream_beside_one_that_appends_may_find_no_room)
{
    FILE *stream = filelike_named("a+", NULL);
    write_text(stream, "0123456789");
    ck_assert_int_eq(fflush(stream), 0);
    FILE *second = filelike_reopen(stream, "r+");
    faults.append = ENOSPC;
    write_text(second, "abc");
    assert_fails(fflush(second), EOF, ENOSPC);
    faults.append = 0;
    assert_text(stream, "0123456789");
    assert_closes_with(second, ENOSPC);
    assert_closes(stream);
}
END_TEST

START_TEST(reopened_stream_needs_proc_for_a_descriptor)
{
    FILE *stream = started(&kinds[_i], "w+", "0123456789");
    if (stream == NULL)
        return;
    FILE *second = filelike_reopen(stream, "r");
    ck_assert_int_eq(getc(second), '0');
    faults.no_proc = true;
    assert_fails(filelike_fileno(second), -1, ENOTSUP);
    if (kind_has(&kinds[_i], KIND_OPTIONS))
        ck_assert_int_ge(filelike_fileno(stream), 0);
    faults.no_proc = false;
    ck_assert_int_eq(getc(second), '1');
    assert_next(descriptor_of(second), "234");
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

static enum fault_call failing;
static int failure;

static enum fault fail_one(enum fault_call call)
{
    if (call != failing)
        return FAULT_NONE;
    faults.strike = NULL;
    errno = failure;
    return FAULT_FAILS;
}

static void let_fail(enum fault_call call, int error)
{
    failing = call;
    failure = error;
    faults.strike = fail_one;
}

/* For example, after setuid a file of mode 0600 cannot be opened again. */
START_TEST(reopened_stream_that_gets_no_descriptor_goes_on)
{
    static const struct {
        enum fault_call call;
        int error;
    } reasons[] = {{FAULT_OPEN, EACCES}, {FAULT_OPEN, EMFILE}};
    FILE *stream = filelike_named("w+", NULL);
    write_text(stream, "0123456789");
    FILE *second = filelike_reopen(stream, "r+");
    ck_assert_int_eq(getc(second), '0');
    for (size_t i = 0; i < COUNT(reasons); i++) {
        const char *before = descriptors();
        char *kept = strdup(before);
        let_fail(reasons[i].call, reasons[i].error);
        assert_fails(filelike_fileno(second), -1, reasons[i].error);
        ck_assert_str_eq(descriptors(), kept);
        free(kept);
    }
    ck_assert_int_eq(getc(second), '1');
    ck_assert_int_eq(filelike_error(second), 0);
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

static bool can_setuid(void)
{
    if (geteuid() != 0)
        say_skipped("setuid", "the tests do not run as root");
    return geteuid() == 0;
}

/* Failed calls do not make the stream read bytes again. */
static int use_without_rights(void *stream)
{
    FILE *second = stream;
    if (getc(second) != '0' || filelike_fileno(second) != -1 || errno != EACCES)
        return 1;
    if (filelike_path(second) == NULL || filelike_error(second) != 0)
        return 2;
    if (getc(second) != '1' || fseeko(second, 5, SEEK_SET) != 0)
        return 3;
    return getc(second) == '5' && fclose(second) == 0 ? 0 : 4;
}

/* The file has mode 0600 and is the superuser's. */
static void check_after_setuid(const char *name, const char *mode)
{
    const struct kind *kind = kind_named(name);
    FILE *stream = started(kind, "w+", "0123456789");
    FILE *second = filelike_reopen(stream, mode);
    ck_assert_msg(second != NULL, "%s: %s", name, strerror(errno));
    int status = as_nobody(use_without_rights, second);
    ck_assert_msg(status == 0, "%s: %d", name, status);
    ck_assert_int_ge(filelike_fileno(second), 0);
    assert_closes(second);
    assert_closes(stream);
}

START_TEST(reopened_stream_gets_no_descriptor_after_setuid)
{
    if (!can_setuid())
        return;
    check_after_setuid("named", "r+");
    check_after_setuid("temporary, with a limit", "r+");
    check_after_setuid("temporary", "r");
    check_after_setuid("spooled, rolled over", "r+");
}
END_TEST

/* The first stream opened the bytes. The second obtained its descriptor before setuid. */
static int use_what_it_has(void *context)
{
    FILE **streams = context;
    for (size_t i = 0; i < 2; i++) {
        if (filelike_fileno(streams[i]) == -1 || fseeko(streams[i], 0, SEEK_SET) != 0 ||
            getc(streams[i]) != '0' || fclose(streams[i]) != 0)
            return 1;
    }
    return 0;
}

START_TEST(descriptors_outlive_setuid)
{
    if (!can_setuid())
        return;
    FILE *stream = started(kind_named("named"), "w+", "0123456789");
    FILE *streams[] = {stream, filelike_reopen(stream, "r+")};
    (void) descriptor_of(streams[1]);
    ck_assert_int_eq(as_nobody(use_what_it_has, streams), 0);
    assert_closes(streams[1]);
    assert_closes(stream);
}
END_TEST

/* Streams on a caller's block or operations, and sections. */
START_TEST(stream_without_descriptor_goes_on)
{
    FILE *stream = open_text(&kinds[_i], "0123456789", "r");
    ck_assert_int_eq(getc(stream), '0');
    assert_fails(filelike_fileno(stream), -1, ENOTSUP);
    assert_fails(filelike_path(stream), NULL, ENOTSUP);
    ck_assert_int_eq(fileno(stream), -1);
    assert_reads(stream, "123456789");
    ck_assert_int_eq(filelike_error(stream), 0);
    assert_closes(stream);
}
END_TEST

/* ---- Moves to disk -------------------------------------------------------------------
 */

static FILE *spooled_text(const char *mode)
{
    struct filelike_options options = {.memory_limit = 16};
    FILE *stream = filelike_spooled(mode, &options);
    write_text(stream, "0123456789");
    ck_assert_int_eq(fflush(stream), 0);
    return stream;
}

/* If these calls fail, the stream stays in memory, at its position. */
START_TEST(move_that_fails_leaves_the_stream)
{
    static const struct {
        const char *mode;
        enum fault_call call;
        int error;
    } reasons[] = {{"w+", FAULT_LSEEK, EOVERFLOW}, {"a+", FAULT_SETFL, EPERM}};
    for (size_t i = 0; i < COUNT(reasons); i++) {
        FILE *stream = spooled_text(reasons[i].mode);
        char *before = strdup(descriptors());
        let_fail(reasons[i].call, reasons[i].error);
        assert_fails(filelike_rollover(stream), -1, reasons[i].error);
        ck_assert_str_eq(descriptors(), before);
        ck_assert_int_eq(filelike_in_memory(stream), 1);
        write_text(stream, "abc");
        assert_text(stream, "0123456789abc");
        ck_assert_int_eq(filelike_rollover(stream), 0);
        write_text(stream, "de");
        assert_text(stream, "0123456789abcde");
        assert_closes(stream);
        free(before);
    }
}
END_TEST

/* No filesystem has files of that size. */
START_TEST(position_that_no_file_has_keeps_the_stream_in_memory)
{
    FILE *stream = spooled_text("w+");
    ck_assert_int_eq(fseeko(stream, INT64_MAX - 8, SEEK_SET), 0);
    if (filelike_rollover(stream) == 0) {
        say_skipped(
            "a position that no file has", "this filesystem has files that large");
        assert_closes(stream);
        return;
    }
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_int_eq(ftello(stream), INT64_MAX - 8);
    write_text(stream, "x");
    assert_fails(fflush(stream), EOF, EFBIG);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_text(stream, "0123456789");
    assert_closes_with(stream, EFBIG);
}
END_TEST

/* If a write of another stream moves the bytes to disk, the first stream and its
 * descriptor both keep their position. */
START_TEST(move_by_another_stream_keeps_the_position)
{
    FILE *stream = spooled_text("w+");
    ck_assert_int_eq(fseeko(stream, 4, SEEK_SET), 0);
    FILE *second = filelike_reopen(stream, "a");
    write_text(second, "and more than memory may hold");
    ck_assert_int_eq(fflush(second), 0);
    ck_assert_int_eq(filelike_in_memory(stream), 0);
    if (has_plain_fileno())
        assert_next(fileno(stream), "45");
    else
        assert_next(descriptor_of(stream), "45");
    ck_assert_int_eq(getc(stream), '6');
    assert_closes(second);
    assert_closes(stream);
}
END_TEST

/* ---- All or nothing ------------------------------------------------------------------
 */

/* The child's write moves the position, and so it counts towards the limit. */
START_TEST(limit_counts_what_others_wrote)
{
    enum { LIMIT = 20 };
    static const char *const modes[] = {"w+", "a"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open_limited(&kinds[_i], modes[i], LIMIT);
        if (stream == NULL || !kind_has(&kinds[_i], KIND_OPTIONS) ||
            filelike_fileno(stream) == -1)
            return;
        write_to(descriptor_of(stream), "0123456789012345");
        bool pending = fputs("abcde", stream) >= 0;
        ck_assert(!pending || fflush(stream) == EOF);
        ck_assert_int_eq(filelike_error(stream), EFBIG);
        assert_text(stream, "0123456789012345");
        clearerr(stream);
        write_text(stream, "abcd");
        assert_text(stream, "0123456789012345abcd");
        assert_closes_with(stream, EFBIG);
    }
}
END_TEST

static int other;
static bool others_write;

/* The disk is full after part of a write. Others may have written behind that part. */
static enum fault cut_write(enum fault_call call)
{
    static bool is_cut;
    if (call != FAULT_WRITE)
        return FAULT_NONE;
    is_cut = !is_cut;
    if (is_cut)
        return FAULT_SHORT;
    faults.strike = NULL;
    if (others_write)
        ck_assert_int_eq(pwrite(other, "other", 5, lseek(other, 0, SEEK_END)), 5);
    errno = ENOSPC;
    return FAULT_FAILS;
}

static FILE *start_cut(const char *mode, const char *text)
{
    FILE *stream = filelike_named(mode, NULL);
    other = open(filelike_path(stream), O_RDWR | O_CLOEXEC);
    write_text(stream, text);
    ck_assert_int_eq(fflush(stream), 0);
    write_to(descriptor_of(stream), "child\n");
    return stream;
}

static void check_cut(FILE *stream, const char *expected, off_t position)
{
    write_text(stream, "abcd");
    faults.strike = cut_write;
    assert_fails(fflush(stream), EOF, ENOSPC);
    ck_assert(faults.strike == NULL);
    assert_text(stream, expected);
    ck_assert_int_eq(lseek(descriptor_of(stream), 0, SEEK_CUR), position);
    assert_closes_with(stream, ENOSPC);
    ck_assert_int_eq(close(other), 0);
}

/* The end and the offset are as before the write. */
START_TEST(cut_write_is_taken_back)
{
    others_write = false;
    check_cut(start_cut("w+", "start\n"), "start\nchild\n", 12);
    check_cut(start_cut("a", "start\n"), "start\nchild\n", 12);
}
END_TEST

START_TEST(cut_write_over_a_gap_is_taken_back)
{
    others_write = false;
    FILE *stream = start_cut("w+", "start\n");
    ck_assert_int_eq(fseeko(stream, 30, SEEK_SET), 0);
    check_cut(stream, "start\nchild\n", 30);
}
END_TEST

START_TEST(cut_write_within_leaves_the_end)
{
    others_write = false;
    FILE *stream = start_cut("w+", "start\n");
    rewind(stream);
    check_cut(stream, "abart\nchild\n", 0);
}
END_TEST

/* Bytes that others have written must not be cut off. */
START_TEST(cut_write_beside_others_stays)
{
    others_write = true;
    check_cut(start_cut("w+", ""), "child\nabother", 6);
    check_cut(start_cut("a", ""), "child\nabother", 6);
}
END_TEST

/* ---- Reading -------------------------------------------------------------------------
 */

static enum fault cut_read(enum fault_call call)
{
    static bool is_cut;
    if (call != FAULT_READ)
        return FAULT_NONE;
    is_cut = !is_cut;
    if (is_cut)
        return FAULT_SHORT;
    faults.strike = NULL;
    errno = EIO;
    return FAULT_FAILS;
}

/* Bytes before the error are read. No byte is skipped or read twice. */
START_TEST(failed_read_skips_nothing)
{
    FILE *stream = filelike_named("w+", NULL);
    write_text(stream, "0123456789");
    rewind(stream);
    faults.strike = cut_read;
    assert_reads(stream, "0123456789");
    rewind(stream);
    let_fail(FAULT_READ, EIO);
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert(ferror(stream));
    ck_assert_int_eq(filelike_error(stream), EIO);
    clearerr(stream);
    assert_reads(stream, "0123456789");
    assert_closes(stream);
}
END_TEST

/* ---- The end -------------------------------------------------------------------------
 */

START_TEST(others_go_on_when_the_first_is_closed)
{
    FILE *stream = started(&kinds[_i], "w+", "0123456789");
    if (stream == NULL)
        return;
    FILE *asked = filelike_reopen(stream, "r");
    FILE *silent = filelike_reopen(stream, "r");
    assert_next(descriptor_of(asked), "01");
    ck_assert_int_eq(getc(silent), '0');
    assert_closes(stream);
    ck_assert_int_eq(getc(asked), '2');
    ck_assert_int_eq(getc(silent), '1');
    assert_next(descriptor_of(silent), "23");
    assert_closes(silent);
    assert_next(descriptor_of(asked), "34");
    assert_closes(asked);
}
END_TEST

/* The second stream has a descriptor of its own, so it reports when closing it fails. */
START_TEST(close_of_a_reopened_stream_tells)
{
    FILE *stream = filelike_named("w+", NULL);
    FILE *second = filelike_reopen(stream, "a");
    char *before = strdup(descriptors());
    (void) descriptor_of(second);
    ck_assert_str_ne(descriptors(), before);
    let_fail(FAULT_CLOSE, EIO);
    assert_closes_with(second, EIO);
    ck_assert_str_eq(descriptors(), before);
    free(before);
    assert_closes(stream);
}
END_TEST

/* Calls on other streams of the same bytes leave the string of the path alone. */
START_TEST(path_stays_until_asked_again)
{
    FILE *stream = filelike_named("w+", NULL);
    FILE *second = filelike_reopen(stream, "r");
    const char *path = filelike_path(second);
    char *kept = strdup(path);
    ck_assert_ptr_eq(filelike_path(second), path);
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOSYNC), 0);
    ck_assert_str_eq(path, kept);
    assert_closes(stream);
    ck_assert_str_eq(path, kept);
    ck_assert_str_eq(strrchr(filelike_path(second), '/'), "/target");
    assert_closes(second);
    free(kept);
}
END_TEST

/* ---- errno ---------------------------------------------------------------------------
 */

#define assert_keeps_errno(call)          \
    do {                                  \
        errno = EUCLEAN;                  \
        ck_assert(call);                  \
        ck_assert_int_eq(errno, EUCLEAN); \
    } while (0)

/* The library does not control errno for the C library's own streams. */
START_TEST(success_leaves_errno)
{
    char text[8];
    if (!kind_has(&kinds[_i], KIND_WATCHED))
        return;
    FILE *stream = open_empty(&kinds[_i], "w+");
    assert_keeps_errno(fputs("0123456789", stream) >= 0);
    assert_keeps_errno(fflush(stream) == 0);
    assert_keeps_errno(fseeko(stream, 0, SEEK_SET) == 0);
    assert_keeps_errno(fgets(text, sizeof text, stream) == text);
    assert_keeps_errno(ftello(stream) == sizeof text - 1);
    assert_keeps_errno(fseeko(stream, 0, SEEK_END) == 0);
    for (int i = 0; i < 5000; i++)
        assert_keeps_errno(fputs("0123456789", stream) >= 0);
    assert_keeps_errno(filelike_size(stream) == 50010);
    assert_keeps_errno(filelike_view(stream, NULL) != NULL);
    assert_keeps_errno(filelike_truncate(stream, 20) == 0);
    assert_keeps_errno(filelike_in_memory(stream) >= 0);
    assert_keeps_errno(filelike_error(stream) == 0);
    bool has_descriptor = filelike_fileno(stream) != -1;
    if (has_descriptor) {
        assert_keeps_errno(filelike_fileno(stream) >= 0);
        assert_keeps_errno(filelike_path(stream) != NULL);
    }
    rewind(stream);
    assert_keeps_errno(getc(stream) == '0');
    errno = EUCLEAN;
    FILE *second = filelike_reopen(stream, "r");
    ck_assert(second != NULL && errno == EUCLEAN);
    assert_keeps_errno(!has_descriptor || filelike_fileno(second) >= 0);
    assert_keeps_errno(fclose(second) == 0);
    assert_keeps_errno(fclose(stream) == 0);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    if (kind_has(&kinds[kind], KIND_BOUND)) {
        ADD(stream_without_descriptor_goes_on);
        return;
    }
    ADD(child_writes_between);
    ADD(descriptor_appends_where_the_stream_does);
    ADD(descriptor_does_not_append_otherwise);
    ADD(writing_to_the_descriptor_again_and_again);
    ADD(reading_from_the_descriptor_again_and_again);
    ADD(what_others_have_read_is_not_read_again);
    ADD(stream_hands_over_its_position);
    ADD(pushed_back_characters_are_given_up);
    ADD(asking_again_changes_nothing);
    ADD(access_is_at_least_that_of_the_mode);
    ADD(reopened_stream_has_a_position_of_its_own);
    ADD(reopened_access_is_exactly_that_of_the_mode);
    ADD(child_writes_between_reopened);
    ADD(reopened_stream_writes_beside_one_that_appends);
    ADD(reopened_stream_writes_beside_one_that_appends_on_old_kernels);
    ADD(reopened_stream_needs_proc_for_a_descriptor);
    ADD(limit_counts_what_others_wrote);
    ADD(others_go_on_when_the_first_is_closed);
    ADD(success_leaves_errno);
#undef ADD
}

static TCase *single(void)
{
    TCase *test_case = tcase_create("single");
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_test(test_case, plain_fileno_is_at_the_position);
    tcase_add_test(
        test_case, reopened_stream_that_cannot_write_beside_one_that_appends_says_so);
    tcase_add_test(test_case, reopened_stream_beside_one_that_appends_may_find_no_room);
    tcase_add_test(test_case, reopened_stream_that_gets_no_descriptor_goes_on);
    tcase_add_test(test_case, reopened_stream_gets_no_descriptor_after_setuid);
    tcase_add_test(test_case, descriptors_outlive_setuid);
    tcase_add_test(test_case, move_that_fails_leaves_the_stream);
    tcase_add_test(test_case, position_that_no_file_has_keeps_the_stream_in_memory);
    tcase_add_test(test_case, move_by_another_stream_keeps_the_position);
    tcase_add_test(test_case, cut_write_is_taken_back);
    tcase_add_test(test_case, cut_write_over_a_gap_is_taken_back);
    tcase_add_test(test_case, cut_write_within_leaves_the_end);
    tcase_add_test(test_case, cut_write_beside_others_stays);
    tcase_add_test(test_case, failed_read_skips_nothing);
    tcase_add_test(test_case, close_of_a_reopened_stream_tells);
    tcase_add_test(test_case, path_stays_until_asked_again);
    return test_case;
}

int main(void)
{
    Suite *suite = suite_create("handle");
    suite_over_kinds(suite, add);
    suite_add_tcase(suite, single());
    return suite_run(suite);
}
