/* Copies of files: they have all of the bytes, and take no more room. */
#include <config.h>

#include "bounds.h"
#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Systems -------------------------------------------------------------------------
 */

static enum fault refuse_copying(enum fault_call call)
{
    if (call != FAULT_COPY_FILE_RANGE)
        return FAULT_NONE;
    errno = EPERM;
    return FAULT_FAILS;
}

static enum fault copy_little(enum fault_call call)
{
    return call == FAULT_COPY_FILE_RANGE ? FAULT_SHORT : FAULT_NONE;
}

static const struct faults systems[] = {
    {0},
    {.strike = refuse_copying},
    {.no_proc = true},
    {.interrupts = true},
    {.strike = copy_little},
};

/* The last one takes two bytes at a time. */
enum { PATIENT_SYSTEMS = COUNT(systems) - 1 };

/* ---- Files with holes ----------------------------------------------------------------
 */

struct piece {
    int64_t start;
    size_t size;
};

#define MIB (INT64_C(1) << 20)

struct shape {
    int64_t size;
    struct piece pieces[4];
};

static const struct shape shapes[] = {
    {0, {{0, 0}}},
    {1, {{0, 1}}},
    {16384, {{0, 16384}}},
    {40000, {{0, 40000}}},
    {3 * MIB, {{0, 0}}},
    {3 * MIB, {{0, 5}}},
    {3 * MIB, {{3 * MIB - 5, 5}}},
    {3 * MIB, {{MIB - 7, 14}, {2 * MIB, 70000}}},
    {64 * MIB, {{0, 4096}, {5 * MIB + 1, 1}, {20 * MIB, 20000}, {63 * MIB, 100}}},
};

static void fill_shape(int descriptor, const struct shape *shape)
{
    static char bytes[1 << 17];
    make_pattern(bytes, sizeof bytes);
    ck_assert_int_eq(ftruncate(descriptor, shape->size), 0);
    for (size_t i = 0; i < COUNT(shape->pieces); i++) {
        const struct piece *piece = &shape->pieces[i];
        ck_assert_int_eq(pwrite(descriptor, bytes + i, piece->size, piece->start),
            (ssize_t) piece->size);
    }
}

static const char *expected_at(const struct shape *shape, const struct piece *piece)
{
    static char bytes[1 << 17];
    make_pattern(bytes, sizeof bytes);
    return bytes + (piece - shape->pieces);
}

static bool is_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Reads every byte, to see that the holes are zero bytes. */
static void check_bytes(const char *path, const struct shape *shape)
{
    size_t size;
    FILE *stream = fopen(path, "re");
    ck_assert_ptr_nonnull(stream);
    const char *view = filelike_view(stream, &size);
    ck_assert_ptr_nonnull(view);
    ck_assert_uint_eq(size, (size_t) shape->size);
    size_t done = 0;
    for (size_t i = 0; i < COUNT(shape->pieces); i++) {
        const struct piece *piece = &shape->pieces[i];
        if (piece->size == 0)
            continue;
        ck_assert(is_zero(view + done, (size_t) piece->start - done));
        ck_assert_mem_eq(view + piece->start, expected_at(shape, piece), piece->size);
        done = (size_t) piece->start + piece->size;
    }
    ck_assert(is_zero(view + done, size - done));
    assert_closes(stream);
}

/* In bytes. How much more than the pieces is stored depends on the filesystem's blocks.
 * Without SEEK_DATA it depends on how much is examined at a time. */
static int64_t most_room(const struct shape *shape)
{
    enum { AROUND = 1 << 16 };
    int64_t room = AROUND;
    for (size_t i = 0; i < COUNT(shape->pieces); i++)
        room += (int64_t) shape->pieces[i].size + AROUND;
    return room;
}

static int64_t room_of(const char *path)
{
    enum { BLOCK_SIZE = 512 };
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_blocks * BLOCK_SIZE;
}

/* On tmpfs, a hole that is read through a mapping takes room. */
static void check_shape(const char *path, const struct shape *shape)
{
    ck_assert_int_le(room_of(path), most_room(shape));
    check_bytes(path, shape);
}

static void make_shape(const char *path, const struct shape *shape)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ne(descriptor, -1);
    fill_shape(descriptor, shape);
    ck_assert_int_eq(close(descriptor), 0);
}

