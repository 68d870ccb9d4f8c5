/* Options: which are refused, which are ignored, and which have an effect. */
#include <config.h>

#include "suite.h"

#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const unsigned known_flags[] = {FILELIKE_UNLOCKED, FILELIKE_KEEP,
    FILELIKE_IN_MEMORY, FILELIKE_NOREPLACE, FILELIKE_NOSYNC};

/* Kinds that need no options are left out here. */
static bool takes_options(const struct kind *kind)
{
    return kind_has(kind, KIND_OPTIONS);
}

/* Check records each assertion, even one that holds. There are too many options for that.
 */
static _Noreturn void abort_with(const struct filelike_options *options, const char *what)
{
    ck_abort_msg("%s (errno %d): permissions %#o, flags %#x, reserved %#" PRIx64
                 " %#" PRIx64 " %#" PRIx64 " %#" PRIx64 ", prefix \"%s\", suffix \"%s\"",
        what, errno, (unsigned) options->permissions, options->flags,
        options->reserved[0], options->reserved[1], options->reserved[2],
        options->reserved[3], options->prefix != NULL ? options->prefix : "",
        options->suffix != NULL ? options->suffix : "");
}

static void assert_refused(
    const struct kind *kind, const struct filelike_options *options)
{
    errno = 0;
    if (kind_open(kind, "w+", options) != NULL)
        abort_with(options, "accepted");
    if (errno != EINVAL)
        abort_with(options, "not EINVAL");
}

static bool is_usable(FILE *stream)
{
    static const char text[] = "0123";
    size_t held;
    if (fputs(text, stream) == EOF)
        return false;
    const char *view = filelike_view(stream, &held);
    return view != NULL && held == strlen(text) && memcmp(view, text, held) == 0;
}

static void assert_accepted(
    const struct kind *kind, const struct filelike_options *options)
{
    FILE *stream = kind_open(kind, "w+", options);
    if (stream == NULL)
        abort_with(options, "refused");
    if (!is_usable(stream))
        abort_with(options, "does not work");
    if (fclose(stream) != 0)
        abort_with(options, "fclose");
}

/* ---- Refused and accepted ------------------------------------------------------------
 */

START_TEST(zeroed_options_mean_defaults)
{
    struct filelike_options options;
    memset(&options, 0, sizeof options);
    if (takes_options(&kinds[_i]))
        assert_accepted(&kinds[_i], &options);
}
END_TEST

START_TEST(reserved_members)
{
    struct filelike_options options = {0};
    if (!takes_options(&kinds[_i]))
        return;
    for (size_t i = 0; i < COUNT(options.reserved); i++) {
        for (int bit = 0; bit < 64; bit++) {
            options.reserved[i] = UINT64_C(1) << bit;
            assert_refused(&kinds[_i], &options);
        }
        options.reserved[i] = 0;
    }
    assert_accepted(&kinds[_i], &options);
}
END_TEST

static unsigned all_known_flags(void)
{
    unsigned flags = 0;
    for (size_t i = 0; i < COUNT(known_flags); i++)
        flags |= known_flags[i];
    return flags;
}

START_TEST(unknown_flags)
{
    if (!takes_options(&kinds[_i]))
        return;
    for (int bit = 0; bit < 32; bit++) {
        unsigned flag = 1u << bit;
        struct filelike_options options = {.flags = flag};
        if ((flag & all_known_flags()) == 0)
            assert_refused(&kinds[_i], &options);
        options.flags |= FILELIKE_UNLOCKED;
        if ((flag & all_known_flags()) == 0)
            assert_refused(&kinds[_i], &options);
    }
}
END_TEST

/* FILELIKE_KEEP leaves a file behind. The tests of named streams cover it. */
START_TEST(known_flags_are_taken_or_ignored)
{
    if (!takes_options(&kinds[_i]))
        return;
    for (size_t i = 0; i < COUNT(known_flags); i++) {
        struct filelike_options options = {.flags = known_flags[i]};
        if (known_flags[i] != FILELIKE_KEEP)
            assert_accepted(&kinds[_i], &options);
    }
    struct filelike_options options = {.flags = all_known_flags() & ~FILELIKE_KEEP};
    assert_accepted(&kinds[_i], &options);
}
END_TEST

