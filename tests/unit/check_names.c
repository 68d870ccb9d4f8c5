/* Functions for code that opens its own files: filelike_fopen, filelike_open,
 * filelike_remove and filelike_rename, with all kinds of path. See also
 * check_memory_paths. */
#include <config.h>

#include "crowd.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define TEXT "0123456789"

static FILE *opened(const char *path, const char *mode)
{
    FILE *stream = filelike_fopen(path, mode);
    ck_assert_msg(stream != NULL, "%s, \"%s\": %s", path, mode, strerror(errno));
    return stream;
}

static void store(const char *path, const char *text)
{
    FILE *stream = opened(path, "w");
    write_text(stream, text);
    assert_closes(stream);
}

static void assert_holds(const char *path, const char *text)
{
    FILE *stream = opened(path, "r");
    assert_text(stream, text);
    assert_closes(stream);
}

static void assert_unknown(const char *path)
{
    assert_fails(filelike_fopen(path, "r"), NULL, ENOENT);
    assert_fails(filelike_fopen(path, "r+"), NULL, ENOENT);
    assert_fails(filelike_remove(path), -1, ENOENT);
}

/* ---- Bytes under a name --------------------------------------------------------------
 */

START_TEST(bytes_last_while_nobody_has_them_open)
{
    assert_unknown("memory:report");
    store("memory:report", TEXT);
    assert_holds("memory:report", TEXT);
    assert_holds("memory:report", TEXT);
    ck_assert_int_eq(filelike_remove("memory:report"), 0);
    assert_unknown("memory:report");
}
END_TEST

START_TEST(an_empty_name_lasts_too)
{
    assert_closes(opened("memory:empty", "w"));
    assert_holds("memory:empty", "");
    assert_closes(opened("memory:appended", "a+"));
    assert_holds("memory:appended", "");
}
END_TEST

static void check_mode(const char *mode, const char *read, const char *then)
{
    store("memory:name", TEXT);
    FILE *stream = opened("memory:name", mode);
    if (read != NULL)
        assert_reads(stream, read);
    if (then != NULL) {
        ck_assert_int_eq(fseeko(stream, 0, SEEK_SET), 0);
        write_text(stream, "xy");
    }
    assert_closes(stream);
    assert_holds("memory:name", then != NULL ? then : TEXT);
}

START_TEST(each_mode_does_as_on_a_file)
{
    check_mode("r", TEXT, NULL);
    check_mode("rb", TEXT, NULL);
    check_mode("rx", TEXT, NULL);
    check_mode("r+", TEXT, "xy23456789");
    check_mode("w", NULL, "xy");
    check_mode("w+be", "", "xy");
    check_mode("a", NULL, TEXT "xy");
    check_mode("a+", TEXT, TEXT "xy");
}
END_TEST

START_TEST(several_have_it_open)
{
    FILE *writer = opened("memory:shared", "w");
    FILE *reader = opened("memory:shared", "r");
    FILE *appender = opened("memory:shared", "a");
    write_text(writer, "one\n");
    ck_assert_int_eq(fflush(writer), 0);
    assert_reads(reader, "one\n");
    write_text(appender, "two\n");
    ck_assert_int_eq(fflush(appender), 0);
    clearerr(reader);
    assert_reads(reader, "two\n");
    assert_holds("memory:shared", "one\ntwo\n");
    write_text(writer, "TWO\n");
    assert_closes(writer);
    assert_closes(appender);
    rewind(reader);
    assert_reads(reader, "one\nTWO\n");
    assert_closes(reader);
}
END_TEST

START_TEST(write_modes_truncate_for_all)
{
    static const char *const modes[] = {"w", "w+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        store("memory:name", TEXT);
        FILE *reader = opened("memory:name", "r");
        FILE *updater = opened("memory:name", "r+");
        ck_assert_int_eq(fseeko(updater, 2, SEEK_SET), 0);
        FILE *writer = opened("memory:name", modes[i]);
        assert_text(reader, "");
        ck_assert_int_eq(getc(reader), EOF);
        write_text(updater, "x");
        assert_bytes(updater, "\0\0x", 3);
        assert_closes(writer);
        assert_closes(reader);
        assert_closes(updater);
    }
}
END_TEST

START_TEST(exclusive_modes_fail_where_the_name_exists)
{
    static const char *const modes[] = {"wx", "w+x", "wbex", "ax", "a+x"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = opened("memory:name", modes[i]);
        write_text(stream, TEXT);
        assert_fails(filelike_fopen("memory:name", modes[i]), NULL, EEXIST);
        assert_closes(stream);
        assert_fails(filelike_fopen("memory:name", modes[i]), NULL, EEXIST);
        assert_holds("memory:name", TEXT);
        ck_assert_int_eq(filelike_remove("memory:name"), 0);
    }
}
END_TEST

START_TEST(removed_bytes_stay_for_those_who_have_them)
{
    store("memory:name", TEXT);
    FILE *reader = opened("memory:name", "r");
    FILE *writer = opened("memory:name", "a");
    ck_assert_int_eq(filelike_remove("memory:name"), 0);
    assert_unknown("memory:name");
    write_text(writer, "ab");
    assert_closes(writer);
    store("memory:name", "another's");
    assert_reads(reader, TEXT "ab");
    FILE *second = filelike_reopen(reader, "r+");
    assert_closes(reader);
    assert_text(second, TEXT "ab");
    assert_closes(second);
    assert_holds("memory:name", "another's");
}
END_TEST

