/* Printed bytes go to another stream, and later to the old place again. */
#include <config.h>

#include "crowd.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Ways to print -------------------------------------------------------------------
 */

static void print_below(int descriptor, const char *text)
{
    ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t) strlen(text));
}

/* Another program, which knows only the descriptor, its standard output. */
static void print_in_program(const char *text)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void) execl("/bin/sh", "sh", "-c", "printf '%s' \"$0\"", text, (char *) NULL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

static void print(FILE *stream, const char *text)
{
    ck_assert_int_eq(fputs(text, stream) != EOF, 1);
}

static void flush(FILE *stream)
{
    ck_assert_int_eq(fflush(stream), 0);
}

static void redirect(FILE *from, FILE *to)
{
    ck_assert_int_eq(filelike_redirect(from, to), 0);
}

static void restore(FILE *from)
{
    ck_assert_int_eq(filelike_restore(from), 0);
}

/* A stream to print to, on a file that can be looked at. */
static const char path[] = "printed";

static FILE *open_printed(void)
{
    FILE *stream = fopen(path, "w");
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static void assert_printed(const char *text)
{
    ck_assert_str_eq(content(path), text);
}

/* ---- To each kind of stream ----------------------------------------------------------
 */

static bool is_served(FILE *to)
{
    return filelike_fileno(to) != -1;
}

START_TEST(catches_what_is_printed_in_order)
{
    FILE *to = open_empty(&kinds[_i], "w+");
    if (to == NULL || !is_served(to))
        return;
    redirect(stdout, to);
    print(stdout, "1 stream\n");
    flush(stdout);
    print_below(STDOUT_FILENO, "2 write\n");
    print_in_program("3 child\n");
    print(stdout, "4 stream\n");
    restore(stdout);
    assert_text(to, "1 stream\n2 write\n3 child\n4 stream\n");
    assert_closes(to);
}
END_TEST

START_TEST(begins_where_the_stream_is)
{
    FILE *to = open_text(&kinds[_i], "0123456789", "r+");
    if (to == NULL || !is_served(to))
        return;
    ck_assert_int_eq(fseeko(to, 2, SEEK_SET), 0);
    print(to, "ab");
    redirect(stdout, to);
    print(stdout, "cd");
    restore(stdout);
    /* Each stream goes on after the bytes of the other. */
    bool ours = kind_has(&kinds[_i], KIND_WATCHED);
    ck_assert_int_eq(ours ? fseeko(to, 0, SEEK_CUR) : fseeko(to, 6, SEEK_SET), 0);
    print(to, "ef");
    assert_text(to, "01abcdef89");
    assert_closes(to);
}
END_TEST

START_TEST(appends_where_the_stream_does)
{
    FILE *to = open_text(&kinds[_i], "0123", "a");
    if (to == NULL || !is_served(to))
        return;
    FILE *other = filelike_reopen(to, "a");
    redirect(stdout, to);
    print(stdout, "ab");
    flush(stdout);
    print(other != NULL ? other : to, "cd");
    flush(other != NULL ? other : to);
    print(stdout, "ef");
    restore(stdout);
    assert_text(to, "0123abcdef");
    if (other != NULL)
        assert_closes(other);
    assert_closes(to);
}
END_TEST

START_TEST(goes_on_after_the_stream_is_closed)
{
    FILE *to = open_empty(&kinds[_i], "w+");
    if (to == NULL || !is_served(to))
        return;
    FILE *kept = filelike_reopen(to, "r");
    ck_assert_ptr_nonnull(kept);
    redirect(stdout, to);
    print(stdout, "before ");
    flush(stdout);
    assert_closes(to);
    print(stdout, "after");
    restore(stdout);
    assert_text(kept, "before after");
    assert_closes(kept);
}
END_TEST

START_TEST(refuses_a_stream_that_is_read)
{
    FILE *to = open_text(&kinds[_i], "0123", "r");
    if (to == NULL)
        return;
    assert_fails(filelike_redirect(stdout, to), -1, EBADF);
    assert_fails(filelike_restore(stdout), -1, EINVAL);
    assert_closes(to);
}
END_TEST

/* ---- From each kind of stream --------------------------------------------------------
 */

START_TEST(redirects_native_streams_only)
{
    FILE *to = filelike_memory("w+", NULL);
    FILE *from = open_empty(&kinds[_i], "w+");
    if (from == NULL)
        return;
    if (kind_has(&kinds[_i], KIND_WATCHED)) {
        assert_fails(filelike_redirect(from, to), -1, ENOTSUP);
        assert_fails(filelike_restore(from), -1, EINVAL);
        print(from, "own");
    } else {
        print(from, "own");
        redirect(from, to);
        print(from, "other");
        restore(from);
        assert_text(to, "other");
    }
    assert_text(from, "own");
    assert_closes(from);
    assert_closes(to);
}
END_TEST

START_TEST(goes_on_in_the_file_where_it_was)
{
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    print(from, "0123");
    redirect(from, to);
    print(from, "elsewhere");
    restore(from);
    ck_assert_int_eq(ftello(from), 4);
    print(from, "45");
    ck_assert_int_eq(fseeko(from, 1, SEEK_CUR), 0);
    print(from, "x");
    assert_closes(from);
    assert_bytes(to, "elsewhere", 9);
    assert_closes(to);
    size_t size;
    FILE *printed = fopen(path, "r");
    ck_assert_mem_eq(filelike_view(printed, &size), "012345\0x", 8);
    ck_assert_uint_eq(size, 8);
    assert_closes(printed);
}
END_TEST

START_TEST(keeps_apart_what_was_pending)
{
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    print(from, "before ");
    redirect(from, to);
    assert_printed("before ");
    print(from, "within");
    assert_text(to, "");
    restore(from);
    assert_text(to, "within");
    print(from, "after");
    assert_closes(from);
    assert_printed("before after");
    assert_closes(to);
}
END_TEST

START_TEST(redirects_a_stream_that_also_reads)
{
    make_file(path, "0123456789");
    FILE *from = fopen(path, "r+");
    FILE *to = filelike_memory("w+", NULL);
    ck_assert_int_eq(getc(from), '0');
    ck_assert_int_eq(getc(from), '1');
    ck_assert_int_eq(ungetc('1', from), '1');
    redirect(from, to);
    print_below(fileno(from), "caught");
    restore(from);
    ck_assert_int_eq(getc(from), '1');
    ck_assert_int_eq(getc(from), '2');
    assert_closes(from);
    assert_text(to, "caught");
    assert_closes(to);
}
END_TEST

START_TEST(redirects_what_has_no_positions)
{
    int ends[2];
    char got[16] = "";
    ck_assert_int_eq(pipe(ends), 0);
    FILE *from = fdopen(ends[1], "w");
    FILE *to = filelike_memory("w+", NULL);
    print(from, "1 ");
    redirect(from, to);
    print(from, "2 ");
    restore(from);
    print(from, "3");
    assert_closes(from);
    ck_assert_int_eq(read(ends[0], got, sizeof got), 3);
    ck_assert_str_eq(got, "1 3");
    assert_text(to, "2 ");
    assert_closes(to);
}
END_TEST

/* The character is given up. */
START_TEST(pushed_back_character_of_a_socket)
{
    int ends[2];
    char got[16] = "";
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    FILE *from = fdopen(ends[1], "r+");
    FILE *to = filelike_memory("w+", NULL);
    ck_assert_int_eq(ungetc('x', from), 'x');
    redirect(from, to);
    print(from, "1");
    restore(from);
    print(from, "2");
    assert_closes(from);
    ck_assert_int_eq(read(ends[0], got, sizeof got), 1);
    ck_assert_str_eq(got, "2");
    assert_text(to, "1");
    assert_closes(to);
    ck_assert_int_eq(close(ends[0]), 0);
}
END_TEST

/* ---- Several -------------------------------------------------------------------------
 */

START_TEST(nests)
{
    FILE *from = open_printed();
    FILE *outer = filelike_memory("w+", NULL);
    FILE *inner = filelike_spooled("w+", NULL);
    print(from, "1");
    redirect(from, outer);
    print(from, "2");
    redirect(from, inner);
    print(from, "3");
    restore(from);
    print(from, "4");
    redirect(from, inner);
    print(from, "5");
    restore(from);
    print(from, "6");
    restore(from);
    print(from, "7");
    assert_fails(filelike_restore(from), -1, EINVAL);
    assert_closes(from);
    assert_printed("17");
    assert_text(outer, "246");
    assert_text(inner, "35");
    assert_closes(outer);
    assert_closes(inner);
}
END_TEST

START_TEST(several_streams_in_any_order)
{
    FILE *to = filelike_memory("w+", NULL);
    redirect(stdout, to);
    redirect(stderr, to);
    print_below(STDOUT_FILENO, "1 ");
    print_below(STDERR_FILENO, "2 ");
    restore(stdout);
    print(stderr, "3 ");
    restore(stderr);
    assert_text(to, "1 2 3 ");
    assert_closes(to);
}
END_TEST

START_TEST(to_what_is_redirected_itself)
{
    FILE *to = filelike_memory("w+", NULL);
    redirect(stdout, to);
    redirect(stderr, stdout);
    print(stderr, "both");
    restore(stderr);
    restore(stdout);
    assert_text(to, "both");
    assert_closes(to);
}
END_TEST

/* ---- Descriptors ---------------------------------------------------------------------
 */

static bool closes_on_exec(int descriptor)
{
    return (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
}

static bool is_same_file(int one, const struct stat *other)
{
    struct stat status;
    ck_assert_int_eq(fstat(one, &status), 0);
    return status.st_dev == other->st_dev && status.st_ino == other->st_ino;
}

START_TEST(keeps_number_and_flag)
{
    static const int flags[] = {0, FD_CLOEXEC};
    for (size_t i = 0; i < COUNT(flags); i++) {
        FILE *from = open_printed();
        FILE *to = filelike_memory("w+", NULL);
        int number = fileno(from);
        struct stat before;
        ck_assert_int_eq(fstat(number, &before), 0);
        ck_assert_int_eq(fcntl(number, F_SETFD, flags[i]), 0);
        redirect(from, to);
        ck_assert_int_eq(fileno(from), number);
        ck_assert_int_eq(closes_on_exec(number), flags[i] != 0);
        ck_assert(!is_same_file(number, &before));
        restore(from);
        ck_assert_int_eq(fileno(from), number);
        ck_assert_int_eq(closes_on_exec(number), flags[i] != 0);
        ck_assert(is_same_file(number, &before));
        assert_closes(from);
        assert_closes(to);
    }
}
END_TEST

/* All properties of a descriptor that a program can see. */
struct outlook {
    dev_t device;
    ino_t file;
    int flags;
    int descriptor_flags;
    off_t position; /* -1 if it has no position */
};

static struct outlook look_at(int descriptor)
{
    struct stat status;
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    return (struct outlook){status.st_dev, status.st_ino, fcntl(descriptor, F_GETFL),
        fcntl(descriptor, F_GETFD), lseek(descriptor, 0, SEEK_CUR)};
}

static void assert_looks_like(int descriptor, const struct outlook *before)
{
    struct outlook after = look_at(descriptor);
    ck_assert_uint_eq(after.device, before->device);
    ck_assert_uint_eq(after.file, before->file);
    ck_assert_int_eq(after.flags, before->flags);
    ck_assert_int_eq(after.descriptor_flags, before->descriptor_flags);
    ck_assert_int_eq(after.position, before->position);
}

START_TEST(standard_streams_are_what_they_were)
{
    FILE *const streams[] = {stdout, stderr};
    for (size_t i = 0; i < COUNT(streams); i++) {
        FILE *from = streams[i];
        FILE *to = filelike_memory("w+", NULL);
        flush(from);
        struct outlook before = look_at(fileno(from));
        redirect(from, to);
        print(from, "caught");
        print_in_program("");
        restore(from);
        assert_looks_like(fileno(from), &before);
        ck_assert_int_eq(ferror(from), 0);
        ck_assert_int_eq(feof(from), 0);
        assert_text(to, "caught");
        assert_closes(to);
    }
}
END_TEST

/* Saved descriptors never get the numbers 0, 1 or 2, even if the program has closed
 * these. Children do not inherit them. */
START_TEST(saved_descriptors_are_out_of_the_way)
{
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    ck_assert_int_ne(filelike_fileno(to), -1);
    int first = dup(STDIN_FILENO);
    ck_assert_int_eq(close(STDIN_FILENO), 0);
    redirect(from, to);
    assert_fails(fcntl(STDIN_FILENO, F_GETFD), -1, EBADF);
    int saved = first + 1;
    ck_assert(closes_on_exec(saved));
    restore(from);
    assert_fails(fcntl(saved, F_GETFD), -1, EBADF);
    ck_assert_int_eq(dup2(first, STDIN_FILENO), STDIN_FILENO);
    ck_assert_int_eq(close(first), 0);
    assert_closes(from);
    assert_closes(to);
}
END_TEST

START_TEST(many_rounds_leak_no_descriptor)
{
    enum { ROUNDS = 1000 };
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    ck_assert_int_ne(filelike_fileno(to), -1);
    char *before = strdup(descriptors());
    for (int i = 0; i < ROUNDS; i++) {
        redirect(from, to);
        print(from, "x");
        assert_fails(filelike_redirect(from, from), -1, EINVAL);
        restore(from);
    }
    ck_assert_str_eq(descriptors(), before);
    free(before);
    ck_assert_int_eq(filelike_size(to), ROUNDS);
    assert_closes(from);
    assert_printed("");
    assert_closes(to);
}
END_TEST

/* ---- Refused -------------------------------------------------------------------------
 */

START_TEST(refuses_what_cannot_be)
{
    FILE *memory = filelike_memory("w+", NULL);
    char block[8];
    FILE *fixed = filelike_fixed(block, sizeof block, 0, "w+", NULL);
    make_file(path, "0123");
    FILE *reader = fopen(path, "r");
    FILE *same = fdopen(dup(STDOUT_FILENO), "w");
    char *text;
    size_t size;
    FILE *without = open_memstream(&text, &size);
    char *before = strdup(descriptors());

    assert_fails(filelike_redirect(stdout, stdout), -1, EINVAL);
    assert_fails(filelike_redirect(memory, stdout), -1, ENOTSUP);
    assert_fails(filelike_redirect(memory, memory), -1, EINVAL);
    assert_fails(filelike_redirect(without, memory), -1, ENOTSUP);
    assert_fails(filelike_redirect(stdout, without), -1, ENOTSUP);
    assert_fails(filelike_redirect(stdout, fixed), -1, ENOTSUP);
    assert_fails(filelike_redirect(stdout, reader), -1, EBADF);
    assert_fails(filelike_redirect(reader, memory), -1, EBADF);
    assert_fails(filelike_redirect(stdin, memory), -1, EBADF);
    assert_fails(filelike_restore(stdout), -1, EINVAL);
    assert_fails(filelike_restore(memory), -1, EINVAL);

    ck_assert_str_eq(descriptors(), before);
    free(before);
    assert_closes(memory);
    assert_closes(fixed);
    assert_closes(reader);
    assert_closes(same);
    assert_closes(without);
    free(text);
}
END_TEST

START_TEST(refuses_the_same_descriptor)
{
    FILE *from = open_printed();
    FILE *same = fdopen(fileno(from), "w");
    assert_fails(filelike_redirect(from, same), -1, EINVAL);
    assert_fails(filelike_restore(from), -1, EINVAL);
    print(from, "x");
    flush(from);
    assert_printed("x");
    /* Both streams have the same descriptor, which must be closed only once. */
    assert_closes(from);
}
END_TEST

START_TEST(refuses_a_closed_descriptor)
{
    FILE *to = filelike_memory("w+", NULL);
    FILE *from = open_printed();
    int kept = dup(fileno(from));
    ck_assert_int_eq(close(fileno(from)), 0);
    char *before = strdup(descriptors());
    assert_fails(filelike_redirect(from, to), -1, EBADF);
    ck_assert_str_eq(descriptors(), before);
    free(before);
    ck_assert_int_eq(dup2(kept, fileno(from)), fileno(from));
    ck_assert_int_eq(close(kept), 0);
    assert_closes(from);
    assert_closes(to);
}
END_TEST

/* The refused call must not leave anything at the closed stream's number. */
START_TEST(refuses_a_closed_stdout)
{
    FILE *to = filelike_memory("w+", NULL);
    flush(stdout);
    int kept = dup(STDOUT_FILENO);
    ck_assert_int_eq(close(STDOUT_FILENO), 0);
    assert_fails(filelike_redirect(stdout, to), -1, EBADF);
    assert_fails(filelike_restore(stdout), -1, EINVAL);
    assert_fails(fcntl(STDOUT_FILENO, F_GETFD), -1, EBADF);
    ck_assert_int_eq(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    ck_assert_int_eq(close(kept), 0);
    assert_text(to, "");
    assert_closes(to);
}
END_TEST

/* A child must not print into its parent's file. */
static int redirect_to_parents(void *stream)
{
    FILE *from = fopen("other", "w");
    bool refused = filelike_redirect(from, stream) == -1 && errno == ECHILD;
    return refused && filelike_restore(from) == -1 && fclose(from) == 0 ? 0 : 1;
}

START_TEST(refuses_an_atomic_stream_of_the_parents)
{
    FILE *to = filelike_atomic("target", "w", NULL);
    ck_assert_int_eq(in_child(redirect_to_parents, to), 0);
    print(to, "own");
    assert_closes(to);
    ck_assert_str_eq(content("target"), "own");
}
END_TEST

START_TEST(refuses_to_end_in_a_pipe)
{
    int ends[2];
    FILE *from = open_printed();
    ck_assert_int_eq(pipe(ends), 0);
    FILE *to = fdopen(ends[1], "w");
    assert_fails(filelike_redirect(from, to), -1, ENOTSUP);
    assert_fails(filelike_restore(from), -1, EINVAL);
    assert_closes(from);
    assert_closes(to);
}
END_TEST

/* ---- Flushes that fail ---------------------------------------------------------------
 */

/* The write end of a pipe that is full and does not block. */
static int open_full_pipe(void)
{
    static const char bytes[4096];
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        continue;
    ck_assert_int_eq(errno, EAGAIN);
    return ends[1];
}

START_TEST(full_pipe_changes_nothing)
{
    FILE *from = fdopen(open_full_pipe(), "w");
    FILE *to = filelike_spooled("w+", NULL);
    struct stat before;
    ck_assert_int_eq(fstat(fileno(from), &before), 0);
    char *open = strdup(descriptors());
    print(from, "lost");
    assert_fails(filelike_redirect(from, to), -1, EAGAIN);
    ck_assert(is_same_file(fileno(from), &before));
    ck_assert_str_eq(descriptors(), open);
    ck_assert_int_eq(filelike_in_memory(to), 1);
    assert_fails(filelike_restore(from), -1, EINVAL);
    free(open);
    (void) fclose(from);
    assert_text(to, "");
    assert_closes(to);
}
END_TEST

/* Lets files grow to BYTES at most. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(failed_flush_is_told_and_restored)
{
    FILE *from = open_printed();
    FILE *to = filelike_named("w+", NULL);
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    redirect(from, to);
    limit_files(1);
    print(from, "more than that");
    assert_fails(filelike_restore(from), -1, EFBIG);
    limit_files(RLIM_INFINITY);
    assert_fails(filelike_restore(from), -1, EINVAL);
    print(from, "back");
    assert_closes(from);
    assert_printed("back");
    assert_closes(to);
}
END_TEST

/* The program has closed the descriptor. It gets the old file again, which a child
 * process inherits, as it would after dup2. */
START_TEST(closed_descriptor_is_restored)
{
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    redirect(from, to);
    print(from, "lost");
    ck_assert_int_eq(close(fileno(from)), 0);
    assert_fails(filelike_restore(from), -1, EBADF);
    ck_assert_int_eq(fcntl(fileno(from), F_GETFD), 0);
    clearerr(from);
    print(from, "back");
    assert_closes(from);
    assert_printed("back");
    assert_text(to, "");
    assert_closes(to);
}
END_TEST

/* Nothing is lost there, so nothing fails. */
START_TEST(closed_descriptor_with_nothing_pending)
{
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    redirect(from, to);
    ck_assert_int_eq(close(fileno(from)), 0);
    restore(from);
    print(from, "back");
    assert_closes(from);
    assert_printed("back");
    assert_closes(to);
}
END_TEST

START_TEST(no_descriptor_left)
{
    FILE *from = open_printed();
    FILE *to = filelike_named("w+", NULL);
    ck_assert_int_ne(filelike_fileno(to), -1);
    allow_descriptors(0);
    assert_fails(filelike_redirect(from, to), -1, EMFILE);
    allow_descriptors(-1);
    assert_fails(filelike_restore(from), -1, EINVAL);
    print(from, "x");
    assert_closes(from);
    assert_printed("x");
    assert_closes(to);
}
END_TEST

/* The kernel says EINVAL where not even the first descriptor behind 2 may be had. */
START_TEST(no_descriptor_allowed)
{
    FILE *from = open_printed();
    FILE *to = filelike_named("w+", NULL);
    struct rlimit usual;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = usual.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_fails(filelike_redirect(from, to), -1, EMFILE);
    assert_fails(filelike_reopen(from, "a"), NULL, EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_closes(from);
    assert_closes(to);
}
END_TEST

START_TEST(success_leaves_errno)
{
    FILE *to = filelike_memory("w+", NULL);
    int pipe_ends[2];
    ck_assert_int_eq(pipe(pipe_ends), 0);
    FILE *from = fdopen(pipe_ends[1], "w");
    errno = EXDEV;
    redirect(from, to);
    ck_assert_int_eq(errno, EXDEV);
    restore(from);
    ck_assert_int_eq(errno, EXDEV);
    assert_closes(from);
    assert_closes(to);
}
END_TEST

/* ---- Processes and threads -----------------------------------------------------------
 */

START_TEST(child_restores_for_itself)
{
    int status;
    FILE *from = open_printed();
    FILE *to = filelike_memory("w+", NULL);
    redirect(from, to);
    pid_t child = fork();
    if (child == 0) {
        bool good = filelike_restore(from) == 0 && fputs("child", from) != EOF &&
                    fflush(from) == 0 && filelike_restore(from) == -1;
        _exit(good ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    print(from, "parent");
    restore(from);
    assert_text(to, "parent");
    assert_closes(to);
    assert_closes(from);
    assert_printed("child");
}
END_TEST

static void redirect_often(unsigned number, void *context)
{
    enum { ROUNDS = 300 };
    FILE *from = ((FILE **) context)[number % 2];
    FILE *to = filelike_memory("w+", NULL);
    for (int i = 0; i < ROUNDS; i++) {
        CROWD_EXPECT(filelike_redirect(from, to) == 0);
        CROWD_EXPECT(putc('x', from) == 'x');
        CROWD_EXPECT(filelike_restore(from) == 0);
    }
    CROWD_EXPECT(fclose(to) == 0);
}

/* Two threads redirect each stream. Their redirections nest in some order, and all are
 * undone. */
START_TEST(threads_redirect_at_once)
{
    FILE *streams[2] = {open_printed(), fopen("other", "w")};
    char *before = strdup(descriptors());
    crowd_run(4, redirect_often, streams);
    ck_assert_str_eq(descriptors(), before);
    free(before);
    for (int i = 0; i < 2; i++) {
        assert_fails(filelike_restore(streams[i]), -1, EINVAL);
        print(streams[i], "end");
        assert_closes(streams[i]);
    }
    const char *printed = content(path);
    ck_assert_str_eq(printed + strlen(printed) - 3, "end");
}
END_TEST

static void add(TCase *test_case, int kind)
{
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    tcase_add_loop_test(test_case, catches_what_is_printed_in_order, kind, kind + 1);
    tcase_add_loop_test(test_case, begins_where_the_stream_is, kind, kind + 1);
    tcase_add_loop_test(test_case, appends_where_the_stream_does, kind, kind + 1);
    tcase_add_loop_test(test_case, goes_on_after_the_stream_is_closed, kind, kind + 1);
    tcase_add_loop_test(test_case, refuses_a_stream_that_is_read, kind, kind + 1);
    tcase_add_loop_test(test_case, redirects_native_streams_only, kind, kind + 1);
}

static TCase *scratch_case(Suite *suite, const char *name)
{
    TCase *test_case = suite_case(suite, name);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    return test_case;
}

int main(void)
{
    Suite *suite = suite_create("redirect");
    suite_over_kinds(suite, add);

    TCase *from = scratch_case(suite, "from a stream");
    tcase_add_test(from, goes_on_in_the_file_where_it_was);
    tcase_add_test(from, keeps_apart_what_was_pending);
    tcase_add_test(from, redirects_a_stream_that_also_reads);
    tcase_add_test(from, redirects_what_has_no_positions);
    tcase_add_test(from, pushed_back_character_of_a_socket);

    TCase *several = scratch_case(suite, "several");
    tcase_add_test(several, nests);
    tcase_add_test(several, several_streams_in_any_order);
    tcase_add_test(several, to_what_is_redirected_itself);

    TCase *numbers = scratch_case(suite, "descriptors");
    tcase_add_test(numbers, keeps_number_and_flag);
    tcase_add_test(numbers, standard_streams_are_what_they_were);
    tcase_add_test(numbers, saved_descriptors_are_out_of_the_way);
    tcase_add_test(numbers, many_rounds_leak_no_descriptor);

    TCase *errors = scratch_case(suite, "errors");
    tcase_add_test(errors, refuses_what_cannot_be);
    tcase_add_test(errors, refuses_the_same_descriptor);
    tcase_add_test(errors, refuses_a_closed_descriptor);
    tcase_add_test(errors, refuses_a_closed_stdout);
    tcase_add_test(errors, refuses_an_atomic_stream_of_the_parents);
    tcase_add_test(errors, refuses_to_end_in_a_pipe);
    tcase_add_test(errors, full_pipe_changes_nothing);
    tcase_add_test(errors, failed_flush_is_told_and_restored);
    tcase_add_test(errors, closed_descriptor_is_restored);
    tcase_add_test(errors, closed_descriptor_with_nothing_pending);
    tcase_add_test(errors, no_descriptor_left);
    tcase_add_test(errors, no_descriptor_allowed);
    tcase_add_test(errors, success_leaves_errno);

    TCase *others = scratch_case(suite, "processes and threads");
    tcase_add_test(others, child_restores_for_itself);
    tcase_add_test(others, threads_redirect_at_once);

    return suite_run(suite);
}
