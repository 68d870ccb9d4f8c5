/* Streams on operations of the caller's own, without positions. */
#include <config.h>

#include "backing.h"
#include "scratch.h"
#include "suite.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 200000 };
static char pattern[SIZE];
static struct backing backing;

static FILE *open_reader(size_t size, unsigned seed, size_t buffer_size)
{
    struct filelike_options options = {.buffer_size = buffer_size};
    make_pattern(pattern, SIZE);
    backing_init(&backing, seed, pattern, size);
    FILE *stream = filelike_custom(&backing, &backing_in_order, "r", &options);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static FILE *open_writer(const char *mode, unsigned seed)
{
    backing_init(&backing, seed, "", 0);
    FILE *stream = filelike_custom(&backing, &backing_in_order, mode, NULL);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static void assert_in_order(int lost)
{
    ck_assert(!backing.out_of_order);
    ck_assert(!backing.overlapped);
    ck_assert_uint_eq(backing.calls[BACKING_CLOSE], 1);
    ck_assert_int_eq(backing.lost, lost);
    backing_finish(&backing);
}

/* Reads SIZE bytes that begin at POSITION. */
static void read_at(FILE *stream, int64_t position, size_t size)
{
    static char got[SIZE];
    ck_assert_int_eq(ftello(stream), position);
    ck_assert_uint_eq(fread(got, 1, size, stream), size);
    ck_assert_mem_eq(got, pattern + position, size);
    ck_assert_int_eq(ftello(stream), position + (int64_t) size);
}

/* ---- Opening -------------------------------------------------------------------------
 */

START_TEST(takes_one_direction)
{
    static const char *const refused[] = {"r+", "w+", "a+", "rb+", NULL};
    struct filelike_operations no_read = backing_in_order;
    struct filelike_operations no_write = backing_in_order;
    no_read.read = NULL;
    no_write.write = NULL;
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_fails(
            filelike_custom(NULL, &backing_in_order, refused[i], NULL), NULL, EINVAL);
    assert_fails(filelike_custom(NULL, &no_read, "r", NULL), NULL, EINVAL);
    assert_fails(filelike_custom(NULL, &no_write, "w", NULL), NULL, EINVAL);
    assert_fails(filelike_custom(NULL, &no_write, "a", NULL), NULL, EINVAL);
}
END_TEST

/* buffer_size says how much is read at once. */
START_TEST(reads_as_much_as_the_buffer)
{
    static const size_t sizes[] = {1, 7, 100, 4096, 32768, 100000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        FILE *stream = open_reader(SIZE, 0, sizes[i]);
        ck_assert_int_eq(getc(stream), (unsigned char) pattern[0]);
#ifdef __GLIBC__
        ck_assert_int_eq(backing.next, sizes[i] < 32768 ? (int64_t) sizes[i] : 32768);
#endif
        assert_closes(stream);
        assert_in_order(0);
    }
}
END_TEST

/* ---- Reading -------------------------------------------------------------------------
 */

static const size_t buffer_sizes[] = {0, 1, 7, 1000, 4096, 32768, 65536};

START_TEST(reads_everything_in_order)
{
    static char got[SIZE + 1];
    for (unsigned seed = 0; seed < 4; seed++) {
        FILE *stream = open_reader(SIZE, seed, buffer_sizes[_i]);
        ck_assert_uint_eq(fread(got, 1, SIZE + 1, stream), SIZE);
        ck_assert_mem_eq(got, pattern, SIZE);
        ck_assert(feof(stream) && !ferror(stream));
        ck_assert_int_eq(ftello(stream), SIZE);
        assert_closes(stream);
        assert_in_order(0);
    }
}
END_TEST

/* Stays at each position by fseek, fsetpos and fflush, with and without read-ahead. */
static void stay(FILE *stream, int64_t position, unsigned how)
{
    fpos_t place;
    errno = EXDEV;
    switch (how % 4) {
    case 0:
        ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
        break;
    case 1:
        ck_assert_int_eq(fseeko(stream, position, SEEK_SET), 0);
        break;
    case 2:
        ck_assert_int_eq(fgetpos(stream, &place), 0);
        ck_assert_int_eq(fsetpos(stream, &place), 0);
        break;
    default:
        ck_assert_int_eq(fflush(stream), 0);
        break;
    }
    ck_assert_int_eq(errno, EXDEV);
}

START_TEST(staying_loses_nothing)
{
    for (unsigned how = 0; how < 5; how++) {
        unsigned seed = how + 1;
        unsigned drawn = 1;
        FILE *stream = open_reader(SIZE, seed, buffer_sizes[_i]);
        int64_t position = 0;
        while (position < SIZE) {
            drawn = drawn * 1103515245u + 12345u;
            size_t most = (drawn >> 8) % 8 == 0 ? 50000 : 3000;
            size_t size = (drawn >> 16) % most;
            if (position + (int64_t) size > SIZE)
                size = (size_t) (SIZE - position);
            read_at(stream, position, size);
            position += (int64_t) size;
            stay(stream, position, how == 4 ? drawn >> 20 : how);
            ck_assert_int_eq(ftello(stream), position);
        }
        ck_assert_int_eq(getc(stream), EOF);
        stay(stream, SIZE, how);
        assert_closes(stream);
        assert_in_order(0);
    }
}
END_TEST

/* The library cannot tell ftell from a seek forward over exactly the read-ahead. */
static void assert_no_seek(FILE *stream, int64_t offset, int whence)
{
    int64_t position = ftello(stream);
    if (whence == SEEK_CUR && position + offset == backing.next)
        return;
    assert_fails(fseeko(stream, offset, whence), -1, ESPIPE);
    ck_assert_int_eq(ftello(stream), position);
}

START_TEST(any_other_seek_is_refused)
{
    static const int64_t positions[] = {0, 1, 100, 4096, 5000, 40000, 100000, SIZE};
    FILE *stream = open_reader(SIZE, 1, buffer_sizes[_i]);
    int64_t position = 0;
    for (size_t i = 0; i < COUNT(positions); i++) {
        read_at(stream, position, (size_t) (positions[i] - position));
        position = positions[i];
        for (size_t j = 0; j < COUNT(positions); j++)
            if (positions[j] != position)
                assert_no_seek(stream, positions[j], SEEK_SET);
        assert_no_seek(stream, position + 1, SEEK_SET);
        assert_no_seek(stream, 1, SEEK_CUR);
        assert_no_seek(stream, -1, SEEK_CUR);
        assert_no_seek(stream, 0, SEEK_END);
        assert_no_seek(stream, -1, SEEK_END);
        assert_no_seek(stream, INT64_MAX / 2, SEEK_CUR);
        assert_no_seek(stream, INT64_MIN / 2, SEEK_CUR);
    }
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

START_TEST(rewinds_only_at_the_beginning)
{
    FILE *stream = open_reader(100, 0, 0);
    errno = 0;
    rewind(stream);
    ck_assert_int_eq(errno, 0);
    read_at(stream, 0, 10);
    rewind(stream);
    ck_assert_int_eq(errno, ESPIPE);
    read_at(stream, 10, 90);
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

/* The program may set a buffer of its own. */
START_TEST(staying_with_a_buffer_of_the_programs)
{
    static char buffer[20000];
    static const size_t sizes[] = {1, 2, 100, 4096, 16384, 20000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        FILE *stream = open_reader(SIZE, 3, 0);
        ck_assert_int_eq(setvbuf(stream, buffer, _IOFBF, sizes[i]), 0);
        for (int64_t position = 0; position < SIZE - 1000; position += 999) {
            read_at(stream, position, 999);
            stay(stream, position + 999, (unsigned) position);
        }
        assert_closes(stream);
        assert_in_order(0);
    }
}
END_TEST

/* glibc wants to fill a large buffer again from its start, but so many bytes are not
 * kept. Then the seek fails and changes nothing. */
START_TEST(staying_may_be_refused_with_a_large_buffer)
{
    static char buffer[1 << 20];
    FILE *stream = open_reader(SIZE, 0, 0);
    ck_assert_int_eq(setvbuf(stream, buffer, _IOFBF, sizeof buffer), 0);
    for (int64_t position = 0; position < SIZE; position += 50000) {
        errno = 0;
        ck_assert(fseeko(stream, position, SEEK_SET) == 0 || errno == ESPIPE);
        read_at(stream, position, 50000);
    }
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

#if FILELIKE_GLIBC_INTERNALS || !defined __GLIBC__

/* glibc takes two steps to some positions. The first one looks like a seek that stays,
 * and fills the buffer. The second one fails if operations give little at a time. (A
 * library without glibc's internals cannot tell the steps from two seeks, and loses
 * bytes.) */
START_TEST(refused_seek_loses_nothing)
{
    static char buffer[8192];
    static const int64_t forward[] = {1, 300, 8191, 8192, 32768, 65536};
    for (int own_buffer = 0; own_buffer <= 1; own_buffer++) {
        FILE *stream = open_reader(SIZE, 3, 0);
        if (own_buffer)
            ck_assert_int_eq(setvbuf(stream, buffer, _IOFBF, sizeof buffer), 0);
        for (int64_t position = 0; position < SIZE - 1000; position += 997) {
            for (size_t i = 0; i < COUNT(forward); i++)
                assert_no_seek(stream, position + forward[i], SEEK_SET);
            read_at(stream, position, 997);
        }
        assert_closes(stream);
        assert_in_order(0);
    }
}
END_TEST

#endif

START_TEST(pushed_back_characters_stay_readable)
{
    FILE *stream = open_reader(SIZE, 0, 0);
    for (int64_t position = 0; position < 100000; position += 1000) {
        read_at(stream, position, 1000);
        int last = (unsigned char) pattern[position + 999];
        ck_assert_int_eq(ungetc(last, stream), last);
        ck_assert_int_eq(ftello(stream), position + 999);
        ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
        ck_assert_int_eq(getc(stream), last);
    }
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

#ifdef __GLIBC__

static sem_t held;
static sem_t released;

static void *hold_lock(void *stream)
{
    flockfile(stream);
    (void) sem_post(&held);
    (void) sem_wait(&released);
    funlockfile(stream);
    return NULL;
}

/* At exit glibc flushes without waiting for the lock of a stream. */
START_TEST(flush_without_the_lock_loses_nothing)
{
    pthread_t thread;
    FILE *stream = open_reader(SIZE, 0, 0);
    read_at(stream, 0, 1000);
    ck_assert(sem_init(&held, 0, 0) == 0 && sem_init(&released, 0, 0) == 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, hold_lock, stream), 0);
    ck_assert_int_eq(sem_wait(&held), 0);
    (void) fflush_unlocked(stream);
    ck_assert_int_eq(sem_post(&released), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    read_at(stream, 1000, 1000);
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

#endif

/* ARGUMENT is another stream, whose lock is held around that of a sequential one. */
static void *flush_after_locks(void *argument)
{
    FILE *stream = open_reader(SIZE, 0, 0);
    flockfile(argument);
    flockfile(stream);
    read_at(stream, 0, 1000);
    funlockfile(stream);
    funlockfile(argument);
    ck_assert_int_eq(fflush(stream), 0);
    return stream;
}

/* musl keeps a list of the streams that a thread has locked. At the thread's end it locks
 * those that are left for ever. */
START_TEST(flush_leaves_the_locks_of_other_streams)
{
    pthread_t thread;
    void *stream;
    FILE *other = tmpfile();
    ck_assert_ptr_nonnull(other);
    ck_assert_int_eq(pthread_create(&thread, NULL, flush_after_locks, other), 0);
    ck_assert_int_eq(pthread_join(thread, &stream), 0);
    ck_assert_int_eq(ftrylockfile(other), 0);
    funlockfile(other);
    assert_closes(other);
    read_at(stream, 1000, 1000);
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

/* Reads until an error, which has to be ERROR. Returns the position. */
static int64_t read_until(FILE *stream, int error)
{
    int c;
    errno = 0;
    do
        c = getc(stream);
    while (c != EOF);
    ck_assert_int_eq(errno, error);
    ck_assert(ferror(stream) && !feof(stream));
    clearerr(stream);
    return ftello(stream);
}

START_TEST(failed_read_is_told)
{
    FILE *stream = open_reader(100, 0, 10);
    read_at(stream, 0, 10);
    backing_fail(&backing, BACKING_READ, 0, 1, -1, EBADMSG);
    (void) read_until(stream, EBADMSG);
    ck_assert_int_eq(filelike_error(stream), EBADMSG);
    backing_fail(&backing, BACKING_READ, 1, 1, 100000, 0);
    int64_t position = read_until(stream, EIO);
    read_at(stream, position, 100 - (size_t) position);
    ck_assert_int_eq(getc(stream), EOF);
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

START_TEST(unlocked_streams_stay_too)
{
    struct filelike_options options = {.flags = FILELIKE_UNLOCKED};
    make_pattern(pattern, SIZE);
    backing_init(&backing, 1, pattern, SIZE);
    FILE *stream = filelike_custom(&backing, &backing_in_order, "r", &options);
    for (int64_t position = 0; position < SIZE - 1000; position += 999) {
        read_at(stream, position, 999);
        stay(stream, position + 999, (unsigned) position);
    }
    assert_no_seek(stream, 5, SEEK_SET);
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

/* ---- Writing -------------------------------------------------------------------------
 */

START_TEST(writes_everything_in_order)
{
    static const char *const modes[] = {"w", "a"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        for (unsigned seed = 0; seed < 4; seed++) {
            FILE *stream = open_writer(modes[i], seed);
            make_pattern(pattern, SIZE);
            for (size_t position = 0; position < SIZE; position += 500) {
                ck_assert_int_eq(ftello(stream), (int64_t) position);
                ck_assert_uint_eq(fwrite(pattern + position, 1, 500, stream), 500);
                if (position % 3 == 0)
                    stay(stream, (int64_t) position + 500, (unsigned) position);
            }
            ck_assert_int_eq(ftello(stream), SIZE);
            ck_assert_int_eq(fflush(stream), 0);
            ck_assert_uint_eq(backing.size, SIZE);
            ck_assert_mem_eq(backing.bytes, pattern, SIZE);
            assert_closes(stream);
            assert_in_order(0);
        }
    }
}
END_TEST

START_TEST(writers_go_nowhere_else)
{
    FILE *stream = open_writer("w", 0);
    write_text(stream, "0123");
    assert_no_seek(stream, 0, SEEK_SET);
    assert_no_seek(stream, 5, SEEK_SET);
    assert_no_seek(stream, -1, SEEK_CUR);
    assert_no_seek(stream, 1, SEEK_END);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    ck_assert_int_eq(ftello(stream), 4);
    write_text(stream, "45");
    assert_closes(stream);
    ck_assert_mem_eq(backing.bytes, "012345", 6);
    assert_in_order(0);
}
END_TEST

/* A write that fails may have stored some bytes. They are gone, and the next write
 * follows them. */
START_TEST(lost_write_is_told)
{
    FILE *stream = open_writer("w", 3);
    backing_fail(&backing, BACKING_WRITE, 1, 1, -1, EPIPE);
    write_text(stream, "0123456789");
    assert_fails(fflush(stream), EOF, EPIPE);
    clearerr(stream);
    write_text(stream, "x");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(backing.bytes[backing.size - 1], 'x');
    assert_closes_with(stream, EPIPE);
    assert_in_order(EPIPE);
}
END_TEST

START_TEST(limit_holds)
{
    struct filelike_options options = {.size_limit = 5};
    backing_init(&backing, 0, "", 0);
    FILE *stream = filelike_custom(&backing, &backing_in_order, "w", &options);
    write_text(stream, "0123");
    ck_assert_int_eq(fflush(stream), 0);
    write_text(stream, "45");
    assert_fails(fflush(stream), EOF, EFBIG);
    ck_assert_uint_eq(backing.size, 4);
    assert_closes_with(stream, EFBIG);
    assert_in_order(EFBIG);
}
END_TEST

/* The bytes that the operation took of a write that failed count. */
START_TEST(taken_bytes_of_a_failed_write_count)
{
    struct filelike_options options = {.size_limit = 10};
    backing_init(&backing, 3, "", 0);
    FILE *stream = filelike_custom(&backing, &backing_in_order, "w", &options);
    backing_fail(&backing, BACKING_WRITE, 1, 1, -1, EAGAIN);
    write_text(stream, "01234567");
    assert_fails(fflush(stream), EOF, EAGAIN);
    size_t taken = backing.size;
    ck_assert_uint_gt(taken, 0);
    ck_assert_int_eq(ftello(stream), (int64_t) taken);
    ck_assert_int_eq(fseeko(stream, (off_t) taken, SEEK_SET), 0);
    assert_no_seek(stream, 0, SEEK_SET);
    clearerr(stream);
    write_text(stream, "0123456789");
    assert_fails(fflush(stream), EOF, EFBIG);
    ck_assert_uint_eq(backing.size, taken);
    assert_closes_with(stream, EAGAIN);
    assert_in_order(EAGAIN);
}
END_TEST

START_TEST(discarded_stream_is_given_up)
{
    FILE *stream = open_writer("w", 0);
    write_text(stream, "x");
    ck_assert_int_eq(filelike_discard(stream), 0);
    assert_closes(stream);
    assert_in_order(ECANCELED);
}
END_TEST

/* ---- Calls that need positions -------------------------------------------------------
 */

static void assert_lacks_positions(FILE *stream)
{
    assert_fails(filelike_size(stream), -1, ENOTSUP);
    assert_fails(filelike_view(stream, NULL), NULL, ENOTSUP);
    assert_fails(filelike_detach(stream, NULL), NULL, ENOTSUP);
    assert_fails(filelike_truncate(stream, 0), -1, ENOTSUP);
    assert_fails(filelike_reopen(stream, "r"), NULL, ENOTSUP);
    assert_fails(filelike_reopen(stream, "w"), NULL, ENOTSUP);
    assert_fails(filelike_section(stream, 0, -1), NULL, ENOTSUP);
    assert_fails(filelike_persist(stream, "target", 0), -1, ENOTSUP);
    assert_fails(filelike_fileno(stream), -1, ENOTSUP);
    assert_fails(filelike_path(stream), NULL, ENOTSUP);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    assert_fails(filelike_in_memory(stream), -1, ENOTSUP);
    assert_fails(filelike_keep(stream), -1, ENOTSUP);
    ck_assert_int_eq(filelike_error(stream), 0);
    ck_assert_str_eq(entries("."), "");
}

START_TEST(functions_that_need_positions)
{
    FILE *stream = open_reader(100, 0, 0);
    assert_lacks_positions(stream);
    read_at(stream, 0, 10);
    assert_lacks_positions(stream);
    read_at(stream, 10, 90);
    assert_lacks_positions(stream);
    assert_closes(stream);
    assert_in_order(0);
    stream = open_reader(100, 0, 0);
    ck_assert_int_eq(ungetc('x', stream), 'x');
    assert_lacks_positions(stream);
    ck_assert_int_eq(getc(stream), 'x');
    read_at(stream, 0, 10);
    assert_closes(stream);
    assert_in_order(0);
    stream = open_writer("w", 0);
    write_text(stream, "0123");
    assert_lacks_positions(stream);
    assert_closes(stream);
    assert_in_order(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sequential");

    TCase *opening = suite_case(suite, "opening");
    tcase_add_test(opening, takes_one_direction);
    tcase_add_test(opening, reads_as_much_as_the_buffer);

    TCase *reading = suite_case(suite, "reading");
    int count = COUNT(buffer_sizes);
    tcase_add_loop_test(reading, reads_everything_in_order, 0, count);
    tcase_add_loop_test(reading, staying_loses_nothing, 0, count);
    tcase_add_loop_test(reading, any_other_seek_is_refused, 0, count);
    tcase_add_test(reading, rewinds_only_at_the_beginning);
    tcase_add_test(reading, staying_with_a_buffer_of_the_programs);
    tcase_add_test(reading, staying_may_be_refused_with_a_large_buffer);
#if FILELIKE_GLIBC_INTERNALS || !defined __GLIBC__
    tcase_add_test(reading, refused_seek_loses_nothing);
#endif
    tcase_add_test(reading, pushed_back_characters_stay_readable);
#ifdef __GLIBC__
    tcase_add_test(reading, flush_without_the_lock_loses_nothing);
#endif
    tcase_add_test(reading, flush_leaves_the_locks_of_other_streams);
    tcase_add_test(reading, failed_read_is_told);
    tcase_add_test(reading, unlocked_streams_stay_too);

    TCase *writing = suite_case(suite, "writing");
    tcase_add_test(writing, writes_everything_in_order);
    tcase_add_test(writing, writers_go_nowhere_else);
    tcase_add_test(writing, lost_write_is_told);
    tcase_add_test(writing, limit_holds);
    tcase_add_test(writing, taken_bytes_of_a_failed_write_count);
    tcase_add_test(writing, discarded_stream_is_given_up);

    TCase *positions = suite_case(suite, "what needs positions");
    tcase_add_checked_fixture(positions, scratch_enter, scratch_leave);
    tcase_add_test(positions, functions_that_need_positions);

    return suite_run(suite);
}
