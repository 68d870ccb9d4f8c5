/* Working directories with a difficulty: it cannot be listed, its path cannot be
 * searched or is too long, or it is left, moved or removed. A file is made in the
 * directory that a relative path leads to when the stream is opened, and is removed from
 * there. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char text[] = "0123456789";

/* ---- Streams -------------------------------------------------------------------------
 */

static FILE *open_spooled(const char *mode, const struct filelike_options *options)
{
    FILE *stream = filelike_spooled(mode, options);
    EXPECT(stream != NULL && filelike_rollover(stream) == 0);
    return stream;
}

static FILE *open_watched(const char *mode, const struct filelike_options *options)
{
    struct filelike_options watched = *options;
    watched.permissions = 0640;
    return filelike_temporary(mode, &watched);
}

static FILE *(*const openers[])(const char *, const struct filelike_options *) = {
    filelike_named, filelike_temporary, open_watched, open_spooled};

/* The options name the directory, or TMPDIR does. */
static FILE *open_at(size_t opener, const char *directory, bool by_options)
{
    struct filelike_options options = {.dir = by_options ? directory : NULL};
    EXPECT(setenv("TMPDIR", by_options ? "/missing" : directory, 1) == 0);
    return openers[opener]("w+", &options);
}

/* The device and inode of the directory of a stream's file. A file without a name gets
 * one here, in its own directory. */
static bool lies_here(FILE *stream)
{
    char path[64];
    struct stat status;
    struct stat named;
    int descriptor = filelike_fileno(stream);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    EXPECT(fstat(descriptor, &status) == 0);
    if (status.st_nlink == 0)
        return linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW) == 0 &&
               unlink("linked") == 0;
    const char *path_of = filelike_path(stream);
    return path_of != NULL && stat(path_of, &named) == 0 &&
           named.st_ino == status.st_ino && entries(".")[0] != '\0';
}

static bool has_nameless_files(void)
{
    int descriptor = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return descriptor != -1 && close(descriptor) == 0;
}

/* All files lie in this directory when the options or TMPDIR name it as DIRECTORY. */
static void check_all_lie_in(const char *directory)
{
    bool nameless = has_nameless_files();
    for (size_t i = 0; i < COUNT(openers); i++) {
        for (int by_options = 0; by_options < 2; by_options++) {
            FILE *stream = open_at(i, directory, by_options != 0);
            if (!EXPECT(stream != NULL))
                continue;
            EXPECT(fputs(text, stream) >= 0 && filelike_size(stream) == 10);
            EXPECT((i > 0 && !nameless) || lies_here(stream));
            EXPECT(fclose(stream) == 0);
        }
    }
}

/* ---- Which cannot be listed, or not be walked to -------------------------------------
 */

static void enter(const char *name, mode_t mode)
{
    EXPECT(mkdir(name, 0700) == 0 && chdir(name) == 0 && chmod(".", mode) == 0);
}

