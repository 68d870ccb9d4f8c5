/* The functions of the C library in CAVEATS of filelike(3), one by one, on the
 * library's streams that are not native. check_wide has freopen and wide characters. */
#include <config.h>

#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#define TEXT "0123456789"

static bool has_descriptor(const struct kind *kind)
{
    return !kind_has(kind, KIND_BOUND);
}

/* ---- Reading, writing and positions --------------------------------------------------
 */

/* glibc has macros for some, which convert ints to chars. */
START_TEST(bytes_are_written_and_read_without_locks)
{
    char text[16] = "";
    FILE *stream = open_empty(&kinds[_i], "w+");
    ck_assert_uint_eq((fwrite_unlocked) ("012345", 1, 6, stream), 6);
    ck_assert_int_ge(fputs_unlocked("6789", stream), 0);
    ck_assert_int_eq(fflush_unlocked(stream), 0);
    rewind(stream);
    ck_assert_int_eq(getc_unlocked(stream), '0');
    ck_assert_uint_eq((fread_unlocked) (text, 1, 4, stream), 4);
    ck_assert_str_eq(text, "1234");
    ck_assert(!feof_unlocked(stream) && !ferror_unlocked(stream));
    ck_assert_ptr_nonnull(fgets_unlocked(text, sizeof text, stream));
    ck_assert_str_eq(text, "56789");
    assert_closes(stream);
}
END_TEST

START_TEST(lines_are_read)
{
    char *line = NULL;
    size_t room = 0;
    FILE *stream = open_empty(&kinds[_i], "w+");
    ck_assert_int_gt(fprintf(stream, "one %d\ntwo;three", 1), 0);
    rewind(stream);
    ck_assert_int_eq(getline(&line, &room, stream), 6);
    ck_assert_str_eq(line, "one 1\n");
    ck_assert_int_eq(getdelim(&line, &room, ';', stream), 4);
    ck_assert_int_eq(ungetc('!', stream), '!');
    ck_assert_int_eq(fscanf(stream, "!%8s", line), 1);
    ck_assert_str_eq(line, "three");
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert(feof(stream) && !ferror(stream));
    clearerr(stream);
    ck_assert(!feof(stream));
    free(line);
    assert_closes(stream);
}
END_TEST

START_TEST(positions_are_set)
{
    fpos_t start, end;
    FILE *stream = open_empty(&kinds[_i], "w+");
    ck_assert_int_eq(fgetpos(stream, &start), 0);
    write_text(stream, TEXT);
    ck_assert_int_eq(fgetpos(stream, &end), 0);
    ck_assert_int_eq(ftell(stream), 10);
    ck_assert_int_eq(fsetpos(stream, &start), 0);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert_int_eq(fseek(stream, -3, SEEK_END), 0);
    ck_assert_int_eq(ftello(stream), 7);
    ck_assert_int_eq(fsetpos(stream, &end), 0);
    write_text(stream, "a");
    assert_text(stream, TEXT "a");
    assert_closes(stream);
}
END_TEST

/* A buffer of the program's own. If it has less than 128 bytes, glibc writes at once. */
static char buffer[256];

static FILE *with_buffer(FILE *stream, int when)
{
    memset(buffer, 0, sizeof buffer);
    ck_assert_int_eq(setvbuf(stream, buffer, when, sizeof buffer), 0);
    return stream;
}

/* ---- Buffers -------------------------------------------------------------------------
 */