START_TEST(permissions)
{
    if (!takes_options(&kinds[_i]))
        return;
    for (mode_t bit = 1; bit != 0 && bit <= (mode_t) 1 << 30; bit = (mode_t) (bit << 1)) {
        struct filelike_options options = {.permissions = bit | 0600};
        if (bit <= 0777)
            assert_accepted(&kinds[_i], &options);
        else
            assert_refused(&kinds[_i], &options);
    }
    assert_accepted(&kinds[_i], &(struct filelike_options){.permissions = 0777});
    assert_refused(&kinds[_i], &(struct filelike_options){.permissions = (mode_t) -1});
}
END_TEST

START_TEST(slashes_in_names)
{
    static const char *const bad[] = {"/", "/name", "na/me", "name/", "../name", "//"};
    static const char *const good[] = {"", "name", ".csv", "a b", "..", "%s", "\xff"};
    if (!takes_options(&kinds[_i]))
        return;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(&kinds[_i], &(struct filelike_options){.prefix = bad[i]});
        assert_refused(&kinds[_i], &(struct filelike_options){.suffix = bad[i]});
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_accepted(&kinds[_i], &(struct filelike_options){.prefix = good[i]});
        assert_accepted(&kinds[_i], &(struct filelike_options){.suffix = good[i]});
    }
}
END_TEST

START_TEST(options_stay_as_they_are)
{
    struct filelike_options options = {.prefix = "name", .size_limit = 1000};
    struct filelike_options before = options;
    if (!takes_options(&kinds[_i]))
        return;
    assert_accepted(&kinds[_i], &options);
    ck_assert_mem_eq(&options, &before, sizeof before);
}
END_TEST

/* The caller may change or free its options once the stream is open. */
START_TEST(options_are_copied)
{
    char prefix[] = "filelike-test-";
    char suffix[] = ".suffix";
    struct filelike_options *options = calloc(1, sizeof *options);
    if (!takes_options(&kinds[_i])) {
        free(options);
        return;
    }
    options->prefix = prefix;
    options->suffix = suffix;
    FILE *stream = kind_open(&kinds[_i], "w+", options);
    memset(options, 0xff, sizeof *options);
    memset(prefix, '/', sizeof prefix - 1);
    memset(suffix, '/', sizeof suffix - 1);
    free(options);
    write_zeros(stream, 10000);
    ck_assert_int_eq(filelike_size(stream), 10000);
    assert_closes(stream);
}
END_TEST

/* ---- The buffer ----------------------------------------------------------------------
 */

/* Without glibc's internals, a native stream has the C library's buffer. */
static bool has_own_buffer(const struct kind *kind)
{
    unsigned needed =
        FILELIKE_GLIBC_INTERNALS ? KIND_OPTIONS : KIND_OPTIONS | KIND_WATCHED;
    return kind_has(kind, needed);
}

static void check_buffer_size(const struct kind *kind, size_t size)
{
    struct filelike_options options = {.buffer_size = size};
    FILE *stream = kind_open(kind, "w+", &options);
    ck_assert_ptr_nonnull(stream);
    size_t most_pending = 0;
    for (size_t i = 0; i < 3 * size; i++) {
        (void) putc('x', stream);
        if (__fpending(stream) > most_pending)
            most_pending = __fpending(stream);
    }
    ck_assert_uint_le(most_pending, size);
    ck_assert_uint_eq(__fbufsize(stream), size);
    ck_assert_int_eq(filelike_size(stream), (int64_t) (3 * size));
    assert_closes(stream);
}

START_TEST(buffer_size_is_taken)
{
    static const size_t sizes[] = {1, 2, 7, 100, 1024, 4096, 5000, 70000};
    if (!has_own_buffer(&kinds[_i]))
        return;
    for (size_t i = 0; i < COUNT(sizes); i++)
        check_buffer_size(&kinds[_i], sizes[i]);
}
END_TEST

