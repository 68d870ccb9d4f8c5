/* Streams that start on bytes of the caller's, and what memory cannot hold. */
#include <config.h>

#include "suite.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

typedef FILE *opener(
    const void *data, size_t size, const char *mode, const struct filelike_options *);

static const char *const modes[] = {"r", "w", "a", "r+", "w+", "a+"};

static char *block_of(const char *text)
{
    char *block = strdup(text);
    ck_assert_ptr_nonnull(block);
    return block;
}

/* ---- Bytes in place ------------------------------------------------------------------
 */

START_TEST(bytes_are_read_in_place)
{
    static const char data[] = {'0', '1', '2', '3'};
    size_t size;
    FILE *stream = filelike_bytes(data, sizeof data, "r", NULL);
    ck_assert_ptr_eq(filelike_view(stream, &size), data);
    ck_assert_uint_eq(size, sizeof data);
    assert_reads(stream, "0123");
    ck_assert_ptr_eq(filelike_view(stream, NULL), data);
    ck_assert_int_eq(filelike_size(stream), sizeof data);
    assert_closes(stream);
}
END_TEST

START_TEST(bytes_in_place_are_not_changed)
{
    char data[] = "0123";
    FILE *stream = filelike_bytes(data, 4, "r", NULL);
    assert_fails(putc('x', stream), EOF, REFUSED);
    assert_fails(filelike_truncate(stream, 0), -1, EBADF);
    assert_fails(filelike_truncate(stream, 4), -1, EBADF);
    assert_fails(filelike_detach(stream, NULL), NULL, EBADF);
    ck_assert_str_eq(data, "0123");
    assert_text(stream, "0123");
    assert_closes(stream);
    ck_assert_str_eq(data, "0123");
}
END_TEST

/* ---- Bytes copied --------------------------------------------------------------------
 */

START_TEST(copy_is_private)
{
    static const char *const copying[] = {"r+", "a", "a+", NULL};
    for (size_t i = 0; i < COUNT(copying); i++) {
        char data[] = "0123";
        FILE *stream = filelike_bytes(data, 4, copying[i], NULL);
        data[0] = 'x';
        assert_text(stream, "0123");
        ck_assert_int_eq(putc('y', stream), 'y');
        ck_assert_int_eq(fflush(stream), 0);
        ck_assert_str_eq(data, "x123");
        assert_closes(stream);
        ck_assert_str_eq(data, "x123");
    }
}
END_TEST

START_TEST(write_modes_empty_the_copy_alone)
{
    char data[] = "0123";
    for (int i = 0; i < 2; i++) {
        FILE *stream = filelike_bytes(data, 4, i == 0 ? "w" : "w+", NULL);
        assert_text(stream, "");
        write_text(stream, "xy");
        assert_text(stream, "xy");
        assert_closes(stream);
        ck_assert_str_eq(data, "0123");
    }
}
END_TEST

/* ---- No bytes ------------------------------------------------------------------------
 */

static void check_empty(opener *open, const void *data)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = open(data, 0, modes[i], NULL);
        ck_assert_ptr_nonnull(stream);
        assert_text(stream, "");
        assert_closes(stream);
    }
}

static FILE *adopt_block(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    (void) data;
    return filelike_adopt(malloc(1), size, mode, options);
}

static FILE *adopt_nothing(const void *data, size_t size, const char *mode,
    const struct filelike_options *options)
{
    (void) data;
    return filelike_adopt(NULL, size, mode, options);
}

START_TEST(size_zero_is_fine)
{
    check_empty(filelike_bytes, NULL);
    check_empty(filelike_bytes, "");
    check_empty(filelike_bytes, (const void *) (uintptr_t) 1);
    check_empty(adopt_block, NULL);
    check_empty(adopt_nothing, NULL);
}
END_TEST

START_TEST(empty_streams_grow)
{
    FILE *stream = filelike_bytes(NULL, 0, "r+", NULL);
    write_text(stream, "0123");
    assert_text(stream, "0123");
    assert_closes(stream);
    stream = filelike_adopt(NULL, 0, "a+", NULL);
    write_text(stream, "0123");
    assert_text(stream, "0123");
    assert_closes(stream);
}
END_TEST