START_TEST(a_stream_without_a_buffer_stores_at_once)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    FILE *second = filelike_reopen(stream, "r");
    ck_assert_int_eq(setvbuf(stream, NULL, _IONBF, 0), 0);
    ck_assert_int_eq(putc('0', stream), '0');
    if (second != NULL) {
        ck_assert_int_eq(getc(second), '0');
        assert_closes(second);
    }
    ck_assert_uint_eq(__fpending(stream), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(lines_are_stored_at_their_end)
{
    FILE *stream = with_buffer(open_empty(&kinds[_i], "w+"), _IOLBF);
    write_text(stream, "0123");
    ck_assert_uint_eq(__fpending(stream), 4);
    write_text(stream, "\n");
    ck_assert_uint_eq(__fpending(stream), 0);
    ck_assert_int_ne(__flbf(stream), 0);
    assert_closes(stream);
}
END_TEST

/* musl keeps some bytes of it for ungetc. */
START_TEST(a_buffer_of_the_programs_is_used)
{
    enum { MANY = 100 };
    FILE *stream = with_buffer(open_empty(&kinds[_i], "w+"), _IOFBF);
    ck_assert_uint_le(__fbufsize(stream), sizeof buffer);
    write_text(stream, TEXT);
    ck_assert_ptr_nonnull(memmem(buffer, sizeof buffer, TEXT, strlen(TEXT)));
    for (int i = 0; i < MANY; i++)
        write_text(stream, TEXT);
    ck_assert_int_eq(filelike_size(stream), (MANY + 1) * 10);
    ck_assert_uint_le(__fbufsize(stream), sizeof buffer);
    rewind(stream);
    for (int i = 0; i < (MANY + 1) * 10; i++)
        ck_assert_int_eq(getc(stream), TEXT[i % 10]);
    ck_assert_int_eq(getc(stream), EOF);
    ck_assert_uint_le(__fbufsize(stream), sizeof buffer);
    assert_closes(stream);
}
END_TEST

START_TEST(a_size_alone_is_ignored)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    size_t before = __fbufsize(stream);
    ck_assert_int_eq(setvbuf(stream, NULL, _IOFBF, 12345), 0);
    ck_assert_uint_eq(__fbufsize(stream), before);
    write_text(stream, TEXT);
    assert_text(stream, TEXT);
    assert_closes(stream);
}
END_TEST

/* ---- Locks, and what stdio_ext.h tells of a stream -----------------------------------
 */

START_TEST(a_thread_locks_it)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    flockfile(stream);
    ck_assert_int_eq(ftrylockfile(stream), 0);
    write_text(stream, TEXT);
    funlockfile(stream);
    funlockfile(stream);
    assert_text(stream, TEXT);
    assert_closes(stream);
}
END_TEST

START_TEST(its_state_is_told)
{
    FILE *stream = with_buffer(open_empty(&kinds[_i], "w+"), _IOFBF);
    ck_assert(__freadable(stream) && __fwritable(stream));
    write_text(stream, TEXT);
    ck_assert(__fwriting(stream) && !__freading(stream));
    ck_assert_uint_eq(__fpending(stream), 10);
    rewind(stream);
    ck_assert_int_eq(getc(stream), '0');
    ck_assert(__freading(stream) && !__fwriting(stream));
    assert_closes(stream);
}
END_TEST

START_TEST(what_is_pending_can_be_thrown_away)
{
    FILE *stream = with_buffer(open_empty(&kinds[_i], "w+"), _IOFBF);
    write_text(stream, TEXT);
    ck_assert_int_eq(fflush(stream), 0);
    write_text(stream, "lost");
    __fpurge(stream);
    ck_assert_int_eq(filelike_size(stream), 10);
    assert_closes(stream);
}
END_TEST

/* ---- Descriptors ---------------------------------------------------------------------
 */

/* A stream with TEXT, at its end, and its descriptor. */
static FILE *open_with_descriptor(const struct kind *kind, int *descriptor)
{
    FILE *stream = open_empty(kind, "w+");
    write_text(stream, TEXT);
    ck_assert_int_eq(fflush(stream), 0);
    *descriptor = filelike_fileno(stream);
    ck_assert_int_ge(*descriptor, 0);
    return stream;
}