START_TEST(buffer_sizes_beyond_memory)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 8, SIZE_MAX - 100,
        SIZE_MAX - 1000, SIZE_MAX / 2, SIZE_MAX / 2 + 1};
    /* With 32 bits, half of the address space might be available. */
    (void) setrlimit(RLIMIT_AS, &(struct rlimit){SIZE_MAX / 2, SIZE_MAX / 2});
    if (!has_own_buffer(&kinds[_i]))
        return;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct filelike_options options = {.buffer_size = sizes[i]};
        assert_fails(kind_open(&kinds[_i], "w+", &options), NULL, ENOMEM);
    }
}
END_TEST

enum {
    BUFFER_AT_FIRST = 512,
    BUFFER_IN_MEMORY = 1024,
    BUFFER_OF_NATIVE_FILE = 8192,
    BUFFER_ON_DISK = 16384
};

static void write_numbers(FILE *stream, int first, int end)
{
    for (int i = first; i < end; i++)
        ck_assert_int_eq(fprintf(stream, "%06d\n", i), 7);
}

static void assert_numbers(FILE *stream, int first, int end)
{
    for (int i = first; i < end; i++) {
        char line[8], expected[16];
        (void) snprintf(expected, sizeof expected, "%06d\n", i);
        ck_assert_ptr_nonnull(fgets(line, sizeof line, stream));
        ck_assert_str_eq(line, expected);
    }
}

/* Writes FIRST lines in memory and moves the stream to disk, so its buffer grows between
 * two writes. In memory it has grown once, if FIRST lines have filled it. */
static void write_over_the_change(int first)
{
    enum { LINES = 5000 };
    FILE *stream = filelike_spooled("w+", NULL);
    ck_assert_ptr_nonnull(stream);
    size_t before = FILELIKE_GLIBC_INTERNALS ? BUFFER_AT_FIRST : BUFFER_ON_DISK;
    ck_assert_uint_eq(__fbufsize(stream), before);
    write_numbers(stream, 0, first);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    write_numbers(stream, first, LINES);
    ck_assert_uint_eq(__fbufsize(stream), BUFFER_ON_DISK);
    rewind(stream);
    assert_numbers(stream, 0, LINES);
    ck_assert_int_eq(getc(stream), EOF);
    assert_closes(stream);
}

START_TEST(grows_on_disk)
{
    static const int first[] = {0, 1, 100, 146, 147, 1024, 3000};
    for (size_t i = 0; i < COUNT(first); i++)
        write_over_the_change(first[i]);
}
END_TEST

START_TEST(grows_in_memory)
{
    FILE *stream = filelike_memory("w+", NULL);
    write_numbers(stream, 0, 1);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_eq(__fbufsize(stream),
        FILELIKE_GLIBC_INTERNALS ? BUFFER_AT_FIRST : BUFFER_IN_MEMORY);
    write_numbers(stream, 1, 1000);
    ck_assert_uint_eq(__fbufsize(stream), BUFFER_IN_MEMORY);
    rewind(stream);
    assert_numbers(stream, 0, 1000);
    ck_assert_int_eq(getc(stream), EOF);
    assert_closes(stream);
}
END_TEST

/* On disk the next write is to end at a multiple of its size, but not in memory. */
START_TEST(grows_to_the_whole_in_memory)
{
    static const char block[BUFFER_AT_FIRST];
    FILE *stream = filelike_memory("w+", NULL);
    ck_assert_uint_eq(fwrite(block, 1, 511, stream), 511);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_eq(fwrite(block, 1, sizeof block, stream), sizeof block);
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_uint_eq(__fbufsize(stream), BUFFER_IN_MEMORY);
    assert_closes(stream);
}
END_TEST