START_TEST(size_without_data)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_fails(filelike_bytes(NULL, 1, modes[i], NULL), NULL, EINVAL);
        assert_fails(filelike_bytes(NULL, SIZE_MAX, modes[i], NULL), NULL, EINVAL);
        assert_fails(filelike_adopt(NULL, 1, modes[i], NULL), NULL, EINVAL);
    }
}
END_TEST

/* No object is that large. */
START_TEST(sizes_that_cannot_be)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1};
    static const char *const keeping[] = {"r", "r+", "a", "a+"};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (size_t j = 0; j < COUNT(keeping); j++) {
            char *block = block_of("0123");
            ck_assert_ptr_null(filelike_bytes(block, sizes[i], keeping[j], NULL));
            ck_assert(errno == EFBIG || errno == ENOMEM);
            ck_assert_ptr_null(filelike_adopt(block, sizes[i], keeping[j], NULL));
            ck_assert(errno == EFBIG || errno == ENOMEM);
            free(block);
        }
    }
}
END_TEST

/* ---- Adopted blocks ------------------------------------------------------------------
 */

START_TEST(adopted_block_is_the_streams)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        bool emptied = modes[i][0] == 'w';
        FILE *stream = filelike_adopt(block_of("0123"), 4, modes[i], NULL);
        ck_assert_ptr_nonnull(stream);
        assert_text(stream, emptied ? "" : "0123");
        ck_assert_str_eq(filelike_view(stream, NULL), emptied ? "" : "0123");
        assert_closes(stream);
    }
}
END_TEST

START_TEST(adopted_block_grows_and_shrinks)
{
    FILE *stream = filelike_adopt(block_of("0123"), 4, "r+", NULL);
    ck_assert_int_eq(filelike_truncate(stream, 2), 0);
    assert_text(stream, "01");
    ck_assert_int_eq(filelike_truncate(stream, 6), 0);
    assert_bytes(stream, "01\0\0\0\0", 6);
    ck_assert_int_eq(fseeko(stream, 5000, SEEK_SET), 0);
    write_text(stream, "x");
    ck_assert_int_eq(filelike_size(stream), 5001);
    assert_closes(stream);
}
END_TEST

/* Large blocks get their pages ahead of a write, but this one has them. */
START_TEST(large_adopted_block_is_overwritten)
{
    enum { SIZE = 3 << 20, PLACE = 1 << 20 };
    char *expected = malloc(SIZE);
    char *block = malloc(SIZE);
    make_pattern(expected, SIZE);
    memcpy(block, expected, SIZE);
    FILE *stream = filelike_adopt(block, SIZE, "r+", NULL);
    ck_assert_int_eq(fseeko(stream, PLACE, SEEK_SET), 0);
    write_text(stream, "over");
    memcpy(expected + PLACE, "over", 4);
    assert_bytes(stream, expected, SIZE);
    assert_closes(stream);
    free(expected);
}
END_TEST

START_TEST(adopted_block_can_be_had_back)
{
    size_t size;
    FILE *stream = filelike_adopt(block_of("0123"), 4, NULL, NULL);
    const void *view = filelike_view(stream, NULL);
    char *block = filelike_detach(stream, &size);
    ck_assert_ptr_eq(block, view);
    ck_assert_uint_eq(size, 4);
    ck_assert_str_eq(block, "0123");
    free(block);
    assert_text(stream, "");
    assert_closes(stream);
}
END_TEST

static void check_stays_the_callers(
    const char *mode, const struct filelike_options *options, int error)
{
    char *block = block_of("0123");
    assert_fails(filelike_adopt(block, 4, mode, options), NULL, error);
    ck_assert_str_eq(block, "0123");
    free(block);
}

START_TEST(refused_block_stays_the_callers)
{
    filelike_budget *budget = filelike_budget_new(3);
    check_stays_the_callers("rw", NULL, EINVAL);
    check_stays_the_callers("", NULL, EINVAL);
    check_stays_the_callers("r+", &(struct filelike_options){.flags = 1u << 31}, EINVAL);
    check_stays_the_callers("w", &(struct filelike_options){.reserved = {1}}, EINVAL);
    check_stays_the_callers("r+", &(struct filelike_options){.size_limit = 3}, EFBIG);
    check_stays_the_callers("r+", &(struct filelike_options){.budget = budget}, ENOMEM);
    check_stays_the_callers(
        "w", &(struct filelike_options){.buffer_size = SIZE_MAX}, ENOMEM);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}
