/* Files with a name: the names that they get, and when and by which process they are
 * removed. */
#include <config.h>

#include "faults.h"
#include "fork_within.h"
#include "scratch.h"
#include "suite.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static FILE *open_named(unsigned flags)
{
    struct filelike_options options = {.flags = flags};
    FILE *stream = filelike_named("w+", &options);
    ck_assert_msg(stream != NULL, "%s", strerror(errno));
    return stream;
}

/* A copy that outlives the stream. */
static const char *path_of(FILE *stream)
{
    static char path[PATH_MAX];
    const char *own = filelike_path(stream);
    ck_assert_msg(own != NULL, "%s", strerror(errno));
    (void) snprintf(path, sizeof path, "%s", own);
    return path;
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* ---- The name ------------------------------------------------------------------------
 */

static const char *name_of(FILE *stream)
{
    return strrchr(path_of(stream), '/') + 1;
}

static void check_name(const char *prefix, const char *suffix, const char *start)
{
    struct filelike_options options = {.prefix = prefix, .suffix = suffix};
    FILE *stream = filelike_named("w+", &options);
    const char *name = name_of(stream);
    size_t start_length = strlen(start);
    size_t suffix_length = suffix != NULL ? strlen(suffix) : 0;
    size_t length = strlen(name);
    ck_assert_uint_ge(length, start_length + 6 + suffix_length);
    ck_assert_mem_eq(name, start, start_length);
    if (suffix != NULL)
        ck_assert_str_eq(name + length - suffix_length, suffix);
    for (size_t i = start_length; i < length - suffix_length; i++)
        ck_assert(isalnum((unsigned char) name[i]));
    ck_assert_str_eq(entries("."), name);
    assert_closes(stream);
}

START_TEST(name_is_prefix_random_suffix)
{
    check_name(NULL, NULL, "filelike-");
    check_name("table-", ".csv", "table-");
    check_name("", "", "");
    check_name(".hidden", NULL, ".hidden");
    check_name(NULL, "XXXXXX", "filelike-");
    check_name("XXXXXX", ".", "XXXXXX");
    check_name("%s%n", "%d", "%s%n");
}
END_TEST

START_TEST(names_differ)
{
    enum { NAMES = 100 };
    FILE *streams[NAMES];
    size_t names = 1;
    for (size_t i = 0; i < NAMES; i++)
        streams[i] = open_named(0);
    for (const char *c = entries("."); *c != '\0'; c++)
        names += *c == ' ';
    ck_assert_uint_eq(names, NAMES);
    for (size_t i = 0; i < NAMES; i++)
        assert_closes(streams[i]);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(names_too_long)
{
    char prefix[NAME_MAX + 1];
    memset(prefix, 'a', NAME_MAX);
    prefix[NAME_MAX] = '\0';
    struct filelike_options options = {.dir = ".", .prefix = prefix};
    assert_fails(filelike_named("w+", &options), NULL, ENAMETOOLONG);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(others_can_open_it)
{
    FILE *stream = open_named(0);
    write_text(stream, "from the stream");
    ck_assert_str_eq(content(path_of(stream)), "from the stream");
    make_file(path_of(stream), "from another");
    assert_text(stream, "from another");
    assert_closes(stream);
}
END_TEST

START_TEST(is_private)
{
    static const mode_t umasks[] = {0, 0200, 0777};
    for (size_t i = 0; i < COUNT(umasks); i++) {
        (void) umask(umasks[i]);
        FILE *stream = open_named(0);
        ck_assert_uint_eq(mode_of(path_of(stream)), 0600);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(has_just_the_permissions_asked_for)
{
    static const mode_t asked[] = {0777, 0666, 0640, 0400, 0200};
    (void) umask(077);
    for (size_t i = 0; i < COUNT(asked); i++) {
        struct filelike_options options = {.permissions = asked[i]};
        FILE *stream = filelike_named("w+", &options);
        ck_assert_uint_eq(mode_of(path_of(stream)), asked[i]);
        assert_closes(stream);
    }
}
END_TEST

START_TEST(is_closed_on_exec)
{
    FILE *stream = open_named(0);
    int flags = fcntl(filelike_fileno(stream), F_GETFD);
    ck_assert_int_eq(flags & FD_CLOEXEC, FD_CLOEXEC);
    assert_closes(stream);
}
END_TEST

START_TEST(answers_plain_fileno)
{
    FILE *stream = open_named(0);
    if (FILELIKE_GLIBC_INTERNALS)
        ck_assert_int_eq(fileno(stream), filelike_fileno(stream));
    else
        say_skipped("plain fileno of a named stream", "built without glibc's internals");
    assert_closes(stream);
}
END_TEST

START_TEST(stays_where_it_is_when_the_directory_changes)
{
    ck_assert_int_eq(mkdir("other", 0700), 0);
    struct filelike_options options = {.dir = "other"};
    FILE *stream = filelike_named("w+", &options);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(path_of(stream)[0], '/');
    ck_assert(exists(path_of(stream)));
    assert_closes(stream);
    ck_assert_int_eq(chdir(scratch_path()), 0);
    ck_assert_str_eq(entries("other"), "");
}
END_TEST

/* ---- Its directory -------------------------------------------------------------------
 */

static FILE *open_below(const char *directory)
{
    struct filelike_options options = {.dir = directory};
    FILE *stream = filelike_named("w+", &options);
    ck_assert_msg(stream != NULL, "%s: %s", directory, strerror(errno));
    return stream;
}

/* Streams in a relative directory share a descriptor of it. */
START_TEST(directories_are_given_up_in_any_order)
{
    ck_assert_int_eq(mkdir("one", 0700) + mkdir("two", 0700), 0);
    char *before = strdup(descriptors());
    FILE *streams[] = {open_below("one"), open_below("two"), open_below("one")};
    for (size_t i = 0; i < COUNT(streams); i++)
        assert_closes(streams[(i + (size_t) _i) % COUNT(streams)]);
    ck_assert_str_eq(descriptors(), before);
    ck_assert_str_eq(entries("one"), "");
    ck_assert_str_eq(entries("two"), "");
    free(before);
}
END_TEST

static int held_descriptor(void)
{
    enum { MOST = 64 };
    int descriptor = STDERR_FILENO + 1;
    while (
        descriptor < MOST && (fcntl(descriptor, F_GETFL) & (O_PATH | O_CREAT)) != O_PATH)
        descriptor++;
    ck_assert_int_lt(descriptor, MOST);
    return descriptor;
}

/* As programs do that close all descriptors. One may have opened another file since. */
START_TEST(directory_may_be_closed_by_the_program)
{
    ck_assert_int_eq(mkdir("there", 0700), 0);
    FILE *first = open_below("there");
    char *name = strdup(name_of(first));
    int held = held_descriptor();
    ck_assert_int_eq(close(held), 0);
    if (_i % 2 == 1)
        ck_assert_int_eq(dup2(STDIN_FILENO, held), held);
    faults.interrupts = _i >= 2;
    FILE *second = open_below("there");
    faults.interrupts = false;
    ck_assert(exists(path_of(second)));
    assert_closes(second);
    ck_assert_str_eq(entries("there"), name);
    free(name);
}
END_TEST

static enum fault hide_working_directory(enum fault_call call)
{
    errno = ENOENT;
    return call == FAULT_GETCWD ? FAULT_FAILS : FAULT_NONE;
}

/* The working directory is unreachable, and there is no /proc. */
START_TEST(directory_may_have_no_path)
{
    faults = (struct faults){.no_proc = true, .strike = hide_working_directory};
    FILE *stream = open_below(".");
    assert_fails(filelike_path(stream), NULL, ENOTSUP);
    faults = (struct faults){0};
    write_text(stream, "text");
    assert_text(stream, "text");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* ---- Names that cannot be made -------------------------------------------------------
 */

static int creations;

static enum fault find_all_names_taken(enum fault_call call)
{
    if (call != FAULT_CREATE)
        return FAULT_NONE;
    creations++;
    errno = EEXIST;
    return FAULT_FAILS;
}

START_TEST(all_names_may_be_taken)
{
    enum { ENOUGH = 10, MANY = 1000 };
    struct filelike_options options = {.dir = scratch_path()};
    creations = 0;
    faults.strike = find_all_names_taken;
    assert_fails(filelike_named("w+", &options), NULL, EEXIST);
    faults.strike = NULL;
    ck_assert(creations > ENOUGH && creations < MANY);
}
END_TEST

static enum fault lose_sight(enum fault_call call)
{
    errno = EIO;
    return call == FAULT_FSTAT ? FAULT_FAILS : FAULT_NONE;
}

START_TEST(name_goes_if_the_file_cannot_be_used)
{
    struct filelike_options options = {.dir = scratch_path()};
    faults = (struct faults){.strike = lose_sight, .interrupts = _i == 1};
    assert_fails(filelike_named("w+", &options), NULL, EIO);
    faults = (struct faults){0};
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* ---- Removed on close ----------------------------------------------------------------
 */

START_TEST(is_removed_on_close)
{
    FILE *stream = open_named(0);
    write_text(stream, "anything");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(is_removed_by_the_last_of_its_streams)
{
    FILE *stream = open_named(0);
    FILE *second = filelike_reopen(stream, "r+");
    FILE *third = filelike_reopen(second, "r");
    assert_closes(stream);
    ck_assert(exists(path_of(third)));
    ck_assert_str_eq(filelike_path(third), filelike_path(second));
    assert_closes(second);
    ck_assert(exists(path_of(third)));
    assert_closes(third);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(may_be_gone_already)
{
    FILE *stream = open_named(0);
    ck_assert_int_eq(unlink(path_of(stream)), 0);
    write_text(stream, "anything");
    assert_text(stream, "anything");
    assert_closes(stream);
}
END_TEST

enum { MANY_NAMES = 20, MOST_REMEMBERED = 16 };

static enum fault refuse_removals(enum fault_call call)
{
    errno = EIO;
    return call == FAULT_UNLINKAT ? FAULT_FAILS : FAULT_NONE;
}

static void open_and_close_many(void)
{
    for (int i = 0; i < MANY_NAMES; i++)
        assert_closes(open_below("."));
}

static size_t count_entries(void)
{
    size_t spaces = 0;
    const char *names = entries(".");
    for (const char *c = names; *c != '\0'; c++)
        spaces += *c == ' ';
    return names[0] != '\0' ? spaces + 1 : 0;
}

/* The library tries again later. It does not remember any number of names. */
START_TEST(disk_may_refuse_removals_for_a_while)
{
    char *before = strdup(descriptors());
    faults = (struct faults){.no_proc = _i == 1, .strike = refuse_removals};
    open_and_close_many();
    faults = (struct faults){0};
    open_and_close_many();
    ck_assert_uint_eq(count_entries(), MANY_NAMES - MOST_REMEMBERED);
    ck_assert_str_eq(descriptors(), before);
    free(before);
}
END_TEST

/* There is also no descriptor to remember the directory by. */
static enum fault refuse_all(enum fault_call call)
{
    static bool refused;
    bool refuses = call == FAULT_UNLINKAT || (call == FAULT_OPEN && refused);
    refused = call == FAULT_UNLINKAT || (refused && call != FAULT_OPEN);
    errno = call == FAULT_OPEN ? EMFILE : EIO;
    return refuses ? FAULT_FAILS : FAULT_NONE;
}

START_TEST(removals_may_be_impossible)
{
    char *before = strdup(descriptors());
    faults = (struct faults){.no_proc = true, .strike = refuse_all};
    open_and_close_many();
    faults = (struct faults){0};
    open_and_close_many();
    ck_assert_uint_eq(count_entries(), MANY_NAMES);
    ck_assert_str_eq(descriptors(), before);
    free(before);
}
END_TEST

/* ---- Kept and discarded --------------------------------------------------------------
 */

START_TEST(is_kept)
{
    FILE *stream = open_named(0);
    write_text(stream, "kept");
    ck_assert_int_eq(filelike_keep(stream), 0);
    ck_assert_int_eq(filelike_keep(stream), 0);
    assert_closes(stream);
    ck_assert_str_eq(content(entries(".")), "kept");
}
END_TEST

START_TEST(is_kept_from_the_start)
{
    FILE *stream = open_named(FILELIKE_KEEP);
    write_text(stream, "kept");
    assert_closes(stream);
    ck_assert_str_eq(content(entries(".")), "kept");
}
END_TEST

START_TEST(is_discarded_after_all)
{
    FILE *kept = open_named(0);
    FILE *kept_from_the_start = open_named(FILELIKE_KEEP);
    ck_assert_int_eq(filelike_keep(kept), 0);
    ck_assert_int_eq(filelike_discard(kept), 0);
    ck_assert_int_eq(filelike_discard(kept_from_the_start), 0);
    assert_closes(kept);
    assert_closes(kept_from_the_start);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(is_kept_after_all)
{
    FILE *stream = open_named(0);
    ck_assert_int_eq(filelike_discard(stream), 0);
    ck_assert_int_eq(filelike_keep(stream), 0);
    assert_closes(stream);
    ck_assert_str_ne(entries("."), "");
}
END_TEST

START_TEST(keeping_counts_for_all_of_its_streams)
{
    FILE *stream = open_named(0);
    FILE *second = filelike_reopen(stream, "r");
    ck_assert_int_eq(filelike_keep(second), 0);
    assert_closes(second);
    assert_closes(stream);
    ck_assert_str_ne(entries("."), "");
}
END_TEST

/* A file that filelike_persist has given away stays, even after filelike_discard. */
START_TEST(what_is_persisted_can_be_kept)
{
    FILE *stream = filelike_named("w", NULL);
    ck_assert_int_eq(filelike_persist(stream, "target", 0), 0);
    ck_assert_int_eq(filelike_keep(stream), 0);
    assert_fails(filelike_discard(stream), -1, ENOTSUP);
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(what_is_discarded_has_nothing_to_lose)
{
    struct filelike_options options = {.size_limit = 4};
    FILE *stream = filelike_named("w+", &options);
    write_text(stream, "01234567");
    assert_fails(fflush(stream), EOF, EFBIG);
    ck_assert_int_eq(filelike_discard(stream), 0);
    write_text(stream, "more");
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

static FILE *open_and_lose(void)
{
    struct filelike_options options = {.size_limit = 4};
    FILE *stream = filelike_named("w+", &options);
    ck_assert_int_eq(filelike_discard(stream), 0);
    write_text(stream, "01234567");
    (void) fflush(stream);
    return stream;
}

START_TEST(what_is_kept_after_all_tells_what_was_lost)
{
    FILE *stream = open_and_lose();
    ck_assert_int_eq(filelike_keep(stream), 0);
    ck_assert_int_eq(filelike_error(stream), EFBIG);
    assert_closes_with(stream, EFBIG);
}
END_TEST

START_TEST(what_has_lost_is_not_persisted_though_discarded)
{
    FILE *stream = open_and_lose();
    assert_fails(filelike_persist(stream, "target", 0), -1, EFBIG);
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* ---- Another file that takes the name ------------------------------------------------
 */

static void take_name_by_new_file(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    make_file(path, "another");
}

static void take_name_by_rename(const char *path)
{
    make_file("another", "another");
    ck_assert_int_eq(rename("another", path), 0);
}

/* The symbolic link leads to the stream's own file. */
static void take_name_by_symlink(const char *path)
{
    ck_assert_int_eq(rename(path, "moved"), 0);
    ck_assert_int_eq(symlink("moved", path), 0);
}

static void take_name_by_directory(const char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void (*const taking_name[])(const char *path) = {take_name_by_new_file,
    take_name_by_rename, take_name_by_symlink, take_name_by_directory};

START_TEST(another_file_is_not_removed_on_close)
{
    FILE *stream = open_named(0);
    const char *path = path_of(stream);
    taking_name[_i](path);
    assert_closes(stream);
    ck_assert(exists(path));
}
END_TEST

START_TEST(another_file_is_not_removed_by_cleanup)
{
    FILE *stream = open_named(0);
    const char *path = path_of(stream);
    taking_name[_i](path);
    filelike_cleanup();
    ck_assert(exists(path));
    assert_closes(stream);
    ck_assert(exists(path));
}
END_TEST

static int open_and_lose_name(void *context)
{
    const int *way = context;
    taking_name[*way](path_of(open_named(0)));
    return 0;
}

START_TEST(another_file_is_not_removed_at_exit)
{
    int way = _i;
    ck_assert_int_eq(in_child(open_and_lose_name, &way), 0);
    ck_assert_str_ne(entries("."), "");
}
END_TEST

/* ---- At exit -------------------------------------------------------------------------
 */

static void open_late(void)
{
    FILE *stream = filelike_named("w+", NULL);
    (void) stream;
}

static int open_and_exit(void *context)
{
    (void) context;
    write_text(open_named(0), "pending");
    FILE *second = filelike_reopen(open_named(0), "r");
    return second == NULL || atexit(open_late) != 0;
}

START_TEST(is_removed_at_exit)
{
    ck_assert_int_eq(in_child(open_and_exit, NULL), 0);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

static int keep_and_exit(void *context)
{
    (void) context;
    FILE *stream = open_named(0);
    write_text(stream, "kept");
    return filelike_keep(stream);
}

START_TEST(is_not_removed_at_exit_where_it_is_kept)
{
    ck_assert_int_eq(in_child(keep_and_exit, NULL), 0);
    ck_assert_str_eq(content(entries(".")), "kept");
}
END_TEST

/* ---- Forked children -----------------------------------------------------------------
 */

static int only_exit(void *context)
{
    (void) context;
    return 0;
}

static int close_it(void *context)
{
    return fclose(context);
}

static int discard_and_close(void *context)
{
    return filelike_discard(context) == 0 ? fclose(context) : 1;
}

static int clean_up(void *context)
{
    (void) context;
    filelike_cleanup();
    return 0;
}

static int (*const childs_doings[])(void *context) = {
    only_exit, close_it, discard_and_close, clean_up};

START_TEST(child_does_not_remove_it)
{
    FILE *stream = open_named(0);
    ck_assert_int_eq(in_child(childs_doings[_i], stream), 0);
    ck_assert(exists(path_of(stream)));
    assert_closes(stream);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* This child, perhaps made by a signal handler, goes on with the opening that it
 * interrupted. */
START_TEST(child_removes_nothing_of_an_opening_that_fails)
{
    struct filelike_options options = {.dir = scratch_path(), .permissions = 0640};
    faults.mode = EPERM;
    fork_within(FAULT_FCHMOD);
    FILE *stream = filelike_named("w+", &options);
    int error = errno;
    if (is_forked_within())
        _exit(stream == NULL && error == EPERM && entries(".")[0] != '\0' ? 0 : 1);
    faults.mode = 0;
    ck_assert_int_eq(status_of_forked(), 0);
    ck_assert(stream == NULL && error == EPERM);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(child_does_not_remove_the_name_of_a_nameless_file)
{
    struct filelike_options options = {.dir = scratch_path()};
    faults.tmpfile = EOPNOTSUPP;
    fork_within(FAULT_FSTAT); /* before the name is removed again */
    FILE *stream = filelike_temporary("w+", &options);
    if (is_forked_within())
        _exit(stream != NULL && entries(".")[0] != '\0' ? 0 : 1);
    faults.tmpfile = 0;
    ck_assert_int_eq(status_of_forked(), 0);
    ck_assert_str_eq(entries("."), "");
    assert_closes(stream);
}
END_TEST

static int open_own(void *context)
{
    (void) context;
    (void) open_named(0);
    return 0;
}

START_TEST(child_removes_its_own)
{
    FILE *stream = open_named(0);
    ck_assert_int_eq(in_child(open_own, NULL), 0);
    ck_assert_str_eq(entries("."), name_of(stream));
    assert_closes(stream);
}
END_TEST

/* ---- Cleanup -------------------------------------------------------------------------
 */

START_TEST(cleanup_removes_all)
{
    FILE *first = open_named(0);
    FILE *second = open_named(0);
    FILE *kept = open_named(FILELIKE_KEEP);
    filelike_cleanup();
    ck_assert_str_eq(entries("."), name_of(kept));
    write_text(first, "still");
    assert_text(first, "still");
    filelike_cleanup();
    assert_closes(first);
    assert_closes(second);
    assert_closes(kept);
}
END_TEST

START_TEST(cleanup_leaves_errno)
{
    FILE *stream = open_named(0);
    ck_assert_int_eq(unlink(path_of(stream)), 0);
    errno = EDOM;
    filelike_cleanup();
    ck_assert_int_eq(errno, EDOM);
    assert_closes(stream);
}
END_TEST

/* A handler must not wait for a thread that is stuck before it creates its file. */
static sem_t creating;
static sem_t may_create;

static enum fault wait_before_creation(enum fault_call call)
{
    if (call != FAULT_CREATE)
        return FAULT_NONE;
    (void) sem_post(&creating);
    (void) sem_wait(&may_create);
    return FAULT_NONE;
}

static void *open_target(void *context)
{
    (void) context;
    return filelike_atomic("target", "w", NULL);
}

START_TEST(cleanup_does_not_wait_for_ever)
{
    pthread_t thread;
    void *stream;
    FILE *named = filelike_named("w", NULL);
    faults.tmpfile = EOPNOTSUPP;
    ck_assert_int_eq(sem_init(&creating, 0, 0) + sem_init(&may_create, 0, 0), 0);
    faults.strike = wait_before_creation;
    ck_assert_int_eq(pthread_create(&thread, NULL, open_target, NULL), 0);
    ck_assert_int_eq(sem_wait(&creating) + sem_post(&may_create), 0);
    ck_assert_int_eq(sem_wait(&creating), 0);
    filelike_cleanup();
    ck_assert_str_eq(entries("."), "");
    ck_assert_int_eq(sem_post(&may_create), 0);
    ck_assert_int_eq(pthread_join(thread, &stream), 0);
    faults.strike = NULL;
    ck_assert_str_ne(entries("."), "");
    assert_closes(stream);
    assert_closes(named);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

/* ---- Signals -------------------------------------------------------------------------
 */

/* Every way to make a name and to give it up again. Errors do not matter. */
static void open_and_close(void)
{
    FILE *named = filelike_named("w+", NULL);
    FILE *const streams[] = {
        named,
        named != NULL ? filelike_reopen(named, "r") : NULL,
        filelike_atomic("target", "w", NULL),
        filelike_temporary("w", NULL),
    };
    for (size_t i = 0; i < COUNT(streams); i++) {
        if (streams[i] != NULL)
            (void) fclose(streams[i]);
    }
}

static void *open_and_close_for_ever(void *context)
{
    for (;;)
        open_and_close();
    return context;
}

static void hold_signal(int how)
{
    sigset_t set;
    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    ck_assert_int_eq(pthread_sigmask(how, &set, NULL), 0);
}

static void nap(unsigned seed)
{
    enum { MOST_NANOSECONDS = 3000000, SCATTER = 611953 };
    struct timespec moment = {0, (long) seed * SCATTER % MOST_NANOSECONDS};
    (void) nanosleep(&moment, NULL);
}

/* In half of the runs there are no nameless files, so that more names are made. */
static pid_t start(void (*run)(void), bool nameless)
{
    pid_t child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        faults.tmpfile = nameless ? 0 : EOPNOTSUPP;
        run();
        _exit(EXIT_FAILURE);
    }
    return child;
}

/* Calls RUN in a child, sends it SIGTERM while it is at work, and then calls AFTERWARDS.
 * Does so many times. */
static void interrupt(void (*handler)(int), void (*run)(void), void (*afterwards)(void))
{
    enum { ROUNDS = 150, ENOUGH_SECONDS = 5 };
    time_t end = time(NULL) + ENOUGH_SECONDS;
    ck_assert(signal(SIGTERM, handler) != SIG_ERR);
    hold_signal(SIG_BLOCK);
    for (unsigned i = 0; i < ROUNDS && time(NULL) < end; i++) {
        int status;
        pid_t child = start(run, i % 2 == 0);
        nap(i);
        ck_assert_int_eq(kill(child, SIGTERM), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
        afterwards();
    }
}

static void check_nothing_left(void)
{
    const char *left = entries(".");
    ck_assert_msg(strcmp(left, "") == 0 || strcmp(left, "target") == 0, "left: %s", left);
}

/* This process must not write coverage counts. */
static void clean_up_and_leave(int signal)
{
    (void) signal;
    filelike_cleanup();
    _Exit(EXIT_SUCCESS);
}

static void work_alone(void)
{
    hold_signal(SIG_UNBLOCK);
    (void) open_and_close_for_ever(NULL);
}

START_TEST(handler_interrupts_the_thread_that_opens)
{
    interrupt(clean_up_and_leave, work_alone, check_nothing_left);
}
END_TEST

/* ---- Signals and threads -------------------------------------------------------------
 */

enum { THREADS = 3 };

static pthread_t threads[THREADS];

static void start_threads(void)
{
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, open_and_close_for_ever, NULL) != 0)
            _exit(EXIT_FAILURE);
    }
}

/* Cleanup removes the files that exist when it begins, but not those that other threads
 * create meanwhile. */
static void clean_up_beside_threads(void)
{
    int signal;
    char *name;
    sigset_t set;
    start_threads();
    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    (void) sigwait(&set, &signal);
    char *seen = strdup(entries("."));
    filelike_cleanup();
    for (char *rest = seen; (name = strtok_r(rest, " ", &rest)) != NULL;) {
        if (strcmp(name, "target") != 0 && exists(name))
            _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
}

static void remove_all(void)
{
    char *left = strdup(entries("."));
    char *name;
    for (char *rest = left; (name = strtok_r(rest, " ", &rest)) != NULL;)
        ck_assert_int_eq(unlink(name), 0);
    free(left);
}

START_TEST(cleanup_beside_threads_that_open)
{
    interrupt(SIG_DFL, clean_up_beside_threads, remove_all);
}
END_TEST

static sem_t stopped;

/* The thread stops at whatever point it has reached. */
static void stop(int signal)
{
    (void) signal;
    (void) sem_post(&stopped);
    for (;;)
        (void) pause();
}

static void stop_all_and_clean_up(int signal)
{
    (void) signal;
    for (size_t i = 0; i < THREADS; i++)
        (void) pthread_kill(threads[i], SIGUSR1);
    for (size_t i = 0; i < THREADS; i++)
        (void) sem_wait(&stopped);
    filelike_cleanup();
    _Exit(EXIT_SUCCESS);
}

/* The other threads are at work, and the first one waits for the signal. */
static void wait_beside_threads(void)
{
    sigset_t none;
    start_threads();
    (void) sigemptyset(&none);
    (void) sigsuspend(&none);
}

START_TEST(handler_after_threads_were_stopped)
{
    ck_assert_int_eq(sem_init(&stopped, 0, 0), 0);
    ck_assert(signal(SIGUSR1, stop) != SIG_ERR);
    interrupt(stop_all_and_clean_up, wait_beside_threads, check_nothing_left);
}
END_TEST

/* ---- Refusals ------------------------------------------------------------------------
 */

START_TEST(fails_where_the_directory_does)
{
    make_file("file", "");
    struct filelike_options missing = {.dir = "missing"};
    struct filelike_options no_directory = {.dir = "file"};
    struct filelike_options empty = {.dir = ""};
    assert_fails(filelike_named("w+", &missing), NULL, ENOENT);
    assert_fails(filelike_named("w+", &no_directory), NULL, ENOTDIR);
    assert_fails(filelike_named("w+", &empty), NULL, ENOENT);
    ck_assert_str_eq(entries("."), "file");
}
END_TEST

START_TEST(leaves_nothing_without_descriptors)
{
    FILE *stream = NULL;
    for (int count = 0; stream == NULL; count++) {
        allow_descriptors(count);
        errno = 0;
        stream = filelike_named("w+", NULL);
        int error = errno;
        allow_descriptors(-1);
        if (stream == NULL) {
            ck_assert_int_eq(error, EMFILE);
            ck_assert_str_eq(entries("."), "");
        }
    }
    assert_closes(stream);
}
END_TEST

START_TEST(only_named_streams_can_be_kept)
{
    FILE *stream = open_empty(&kinds[_i], "w+");
    bool named = strcmp(kinds[_i].name, "named") == 0;
    bool atomic = kind_has(&kinds[_i], KIND_PUBLISHES);
    if (stream == NULL)
        return;
    if (!named)
        assert_fails(filelike_keep(stream), -1, ENOTSUP);
    if (!named && !atomic && !kind_has(&kinds[_i], KIND_OPAQUE))
        assert_fails(filelike_discard(stream), -1, ENOTSUP);
    assert_closes(stream);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static TCase *in_scratch(Suite *suite, const char *name)
{
    TCase *test_case = tcase_create(name);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    suite_add_tcase(suite, test_case);
    return test_case;
}

static void add_names(TCase *test_case)
{
    tcase_add_test(test_case, name_is_prefix_random_suffix);
    tcase_add_test(test_case, names_differ);
    tcase_add_test(test_case, names_too_long);
    tcase_add_test(test_case, others_can_open_it);
    tcase_add_test(test_case, is_private);
    tcase_add_test(test_case, has_just_the_permissions_asked_for);
    tcase_add_test(test_case, is_closed_on_exec);
    tcase_add_test(test_case, answers_plain_fileno);
    tcase_add_test(test_case, stays_where_it_is_when_the_directory_changes);
    tcase_add_test(test_case, fails_where_the_directory_does);
    tcase_add_test(test_case, leaves_nothing_without_descriptors);
    tcase_add_loop_test(test_case, directories_are_given_up_in_any_order, 0, 3);
    tcase_add_loop_test(test_case, directory_may_be_closed_by_the_program, 0, 4);
    tcase_add_test(test_case, directory_may_have_no_path);
    tcase_add_test(test_case, all_names_may_be_taken);
    tcase_add_loop_test(test_case, name_goes_if_the_file_cannot_be_used, 0, 2);
}

static void add_closing(TCase *test_case)
{
    tcase_add_test(test_case, is_removed_on_close);
    tcase_add_test(test_case, is_removed_by_the_last_of_its_streams);
    tcase_add_test(test_case, may_be_gone_already);
    tcase_add_loop_test(test_case, disk_may_refuse_removals_for_a_while, 0, 2);
    tcase_add_test(test_case, removals_may_be_impossible);
    tcase_add_test(test_case, is_kept);
    tcase_add_test(test_case, is_kept_from_the_start);
    tcase_add_test(test_case, is_discarded_after_all);
    tcase_add_test(test_case, is_kept_after_all);
    tcase_add_test(test_case, keeping_counts_for_all_of_its_streams);
    tcase_add_test(test_case, what_is_persisted_can_be_kept);
    tcase_add_test(test_case, what_is_discarded_has_nothing_to_lose);
    tcase_add_test(test_case, what_is_kept_after_all_tells_what_was_lost);
    tcase_add_test(test_case, what_has_lost_is_not_persisted_though_discarded);
    tcase_add_loop_test(test_case, only_named_streams_can_be_kept, 0, (int) kind_count);
}

static void add_others(TCase *test_case)
{
    const int ways = COUNT(taking_name);
    tcase_add_loop_test(test_case, another_file_is_not_removed_on_close, 0, ways);
    tcase_add_loop_test(test_case, another_file_is_not_removed_by_cleanup, 0, ways);
    tcase_add_loop_test(test_case, another_file_is_not_removed_at_exit, 0, ways);
    tcase_add_loop_test(test_case, child_does_not_remove_it, 0, COUNT(childs_doings));
    tcase_add_test(test_case, child_removes_its_own);
    tcase_add_test(test_case, child_removes_nothing_of_an_opening_that_fails);
    tcase_add_test(test_case, child_does_not_remove_the_name_of_a_nameless_file);
}

static void add_endings(TCase *test_case)
{
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, is_removed_at_exit);
    tcase_add_test(test_case, is_not_removed_at_exit_where_it_is_kept);
    tcase_add_test(test_case, cleanup_removes_all);
    tcase_add_test(test_case, cleanup_leaves_errno);
    tcase_add_test(test_case, cleanup_does_not_wait_for_ever);
    tcase_add_test(test_case, handler_interrupts_the_thread_that_opens);
    tcase_add_test(test_case, cleanup_beside_threads_that_open);
    tcase_add_test(test_case, handler_after_threads_were_stopped);
}

int main(void)
{
    Suite *suite = suite_create("named");
    add_names(in_scratch(suite, "names"));
    add_closing(in_scratch(suite, "closing"));
    add_others(in_scratch(suite, "others"));
    add_endings(in_scratch(suite, "endings"));
    return suite_run(suite);
}