/* A new buffer must not change the position, read-ahead or pushed-back characters. */
START_TEST(grows_between_reading_and_writing)
{
    FILE *stream = filelike_spooled("w+", NULL);
    write_numbers(stream, 0, 1000);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    rewind(stream);
    assert_numbers(stream, 0, 10);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    write_numbers(stream, 500010, 500020);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    ck_assert_uint_eq(__fbufsize(stream), BUFFER_ON_DISK);
    assert_numbers(stream, 20, 30);
    ck_assert_int_eq(ungetc('x', stream), 'x');
    ck_assert_int_eq(getc(stream), 'x');
    ck_assert_int_eq(ftello(stream), 210);
    rewind(stream);
    assert_numbers(stream, 0, 10);
    assert_numbers(stream, 500010, 500020);
    assert_numbers(stream, 20, 1000);
    assert_closes(stream);
}
END_TEST

static void keep_buffer(FILE *stream, size_t size)
{
    write_numbers(stream, 0, 10000);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    write_numbers(stream, 10000, 20000);
    ck_assert_uint_eq(__fbufsize(stream), size);
    rewind(stream);
    assert_numbers(stream, 0, 20000);
    assert_closes(stream);
}

START_TEST(stays_where_it_was_chosen)
{
    struct filelike_options options = {.buffer_size = 100};
    keep_buffer(filelike_spooled("w+", &options), 100);
    static char buffer[200];
    FILE *stream = filelike_spooled("w+", NULL);
    ck_assert_int_eq(setvbuf(stream, buffer, _IOFBF, sizeof buffer), 0);
    keep_buffer(stream, __fbufsize(stream));
}
END_TEST

/* Lines are faster with a larger buffer, and random access with a smaller one. */
START_TEST(of_a_native_file)
{
    FILE *stream = filelike_temporary("w+", NULL);
    ck_assert_ptr_nonnull(stream);
    write_numbers(stream, 0, 5000);
    if (FILELIKE_GLIBC_INTERNALS)
        ck_assert_uint_eq(__fbufsize(stream), BUFFER_OF_NATIVE_FILE);
    rewind(stream);
    assert_numbers(stream, 0, 5000);
    assert_closes(stream);
}
END_TEST

/* ---- The directory -------------------------------------------------------------------
 */

/* Only streams on disk need the directory. */
START_TEST(directory_that_does_not_exist)
{
    const struct kind *kind = &kinds[_i];
    struct filelike_options options = {.dir = "/nonexistent/directory"};
    if (!takes_options(kind) || kind_has(kind, KIND_PUBLISHES))
        return;
    FILE *stream = kind_open(kind, "w+", &options);
    if (kind_has(kind, KIND_IN_MEMORY) || kind_has(kind, KIND_BOUND)) {
        ck_assert_msg(stream != NULL, "%s", strerror(errno));
        assert_closes(stream);
    } else {
        ck_assert_ptr_null(stream);
        ck_assert_int_eq(errno, ENOENT);
    }
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(zeroed_options_mean_defaults);
    ADD(reserved_members);
    ADD(unknown_flags);
    ADD(known_flags_are_taken_or_ignored);
    ADD(permissions);
    ADD(slashes_in_names);
    ADD(options_stay_as_they_are);
    ADD(options_are_copied);
    ADD(buffer_size_is_taken);
    ADD(buffer_sizes_beyond_memory);
    ADD(directory_that_does_not_exist);
#undef ADD
}

static TCase *buffer_cases(void)
{
    TCase *test_case = tcase_create("buffer");
    tcase_add_test(test_case, grows_in_memory);
    tcase_add_test(test_case, grows_to_the_whole_in_memory);
    tcase_add_test(test_case, of_a_native_file);
    tcase_add_test(test_case, grows_on_disk);
    tcase_add_test(test_case, grows_between_reading_and_writing);
    tcase_add_test(test_case, stays_where_it_was_chosen);
    return test_case;
}

int main(void)
{
    Suite *suite = suite_create("options");
    suite_over_kinds(suite, add);
    suite_add_tcase(suite, buffer_cases());
    return suite_run(suite);
}