/* Listing the directory needs the rights, so they are given back first. */
static void check_empty_again(void)
{
    EXPECT(chmod(".", 0700) == 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

static int be_in_unreadable(void *context)
{
    (void) context;
    enter("unreadable", 0300);
    FILE *stream = open_at(0, ".", true);
    EXPECT(stream != NULL && content(filelike_path(stream)) != NULL);
    EXPECT(fclose(stream) == 0);
    EXPECT(chmod(".", 0700) == 0);
    check_all_lie_in(".");
    EXPECT(chmod(".", 0300) == 0 && chdir("..") == 0);
    EXPECT(mkdir("unreadable/below", 0300) == 0);
    stream = open_at(0, "unreadable/below", true);
    EXPECT(stream != NULL && fclose(stream) == 0);
    EXPECT(rmdir("unreadable/below") == 0 && chdir("unreadable") == 0);
    check_empty_again();
    return expect_status();
}

/* /proc tells the path instead. */
static void check_path_through_proc(FILE *stream)
{
    char start[64];
    (void) snprintf(start, sizeof start, "/proc/%ld/fd/", (long) getpid());
    EXPECT(fputs(text, stream) >= 0 && fflush(stream) == 0);
    const char *path = filelike_path(stream);
    EXPECT(path != NULL && strncmp(path, start, strlen(start)) == 0);
    EXPECT(path != NULL && strcmp(content(path), text) == 0);
}

static int be_below_closed(void *context)
{
    (void) context;
    enter("closed", 0700);
    enter("inner", 0700);
    EXPECT(chmod("..", 0) == 0);
    check_all_lie_in(".");
    FILE *stream = open_at(0, ".", true);
    check_path_through_proc(stream);
    EXPECT(fclose(stream) == 0);
    EXPECT(strcmp(entries("."), "") == 0);
    return expect_status();
}

static int as_user(int (*body)(void *))
{
    int status = as_nobody(body, NULL);
    EXPECT(chmod("closed", 0700) == 0 || errno == ENOENT);
    return status;
}

/* ---- Whose name is too long ----------------------------------------------------------
 */

enum { NAME_SIZE = 200, LEVELS = 2 * PATH_MAX / NAME_SIZE };

static void go_deep(void)
{
    char name[NAME_SIZE + 1];
    memset(name, 'd', NAME_SIZE);
    name[NAME_SIZE] = '\0';
    for (int i = 0; i < LEVELS; i++)
        enter(name, 0700);
}

static int open_deep_and_exit(void *context)
{
    (void) context;
    FILE *stream = open_at(0, ".", true);
    check_path_through_proc(stream);
    EXPECT(chdir("/") == 0);
    return expect_status();
}

static int be_deep(void *context)
{
    (void) context;
    go_deep();
    check_all_lie_in(".");
    EXPECT(in_child(open_deep_and_exit, NULL) == EXIT_SUCCESS);
    EXPECT(strcmp(entries("."), "") == 0);
    return expect_status();
}

/* Nobody else removes a tree so deep. */
static void remove_deep(void)
{
    char name[NAME_SIZE + 1];
    memset(name, 'd', NAME_SIZE);
    name[NAME_SIZE] = '\0';
    for (int i = 0; i < LEVELS; i++)
        EXPECT(chdir(name) == 0);
    for (int i = 0; i < LEVELS; i++)
        EXPECT(chdir("..") == 0 && rmdir(name) == 0);
}

/* ---- Which are left, moved or removed ------------------------------------------------
 */

static int leave_and_exit(void *context)
{
    (void) context;
    EXPECT(mkdir("below", 0700) == 0);
    FILE *kept_open = open_at(0, "below", true);
    FILE *closed = open_at(0, "below", true);
    EXPECT(chdir("/") == 0);
    EXPECT(filelike_path(closed)[0] == '/' && filelike_path(kept_open)[0] == '/');
    EXPECT(strncmp(filelike_path(closed), scratch_path(), strlen(scratch_path())) == 0);
    EXPECT(fputs(text, closed) >= 0 && fflush(closed) == 0);
    EXPECT(strcmp(content(filelike_path(closed)), text) == 0);
    EXPECT(fclose(closed) == 0);
    return expect_status();
}

static void check_left(void)
{
    EXPECT(in_child(leave_and_exit, NULL) == EXIT_SUCCESS);
    EXPECT(strcmp(entries("below"), "") == 0);
}

/* A spooled stream makes its file later. */
static void check_moves_later(void)
{
    struct filelike_options options = {.dir = "below"};
    EXPECT(mkdir("below", 0700) == 0 && mkdir("elsewhere", 0700) == 0);
    FILE *stream = filelike_spooled("w+", &options);
    EXPECT(chdir("elsewhere") == 0);
    EXPECT(fputs(text, stream) >= 0 && filelike_rollover(stream) == 0);
    EXPECT(chdir("../below") == 0);
    EXPECT(!has_nameless_files() || lies_here(stream));
    EXPECT(fclose(stream) == 0);
}

static void check_moved(void)
{
    EXPECT(mkdir("below", 0700) == 0);
    FILE *stream = open_at(0, "below", true);
    EXPECT(rename("below", "moved") == 0);
    EXPECT(fputs(text, stream) >= 0 && fflush(stream) == 0);
    EXPECT(strstr(filelike_path(stream), "/moved/") != NULL);
    EXPECT(strcmp(content(filelike_path(stream)), text) == 0);
    EXPECT(fclose(stream) == 0);
    EXPECT(strcmp(entries("moved"), "") == 0);
}

/* The file itself is put in place. */
static void check_given_away(void)
{
    struct stat before;
    struct stat after;
    EXPECT(mkdir("below", 0700) == 0 && mkdir("other", 0700) == 0);
    FILE *stream = open_at(0, "below", true);
    EXPECT(fstat(filelike_fileno(stream), &before) == 0);
    EXPECT(fputs(text, stream) >= 0 && chdir("other") == 0);
    EXPECT(filelike_persist(stream, "target", 0) == 0);
    EXPECT(strstr(filelike_path(stream), "/other/target") != NULL);
    EXPECT(fclose(stream) == 0 && stat("target", &after) == 0);
    EXPECT(before.st_ino == after.st_ino && strcmp(content("target"), text) == 0);
    EXPECT(strcmp(entries("../below"), "") == 0);
}

static int be_in_removed(void *context)
{
    (void) context;
    enter("removed", 0700);
    EXPECT(rmdir("../removed") == 0);
    bool nameless = has_nameless_files(); /* tmpfs makes them there, too */
    for (size_t i = 0; i < COUNT(openers) - 1; i++) {
        if (i == 0 || !nameless)
            EXPECT_FAILS(open_at(i, ".", true), NULL, ENOENT);
        FILE *stream = open_at(i, ".", false);
        EXPECT(stream != NULL && fclose(stream) == 0);
    }
    return expect_status();
}

/* The path goes through a descriptor, which is closed afterwards. */
static void check_through_descriptor(void)
{
    char path[64];
    EXPECT(mkdir("below", 0700) == 0);
    int descriptor = open("below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    FILE *stream = open_at(0, path, true);
    EXPECT(close(descriptor) == 0);
    EXPECT(stream != NULL && strstr(filelike_path(stream), "/below/") != NULL);
    EXPECT(fclose(stream) == 0);
    EXPECT(strcmp(entries("below"), "") == 0);
}

/* ---- One descriptor for all ----------------------------------------------------------
 */

enum { STREAMS = 20 };

static size_t count_descriptors(void)
{
    size_t count = 0;
    for (const char *c = descriptors(); *c != '\0'; c++)
        count += *c == ' ';
    return count;
}

/* How many more there are while STREAMS named streams are open in DIRECTORY. */
static size_t descriptors_for(const char *directory)
{
    FILE *streams[STREAMS];
    size_t before = count_descriptors();
    for (size_t i = 0; i < STREAMS; i++)
        streams[i] = open_at(0, directory, i % 2 != 0);
    size_t taken = count_descriptors() - before;
    for (size_t i = 0; i < STREAMS; i++)
        EXPECT(fclose(streams[i]) == 0);
    EXPECT(count_descriptors() == before);
    return taken;
}

static void check_shared(void)
{
    EXPECT(mkdir("below", 0700) == 0);
    EXPECT(descriptors_for(scratch_path()) == STREAMS);
    EXPECT(descriptors_for("below") == STREAMS + 1);
    EXPECT(descriptors_for(".") == STREAMS + 1);
    FILE *here = open_at(0, ".", true);
    size_t before = count_descriptors();
    EXPECT(chdir("below") == 0);
    FILE *above = open_at(0, "..", true);
    EXPECT(count_descriptors() == before + 1);
    EXPECT(fclose(here) == 0 && fclose(above) == 0);
    EXPECT(strcmp(entries(".."), "below") == 0);
}

/* The streams share one descriptor of their directory. One more opens when no descriptor
 * is left. */
static void check_shared_in_advance(void)
{
    FILE *streams[STREAMS];
    struct filelike_options options = {.dir = "below"};
    size_t before = count_descriptors();
    for (size_t i = 0; i < STREAMS; i++)
        streams[i] = filelike_spooled("w+", &options);
    EXPECT(count_descriptors() == before + 1);
    allow_descriptors(0);
    FILE *one_more = filelike_spooled("w+", &options);
    allow_descriptors(-1);
    EXPECT(one_more != NULL && fclose(one_more) == 0);
    for (size_t i = 0; i < STREAMS; i++)
        EXPECT(fclose(streams[i]) == 0);
    EXPECT(count_descriptors() == before);
}

/* ---- One after the other -------------------------------------------------------------
 */

static void check_unreadable(void)
{
    EXPECT(as_user(be_in_unreadable) == EXIT_SUCCESS);
}

static void check_below_closed(void)
{
    EXPECT(as_user(be_below_closed) == EXIT_SUCCESS);
}

static void check_deep(void)
{
    EXPECT(in_child(be_deep, NULL) == EXIT_SUCCESS);
    remove_deep();
}

static void check_removed(void)
{
    EXPECT(in_child(be_in_removed, NULL) == EXIT_SUCCESS);
}

static const struct scenario {
    const char *name;
    void (*check)(void);
} scenarios[] = {
    {"a directory that cannot be listed", check_unreadable},
    {"one below another that cannot be searched", check_below_closed},
    {"one whose name is too long", check_deep},
    {"one that is left", check_left},
    {"one that is left before the file is made", check_moves_later},
    {"one that is moved", check_moved},
    {"one that is left before the file is given away", check_given_away},
    {"one that is removed", check_removed},
    {"one that was reached through a descriptor", check_through_descriptor},
    {"one that many streams share", check_shared},
    {"one that many streams may need later", check_shared_in_advance},
};

int main(void)
{
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        expect_subject = scenarios[i].name;
        scratch_enter();
        scenarios[i].check();
        scratch_leave();
    }
    return expect_status();
}