START_TEST(exclusive_modes_do_after_removal)
{
    FILE *first = opened("memory:name", "wx");
    ck_assert_int_eq(filelike_remove("memory:name"), 0);
    FILE *second = opened("memory:name", "wx");
    write_text(first, "first");
    write_text(second, "second");
    assert_text(first, "first");
    assert_holds("memory:name", "");
    assert_closes(second);
    assert_closes(first);
    assert_holds("memory:name", "second");
}
END_TEST

START_TEST(bytes_are_in_memory)
{
    FILE *stream = opened("memory:name", "w+");
    write_text(stream, TEXT);
    ck_assert_int_eq(filelike_in_memory(stream), 1);
    assert_text(stream, TEXT);
    assert_fails(filelike_rollover(stream), -1, ENOTSUP);
    char *bytes = filelike_detach(stream, NULL);
    ck_assert_str_eq(bytes, TEXT);
    free(bytes);
    assert_holds("memory:name", "");
    write_text(stream, "x");
    ck_assert_int_ge(filelike_fileno(stream), 0);
    assert_holds("memory:name", "x");
    assert_closes(stream);
    assert_holds("memory:name", "x");
}
END_TEST

/* ---- Names ---------------------------------------------------------------------------
 */

static const char *const names[] = {"memory:a", "memory:A", "memory:a ", "memory: a",
    "memory: ", "memory:.", "memory:..", "memory:/", "memory://a", "memory:../../a",
    "memory:a/b", "memory:\xc3\xa4", "memory:\xff\xfe", "memory:\n", "memory:\x01",
    "memory:memory:", "memory:memory:a", "memory:spooled:", "memory:atomic:a",
    "memory:%s%n", "memory:a*", "memory:a.b;c|d&e'\"", "memory:\\"};

START_TEST(names_are_any_bytes)
{
    for (size_t i = 0; i < COUNT(names); i++)
        store(names[i], names[i]);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_holds(names[i], names[i]);
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_int_eq(filelike_remove(names[i]), 0);
        assert_unknown(names[i]);
        if (i + 1 < COUNT(names))
            assert_holds(names[i + 1], names[i + 1]);
    }
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(names_may_be_long)
{
    enum { LENGTH = 100000 };
    char *name = malloc(LENGTH + 1);
    memset(name, 'n', LENGTH);
    name[LENGTH] = '\0';
    memcpy(name, "memory:", 7);
    store(name, "long");
    name[LENGTH - 1] = '\0';
    assert_unknown(name);
    store(name, "shorter");
    assert_holds(name, "shorter");
    name[LENGTH - 1] = 'n';
    assert_holds(name, "long");
    free(name);
}
END_TEST

/* The caller may free its string. */
START_TEST(names_are_copied)
{
    char name[] = "memory:name";
    store(name, TEXT);
    name[7] = 'x';
    assert_unknown(name);
    assert_holds("memory:name", TEXT);
}
END_TEST

START_TEST(names_may_be_many)
{
    enum { MANY = 2000 };
    char name[64];
    for (int i = 0; i < MANY; i++) {
        (void) snprintf(name, sizeof name, "memory:%d", i * 7919 % MANY);
        store(name, name);
    }
    for (int i = 0; i < MANY; i++) {
        (void) snprintf(name, sizeof name, "memory:%d", i);
        assert_holds(name, name);
        ck_assert_int_eq(filelike_remove(name), 0);
    }
}
END_TEST

/* ---- Modes ---------------------------------------------------------------------------
 */

static const char *const our_paths[] = {
    "memory:name", "memory:", "spooled:", "temporary:", "atomic:target"};

START_TEST(invalid_modes_are_refused_on_our_paths)
{
    static const char *const invalid[] = {"", "z", "rw", "w++", "wbb", "w ", " w", "W",
        "t", "c", ",ccs=UTF-8", "r,", "r,css=UTF-8", "w+bexx", "wb+exb", "rbtb", "rn"};
    for (size_t i = 0; i < COUNT(our_paths); i++) {
        for (size_t j = 0; j < COUNT(invalid); j++)
            assert_fails(filelike_fopen(our_paths[i], invalid[j]), NULL, EINVAL);
        assert_fails(filelike_fopen(our_paths[i], NULL), NULL, EINVAL);
        assert_fails(filelike_open(our_paths[i], NULL, NULL), NULL, EINVAL);
    }
    assert_fails(filelike_fopen("a file", NULL), NULL, EINVAL);
    assert_unknown("memory:name");
    ck_assert_str_eq(entries("."), "");
}
END_TEST

/* sed opens its files like this. */
START_TEST(letters_that_change_nothing_are_ignored)
{
    static const char *const taken[] = {"wt", "wc", "wm", "wcm", "w,ccs=UTF-8",
        "w+t,ccs=no such one", "wtbe", "wmet", "w+bte", "atttt", "ab+tcm,ccs=x,ccs=y"};
    for (size_t i = 0; i < COUNT(our_paths); i++) {
        for (size_t j = 0; j < COUNT(taken); j++) {
            FILE *stream = opened(our_paths[i], taken[j]);
            write_text(stream, TEXT);
            ck_assert_int_eq(filelike_size(stream), strlen(TEXT));
            assert_closes(stream);
            (void) filelike_remove(our_paths[i]);
        }
        assert_fails(filelike_fopen("memory:unknown", "rt"), NULL, ENOENT);
    }
}
END_TEST

START_TEST(refused_modes_leave_the_name_alone)
{
    store("memory:name", TEXT);
    assert_fails(filelike_fopen("memory:name", "wz"), NULL, EINVAL);
    assert_fails(filelike_fopen("memory:name", "ww"), NULL, EINVAL);
    assert_holds("memory:name", TEXT);
}
END_TEST