/* ---- Every copy ----------------------------------------------------------------------
 */

/* These faults begin once the file exists. */
static const struct faults *system_now = systems;

/* An atomic stream with "a" starts with a copy of the file. */
static void append_nothing(const struct shape *shape)
{
    struct stat status;
    make_shape("target", shape);
    ck_assert_int_eq(stat("target", &status), 0);
    ino_t old = status.st_ino;
    faults = *system_now;
    FILE *stream = filelike_atomic("target", "a", NULL);
    ck_assert_msg(stream != NULL, "%s", strerror(errno));
    assert_closes(stream);
    ck_assert_int_eq(stat("target", &status), 0);
    ck_assert(status.st_ino != old);
}

static FILE *open_in_memory(const struct shape *shape)
{
    struct filelike_options options = {.flags = FILELIKE_IN_MEMORY};
    FILE *stream = filelike_temporary("w+", &options);
    ck_assert_ptr_nonnull(stream);
    fill_shape(fileno(stream), shape);
    return stream;
}

static void persist_memory_file(const struct shape *shape)
{
    FILE *stream = open_in_memory(shape);
    faults = *system_now;
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOSYNC), 0);
    assert_closes(stream);
}

/* A stream of filelike_memory's in a memory file. */
static void persist_moved_memory(const struct shape *shape)
{
    FILE *stream = filelike_memory("w+", NULL);
    fill_shape(filelike_fileno(stream), shape);
    faults = *system_now;
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOSYNC), 0);
    assert_closes(stream);
}

static void (*const ways[])(const struct shape *) = {
    append_nothing, persist_memory_file, persist_moved_memory};

static void copy_all_shapes(int system, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t way = 0; way < COUNT(ways); way++) {
            system_now = &systems[system];
            ways[way](&shapes[i]);
            faults = (struct faults){0};
            check_shape("target", &shapes[i]);
            ck_assert_str_eq(entries("."), "target");
            ck_assert_int_eq(unlink("target"), 0);
        }
    }
}

START_TEST(holes_stay_holes)
{
    copy_all_shapes(_i, COUNT(shapes));
}
END_TEST

START_TEST(short_copies_go_on)
{
    copy_all_shapes(PATIENT_SYSTEMS, 4);
}
END_TEST

/* To copy these zero bytes one by one would take an hour. */
START_TEST(time_is_that_of_what_is_there)
{
    bounds_allow_far_positions();
    static const struct shape shape = {INT64_C(1) << 42, {{INT64_C(1) << 41, 100}}};
    char byte = 0;
    FILE *stream = open_in_memory(&shape);
    if (filelike_persist(stream, "target", 0) != 0) {
        ck_assert_int_eq(errno, EFBIG);
        say_skipped("a large file of holes", "this filesystem allows none");
    } else {
        ck_assert_int_le(room_of("target"), most_room(&shape));
        int descriptor = open("target", O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(pread(descriptor, &byte, 1, shape.pieces[0].start + 1), 1);
        ck_assert_int_eq(byte, expected_at(&shape, shape.pieces)[1]);
        ck_assert_int_eq(lseek(descriptor, 0, SEEK_END), shape.size);
        ck_assert_int_eq(close(descriptor), 0);
    }
    assert_closes(stream);
}
END_TEST

/* The offset belongs to the stream, and to others that share its open file description.
 */
START_TEST(offset_stays)
{
    static const struct shape shape = {3 * MIB, {{MIB, 100}}};
    FILE *stream = open_in_memory(&shape);
    ck_assert_int_eq(fseeko(stream, 7, SEEK_SET), 0);
    ck_assert_int_eq(filelike_persist(stream, "target", FILELIKE_NOSYNC), 0);
    ck_assert_int_eq(lseek(fileno(stream), 0, SEEK_CUR), 7);
    ck_assert_int_eq(ftello(stream), 7);
    assert_closes(stream);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy");
    TCase *test_case = suite_case(suite, "copy");
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_set_timeout(test_case, 60);
    tcase_add_loop_test(test_case, holes_stay_holes, 0, PATIENT_SYSTEMS);
    tcase_add_test(test_case, short_copies_go_on);
    tcase_add_test(test_case, time_is_that_of_what_is_there);
    tcase_add_test(test_case, offset_stays);
    return suite_run(suite);
}