END_TEST

/* ---- Limits of the start -------------------------------------------------------------
 */

START_TEST(start_within_the_limit)
{
    struct filelike_options options = {.size_limit = 4};
    FILE *stream = filelike_bytes("0123", 4, "r+", &options);
    assert_text(stream, "0123");
    ck_assert_int_eq(fseeko(stream, 0, SEEK_END), 0);
    ck_assert(putc('x', stream) == EOF || fflush(stream) == EOF);
    assert_closes_with(stream, EFBIG);
    assert_fails(filelike_bytes("01234", 5, "r+", &options), NULL, EFBIG);
    assert_fails(filelike_bytes("01234", 5, "r", &options), NULL, EFBIG);
    assert_fails(filelike_bytes("01234", 5, "a", &options), NULL, EFBIG);
    stream = filelike_bytes("01234", 5, "w+", &options);
    assert_text(stream, "");
    assert_closes(stream);
}
END_TEST

/* ---- Growth --------------------------------------------------------------------------
 */

START_TEST(grows_by_characters)
{
    enum { SIZE = 3000000 };
    char *bytes = malloc(SIZE);
    make_pattern(bytes, SIZE);
    FILE *stream = filelike_memory("w", NULL);
    for (size_t i = 0; i < SIZE; i++)
        (void) putc(bytes[i], stream);
    ck_assert_int_eq(fflush(stream), 0);
    assert_bytes(stream, bytes, SIZE);
    assert_closes(stream);
    free(bytes);
}
END_TEST

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux's, since 5.14 */
#endif

static bool kernel_provides_pages(void)
{
    size_t size = (size_t) sysconf(_SC_PAGESIZE);
    int protection = PROT_READ | PROT_WRITE;
    void *page = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool provides = page != MAP_FAILED && madvise(page, size, MADV_POPULATE_WRITE) == 0;
    (void) munmap(page, size);
    return provides;
}

static bool is_resident(const char *address)
{
    uintptr_t page_size = (uintptr_t) sysconf(_SC_PAGESIZE);
    unsigned char state;
    const char *page = address - (uintptr_t) address % page_size;
    ck_assert_int_eq(mincore((void *) (uintptr_t) page, page_size, &state), 0);
    return (state & 1) != 0;
}

/* The first address from ADDRESS on that is a multiple of SIZE. */
static const char *next_multiple(const char *address, size_t size)
{
    return address + -(uintptr_t) address % size;
}

enum { MIB = 1 << 20, LARGE_BLOCK = 64 << 10 /* bytes */ };
static const char large_block[LARGE_BLOCK];

static void write_large_blocks(FILE *stream, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(fwrite(large_block, 1, LARGE_BLOCK, stream), LARGE_BLOCK);
}

/* Writes 24 MiB and 64 KiB, for which the block has 46 MiB. Returns the end of the bytes.
 */
static const char *write_much(FILE *stream)
{
    enum { BLOCKS = 24 * 16 + 1 };
    write_large_blocks(stream, BLOCKS);
    return (const char *) filelike_view(stream, NULL) + BLOCKS * LARGE_BLOCK;
}

/* A block that is a little smaller than the content would be doubled for its end. */
START_TEST(a_power_of_two_does_not_double_the_block)
{
    enum { BLOCKS = 16 * 16 };
    FILE *stream = filelike_memory("w", NULL);
    write_large_blocks(stream, BLOCKS);
    void *view = (void *) (uintptr_t) filelike_view(stream, NULL);
    ck_assert_uint_lt(malloc_usable_size(view), 24 * MIB);
    assert_closes(stream);
}
END_TEST