START_TEST(modes_are_enforced)
{
    store("memory:name", TEXT);
    FILE *reader = opened("memory:name", "r");
    FILE *writer = opened("memory:name", "a");
    assert_fails(putc('x', reader), EOF, REFUSED);
    assert_fails(filelike_truncate(reader, 0), -1, EBADF);
    assert_fails(getc(writer), EOF, REFUSED);
    assert_closes(reader);
    assert_closes(writer);
    assert_holds("memory:name", TEXT);
}
END_TEST

/* ---- Without a name ------------------------------------------------------------------
 */

static const char *const nameless[] = {"memory:", "spooled:", "temporary:"};

START_TEST(nameless_streams_are_independent)
{
    for (size_t i = 0; i < COUNT(nameless); i++) {
        FILE *one = opened(nameless[i], "w+");
        FILE *two = opened(nameless[i], "w+");
        write_text(one, "one");
        write_text(two, "two");
        assert_text(one, "one");
        assert_text(two, "two");
        assert_closes(one);
        assert_closes(two);
        assert_fails(filelike_remove(nameless[i]), -1, ENOENT);
        assert_holds(nameless[i], "");
    }
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(nameless_streams_are_of_their_kind)
{
    FILE *memory = opened("memory:", "w+");
    FILE *spooled = opened("spooled:", "w+");
    FILE *temporary = opened("temporary:", "w+");
    ck_assert_int_eq(filelike_in_memory(memory), 1);
    ck_assert_int_eq(filelike_in_memory(spooled), 1);
    ck_assert_int_eq(filelike_in_memory(temporary), 0);
    assert_fails(filelike_rollover(memory), -1, ENOTSUP);
    ck_assert_int_eq(filelike_rollover(spooled), 0);
    ck_assert_int_ge(fileno(temporary), 0);
    assert_closes(memory);
    assert_closes(spooled);
    assert_closes(temporary);
}
END_TEST

START_TEST(atomic_paths_are_published)
{
    make_file("target", "old");
    FILE *stream = opened("atomic:target", "w");
    write_text(stream, "new");
    ck_assert_str_eq(content("target"), "old");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "new");
    stream = opened("atomic:target", "a");
    write_text(stream, "er");
    assert_closes(stream);
    ck_assert_str_eq(content("target"), "newer");
    assert_fails(filelike_fopen("atomic:target", "wx"), NULL, EEXIST);
    assert_fails(filelike_fopen("atomic:missing/target", "w"), NULL, ENOENT);
    assert_fails(filelike_fopen("atomic:", "w"), NULL, ENOENT);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(atomic_paths_are_read)
{
    make_file("target", TEXT);
    static const char *const modes[] = {"r", "rb", "re", "rx", "rt", "r,ccs=UTF-8"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *stream = opened("atomic:target", modes[i]);
        ck_assert_int_ge(fileno(stream), 3);
        ck_assert_int_eq(fcntl(fileno(stream), F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(fcntl(fileno(stream), F_GETFL) & O_ACCMODE, O_RDONLY);
        assert_reads(stream, TEXT);
        assert_closes(stream);
    }
    assert_fails(filelike_fopen("atomic:missing", "r"), NULL, ENOENT);
    assert_fails(filelike_fopen("atomic:", "r"), NULL, ENOENT);
    store("memory:name", TEXT);
    assert_fails(filelike_fopen("atomic:memory:name", "r"), NULL, ENOENT);
    ck_assert_str_eq(entries("."), "target");
}
END_TEST

START_TEST(atomic_paths_are_removed)
{
    make_file("target", TEXT);
    ck_assert_int_eq(filelike_remove("atomic:target"), 0);
    ck_assert_str_eq(entries("."), "");
    assert_fails(filelike_remove("atomic:target"), -1, ENOENT);
    assert_fails(filelike_remove("atomic:"), -1, ENOENT);
    store("memory:name", TEXT);
    assert_fails(filelike_remove("atomic:memory:name"), -1, ENOENT);
    assert_holds("memory:name", TEXT);
}
END_TEST

/* ---- Any other path ------------------------------------------------------------------
 */

/* Paths that look like memory: paths, but are not. */
static const char *const real_paths[] = {"file", "memory", "memory;x", "Memory:x",
    " memory:x", "./memory:x", "spooled:x", "temporary:x", "spooled", "xmemory:x"};

START_TEST(other_paths_are_files)
{
    for (size_t i = 0; i < COUNT(real_paths); i++) {
        store(real_paths[i], real_paths[i]);
        ck_assert_str_eq(content(real_paths[i]), real_paths[i]);
        assert_holds(real_paths[i], real_paths[i]);
        ck_assert_int_eq(filelike_remove(real_paths[i]), 0);
        ck_assert_ptr_null(content(real_paths[i]));
    }
}
END_TEST

struct result {
    int error; /* 0: it was opened */
    int status_flags;
    int descriptor_flags;
    int orientation;
    unsigned permissions;
    off_t position;
};

static struct result result_of(FILE *stream, const char *path)
{
    if (stream == NULL)
        return (struct result){.error = errno};
    struct result result = {
        .status_flags = fcntl(fileno(stream), F_GETFL),
        .descriptor_flags = fcntl(fileno(stream), F_GETFD),
        .orientation = fwide(stream, 0),
        .permissions = mode_of(path),
        .position = ftello(stream),
    };
    (void) fclose(stream);
    return result;
}

static void assert_same(struct result ours, struct result theirs, const char *mode)
{
    ck_assert_msg(ours.error == theirs.error, "\"%s\": %s, %s", mode,
        strerror(ours.error), strerror(theirs.error));
    ck_assert_int_eq(ours.status_flags, theirs.status_flags);
    ck_assert_int_eq(ours.descriptor_flags, theirs.descriptor_flags);
    ck_assert_int_eq(ours.orientation, theirs.orientation);
    ck_assert_uint_eq(ours.permissions, theirs.permissions);
    ck_assert_int_eq(ours.position, theirs.position);
}

/* The file is written anew before each call, as the other may have created or emptied it.
 */
static struct result open_in(FILE *(*open)(const char *, const char *), const char *path,
    const char *mode, const char *text)
{
    if (text != NULL)
        make_file(path, text);
    errno = 0;
    struct result result = result_of(open(path, mode), path);
    if (text != NULL)
        (void) unlink(path);
    return result;
}

static const char *const all_modes[] = {"r", "w", "a", "r+", "w+", "a+", "rb", "wb",
    "r+b", "rb+", "wx", "w+x", "ax", "rx", "re", "we", "w+xe", "rm", "rc", "rme",
    "r,ccs=UTF-8", "w,ccs=UTF-8", "r,ccs=no such one", "", "z", "rw", "r++", "R"};

START_TEST(other_paths_are_as_with_fopen)
{
    static const char *const paths[] = {
        "file", "missing", "missing/file", "directory", "file/below", ""};
    ck_assert_int_eq(mkdir("directory", 0700), 0);
    for (size_t i = 0; i < COUNT(paths); i++) {
        const char *text = i == 0 ? TEXT : NULL;
        for (size_t j = 0; j < COUNT(all_modes); j++) {
            struct result ours = open_in(filelike_fopen, paths[i], all_modes[j], text);
            (void) unlink("missing");
            struct result theirs = open_in(fopen, paths[i], all_modes[j], text);
            (void) unlink("missing");
            assert_same(ours, theirs, all_modes[j]);
        }
    }
}
END_TEST

START_TEST(other_paths_are_converted)
{
#ifdef __GLIBC__
    make_file("text", "\xc3\xa4");
    FILE *stream = opened("text", "r,ccs=UTF-8");
    ck_assert_int_eq(fgetwc(stream), 0xe4);
    assert_closes(stream);
#else
    say_skipped(",ccs= in modes", "only glibc has it");
#endif
}
END_TEST

START_TEST(removing_is_remove)
{
    make_file("file", TEXT);
    ck_assert_int_eq(mkdir("empty", 0700), 0);
    ck_assert_int_eq(mkdir("full", 0700), 0);
    make_file("full/file", TEXT);
    ck_assert_int_eq(filelike_remove("file"), 0);
    ck_assert_int_eq(filelike_remove("empty"), 0);
    assert_fails(filelike_remove("file"), -1, ENOENT);
    assert_fails(filelike_remove("full"), -1, ENOTEMPTY);
    assert_fails(filelike_remove("full/file/below"), -1, ENOTDIR);
    assert_fails(filelike_remove(""), -1, ENOENT);
    ck_assert_str_eq(entries("."), "full");
}
END_TEST

START_TEST(no_path_is_no_address)
{
    assert_fails(filelike_fopen(NULL, "r"), NULL, EFAULT);
    assert_fails(filelike_fopen(NULL, NULL), NULL, EFAULT);
    assert_fails(filelike_fopen("memory:", NULL), NULL, EINVAL);
    assert_fails(filelike_fopen("file", NULL), NULL, EINVAL);
    assert_fails(filelike_open(NULL, "r", NULL), NULL, EFAULT);
    assert_fails(filelike_remove(NULL), -1, EFAULT);
    assert_fails(filelike_rename(NULL, "file"), -1, EFAULT);
    assert_fails(filelike_rename("file", NULL), -1, EFAULT);
    assert_fails(filelike_rename("memory:name", NULL), -1, EFAULT);
}
END_TEST

/* None of these calls sets errno to this value. */
enum { UNTOUCHED = 4711 };

static void assert_untouched(bool succeeded)
{
    ck_assert(succeeded);
    ck_assert_int_eq(errno, UNTOUCHED);
}

START_TEST(success_leaves_errno)
{
    static const char *const paths[] = {
        "memory:name", "memory:", "spooled:", "temporary:", "atomic:target", "file"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        errno = UNTOUCHED;
        FILE *stream = filelike_fopen(paths[i], "w");
        assert_untouched(stream != NULL);
        assert_closes(stream);
    }
    errno = UNTOUCHED;
    FILE *stream = filelike_fopen("memory:name", "r");
    assert_untouched(stream != NULL);
    assert_closes(stream);
    errno = UNTOUCHED;
    assert_untouched(filelike_rename("memory:name", "memory:other") == 0);
    assert_untouched(filelike_rename("memory:other", "target") == 0);
    assert_untouched(filelike_rename("target", "file") == 0);
    assert_untouched(filelike_remove("file") == 0);
}
END_TEST

/* ---- Options -------------------------------------------------------------------------
 */

static FILE *opened_with(
    const char *path, const char *mode, const struct filelike_options *options)
{
    FILE *stream = filelike_open(path, mode, options);
    ck_assert_msg(stream != NULL, "%s, \"%s\": %s", path, mode, strerror(errno));
    return stream;
}

START_TEST(bad_options_are_refused_on_all_paths)
{
    static const char *const paths[] = {"memory:name",
        "memory:", "spooled:", "temporary:", "atomic:target", "file", "missing/file"};
    static const struct filelike_options bad[] = {
        {.flags = 1u << 31}, {.permissions = 01000}, {.prefix = "a/"}, {.reserved = {1}}};
    for (size_t i = 0; i < COUNT(paths); i++) {
        for (size_t j = 0; j < COUNT(bad); j++)
            assert_fails(filelike_open(paths[i], "w", &bad[j]), NULL, EINVAL);
    }
    assert_unknown("memory:name");
    ck_assert_str_eq(entries("."), "");
}
END_TEST

START_TEST(options_mean_nothing_to_other_paths)
{
    static const struct filelike_options options = {
        .size_limit = 1, .permissions = 0644, .dir = "missing"};
    FILE *stream = opened_with("file", "w", &options);
    write_text(stream, TEXT);
    assert_closes(stream);
    ck_assert_str_eq(content("file"), TEXT);
}
END_TEST

START_TEST(limits_hold_on_all_our_paths)
{
    static const struct filelike_options options = {.size_limit = 10};
    for (size_t i = 0; i < COUNT(our_paths); i++) {
        FILE *stream = opened_with(our_paths[i], "w+", &options);
        write_text(stream, TEXT);
        assert_text(stream, TEXT);
        ck_assert(putc('x', stream) == 'x' && fflush(stream) == EOF && errno == EFBIG);
        assert_text(stream, TEXT);
        assert_closes_with(stream, EFBIG);
    }
}
END_TEST

START_TEST(a_budget_bounds_all_names)
{
    filelike_budget *budget = filelike_budget_new(16);
    const struct filelike_options options = {.budget = budget};
    FILE *one = opened_with("memory:one", "w", &options);
    FILE *two = opened_with("memory:two", "w", &options);
    write_text(one, TEXT);
    ck_assert_int_eq(fflush(one), 0);
    write_text(two, TEXT);
    ck_assert(fflush(two) == EOF && errno == ENOMEM);
    assert_closes(one);
    assert_closes_with(two, ENOMEM);
    ck_assert_uint_ge(filelike_budget_used(budget), strlen(TEXT));
    ck_assert_int_eq(filelike_remove("memory:one"), 0);
    ck_assert_int_eq(filelike_remove("memory:two"), 0);
    ck_assert_uint_eq(filelike_budget_used(budget), 0);
    filelike_budget_free(budget);
}
END_TEST

static void assert_limited_to(FILE *stream, int64_t limit)
{
    assert_fails(filelike_truncate(stream, limit + 1), -1, EFBIG);
    ck_assert_int_eq(filelike_truncate(stream, limit), 0);
    assert_closes(stream);
}

START_TEST(options_of_who_makes_a_name_hold)
{
    static const struct filelike_options ten = {.size_limit = 10};
    static const struct filelike_options five = {.size_limit = 5};
    assert_closes(opened_with("memory:name", "w", &ten));
    assert_limited_to(opened("memory:name", "w"), 10);
    assert_limited_to(opened_with("memory:name", "r+", &five), 10);
    ck_assert_int_eq(filelike_rename("memory:name", "memory:other"), 0);
    assert_limited_to(opened("memory:other", "w"), 10);

    assert_closes(opened("memory:free", "w"));
    FILE *stream = opened_with("memory:free", "w", &five);
    ck_assert_int_eq(filelike_truncate(stream, 100), 0);
    assert_closes(stream);
    ck_assert_int_eq(filelike_remove("memory:free"), 0);
    assert_limited_to(opened_with("memory:free", "w", &five), 5);
}
END_TEST

START_TEST(directory_and_permissions_reach_the_openers)
{
    ck_assert_int_eq(mkdir("here", 0700), 0);
    const struct filelike_options options = {
        .dir = "here", .permissions = 0640, .memory_limit = 1};
    const struct filelike_options missing = {.dir = "missing", .memory_limit = 1};
    assert_fails(filelike_open("temporary:", "w", &missing), NULL, ENOENT);
    FILE *stream = opened_with("spooled:", "w", &options);
    write_text(stream, TEXT);
    ck_assert_int_eq(filelike_rollover(stream), 0);
    assert_closes(stream);
    assert_closes(opened_with("atomic:target", "w", &options));
    ck_assert_uint_eq(mode_of("target"), 0640);
}
END_TEST

/* ---- Renaming ------------------------------------------------------------------------
 */

START_TEST(a_name_is_renamed)
{
    store("memory:old", TEXT);
    FILE *stream = opened("memory:old", "a");
    ck_assert_int_eq(filelike_rename("memory:old", "memory:new"), 0);
    assert_unknown("memory:old");
    assert_holds("memory:new", TEXT);
    write_text(stream, "ab");
    assert_closes(stream);
    assert_holds("memory:new", TEXT "ab");
    ck_assert_int_eq(filelike_rename("memory:new", "memory:new"), 0);
    assert_holds("memory:new", TEXT "ab");
    store("memory:old", "another's");
    assert_holds("memory:new", TEXT "ab");
}
END_TEST

START_TEST(another_name_is_replaced)
{
    store("memory:old", TEXT);
    store("memory:new", "replaced");
    FILE *reader = opened("memory:new", "r");
    ck_assert_int_eq(filelike_rename("memory:old", "memory:new"), 0);
    assert_unknown("memory:old");
    assert_holds("memory:new", TEXT);
    assert_reads(reader, "replaced");
    assert_closes(reader);
    ck_assert_int_eq(filelike_remove("memory:new"), 0);
    assert_unknown("memory:new");
}
END_TEST

/* So many names have to share lists in the table. */
START_TEST(many_names_are_renamed)
{
    enum { MANY = 3000 };
    char from[32];
    char to[32];
    for (int i = 0; i < MANY; i++) {
        (void) snprintf(from, sizeof from, "memory:%d", i);
        store(from, from);
    }
    for (int i = 0; i < MANY; i++) {
        (void) snprintf(from, sizeof from, "memory:%d", i);
        (void) snprintf(to, sizeof to, "memory:%d", i % 2 == 0 ? i + 1 : i + MANY);
        ck_assert_int_eq(filelike_rename(from, to), 0);
    }
    for (int i = 1; i < MANY; i += 2) {
        (void) snprintf(from, sizeof from, "memory:%d", i - 1);
        (void) snprintf(to, sizeof to, "memory:%d", i + MANY);
        assert_unknown(from);
        assert_holds(to, from);
        ck_assert_int_eq(filelike_remove(to), 0);
    }
}
END_TEST

START_TEST(unknown_names_are_not_renamed)
{
    store("memory:new", TEXT);
    assert_fails(filelike_rename("memory:old", "memory:new"), -1, ENOENT);
    assert_fails(filelike_rename("memory:old", "memory:old"), -1, ENOENT);
    assert_fails(filelike_rename("memory:old", "file"), -1, ENOENT);
    assert_holds("memory:new", TEXT);
    ck_assert_str_eq(entries("."), "");
}
END_TEST

static const struct filelike_options kinds_of_name[] = {
    {.size_limit = 0}, {.size_limit = INT64_MAX}};

START_TEST(a_name_is_put_at_a_path)
{
    static const char *const paths[] = {"file", "atomic:file"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        FILE *writer = opened_with("memory:name", "w", &kinds_of_name[_i]);
        write_text(writer, TEXT);
        ck_assert_int_eq(fflush(writer), 0);
        make_file("file", "old");
        ck_assert_int_eq(filelike_rename("memory:name", paths[i]), 0);
        assert_unknown("memory:name");
        ck_assert_str_eq(content("file"), TEXT);
        ck_assert_uint_eq(mode_of("file"), 0644);
        write_text(writer, "later");
        assert_closes(writer);
        ck_assert_str_eq(content("file"), TEXT);
    }
    ck_assert_str_eq(entries("."), "file");
}
END_TEST

START_TEST(a_name_that_cannot_be_put_there_stays)
{
    assert_closes(opened_with("memory:name", "w", &kinds_of_name[_i]));
    store("memory:name", TEXT);
    ck_assert_int_eq(mkdir("directory", 0700), 0);
    assert_fails(filelike_rename("memory:name", "directory"), -1, EISDIR);
    assert_fails(filelike_rename("memory:name", "missing/file"), -1, ENOENT);
    assert_fails(filelike_rename("memory:name", ""), -1, ENOENT);
    assert_fails(filelike_rename("memory:name", "/dev/null"), -1, EINVAL);
    assert_holds("memory:name", TEXT);
    ck_assert_str_eq(entries("."), "directory");
}
END_TEST

START_TEST(permissions_and_flags_go_with_the_name)
{
    struct filelike_options options = kinds_of_name[_i];
    options.permissions = 0640;
    options.flags = FILELIKE_NOREPLACE;
    assert_closes(opened_with("memory:name", "w", &options));
    store("memory:name", TEXT);
    ck_assert_int_eq(filelike_rename("memory:name", "memory:other"), 0);
    make_file("file", "old");
    assert_fails(filelike_rename("memory:other", "file"), -1, EEXIST);
    ck_assert_str_eq(content("file"), "old");
    ck_assert_int_eq(filelike_rename("memory:other", "new"), 0);
    ck_assert_str_eq(content("new"), TEXT);
    ck_assert_uint_eq(mode_of("new"), 0640);
}
END_TEST

START_TEST(paths_are_renamed)
{
    make_file("one", TEXT);
    ck_assert_int_eq(filelike_rename("one", "two"), 0);
    ck_assert_int_eq(filelike_rename("atomic:two", "three"), 0);
    ck_assert_int_eq(filelike_rename("three", "atomic:four"), 0);
    ck_assert_str_eq(entries("."), "four");
    assert_fails(filelike_rename("missing", "four"), -1, ENOENT);
    assert_fails(filelike_rename("four", "missing/file"), -1, ENOENT);
    assert_fails(filelike_rename("atomic:", "four"), -1, ENOENT);
    ck_assert_str_eq(content("four"), TEXT);
}
END_TEST

START_TEST(a_path_does_not_become_a_name)
{
    make_file("file", TEXT);
    store("memory:name", "kept");
    assert_fails(filelike_rename("file", "memory:name"), -1, EXDEV);
    assert_fails(filelike_rename("atomic:file", "memory:other"), -1, EXDEV);
    ck_assert_str_eq(content("file"), TEXT);
    assert_holds("memory:name", "kept");
    assert_unknown("memory:other");
}
END_TEST

START_TEST(what_has_no_name_is_not_renamed)
{
    static const char *const others[] = {"file", "memory:name", "atomic:file"};
    make_file("file", TEXT);
    store("memory:name", TEXT);
    for (size_t i = 0; i < COUNT(nameless); i++) {
        for (size_t j = 0; j < COUNT(others); j++) {
            assert_fails(filelike_rename(nameless[i], others[j]), -1, EINVAL);
            assert_fails(filelike_rename(others[j], nameless[i]), -1, EINVAL);
        }
        assert_fails(filelike_rename(nameless[i], nameless[i]), -1, EINVAL);
    }
    ck_assert_str_eq(content("file"), TEXT);
    assert_holds("memory:name", TEXT);
}
END_TEST

/* ---- From several threads ------------------------------------------------------------
 */

enum { THREADS = 8, RACERS = 2, ROUNDS = 500, RACES = 10000 };

static atomic_uint winners;

static void try_to_be_first(const char *mode)
{
    FILE *stream = filelike_fopen("memory:name", mode);
    CROWD_EXPECT(stream != NULL || errno == EEXIST);
    if (stream == NULL)
        return;
    (void) atomic_fetch_add(&winners, 1);
    CROWD_EXPECT(putc('x', stream) == 'x' && fclose(stream) == 0);
}

static void race_for_a_name(unsigned number, void *context)
{
    const int *races = context;
    for (int race = 0; race < *races; race++) {
        crowd_meet_closely();
        try_to_be_first(race % 2 == 0 ? "wx" : "a+x");
        crowd_meet_closely();
        if (number == 0) {
            CROWD_EXPECT(atomic_exchange(&winners, 0) == 1);
            CROWD_EXPECT(filelike_remove("memory:name") == 0);
        }
    }
}

START_TEST(one_of_many_wins)
{
    int races = _i == 0 ? ROUNDS : RACES;
    atomic_store(&winners, 0);
    crowd_run(_i == 0 ? THREADS : RACERS, race_for_a_name, &races);
}
END_TEST

/* All streams append to the same bytes, whichever of them makes the name. */
static void append_to_one_name(unsigned number, void *context)
{
    (void) context;
    for (int race = 0; race < RACES; race++) {
        crowd_meet_closely();
        FILE *stream = filelike_fopen("memory:name", "a+");
        CROWD_EXPECT(stream != NULL && putc('x', stream) == 'x' && fclose(stream) == 0);
        crowd_meet_closely();
        if (number != 0)
            continue;
        stream = filelike_fopen("memory:name", "r");
        CROWD_EXPECT(stream != NULL && filelike_size(stream) == RACERS);
        CROWD_EXPECT(fclose(stream) == 0 && filelike_remove("memory:name") == 0);
    }
}

START_TEST(all_append_to_the_same)
{
    crowd_run(RACERS, append_to_one_name, NULL);
}
END_TEST

/* Each mode is in use at any moment. A reader finds whole content or none. */
static void come_and_go(unsigned number, void *context)
{
    static const char *const modes[] = {"w", "a", "r", "r+"};
    const char *mode = modes[number % COUNT(modes)];
    (void) context;
    for (int round = 0; round < ROUNDS; round++) {
        FILE *stream = filelike_fopen("memory:name", mode);
        CROWD_EXPECT(stream != NULL || (mode[0] == 'r' && errno == ENOENT));
        if (stream != NULL && mode[0] == 'r')
            CROWD_EXPECT(filelike_size(stream) % (int64_t) strlen(TEXT) == 0);
        if (stream != NULL && mode[0] != 'r')
            CROWD_EXPECT(fputs(TEXT, stream) >= 0 && fflush(stream) == 0);
        if (stream != NULL)
            CROWD_EXPECT(fclose(stream) == 0);
        CROWD_EXPECT(filelike_remove("memory:name") == 0 || errno == ENOENT);
    }
}

START_TEST(names_come_and_go)
{
    crowd_run(THREADS, come_and_go, NULL);
    (void) filelike_remove("memory:name");
}
END_TEST

static void use_a_name_of_ones_own(unsigned number, void *context)
{
    char name[32];
    char text[64];
    (void) context;
    (void) snprintf(name, sizeof name, "memory:%u", number);
    for (int round = 0; round < ROUNDS; round++) {
        FILE *stream = filelike_fopen(name, "wx");
        CROWD_EXPECT(stream != NULL && fputs(name, stream) >= 0 && fclose(stream) == 0);
        stream = filelike_fopen(name, "r");
        CROWD_EXPECT(stream != NULL && fgets(text, sizeof text, stream) != NULL);
        CROWD_EXPECT(strcmp(text, name) == 0 && fclose(stream) == 0);
        CROWD_EXPECT(filelike_remove(name) == 0);
    }
}

START_TEST(names_are_independent)
{
    crowd_run(THREADS, use_a_name_of_ones_own, NULL);
}
END_TEST

/* Two threads take turns to replace the bytes under a name. The other threads find the
 * name at each moment, with whole content. */
static void replace_by_renaming(unsigned number, const char *text)
{
    char name[32];
    (void) snprintf(name, sizeof name, "memory:%u", number);
    for (int round = 0; round < ROUNDS; round++) {
        FILE *stream = filelike_fopen(name, "wx");
        CROWD_EXPECT(stream != NULL && fputs(text, stream) >= 0 && fclose(stream) == 0);
        CROWD_EXPECT(filelike_rename(name, "memory:name") == 0);
    }
    crowd_end();
}

static void look_at_what_is_renamed(void)
{
    char text[64];
    while (crowd_goes_on()) {
        FILE *stream = filelike_fopen("memory:name", "r");
        if (!CROWD_EXPECT(stream != NULL))
            return;
        CROWD_EXPECT(fgets(text, sizeof text, stream) != NULL);
        CROWD_EXPECT(strcmp(text, "one") == 0 || strcmp(text, "another") == 0);
        CROWD_EXPECT(fclose(stream) == 0);
    }
}

static void rename_and_look(unsigned number, void *context)
{
    (void) context;
    if (number < 2)
        replace_by_renaming(number, number == 0 ? "one" : "another");
    else
        look_at_what_is_renamed();
}

START_TEST(renaming_is_one_step)
{
    store("memory:name", "one");
    crowd_run(THREADS, rename_and_look, NULL);
    ck_assert_int_eq(filelike_remove("memory:name"), 0);
    assert_unknown("memory:0");
    assert_unknown("memory:1");
}
END_TEST

/* If several threads rename the same name, exactly one succeeds. */
static void race_to_rename(unsigned number, void *context)
{
    char name[32];
    (void) context;
    (void) snprintf(name, sizeof name, "memory:%u", number);
    for (int race = 0; race < ROUNDS; race++) {
        if (number == 0)
            CROWD_EXPECT(fclose(filelike_fopen("memory:name", "wx")) == 0);
        crowd_meet_closely();
        bool won = filelike_rename("memory:name", name) == 0;
        CROWD_EXPECT(won || errno == ENOENT);
        (void) atomic_fetch_add(&winners, won);
        crowd_meet_closely();
        CROWD_EXPECT((filelike_remove(name) == 0) == won);
        CROWD_EXPECT(number != 0 || atomic_exchange(&winners, 0) == 1);
    }
}

START_TEST(one_of_many_renames)
{
    atomic_store(&winners, 0);
    crowd_run(RACERS, race_to_rename, NULL);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

static TCase *in_scratch(Suite *suite, const char *name)
{
    TCase *test_case = suite_case(suite, name);
    tcase_add_checked_fixture(test_case, scratch_enter, scratch_leave);
    return test_case;
}

static void add_memory(TCase *test_case)
{
    tcase_add_test(test_case, bytes_last_while_nobody_has_them_open);
    tcase_add_test(test_case, an_empty_name_lasts_too);
    tcase_add_test(test_case, each_mode_does_as_on_a_file);
    tcase_add_test(test_case, several_have_it_open);
    tcase_add_test(test_case, write_modes_truncate_for_all);
    tcase_add_test(test_case, exclusive_modes_fail_where_the_name_exists);
    tcase_add_test(test_case, removed_bytes_stay_for_those_who_have_them);
    tcase_add_test(test_case, exclusive_modes_do_after_removal);
    tcase_add_test(test_case, bytes_are_in_memory);
    tcase_add_test(test_case, names_are_any_bytes);
    tcase_add_test(test_case, names_may_be_long);
    tcase_add_test(test_case, names_are_copied);
    tcase_add_test(test_case, names_may_be_many);
}

static void add_paths(TCase *test_case)
{
    tcase_add_test(test_case, invalid_modes_are_refused_on_our_paths);
    tcase_add_test(test_case, letters_that_change_nothing_are_ignored);
    tcase_add_test(test_case, refused_modes_leave_the_name_alone);
    tcase_add_test(test_case, modes_are_enforced);
    tcase_add_test(test_case, nameless_streams_are_independent);
    tcase_add_test(test_case, nameless_streams_are_of_their_kind);
    tcase_add_test(test_case, atomic_paths_are_published);
    tcase_add_test(test_case, atomic_paths_are_read);
    tcase_add_test(test_case, atomic_paths_are_removed);
    tcase_add_test(test_case, other_paths_are_files);
    tcase_add_test(test_case, other_paths_are_as_with_fopen);
    tcase_add_test(test_case, other_paths_are_converted);
    tcase_add_test(test_case, removing_is_remove);
    tcase_add_test(test_case, no_path_is_no_address);
    tcase_add_test(test_case, success_leaves_errno);
}

static void add_options(TCase *test_case)
{
    tcase_add_test(test_case, bad_options_are_refused_on_all_paths);
    tcase_add_test(test_case, options_mean_nothing_to_other_paths);
    tcase_add_test(test_case, limits_hold_on_all_our_paths);
    tcase_add_test(test_case, a_budget_bounds_all_names);
    tcase_add_test(test_case, options_of_who_makes_a_name_hold);
    tcase_add_test(test_case, directory_and_permissions_reach_the_openers);
}

static void add_renaming(TCase *test_case)
{
    int both = COUNT(kinds_of_name);
    tcase_add_test(test_case, a_name_is_renamed);
    tcase_add_test(test_case, another_name_is_replaced);
    tcase_add_test(test_case, many_names_are_renamed);
    tcase_add_test(test_case, unknown_names_are_not_renamed);
    tcase_add_loop_test(test_case, a_name_is_put_at_a_path, 0, both);
    tcase_add_loop_test(test_case, a_name_that_cannot_be_put_there_stays, 0, both);
    tcase_add_loop_test(test_case, permissions_and_flags_go_with_the_name, 0, both);
    tcase_add_test(test_case, paths_are_renamed);
    tcase_add_test(test_case, a_path_does_not_become_a_name);
    tcase_add_test(test_case, what_has_no_name_is_not_renamed);
}

static void add_threads(TCase *test_case)
{
    tcase_add_loop_test(test_case, one_of_many_wins, 0, 2);
    tcase_add_test(test_case, all_append_to_the_same);
    tcase_add_test(test_case, names_come_and_go);
    tcase_add_test(test_case, names_are_independent);
    tcase_add_test(test_case, renaming_is_one_step);
    tcase_add_test(test_case, one_of_many_renames);
}

int main(void)
{
    Suite *suite = suite_create("names");
    add_memory(in_scratch(suite, "memory"));
    add_paths(in_scratch(suite, "paths"));
    add_options(in_scratch(suite, "options"));
    add_renaming(in_scratch(suite, "renaming"));
    add_threads(in_scratch(suite, "threads"));
    return suite_run(suite);
}