START_TEST(fileno_fails_without_a_descriptor)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    bool in_memory = filelike_in_memory(stream) == 1 &&
                     kind_has(&kinds[_i], KIND_MOVABLE | KIND_WATCHED);
    if (in_memory || !has_descriptor(&kinds[_i]))
        assert_fails(fileno(stream), -1, EBADF);
    assert_closes(stream);
}
END_TEST

START_TEST(fileno_gives_the_descriptor)
{
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    int plain = FILELIKE_GLIBC_INTERNALS ? descriptor : -1;
    ck_assert_int_eq(fileno(stream), plain);
    ck_assert_int_eq(fileno_unlocked(stream), plain);
    assert_closes(stream);
}
END_TEST

START_TEST(fstat_and_ftruncate_work_on_the_descriptor)
{
    struct stat status;
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert(S_ISREG(status.st_mode) && status.st_size == 10);
    ck_assert_int_eq(ftruncate(descriptor, 4), 0);
    assert_text(stream, "0123");
    write_text(stream, "a");
    assert_bytes(stream, "0123\0\0\0\0\0\0a", 11);
    ck_assert_int_eq(isatty(descriptor), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(mmap_and_locks_work_on_the_descriptor)
{
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    char *bytes = mmap(NULL, 10, PROT_READ, MAP_SHARED, descriptor, 0);
    ck_assert(bytes != MAP_FAILED);
    ck_assert_mem_eq(bytes, TEXT, 10);
    rewind(stream);
    write_text(stream, "a");
    ck_assert_int_eq(fflush(stream), 0);
    ck_assert_int_eq(bytes[0], 'a');
    ck_assert_int_eq(munmap(bytes, 10), 0);
    ck_assert_int_eq(flock(descriptor, LOCK_EX | LOCK_NB), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(dup_gives_the_same_position)
{
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    int other = dup(descriptor);
    ck_assert_int_ge(other, 0);
    ck_assert_int_eq(lseek(other, 3, SEEK_SET), 3);
    ck_assert_int_eq(fseeko(stream, 0, SEEK_CUR), 0);
    ck_assert_int_eq(getc(stream), '3');
    assert_closes(stream);
    ck_assert_int_eq(pwrite(other, "a", 1, 0), 1);
    ck_assert_int_eq(close(other), 0);
}
END_TEST

/* A native stream, which has it all, on the same bytes. */
START_TEST(fdopen_of_a_duplicate_has_the_bytes)
{
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    FILE *native = fdopen(dup(descriptor), "r+");
    ck_assert_ptr_nonnull(native);
    write_text(native, "abc");
    ck_assert_int_eq(fflush(native), 0);
    write_text(stream, "def");
    assert_text(stream, TEXT "abcdef");
    assert_closes(stream);
    rewind(native);
    assert_reads(native, TEXT "abcdef");
    assert_closes(native);
}
END_TEST

/* ---- Wide characters and freopen on musl ---------------------------------------------
 */

#ifdef __GLIBC__
enum { ON_MUSL = 0 };
#else
enum { ON_MUSL = 1 };
#endif

static int write_and_read_wide(void *context)
{
    wchar_t text[8];
    FILE *stream = kind_open(context, "w+", NULL);
    if (stream == NULL || fwprintf(stream, L"%ls\n", L"wide") != 5)
        return 1;
    rewind(stream);
    if (fgetws(text, COUNT(text), stream) == NULL || wcscmp(text, L"wide\n") != 0)
        return 2;
    return fgetwc(stream) == WEOF && fwide(stream, 0) > 0 && fclose(stream) == 0 ? 0 : 3;
}

START_TEST(wide_characters_work_on_musl)
{
    void *kind = (void *) (uintptr_t) &kinds[_i];
    if (ON_MUSL)
        ck_assert_int_eq(in_child(write_and_read_wide, kind), 0);
}
END_TEST

/* The character takes more bytes than the one that was read. */
static int push_wide_back(void *context)
{
    FILE *stream = kind_open(context, "w+", NULL);
    if (setlocale(LC_ALL, "C.UTF-8") == NULL || fputs("0123456789", stream) < 0)
        return 1;
    rewind(stream);
    stream = filelike_reopen(stream, "r+");
    if (getwc(stream) != L'0' || ungetwc(L'\u20ac', stream) != L'\u20ac')
        return 2;
    return filelike_truncate(stream, 9) == 0 && ftello(stream) == 0 ? 0 : 3;
}

START_TEST(pushed_back_wide_characters_are_given_up_on_musl)
{
    if (ON_MUSL)
        ck_assert_int_eq(in_child(push_wide_back, (void *) (uintptr_t) &kinds[_i]), 0);
}
END_TEST

static int reopen_in_vain(void *context)
{
    FILE *stream = kind_open(context, "w+", NULL);
    return freopen("file", "w", stream) == NULL && errno == EBADF ? 0 : 1;
}

START_TEST(freopen_fails_on_musl)
{
    void *kind = (void *) (uintptr_t) &kinds[_i];
    if (ON_MUSL)
        ck_assert_int_eq(in_child(reopen_in_vain, kind), 0);
}
END_TEST

/* ---- Other programs ------------------------------------------------------------------
 */

/* The descriptor is closed on exec, the path is there. */
START_TEST(programs_that_are_started_open_the_path)
{
    char command[256], line[32] = "";
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    (void) snprintf(command, sizeof command, "test ! -e /proc/self/fd/%d && cat '%s'",
        descriptor, filelike_path(stream));
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, pipe));
    ck_assert_str_eq(line, TEXT);
    assert_fails(filelike_size(pipe), -1, ENOTSUP);
    ck_assert_int_eq(pclose(pipe), 0);
    assert_closes(stream);
}
END_TEST

START_TEST(what_system_prints_can_be_redirected)
{
    int descriptor;
    FILE *stream = open_with_descriptor(&kinds[_i], &descriptor);
    ck_assert_int_eq(filelike_redirect(stdout, stream), 0);
    int status = system("echo from a program");
    ck_assert_int_eq(filelike_restore(stdout), 0);
    ck_assert_int_eq(status, 0);
    write_text(stream, "end");
    assert_text(stream, TEXT "from a program\nend");
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static void add_for_descriptors(TCase *test_case, int kind)
{
#define ADD(test) tcase_add_loop_test(test_case, test, kind, kind + 1)
    ADD(fileno_gives_the_descriptor);
    ADD(fstat_and_ftruncate_work_on_the_descriptor);
    ADD(mmap_and_locks_work_on_the_descriptor);
    ADD(dup_gives_the_same_position);
    ADD(fdopen_of_a_duplicate_has_the_bytes);
    ADD(programs_that_are_started_open_the_path);
    ADD(what_system_prints_can_be_redirected);
}

static void add(TCase *test_case, int kind)
{
    if (!kind_has(&kinds[kind], KIND_WATCHED))
        return;
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    ADD(bytes_are_written_and_read_without_locks);
    ADD(lines_are_read);
    ADD(positions_are_set);
    ADD(a_stream_without_a_buffer_stores_at_once);
    ADD(lines_are_stored_at_their_end);
    ADD(a_buffer_of_the_programs_is_used);
    ADD(a_size_alone_is_ignored);
    ADD(a_thread_locks_it);
    ADD(its_state_is_told);
    ADD(what_is_pending_can_be_thrown_away);
    ADD(wide_characters_work_on_musl);
    ADD(freopen_fails_on_musl);
    ADD(fileno_fails_without_a_descriptor);
    if (kind == 0)
        ADD(pushed_back_wide_characters_are_given_up_on_musl);
    if (has_descriptor(&kinds[kind]))
        add_for_descriptors(test_case, kind);
}

int main(void)
{
    Suite *suite = suite_create("stdio");
    suite_over_kinds(suite, add);
    return suite_run(suite);
}