/* Huge pages are turned off, as they provide memory further ahead. */
START_TEST(pages_are_provided_a_little_ahead)
{
    (void) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    FILE *stream = filelike_memory("w", NULL);
    const char *end = write_much(stream);
    const char *stop = next_multiple(end, MIB);
    ck_assert(is_resident(end - LARGE_BLOCK) && !is_resident(stop));
    if (kernel_provides_pages())
        ck_assert(is_resident(stop - 1));
    /* These pages are there already, although they were not provided. */
    ck_assert_int_eq(filelike_truncate(stream, 30 * MIB), 0);
    ck_assert_int_eq(fseeko(stream, 25 * MIB, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(large_block, 1, LARGE_BLOCK, stream), LARGE_BLOCK);
    ck_assert_int_eq(fflush(stream), 0);
    end = (const char *) filelike_view(stream, NULL) + 30 * MIB;
    ck_assert(is_resident(end - MIB) && !is_resident(end + MIB));
    assert_closes(stream);
}
END_TEST

enum { HUGE_PAGE = 2 << 20 /* bytes */ };

static bool kernel_gives_huge_pages(void)
{
    enum { SMALL_PAGE = 4096 /* bytes: where it is larger, a huge page may be, too */ };
    size_t size = 2 * (size_t) HUGE_PAGE;
    if (sysconf(_SC_PAGESIZE) != SMALL_PAGE)
        return false;
    int protection = PROT_READ | PROT_WRITE;
    char *pages = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    char *huge = pages + (next_multiple(pages, HUGE_PAGE) - pages);
    bool gives = madvise(huge, HUGE_PAGE, MADV_HUGEPAGE) == 0;
    *huge = 'x';
    gives = gives && is_resident(huge + HUGE_PAGE - 1);
    (void) munmap(pages, size);
    return gives;
}

START_TEST(large_blocks_have_huge_pages)
{
    FILE *stream = filelike_memory("w", NULL);
    const char *end = write_much(stream);
    const char *stop = next_multiple(end, HUGE_PAGE);
    ck_assert(is_resident(end - LARGE_BLOCK) && !is_resident(stop));
    if (kernel_gives_huge_pages())
        ck_assert(is_resident(stop - 1));
    else
        (void) puts("skipped: huge pages: the kernel gives none");
    assert_closes(stream);
}
END_TEST

#ifdef __GLIBC__

/* glibc gives memory that was used before, so its pages are there. A sanitizer's malloc
 * cannot be told to. */
START_TEST(pages_that_are_there_are_written)
{
    enum { SIZE = 8 * MIB, HEAP = 40 * MIB };
    if (!mallopt(M_MMAP_THRESHOLD, 2 * HEAP) || !mallopt(M_TRIM_THRESHOLD, 2 * HEAP)) {
        (void) puts("skipped: pages that are there: malloc has no such options");
        return;
    }
    char *bytes = malloc(SIZE);
    make_pattern(bytes, SIZE);
    char *used = malloc(HEAP);
    memset(used, 'u', HEAP);
    free(used);
    FILE *stream = filelike_memory("w", NULL);
    for (size_t i = 0; i < SIZE; i += MIB / 16)
        ck_assert_uint_eq(fwrite(bytes + i, 1, MIB / 16, stream), MIB / 16);
    ck_assert_int_eq(filelike_truncate(stream, SIZE + MIB), 0);
    const char *view = filelike_view(stream, NULL);
    ck_assert_mem_eq(view, bytes, SIZE);
    for (size_t i = SIZE; i < SIZE + MIB; i++)
        ck_assert_int_eq(view[i], 0);
    assert_closes(stream);
    free(bytes);
}
END_TEST

#endif

/* ---- The suite -----------------------------------------------------------------------
 */

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *start = suite_case(suite, "start");
    tcase_add_test(start, bytes_are_read_in_place);
    tcase_add_test(start, bytes_in_place_are_not_changed);
    tcase_add_test(start, copy_is_private);
    tcase_add_test(start, write_modes_empty_the_copy_alone);
    tcase_add_test(start, size_zero_is_fine);
    tcase_add_test(start, empty_streams_grow);
    tcase_add_test(start, size_without_data);
    tcase_add_test(start, sizes_that_cannot_be);
    tcase_add_test(start, adopted_block_is_the_streams);
    tcase_add_test(start, adopted_block_grows_and_shrinks);
    tcase_add_test(start, large_adopted_block_is_overwritten);
    tcase_add_test(start, adopted_block_can_be_had_back);
    tcase_add_test(start, refused_block_stays_the_callers);
    tcase_add_test(start, start_within_the_limit);
    tcase_add_test(start, grows_by_characters);
    tcase_add_test(start, pages_are_provided_a_little_ahead);
    tcase_add_test(start, large_blocks_have_huge_pages);
    tcase_add_test(start, a_power_of_two_does_not_double_the_block);
#ifdef __GLIBC__
    tcase_add_test(start, pages_that_are_there_are_written);
#endif
    return suite_run(suite);
}
