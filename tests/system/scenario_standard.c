/* A program that has closed its standard descriptors uses all of the library. No
 * descriptor of the library's takes their numbers, not even within a call. The program's
 * output goes into no file. */
#include <config.h>

#include "expect.h"
#include "faults.h"
#include "kinds.h"
#include "scratch.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char text[] = "0123456789";
enum { TEXT_SIZE = sizeof text - 1, FIRST_OTHER = STDERR_FILENO + 1 };

/* ---- Standard descriptors ------------------------------------------------------------
 */

static int usual[FIRST_OTHER]; /* their copies meanwhile */

/* Messages are kept until standard error is open again. */
static const char *act_that_failed;
static const char *kind_that_failed;

static void close_standard(void)
{
    for (int i = 0; i < FIRST_OTHER; i++) {
        usual[i] = fcntl(i, F_DUPFD_CLOEXEC, FIRST_OTHER);
        (void) close(i);
    }
}

static void open_standard(void)
{
    for (int i = 0; i < FIRST_OTHER; i++) {
        (void) close(i);
        if (usual[i] != -1)
            (void) dup2(usual[i], i);
    }
}

static bool are_closed(void)
{
    for (int i = 0; i < FIRST_OTHER; i++) {
        if (fcntl(i, F_GETFD) != -1)
            return false;
    }
    return true;
}

static const char *act_now = "";
static const char *kind_now = "";

static void require(bool condition)
{
    if (condition || act_that_failed != NULL)
        return;
    act_that_failed = act_now;
    kind_that_failed = kind_now;
}

/* Runs before each system call of the library's: the calls before it have left no
 * descriptor there. Moving one to another number takes two calls. */
static enum fault look(enum fault_call call)
{
    int saved = errno;
    if (call != FAULT_DUPFD && call != FAULT_CLOSE)
        require(are_closed());
    errno = saved;
    return FAULT_NONE;
}

/* ---- Acts ----------------------------------------------------------------------------
 *
 * Each on a stream on text.
 */

typedef void act(FILE *stream);

static void size_and_view(FILE *stream)
{
    size_t size;
    require(filelike_size(stream) == TEXT_SIZE);
    const char *view = filelike_view(stream, &size);
    require(view != NULL && size == TEXT_SIZE && memcmp(view, text, size) == 0);
}

static void ask_where(FILE *stream)
{
    require(filelike_in_memory(stream) != -1 || errno == ENOTSUP);
    require(filelike_rollover(stream) == 0 || errno == ENOTSUP);
}

static bool bound_now;

/* A reopened stream gets its descriptor through /proc. */
static void ask_for_descriptor(FILE *stream)
{
    int descriptor = filelike_fileno(stream);
    require(
        descriptor >= FIRST_OTHER || (errno == ENOTSUP && (faults.no_proc || bound_now)));
}

static void ask_for_path(FILE *stream)
{
    require(filelike_path(stream) != NULL || errno == ENOTSUP);
}

static void reopen(FILE *stream)
{
    static const char *const modes[] = {"r", "r+", "a", "w"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        FILE *second = filelike_reopen(stream, modes[i]);
        require(second != NULL || errno == ENOTSUP);
        if (second == NULL)
            continue;
        require(filelike_fileno(second) >= FIRST_OTHER || errno == ENOTSUP);
        require(fclose(second) == 0);
    }
}

static void persist(FILE *stream)
{
    require(filelike_persist(stream, "target", 0) == 0);
    require(filelike_persist(stream, "target", FILELIKE_NOSYNC) == 0);
    require(filelike_persist(stream, "new", FILELIKE_NOREPLACE) == 0);
    require(filelike_path(stream) != NULL || errno == ENOTSUP);
    require(unlink("target") == 0 && unlink("new") == 0);
}

static void cut_and_detach(FILE *stream)
{
    size_t size;
    require(filelike_truncate(stream, 4) == 0);
    char *bytes = filelike_detach(stream, &size);
    require(bytes != NULL && size == 4);
    free(bytes);
}

static void print_and_write(FILE *stream)
{
    (void) puts("for standard output");
    (void) fputs("for standard error", stderr);
    (void) fflush(stdout);
    require(fseeko(stream, 0, SEEK_END) == 0 && fputs(text, stream) >= 0);
    require(fflush(stream) == 0 && filelike_size(stream) == 2 * TEXT_SIZE);
}

static const struct {
    const char *name;
    act *act;
} acts[] = {
    {"size and view", size_and_view},
    {"asking where the bytes are", ask_where},
    {"asking for a descriptor", ask_for_descriptor},
    {"asking for a path", ask_for_path},
    {"reopening", reopen},
    {"persisting", persist},
    {"truncating and detaching", cut_and_detach},
    {"printing and writing", print_and_write},
};

/* ---- Over all kinds ------------------------------------------------------------------
 */

static void act_on(const struct kind *kind, size_t i)
{
    act_now = acts[i].name;
    kind_now = kind->name;
    bound_now = kind_has(kind, KIND_BOUND);
    FILE *stream = kind_open_on(kind, text, TEXT_SIZE, "r+", NULL);
    require(stream != NULL && are_closed());
    if (stream == NULL)
        return;
    acts[i].act(stream);
    require(are_closed());
    require(fclose(stream) == 0);
    require(are_closed());
}

/* fopen chooses the descriptors of its own streams. */
static bool is_of_the_library(const struct kind *kind)
{
    return strstr(kind->name, "fopen") == NULL && strstr(kind->name, "tmpfile") == NULL;
}

static bool takes_acts(const struct kind *kind)
{
    return is_of_the_library(kind) && !kind_has(kind, KIND_ONLY_READS);
}

static void act_on_all(void)
{
    for (size_t i = 0; i < kind_count; i++) {
        for (size_t j = 0; takes_acts(&kinds[i]) && j < COUNT(acts); j++)
            act_on(&kinds[i], j);
    }
}

/* ---- By path -------------------------------------------------------------------------
 */

static void open_paths(void)
{
    static const char *const paths[] = {
        "memory:", "memory:name", "spooled:", "temporary:", "atomic:target"};
    act_now = "opening a path";
    for (size_t i = 0; i < COUNT(paths); i++) {
        kind_now = paths[i];
        FILE *stream = filelike_fopen(paths[i], "w");
        require(stream != NULL && are_closed());
        require(puts("for standard output") == EOF || fflush(stdout) == EOF);
        require(fputs(text, stream) >= 0 && fclose(stream) == 0 && are_closed());
    }
    require(filelike_remove("memory:name") == 0);
    require(strcmp(content("target"), text) == 0 && unlink("target") == 0);
}

/* ---- No other descriptor -------------------------------------------------------------
 */

static enum fault refuse_to_move(enum fault_call call)
{
    errno = EMFILE;
    return call == FAULT_DUPFD ? FAULT_FAILS : FAULT_NONE;
}

static void open_in_vain(void)
{
    struct filelike_options here = {.dir = scratch_path()};
    char *before = strdup(entries("."));
    act_now = "opening without another descriptor";
    kind_now = "named";
    require(filelike_named("w+", &here) == NULL && errno == EMFILE);
    kind_now = "temporary";
    require(filelike_temporary("w+", &here) == NULL && errno == EMFILE);
    kind_now = "atomic";
    require(filelike_atomic("target", "w", NULL) == NULL && errno == EMFILE);
    require(are_closed() && strcmp(entries("."), before) == 0);
    free(before);
}

/* ---- All -----------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    struct faults faults;
} worlds[] = {
    {"as it is", {.strike = look}},
    {"no O_TMPFILE", {.strike = look, .tmpfile = EOPNOTSUPP}},
    {"no /proc", {.strike = look, .no_proc = true}},
    {"no links", {.strike = look, .link = EPERM}},
};

static void run(size_t world)
{
    expect_subject = worlds[world].name;
    close_standard();
    faults = worlds[world].faults;
    act_on_all();
    open_paths();
    faults.strike = refuse_to_move;
    open_in_vain();
    faults.interrupts = true;
    open_in_vain();
    faults = (struct faults){0};
    open_standard();
    if (!EXPECT(act_that_failed == NULL))
        (void) fprintf(stderr, "... %s: %s\n", kind_that_failed, act_that_failed);
    act_that_failed = NULL;
}

int main(void)
{
    scratch_enter();
    for (size_t i = 0; i < COUNT(worlds); i++)
        run(i);
    scratch_leave();
    return expect_status();
}
