/* Each system call of the library fails in turn, in every way that it can, in everything
 * that the library does. The call that fails reports the errno of the fault. Nothing is
 * left behind, the bytes that were stored before are still there, and fclose reports
 * lost writes. EINTR and short transfers change no result. */
#undef _FORTIFY_SOURCE
#include <config.h>

#include "acl.h"
#include "backing.h"
#include "expect.h"
#include "fault_calls.h"
#include "fault_turns.h"
#include "heap.h"
#include "kinds.h"
#include "scratch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Steps of a scenario -------------------------------------------------------------
 *
 * A scenario returns whether nothing in it failed.
 */

/* A new name can be given by renameat2 or by linkat. Whether this world lacks the one
 * that does not fail now. */
static bool leaves_no_way_to_new(const struct failure *failure)
{
    if (turns_call() == FAULT_RENAMEAT2)
        return failure->error == EINVAL && faults.link != 0;
    return turns_call() == FAULT_LINKAT && failure->error == EMLINK &&
           faults.rename_new != 0;
}

/* filelike_path gives its documented answer in spite of the fault. */
static int told_error(void)
{
    const struct failure *failure = turns_failure();
    if (failure == NULL)
        return heap_has_failed() ? ENOMEM : 0;
    if (leaves_no_way_to_new(failure))
        return ENOTSUP;
    return turns_call() == FAULT_ACCESS ? ENOTSUP : failure->error;
}

/* The call that has just failed because of the fault. */
static bool told(void)
{
    int error = errno;
    turns_stop();
    if (!EXPECT(error == told_error()))
        (void) fprintf(stderr, "errno is %d\n", error);
    return false;
}

/* Without faults: the bytes, or NULL. */
static const char *bytes_of(FILE *stream, size_t *size)
{
    turns_pause();
    const char *view = filelike_view(stream, size);
    turns_resume();
    return view;
}

static bool holds(FILE *stream, const char *bytes, size_t size)
{
    size_t held;
    const char *view = bytes_of(stream, &held);
    return view != NULL && held == size && memcmp(view, bytes, size) == 0;
}

/* Reading the file takes memory, which may have been refused until now. */
static bool has_content(const char *path, const char *expected)
{
    heap_allow();
    turns_pause();
    const char *found = content(path);
    bool same = found == NULL || expected == NULL ? found == expected
                                                  : strcmp(found, expected) == 0;
    turns_resume();
    return same;
}

static const char text[] = "0123456789";
enum { TEXT_SIZE = sizeof text - 1 };

/* fopen makes its own system calls, which are not the library's to test. */
static FILE *open_text(const struct kind *kind, const char *mode)
{
    bool outside = strncmp(kind->name, "fopen", strlen("fopen")) == 0;
    if (outside)
        turns_pause();
    FILE *stream = kind_open_on(kind, text, TEXT_SIZE, mode, NULL);
    if (outside)
        turns_resume();
    return stream;
}

/* Whether the fault was an error of the stream's own file or of the caller's operations.
 * filelike_error keeps such an error. */
static bool is_told_by_disk(void)
{
    enum fault_call call = turns_call();
    return call == FAULT_FSYNC || call == FAULT_CLOSE || call == FAULT_CUSTOM_CLOSE;
}

/* fclose can fail in two more places: when it puts an atomic stream's file in place, and
 * when it closes the descriptor of a file that stays. */
static bool close_stream(const struct kind *kind, FILE *stream)
{
    if (fclose(stream) == 0)
        return true;
    EXPECT(kind_has(kind, KIND_PUBLISHES) || is_told_by_disk());
    return told();
}

/* A call has failed and reported it. The stream is as it was before the call. Only an
 * error of the disk remains visible. */
static bool check_as_before(const struct kind *kind, FILE *stream)
{
    EXPECT(holds(stream, text, TEXT_SIZE));
    int error = filelike_error(stream);
    EXPECT(error == 0 || (is_told_by_disk() && error == told_error()));
    (void) close_stream(kind, stream);
    return false;
}

/* STREAM has lost a write of BYTES, after SIZE bytes had been stored. These bytes are
 * still there. stdio may have written some of BYTES behind them. fclose reports the
 * loss. */
static bool check_loss(
    const struct kind *kind, FILE *stream, const char *bytes, size_t size)
{
    size_t held = 0;
    (void) told();
    clearerr(stream);
    const char *view = bytes_of(stream, &held);
    EXPECT(view != NULL && held >= size && memcmp(view, bytes, held) == 0);
    EXPECT(kind_has(kind, KIND_WATCHED));
    EXPECT(filelike_error(stream) == told_error());
    EXPECT_FAILS(fclose(stream), EOF, told_error());
    return false;
}

/* ---- Opening -------------------------------------------------------------------------
 */

static bool takes_mode(const struct kind *kind, const char *mode)
{
    if (strcmp(mode, "r") == 0)
        return kind_has(kind, KIND_STARTS_FULL) && !kind_has(kind, KIND_PUBLISHES);
    if (kind_has(kind, KIND_ONLY_UPDATE))
        return mode[0] != 'a' && mode[1] == '+';
    return true;
}

/* A stream in each mode. This runs for all kinds, but not within each act. */
static bool opening(const struct kind *kind)
{
    static const char *const modes[] = {"r", "r+", "a", "a+", "w", "w+"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        if (!takes_mode(kind, modes[i]))
            continue;
        FILE *stream = open_text(kind, modes[i]);
        if (stream == NULL)
            return told();
        EXPECT(
            modes[i][0] == 'w' ? holds(stream, "", 0) : holds(stream, text, TEXT_SIZE));
        if (!close_stream(kind, stream))
            return false;
    }
    return true;
}

static bool opening_in_a_directory(const struct kind *kind)
{
    struct filelike_options options = {
        .dir = ".", .prefix = "start-", .suffix = ".end", .permissions = 0640};
    if (!kind_has(kind, KIND_OPTIONS))
        return true;
    FILE *stream = kind_open(kind, "w+", &options);
    return stream != NULL ? close_stream(kind, stream) : told();
}

/* ---- Writing -------------------------------------------------------------------------
 */

enum { MOST_BYTES = 20000, LARGEST_FLUSH = 512 };

/* The period is a prime, so a piece that is stored twice shows. */
static void fill(char *bytes, size_t size)
{
    memcpy(bytes, text, TEXT_SIZE);
    for (size_t i = TEXT_SIZE; i < size; i++)
        bytes[i] = (char) ('a' + i % 23);
}

/* The bytes of one flush are stored whole or not at all. */
static bool goes_at_once(const struct kind *kind, size_t size)
{
    size_t buffer = kind->options.buffer_size;
    return size <= LARGEST_FLUSH && (buffer == 0 || buffer >= size);
}

/* Writes behind the text: STREAM stands at its end, or appends. */
static bool write_on(const struct kind *kind, FILE *stream)
{
    static char bytes[MOST_BYTES];
    static const size_t ends[] = {11, 20, 500, 4099, MOST_BYTES};
    fill(bytes, sizeof bytes);
    size_t done = TEXT_SIZE;
    for (size_t i = 0; i < COUNT(ends); i++) {
        size_t size = ends[i] - done;
        if (fwrite(bytes + done, 1, size, stream) != size || fflush(stream) != 0) {
            int error = errno;
            if (goes_at_once(kind, size))
                EXPECT(holds(stream, bytes, done));
            errno = error;
            return check_loss(kind, stream, bytes, done);
        }
        done = ends[i];
    }
    EXPECT(holds(stream, bytes, done));
    return close_stream(kind, stream);
}

static bool growing(const struct kind *kind)
{
    FILE *stream = open_text(kind, "r+");
    if (stream == NULL)
        return told();
    if (fseeko(stream, 0, SEEK_END) != 0) {
        (void) told();
        return check_as_before(kind, stream);
    }
    return write_on(kind, stream);
}

static bool appending(const struct kind *kind)
{
    if (!takes_mode(kind, "a"))
        return true;
    FILE *stream = open_text(kind, "a");
    return stream != NULL ? write_on(kind, stream) : told();
}

static bool growing_over_a_gap(const struct kind *kind)
{
    enum { GAP = 5000 };
    FILE *stream = open_text(kind, "r+");
    if (stream == NULL)
        return told();
    if (fseeko(stream, GAP, SEEK_SET) != 0) {
        (void) told();
        return check_as_before(kind, stream);
    }
    if (putc('x', stream) != 'x' || fflush(stream) != 0)
        return check_loss(kind, stream, text, TEXT_SIZE);
    size_t size;
    const char *bytes = bytes_of(stream, &size);
    EXPECT(bytes != NULL && size == GAP + 1 && bytes[GAP] == 'x' && bytes[GAP - 1] == 0);
    return close_stream(kind, stream);
}

/* The system may cut a write in the middle. Then the start of it is stored. */
static bool overwriting(const struct kind *kind)
{
    FILE *stream = open_text(kind, "r+");
    if (stream == NULL)
        return told();
    if (fputs("abcd", stream) < 0 || fflush(stream) != 0) {
        size_t size = 0;
        (void) told();
        clearerr(stream);
        const char *bytes = bytes_of(stream, &size);
        EXPECT(size == TEXT_SIZE && memcmp(bytes + 4, text + 4, TEXT_SIZE - 4) == 0);
        EXPECT_FAILS(fclose(stream), EOF, told_error());
        return false;
    }
    EXPECT(holds(stream, "abcd456789", TEXT_SIZE));
    return close_stream(kind, stream);
}

/* The bytes that fclose itself writes out. */
static bool closing(const struct kind *kind)
{
    FILE *stream = open_text(kind, "r+");
    if (stream == NULL)
        return told();
    if (putc('x', stream) != 'x')
        return check_loss(kind, stream, text, TEXT_SIZE);
    return fclose(stream) == 0 ? true : told();
}

/* ---- Reading -------------------------------------------------------------------------
 */

static bool is_read(FILE *stream)
{
    char read[TEXT_SIZE + 1];
    rewind(stream);
    return fread(read, 1, sizeof read, stream) == TEXT_SIZE && feof(stream) &&
           memcmp(read, text, TEXT_SIZE) == 0;
}

/* A failed read loses no bytes. */
static bool reading(const struct kind *kind)
{
    FILE *stream = open_text(kind, "r+");
    if (stream == NULL)
        return told();
    if (is_read(stream))
        return close_stream(kind, stream);
    EXPECT(ferror(stream));
    (void) told();
    EXPECT(filelike_error(stream) == told_error());
    EXPECT(is_read(stream));
    (void) close_stream(kind, stream);
    return false;
}

/* ---- Using ---------------------------------------------------------------------------
 *
 * An act uses a stream that holds the text. Its result is whether it succeeded. A
 * failure changes nothing and loses no byte.
 */

typedef bool act(FILE *stream);

static bool sizing(FILE *stream)
{
    int64_t size = filelike_size(stream);
    EXPECT(size == -1 || size == TEXT_SIZE);
    return size != -1;
}

static bool asking_where(FILE *stream)
{
    turns_pause();
    int right = filelike_in_memory(stream);
    turns_resume();
    int answer = filelike_in_memory(stream);
    EXPECT(answer == -1 || answer == right);
    return answer == right;
}

static bool asking_for_errors(FILE *stream)
{
    return filelike_error(stream) == 0;
}

static bool viewing(FILE *stream)
{
    size_t size;
    const char *view = filelike_view(stream, &size);
    EXPECT(view == NULL || (size == TEXT_SIZE && memcmp(view, text, size) == 0));
    return view != NULL;
}

static void cut_to(FILE *stream, int64_t size)
{
    int saved = errno;
    turns_pause();
    EXPECT(filelike_truncate(stream, size) == 0);
    turns_resume();
    errno = saved;
}

/* Larger than what a filesystem may take ahead of a write. */
static bool viewing_a_hole(FILE *stream)
{
    enum { SIZE = 100000 };
    size_t size;
    cut_to(stream, SIZE);
    const char *view = filelike_view(stream, &size);
    EXPECT(view == NULL || (size == SIZE && memcmp(view, text, sizeof text) == 0));
    cut_to(stream, TEXT_SIZE);
    return view != NULL;
}

static bool detaching(FILE *stream)
{
    size_t size;
    char *bytes = filelike_detach(stream, &size);
    if (bytes == NULL)
        return false;
    EXPECT(size == TEXT_SIZE && strcmp(bytes, text) == 0);
    EXPECT(holds(stream, "", 0));
    free(bytes);
    return true;
}

static bool cutting(FILE *stream)
{
    if (filelike_truncate(stream, 4) != 0)
        return false;
    EXPECT(holds(stream, text, 4));
    return true;
}

static bool extending(FILE *stream)
{
    enum { SIZE = 6000 };
    if (filelike_truncate(stream, SIZE) != 0)
        return false;
    size_t size;
    const char *bytes = bytes_of(stream, &size);
    EXPECT(bytes != NULL && size == SIZE && memcmp(bytes, text, sizeof text) == 0);
    return true;
}

static bool asking_for_a_descriptor(FILE *stream)
{
    char read[TEXT_SIZE];
    int descriptor = filelike_fileno(stream);
    /* A reopened stream gets its descriptor through /proc. */
    if (descriptor == -1 && errno == ENOTSUP && faults.no_proc)
        return true;
    if (descriptor == -1)
        return false;
    turns_pause();
    EXPECT(pread(descriptor, read, sizeof read, 0) == TEXT_SIZE);
    EXPECT(memcmp(read, text, TEXT_SIZE) == 0);
    turns_resume();
    return true;
}

static bool asking_for_a_path(FILE *stream)
{
    const char *path = filelike_path(stream);
    if (path == NULL)
        return faults.no_proc && errno == ENOTSUP;
    EXPECT(has_content(path, text));
    return true;
}

/* The path is that of the target, if the library can see that it leads to the file. */
static bool asking_for_the_path_of_a_given_one(FILE *stream)
{
    turns_pause();
    EXPECT(filelike_persist(stream, "target", FILELIKE_NOSYNC) == 0);
    turns_resume();
    return asking_for_a_path(stream);
}

static bool rolling_over(FILE *stream)
{
    return filelike_rollover(stream) == 0 || errno == ENOTSUP;
}

/* ---- Reopening -----------------------------------------------------------------------
 */

static bool reopen_in(FILE *stream, const char *mode)
{
    FILE *other = filelike_reopen(stream, mode);
    if (other == NULL)
        return false;
    EXPECT(mode[0] == 'w' ? holds(other, "", 0) : holds(other, text, TEXT_SIZE));
    EXPECT(fclose(other) == 0 || (turns_call() == FAULT_CLOSE && errno == told_error()));
    return true;
}

/* An atomic stream can be reopened for reading only. */
static bool reopening(FILE *stream)
{
    if (!reopen_in(stream, "r"))
        return false;
    return reopen_in(stream, "r+") || errno == ENOTSUP;
}

static bool reopening_at_the_end(FILE *stream)
{
    return reopen_in(stream, "a") || errno == ENOTSUP;
}

static bool reopening_empty(FILE *stream)
{
    return reopen_in(stream, "w") || errno == ENOTSUP;
}

/* ---- Putting in place ----------------------------------------------------------------
 */

static const char target[] = "target";

/* Files that the scenarios make in the sight of all. */
static void remove_targets(void)
{
    static const char *const names[] = {target, "link", "second", "printed"};
    for (size_t i = 0; i < COUNT(names); i++)
        (void) unlink(names[i]);
    kinds_clean_up();
}

static void put_old(void)
{
    turns_pause();
    make_file(target, "old");
    EXPECT(chmod(target, 0604) == 0);
    turns_resume();
}

/* A file is synced before it is put in place, and again when it has its name. */
static bool is_second_sync(void)
{
    const char *synced = strrchr(calls_made(), 's');
    bool of_same_file = synced != NULL && strchr(synced, 'o') == NULL;
    return turns_call() == FAULT_FSYNC && of_same_file;
}

/* A failed sync of the name comes after the rename, so the new content stands. A
 * directory that may not be listed is synced through the file, which has to be opened. */
static bool may_have_been_put(void)
{
    enum fault_call call = turns_call();
    return turns_failure() != NULL &&
           (is_second_sync() || call == FAULT_FSYNC_DIRECTORY || call == FAULT_SYNCFS ||
               (call == FAULT_OPEN && faults.no_listing));
}

/* Putting NEW at the target has failed. The target holds the old content, or NEW if only
 * the sync of the name failed. */
static void check_target(const char *old, const char *new)
{
    EXPECT(has_content(target, old) || (may_have_been_put() && has_content(target, new)));
}

/* The permissions of STREAM's file, if it is on disk. */
static mode_t mode_of_stream(FILE *stream)
{
    struct stat status = {0};
    turns_pause();
    if (filelike_in_memory(stream) == 0)
        EXPECT(fstat(filelike_fileno(stream), &status) == 0);
    turns_resume();
    return status.st_mode;
}

/* In this world each way to give a name could replace a file. */
static bool is_impossible(unsigned flags)
{
    return (flags & FILELIKE_NOREPLACE) && faults.link != 0 && faults.rename_new != 0;
}

/* Whether the library needs CALL to give a file the permissions that it had. */
static bool is_needed_to_give_back(enum fault_call call)
{
    return call == FAULT_FCHMOD || call == FAULT_FSTAT || call == FAULT_FGETXATTR;
}

static bool persist_with(FILE *stream, const char *old, unsigned flags)
{
    mode_t mode = mode_of_stream(stream);
    if (filelike_persist(stream, target, flags) == 0) {
        EXPECT(has_content(target, text));
        return true;
    }
    int error = errno;
    if (is_impossible(flags) && error == ENOTSUP)
        return has_content(target, old);
    check_target(old, text);
    if (!is_needed_to_give_back(turns_call()))
        EXPECT(mode_of_stream(stream) == mode || may_have_been_put());
    errno = error;
    return false;
}

/* Other users may not read the target, even for a moment. */
static bool persisting_private(const struct kind *kind)
{
    struct filelike_options options = {.permissions = 0600};
    struct stat status;
    if (!kind_has(kind, KIND_OPTIONS))
        return true;
    FILE *stream = kind_open(kind, "w+", &options);
    if (stream == NULL)
        return told();
    turns_pause();
    EXPECT(fputs(text, stream) >= 0 && fflush(stream) == 0);
    turns_resume();
    if (!persist_with(stream, NULL, FILELIKE_NOSYNC)) {
        (void) told();
        (void) fclose(stream);
        return false;
    }
    bool takes_permissions = mode_of_stream(stream) != 0;
    turns_pause();
    EXPECT(stat(target, &status) == 0);
    turns_resume();
    EXPECT(!takes_permissions || (status.st_mode & 0777) == 0600);
    return close_stream(kind, stream);
}

static bool persisting(FILE *stream)
{
    put_old();
    return persist_with(stream, "old", 0);
}

static bool persisting_new(FILE *stream)
{
    return persist_with(stream, NULL, FILELIKE_NOREPLACE | FILELIKE_NOSYNC);
}

/* Larger than what is copied at once. */
static bool persisting_a_hole(FILE *stream)
{
    enum { SIZE = 100000 };
    static char found[SIZE + 1];
    cut_to(stream, SIZE);
    bool worked = filelike_persist(stream, target, FILELIKE_NOSYNC) == 0;
    int error = errno;
    turns_pause();
    FILE *file = fopen(target, "re");
    EXPECT(worked ? file != NULL && fread(found, 1, sizeof found, file) == SIZE &&
                        memcmp(found, text, sizeof text) == 0
                  : file == NULL);
    if (file != NULL)
        (void) fclose(file);
    turns_resume();
    cut_to(stream, TEXT_SIZE);
    errno = error;
    return worked;
}

/* A stream that has given its file away goes on using it. So the next file is a copy. */
static bool persisting_twice(FILE *stream)
{
    put_old();
    if (!persist_with(stream, "old", FILELIKE_NOSYNC))
        return false;
    bool worked = filelike_persist(stream, "second", FILELIKE_NOSYNC) == 0;
    int error = errno;
    EXPECT(has_content("second", worked ? text : NULL));
    errno = error;
    return worked;
}

/* ---- Sections and redirections -------------------------------------------------------
 */

static const char part[] = "23456";
enum { PART_START = 2, PART_SIZE = sizeof part - 1 };

/* Runs an act on a section of STREAM. */
static bool with_section(FILE *stream, bool (*use)(FILE *section))
{
    FILE *section = filelike_section(stream, PART_START, PART_SIZE);
    if (section == NULL)
        return false;
    bool worked = use(section);
    int error = errno;
    EXPECT(fclose(section) == 0 || errno == told_error());
    errno = error;
    return worked;
}

static bool read_part(FILE *section)
{
    char read[PART_SIZE + 1];
    if (filelike_size(section) != PART_SIZE)
        return false;
    size_t count = fread(read, 1, sizeof read, section);
    EXPECT(memcmp(read, part, count) == 0);
    EXPECT((ferror(section) == 0) == (count == PART_SIZE && feof(section) != 0));
    return ferror(section) == 0;
}

static bool persist_part(FILE *section)
{
    bool worked = filelike_persist(section, target, FILELIKE_NOSYNC) == 0;
    int error = errno;
    EXPECT(has_content(target, worked ? part : NULL));
    errno = error;
    return worked;
}

static bool taking_a_section(FILE *stream)
{
    return with_section(stream, read_part);
}

static bool persisting_a_section(FILE *stream)
{
    return with_section(stream, persist_part);
}

static bool redirect_and_restore(FILE *from, FILE *to)
{
    if (filelike_redirect(from, to) != 0)
        return errno == ENOTSUP && faults.no_proc;
    bool worked = filelike_restore(from) == 0;
    int error = errno;
    turns_pause();
    EXPECT(filelike_restore(from) == (worked ? -1 : 0));
    turns_resume();
    errno = error;
    return worked;
}

/* Output before and after the redirection goes to the old place. */
static bool redirecting_to_it(FILE *stream)
{
    static const char path[] = "printed";
    turns_pause();
    FILE *from = fopen(path, "we");
    EXPECT(from != NULL && fputs("before ", from) >= 0);
    turns_resume();
    bool worked = redirect_and_restore(from, stream);
    int error = errno;
    turns_pause();
    EXPECT(fputs("after", from) >= 0 && fclose(from) == 0);
    turns_resume();
    EXPECT(has_content(path, "before after"));
    errno = error;
    return worked;
}

/* ---- All acts ------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    act *act;
    bool moves; /* the bytes, where they have no descriptor */
} acts[] = {
    {"asking for the size", sizing, false},
    {"asking where the bytes are", asking_where, false},
    {"asking for errors", asking_for_errors, false},
    {"viewing", viewing, false},
    {"viewing a hole", viewing_a_hole, false},
    {"detaching", detaching, false},
    {"cutting", cutting, false},
    {"extending", extending, false},
    {"asking for a descriptor", asking_for_a_descriptor, true},
    {"asking for a path", asking_for_a_path, true},
    {"asking for the path of a given one", asking_for_the_path_of_a_given_one, true},
    {"rolling over", rolling_over, false},
    {"reopening", reopening, false},
    {"reopening at the end", reopening_at_the_end, false},
    {"reopening empty", reopening_empty, false},
    {"persisting", persisting, false},
    {"persisting where nothing was", persisting_new, false},
    {"persisting twice", persisting_twice, false},
    {"persisting a hole", persisting_a_hole, false},
    {"taking a section", taking_a_section, false},
    {"persisting a section", persisting_a_section, false},
    {"redirecting to it", redirecting_to_it, true},
};

/* The one that is being tested. */
static act *act_now;

static bool acting(const struct kind *kind)
{
    FILE *stream = open_text(kind, "r+");
    if (stream == NULL)
        return told();
    if (act_now(stream))
        return close_stream(kind, stream);
    (void) told();
    return check_as_before(kind, stream);
}

/* ---- Files with names ----------------------------------------------------------------
 */

/* Faults are off, because filelike_path answers with another path if it cannot look at
 * the name. */
static char *name_of(FILE *stream)
{
    turns_pause();
    char *path = strdup(filelike_path(stream));
    turns_resume();
    return path;
}

static bool naming(bool (*use)(FILE *stream), bool stays)
{
    FILE *stream = filelike_named("w+", NULL);
    if (stream == NULL)
        return told();
    char *path = name_of(stream);
    EXPECT(path != NULL && has_content(path, ""));
    bool worked = use(stream) || told();
    bool stored = fclose(stream) == 0 || told();
    EXPECT(stored || (worked && stays));
    turns_stop();
    if (worked && stays)
        EXPECT(has_content(path, "") && unlink(path) == 0);
    free(path);
    return worked && stored;
}

static bool keep(FILE *stream)
{
    return filelike_keep(stream) == 0;
}

static bool keeping(const struct kind *kind)
{
    (void) kind;
    return naming(keep, true);
}

static bool keep_and_discard(FILE *stream)
{
    return filelike_keep(stream) == 0 && filelike_discard(stream) == 0;
}

static bool discarding(const struct kind *kind)
{
    (void) kind;
    return naming(keep_and_discard, false);
}

/* fclose reports the loss first, whatever happens to the descriptor. The lost bytes are
 * the one past the limit, or all of them if the library cannot see how many there was
 * room for. */
static bool keeping_after_a_loss(const struct kind *kind)
{
    struct filelike_options options = {.size_limit = TEXT_SIZE, .flags = FILELIKE_KEEP};
    (void) kind;
    FILE *stream = filelike_named("w", &options);
    if (stream == NULL)
        return told();
    char *path = name_of(stream);
    EXPECT(fputs(text, stream) >= 0 && putc('x', stream) == 'x');
    bool asked = turns_failure() == NULL;
    EXPECT(fclose(stream) == EOF);
    enum fault_call call = turns_call();
    bool hidden = asked && (call == FAULT_LSEEK || call == FAULT_SIZE ||
                               (call == FAULT_FSTAT && faults.status != 0));
    EXPECT(errno == EFBIG || (hidden && errno == told_error()));
    turns_stop();
    EXPECT(unlink(path) == 0);
    free(path);
    return true;
}

/* The last call decides. The first stream discards the file, then the second one keeps
 * it, so the file stays although the first one is closed last. */
static bool keeping_what_is_discarded(const struct kind *kind)
{
    (void) kind;
    FILE *stream = filelike_named("w", NULL);
    if (stream == NULL)
        return told();
    char *path = name_of(stream);
    FILE *second = filelike_reopen(stream, "r");
    EXPECT(second != NULL && filelike_discard(stream) == 0);
    EXPECT(filelike_keep(second) == 0 && fclose(second) == 0);
    EXPECT(fclose(stream) == 0);
    turns_stop();
    EXPECT(unlink(path) == 0);
    free(path);
    return true;
}

/* A named file is put where it is already: at its own name, or at a second one, TARGET.
 */
static bool stay_in_place(bool has_second)
{
    struct filelike_options options = {.dir = "."};
    FILE *stream = filelike_named("w+", &options);
    if (stream == NULL)
        return told();
    char *path = name_of(stream);
    const char *place = has_second ? target : path;
    EXPECT(!has_second || link(path, target) == 0);
    bool worked = filelike_persist(stream, place, 0) == 0 || told();
    bool stays = worked || has_second;
    bool may_stay = may_have_been_put();
    bool closed = fclose(stream) == 0 || told();
    EXPECT(closed || is_told_by_disk());
    turns_stop();
    EXPECT(has_content(place, stays ? "" : NULL) || may_stay);
    EXPECT(!has_second || has_content(path, NULL));
    (void) unlink(place);
    free(path);
    return worked && closed;
}

static bool staying_at_its_name(const struct kind *kind)
{
    (void) kind;
    return stay_in_place(false);
}

static bool staying_at_another_name(const struct kind *kind)
{
    (void) kind;
    return stay_in_place(true);
}

/* filelike_cleanup returns nothing. fclose tries again what fails here. */
static bool clean_up(FILE *stream)
{
    (void) stream;
    filelike_cleanup();
    return true;
}

static bool cleaning_up(const struct kind *kind)
{
    (void) kind;
    return naming(clean_up, false);
}

/* ---- Attributes ----------------------------------------------------------------------
 */

enum { OTHER_USER = 12, OTHER_GROUP = 34 };

/* Rights that nobody loses with the ACL. The filesystem may have no such attributes. */
static void add_attributes(const char *path)
{
    (void) setxattr(path, "user.filelike.test", "value", 5, 0);
    (void) SET_ACL(path, ACCESS_ACL, {OWNER, 6, NO_ID}, {NAMED_USER, 6, OTHER_USER},
        {ITS_GROUP, 6, NO_ID}, {MASK, 6, NO_ID}, {OTHERS, 6, NO_ID});
}

/* ---- Atomic streams ------------------------------------------------------------------
 */

static char proc_link[40];

static const struct publication {
    const char *mode;
    struct filelike_options options;
    const char *old;  /* at the target; or NULL */
    const char *path; /* NULL: the target */
    const char *new;
    unsigned permissions;
} publications[] = {
    {"w", {0}, "old", NULL, "new", 0666},
    {"w", {0}, NULL, NULL, "new", 0644},
    {"w+", {.permissions = 0640}, "old", NULL, "new", 0640},
    {"r+", {0}, "older", NULL, "newer", 0666},
    {"a", {.flags = FILELIKE_NOSYNC}, "old", NULL, "oldnew", 0666},
    {"wx", {0}, NULL, NULL, "new", 0644},
    {"w", {0}, "old", "link", "new", 0666},
    {"w", {0}, "old", proc_link, "new", 0666},
    {"w", {0}, "old with attributes", NULL, "new", 0666},
    {"w", {.permissions = 0640}, "old with attributes", NULL, "new", 0640},
};

static const struct publication *publication;

static void prepare_old(void)
{
    make_file(target, publication->old);
    EXPECT(chmod(target, 0666) == 0);
    if (strstr(publication->old, "attributes") != NULL)
        add_attributes(target);
    /* Only root may change the owner. The library tries it only for root. */
    (void) !chown(target, OTHER_USER, OTHER_GROUP);
}

/* A link in /proc leads to an open file. Returns its descriptor, or -1. */
static int prepare_target(void)
{
    int file = -1;
    turns_pause();
    if (publication->old != NULL)
        prepare_old();
    if (publication->path == proc_link) {
        file = open(target, O_RDONLY | O_CLOEXEC);
        (void) snprintf(proc_link, sizeof proc_link, "/proc/self/fd/%d", file);
    } else if (publication->path != NULL) {
        EXPECT(symlink(target, publication->path) == 0);
    }
    turns_resume();
    return file;
}

static bool publish(FILE *stream)
{
    bool written = fputs("new", stream) >= 0 && fflush(stream) == 0;
    int lost = errno;
    bool closed = fclose(stream) == 0;
    if (!written) {
        EXPECT(!closed && errno == lost);
        return false;
    }
    if (!closed)
        return false;
    EXPECT(has_content(target, publication->new));
    turns_pause();
    EXPECT(mode_of(target) == publication->permissions);
    turns_resume();
    return true;
}

/* Whether a link of /proc leads nowhere, as there is no /proc. */
static bool is_hidden(const char *path)
{
    return path == proc_link && faults.no_proc;
}

static bool publish_at(const char *path)
{
    FILE *stream = filelike_atomic(path, publication->mode, &publication->options);
    if (stream != NULL && publish(stream))
        return true;
    if (publication->mode[1] == 'x' && is_impossible(FILELIKE_NOREPLACE) &&
        errno == ENOTSUP)
        return has_content(target, publication->old);
    if (is_hidden(path) && errno == ENOENT)
        return has_content(target, publication->old);
    (void) told();
    check_target(publication->old, publication->new);
    return false;
}

static bool publishing(const struct kind *kind)
{
    (void) kind;
    int file = prepare_target();
    bool worked = publish_at(publication->path != NULL ? publication->path : target);
    turns_pause();
    EXPECT(file == -1 || close(file) == 0);
    turns_resume();
    return worked;
}

/* The file keeps the mode that it was made with. */
static bool publishing_where_modes_stay(const struct kind *kind)
{
    (void) kind;
    turns_pause();
    make_file(target, "old");
    turns_resume();
    faults.mode = EPERM;
    FILE *stream = filelike_atomic(target, "w", NULL);
    bool worked = stream != NULL && fputs("new", stream) >= 0;
    if (stream != NULL && fclose(stream) != 0)
        worked = false;
    faults.mode = 0;
    if (!worked)
        (void) told();
    EXPECT(!worked || has_content(target, "new"));
    check_target(worked ? "new" : "old", "new");
    return worked;
}

static bool discarding_the_new(const struct kind *kind)
{
    (void) kind;
    put_old();
    FILE *stream = filelike_atomic(target, "w", NULL);
    if (stream == NULL)
        return told();
    EXPECT(fputs("new", stream) >= 0);
    EXPECT(filelike_discard(stream) == 0);
    EXPECT(fclose(stream) == 0);
    EXPECT(has_content(target, "old"));
    return true;
}

/* ---- Without a kind ------------------------------------------------------------------
 */

static bool spending_a_budget(const struct kind *kind)
{
    filelike_budget *budget = filelike_budget_new(100);
    struct filelike_options options = {.budget = budget};
    FILE *stream = filelike_memory("w+", &options);
    if (stream == NULL) {
        filelike_budget_free(budget);
        return told();
    }
    EXPECT(fputs(text, stream) >= 0 && fflush(stream) == 0);
    bool worked = filelike_fileno(stream) != -1 || told();
    EXPECT(holds(stream, text, TEXT_SIZE));
    EXPECT(fclose(stream) == 0);
    EXPECT(filelike_budget_used(budget) == 0);
    filelike_budget_free(budget);
    (void) kind;
    return worked;
}

static bool opening_by_path(const struct kind *kind)
{
    (void) kind;
    static const char *const paths[] = {
        "memory:", "memory:name", "spooled:", "temporary:", "atomic:target"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        FILE *stream = filelike_fopen(paths[i], "w");
        bool opened = stream != NULL;
        bool closed = opened && fclose(stream) == 0;
        int error = errno;
        if (opened && strcmp(paths[i], "memory:name") == 0)
            EXPECT(filelike_remove(paths[i]) == 0);
        errno = error;
        if (!closed)
            return told();
    }
    return filelike_remove(target) == 0 || told();
}

static bool renaming_by_path(const struct kind *kind)
{
    (void) kind;
    turns_pause();
    make_file(target, text);
    turns_resume();
    bool worked = filelike_rename(target, "second") == 0 || told();
    EXPECT(has_content(worked ? "second" : target, text));
    EXPECT(has_content(worked ? target : "second", NULL));
    return worked;
}

/* A file without blocks may be one whose size the kernel does not tell. */
static bool sizing_nothing(const struct kind *kind)
{
    (void) kind;
    turns_pause();
    FILE *stream = fopen(target, "w+e");
    turns_resume();
    int64_t size = filelike_size(stream);
    bool worked = size == 0 || told();
    EXPECT(size == 0 || size == -1);
    EXPECT(fclose(stream) == 0);
    return worked;
}

/* The second stream has the same permissions. */
static bool reopening_with_permissions(const struct kind *kind)
{
    struct filelike_options options = {.permissions = 0640};
    FILE *stream = filelike_temporary("w+", &options);
    if (stream == NULL)
        return told();
    FILE *second = filelike_reopen(stream, "r");
    bool is_well = second != NULL ? close_stream(kind, second) : told();
    return close_stream(kind, stream) && is_well;
}

/* ---- Operations without positions ----------------------------------------------------
 */

static struct backing in_order;

/* Closes STREAM, whose context hears of LOST. */
static bool close_in_order(FILE *stream, int lost)
{
    bool worked = fclose(stream) == 0;
    EXPECT(in_order.lost == lost && in_order.calls[BACKING_CLOSE] == 1);
    EXPECT(lost == 0 || (!worked && errno == lost));
    return worked || told();
}

static bool write_in_order(FILE *stream)
{
    if (fputs(text, stream) >= 0 && fflush(stream) == 0)
        return close_in_order(stream, 0) &&
               EXPECT(in_order.size == TEXT_SIZE &&
                      memcmp(in_order.bytes, text, TEXT_SIZE) == 0);
    (void) told();
    EXPECT(filelike_error(stream) == told_error());
    return close_in_order(stream, told_error());
}

static bool writing_in_order(const struct kind *kind)
{
    (void) kind;
    backing_init(&in_order, 0, "", 0);
    FILE *stream = filelike_custom(&in_order, &backing_in_order, "w", NULL);
    bool worked = stream != NULL ? write_in_order(stream) : told();
    backing_finish(&in_order);
    return worked;
}

/* The stream goes on where it failed. Nothing was lost. */
static bool read_in_order(FILE *stream)
{
    char read[TEXT_SIZE + 1];
    size_t count = fread(read, 1, sizeof read, stream);
    bool worked = ferror(stream) == 0;
    if (!worked) {
        (void) told();
        EXPECT(filelike_error(stream) == told_error());
        clearerr(stream);
        count += fread(read + count, 1, sizeof read - count, stream);
    }
    EXPECT(count == TEXT_SIZE && memcmp(read, text, TEXT_SIZE) == 0 && feof(stream));
    return close_in_order(stream, 0) && worked;
}

static bool reading_in_order(const struct kind *kind)
{
    (void) kind;
    backing_init(&in_order, 0, text, TEXT_SIZE);
    FILE *stream = filelike_custom(&in_order, &backing_in_order, "r", NULL);
    bool worked = stream != NULL ? read_in_order(stream) : told();
    backing_finish(&in_order);
    return worked;
}

/* ---- What is left behind -------------------------------------------------------------
 */

enum { MOST_DESCRIPTORS = 64, MOST_KEPT = 2 };

struct outside {
    uint64_t descriptors; /* a bit for each */
    size_t blocks;
    size_t mappings;
};

/* The state before the faults. */
static struct outside usual;

static uint64_t open_descriptors(void)
{
    struct pollfd all[MOST_DESCRIPTORS];
    uint64_t open = 0;
    for (int i = 0; i < MOST_DESCRIPTORS; i++)
        all[i] = (struct pollfd){.fd = i};
    EXPECT(poll(all, MOST_DESCRIPTORS, 0) != -1);
    for (int i = 0; i < MOST_DESCRIPTORS; i++) {
        if ((all[i].revents & POLLNVAL) == 0)
            open |= UINT64_C(1) << i;
    }
    return open;
}

static struct outside look_outside(void)
{
    return (struct outside){open_descriptors(), heap_live(), mappings_live()};
}

/* Each call on a stream of the C library's also checks the record of another one, so
 * many calls check all of them. */
static void look_after_all(void)
{
    enum { ENOUGH = 4 * MOST_DESCRIPTORS };
    FILE *stream = tmpfile();
    for (size_t i = 0; i < ENOUGH; i++)
        EXPECT(filelike_size(stream) == 0);
    EXPECT(fclose(stream) == 0);
}

/* The library keeps a record of each stream of the C library's until it sees another
 * one. KEPT records may remain. */
static void check_outside(size_t kept)
{
    if (is_told_by_disk())
        look_after_all();
    struct outside after = look_outside();
    EXPECT(after.descriptors == usual.descriptors);
    EXPECT(after.blocks <= usual.blocks + kept);
    EXPECT(after.mappings <= usual.mappings + kept);
}

static bool refuses_removals(void)
{
    return turns_call() == FAULT_UNLINKAT || turns_call() == FAULT_FSTATAT;
}

/* The library tries again to remove a name when the next name is made, and at the end of
 * the process. Nothing is kept for the name afterwards. */
static void try_removals_again(void)
{
    enum { MOST_LEFT = 4 };
    struct faults world = faults;
    faults = (struct faults){0};
    filelike_cleanup();
    for (size_t i = 0; i < MOST_LEFT; i++) {
        FILE *stream = filelike_named("w", NULL);
        EXPECT(stream != NULL && fclose(stream) == 0);
    }
    faults = world;
}

/* NAMES have no spaces. */
static void remove_entries(const char *names)
{
    char *rest = strdup(names);
    for (char *name = strtok(rest, " "); name != NULL; name = strtok(NULL, " "))
        EXPECT(unlink(name) == 0);
    free(rest);
}

static void check_directory(void)
{
    remove_targets();
    if (turns_failure() != NULL && refuses_removals())
        try_removals_again();
    const char *names = entries(".");
    if (!EXPECT(names[0] == '\0'))
        (void) fprintf(stderr, "... stays: %s\n", names);
    remove_entries(names);
}

/* ---- Each fault in turn --------------------------------------------------------------
 */

typedef bool scenario(const struct kind *kind);

/* No scenario makes so many calls. A scenario that reaches this number does not end. */
enum { MOST_CALLS = 1000 };

static void check_result(bool worked, bool lasting)
{
    const struct failure *failure = turns_failure();
    EXPECT(worked || failure != NULL);
    if (failure == NULL)
        return;
    if (failure->debt == UNSEEN)
        EXPECT(worked);
    if (failure->debt == MUST_TELL && lasting)
        EXPECT(!worked);
}

static void run_once(
    scenario *run, const struct kind *kind, size_t number, size_t index, bool lasting)
{
    int failures = expect_failures;
    turns_arm(number, index, lasting);
    bool worked = run(kind);
    turns_stop();
    check_result(worked, lasting);
    check_directory();
    check_outside(MOST_KEPT);
    if (expect_failures > failures)
        (void) fprintf(stderr, "... %s: %s\n", expect_subject, turns_text());
}

/* Whether the scenario makes a call with this NUMBER. All failures of that call have
 * been tried then. */
static bool run_turn(scenario *run, const struct kind *kind, size_t number)
{
    size_t index = 0;
    do {
        run_once(run, kind, number, index, false);
        if (turns_failure() == NULL)
            return index > 0;
        if (turns_failure()->fault == FAULT_FAILS && turns_failure()->fails_then)
            run_once(run, kind, number, index, true);
    } while (turns_have(++index));
    return true;
}

static void run_untouched(scenario *run, const struct kind *kind)
{
    turns_arm(0, 0, false);
    EXPECT(run(kind));
    turns_stop();
    check_directory();
}

/* The library keeps a record of a stream of the C library's by the number of its
 * descriptor. A fault may have changed that number. */
static size_t may_be_kept(const struct kind *kind)
{
    return kind == NULL || kind_has(kind, KIND_WATCHED) ? 0 : MOST_KEPT;
}

/* The first run makes everything that the library makes once and keeps, so the runs with
 * faults may leave nothing. */
static void run_each_turn(scenario *run, const struct kind *kind)
{
    size_t number = 1;
    run_untouched(run, kind);
    usual = look_outside();
    while (run_turn(run, kind, number) && number < MOST_CALLS)
        number++;
    EXPECT(number < MOST_CALLS);
    run_untouched(run, kind);
}

/* The library's registry has a part for each range of addresses, and musl's malloc may
 * come to a new range at any moment. Such growth does not come again; a leak does. */
static void run_turns(scenario *run, const struct kind *kind)
{
    enum { TRIES = 3 };
    size_t kept = may_be_kept(kind);
    run_each_turn(run, kind);
    for (int i = 1; i < TRIES && heap_live() > usual.blocks + kept; i++)
        run_each_turn(run, kind);
    check_outside(kept);
}

/* ---- Worlds --------------------------------------------------------------------------
 */

/* A world is a system on which some calls always fail. The library takes other ways
 * there. */
static const struct world {
    const char *name;
    struct faults faults;
    enum fault_call missed; /* a scenario without this call has run already */
} worlds[] = {
    {", no O_TMPFILE", {.tmpfile = EOPNOTSUPP}, FAULT_CREATE},
    {", no /proc", {.no_proc = true}, FAULT_OPEN},
    {", no directory to list", {.no_listing = true}, FAULT_OPEN},
    {", on tmpfs", {.tmpfs = true}, FAULT_FSTATFS},
    {", no links", {.link = EPERM}, FAULT_LINKAT},
#ifdef SYS_statx
    {", no statx", {.status = ENOSYS}, FAULT_STATX},
#endif
    {", no RWF_APPEND", {.append = ENOSYS}, FAULT_PWRITEV2},
    {", no RENAME_NOREPLACE", {.tmpfile = EOPNOTSUPP, .rename_new = EINVAL},
        FAULT_RENAMEAT2},
    {", no RENAME_NOREPLACE nor links",
        {.tmpfile = EOPNOTSUPP, .rename_new = EINVAL, .link = EPERM}, FAULT_RENAMEAT2},
};

static char subject[200];

static void say_subject(const char *name, const struct kind *kind, const char *world)
{
    (void) snprintf(subject, sizeof subject, "%s, %s%s", name, kind->name, world);
}

static void run_in_world(
    const struct world *world, scenario *run, const struct kind *kind)
{
    unsigned met = faults_met(world->missed);
    faults = world->faults;
    faults.interrupts = true;
    run_untouched(run, kind);
    faults.interrupts = false;
    run_untouched(run, kind);
    if (faults_met(world->missed) > met)
        run_turns(run, kind);
    faults = (struct faults){0};
}

/* Every other call is interrupted, and each transfer moves few bytes. */
static void run_interrupted(const char *name, scenario *run, const struct kind *kind)
{
    say_subject(name, kind, ", interrupted");
    faults = (struct faults){.interrupts = true};
    run_untouched(run, kind);
    faults = (struct faults){0};
}

static void run_in_worlds(const char *name, scenario *run, const struct kind *kind)
{
    run_interrupted(name, run, kind);
    say_subject(name, kind, "");
    run_turns(run, kind);
    for (size_t i = 0; i < COUNT(worlds); i++) {
        say_subject(name, kind, worlds[i].name);
        run_in_world(&worlds[i], run, kind);
    }
}

/* The size of a buffer and locks change no system call of a memory stream, so one kind
 * of it is enough. */
static bool makes_calls_of_its_own(const struct kind *kind)
{
    return kind == kinds || kind->open != kinds->open;
}

/* Runs over the kinds that can be written and have none of the properties WITHOUT. */
static void run_over_kinds(const char *name, scenario *run, unsigned without)
{
    for (size_t i = 0; i < kind_count; i++) {
        if (makes_calls_of_its_own(&kinds[i]) &&
            (kinds[i].properties & (without | KIND_ONLY_READS)) == 0)
            run_in_worlds(name, run, &kinds[i]);
    }
}

/* ---- All scenarios -------------------------------------------------------------------
 */

struct row {
    const char *name;
    scenario *run;
};

static const struct row of_kinds[] = {
    {"opening", opening},
    {"opening in a directory", opening_in_a_directory},
    {"growing", growing},
    {"appending", appending},
    {"growing over a gap", growing_over_a_gap},
    {"overwriting", overwriting},
    {"closing", closing},
    {"reading", reading},
    {"persisting for the owner alone", persisting_private},
};

static const struct row of_none[] = {
    {"keeping", keeping},
    {"discarding", discarding},
    {"keeping after a loss", keeping_after_a_loss},
    {"keeping what is discarded", keeping_what_is_discarded},
    {"cleaning up", cleaning_up},
    {"staying at its name", staying_at_its_name},
    {"staying at another name", staying_at_another_name},
    {"publishing where modes stay", publishing_where_modes_stay},
    {"discarding the new", discarding_the_new},
    {"asking for the size of nothing", sizing_nothing},
    {"spending a budget", spending_a_budget},
    {"opening by path", opening_by_path},
    {"renaming by path", renaming_by_path},
    {"reopening with permissions", reopening_with_permissions},
    {"writing in order", writing_in_order},
    {"reading in order", reading_in_order},
};

static void run_all(void)
{
    static const struct kind none = {.name = "-"};
    for (size_t i = 0; i < COUNT(of_kinds); i++)
        run_over_kinds(of_kinds[i].name, of_kinds[i].run, 0);
    for (size_t i = 0; i < COUNT(acts); i++) {
        act_now = acts[i].act;
        run_over_kinds(acts[i].name, acting, acts[i].moves ? KIND_BOUND : 0);
    }
    for (size_t i = 0; i < COUNT(publications); i++) {
        publication = &publications[i];
        run_in_worlds("publishing", publishing, &none);
    }
    for (size_t i = 0; i < COUNT(of_none); i++)
        run_in_worlds(of_none[i].name, of_none[i].run, &none);
}

/* Each call must be reached by a scenario, or nothing is known of its failure. */
static void check_all_struck(void)
{
    const char *name;
    while ((name = turns_never_struck()) != NULL) {
        if (geteuid() != 0 && strcmp(name, "fchown") == 0)
            continue;
        expect_subject = name;
        (void) expect(false, __FILE__, __LINE__, "struck by a scenario");
    }
}

/* ---- Where the library has done nothing yet ------------------------------------------
 */

enum { CHILD_WAS_UNTOUCHED = 2, CHILD_MET_THE_LAST = 3 };

static int open_in_child(const struct kind *kind, size_t number, size_t index)
{
    expect_failures = 0;
    turns_arm(number, index, false);
    check_result(opening(kind), false);
    turns_stop();
    check_directory();
    if (expect_failures > 0)
        return EXIT_FAILURE;
    if (turns_failure() == NULL)
        return CHILD_WAS_UNTOUCHED;
    return turns_have(index + 1) ? EXIT_SUCCESS : CHILD_MET_THE_LAST;
}

static int open_cold(const struct kind *kind, size_t number, size_t index)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        exit(open_in_child(kind, number, index));
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
    EXPECT(WEXITSTATUS(status) != EXIT_FAILURE);
    return WEXITSTATUS(status);
}

/* The things that the library makes once can fail, too. So each try has a new process. */
static void run_cold(const struct kind *kind)
{
    expect_subject = "opening the first stream";
    for (size_t number = 1; number < MOST_CALLS; number++) {
        int status = EXIT_SUCCESS;
        for (size_t index = 0; status == EXIT_SUCCESS; index++)
            status = open_cold(kind, number, index);
        if (status != CHILD_MET_THE_LAST)
            return;
    }
    (void) expect(false, __FILE__, __LINE__, "an end");
}

/* ---- Memory too ----------------------------------------------------------------------
 */

struct shortage {
    const struct world *world;
    scenario *run;
    const struct kind *kind;
    size_t number; /* of the allocation that fails */
};

static int meet_shortage(void *context)
{
    const struct shortage *shortage = context;
    expect_failures = 0;
    faults = shortage->world->faults;
    heap_fail(shortage->number, false);
    bool worked = shortage->run(shortage->kind);
    heap_allow();
    faults = (struct faults){0};
    EXPECT(worked || heap_has_failed());
    check_directory();
    if (expect_failures > 0)
        return EXIT_FAILURE;
    return heap_has_failed() ? EXIT_SUCCESS : CHILD_WAS_UNTOUCHED;
}

/* The things that the library keeps for its other ways. */
static void run_short(scenario *run, const char *name)
{
    for (size_t i = 0; i < COUNT(worlds); i++) {
        struct shortage shortage = {&worlds[i], run, &kinds[0], 0};
        say_subject(name, shortage.kind, worlds[i].name);
        int status = EXIT_SUCCESS;
        while (status == EXIT_SUCCESS && ++shortage.number < MOST_CALLS)
            status = in_child(meet_shortage, &shortage);
        EXPECT(status == CHILD_WAS_UNTOUCHED);
    }
}

static void run_without_memory(void)
{
    expect_subject = subject;
    run_short(opening_by_path, "opening by path");
    act_now = rolling_over;
    run_short(acting, "rolling over");
    act_now = persisting_new;
    run_short(acting, "persisting where nothing was");
    act_now = taking_a_section;
    run_short(acting, "taking a section");
}

/* ---- Two faults in one append --------------------------------------------------------
 */

static enum fault_call first_call;
static enum fault_call second_call;
static int second_error;
static enum fault_call other_call; /* before it another writer appends */
static const char *appended_to;    /* its path; NULL: no other writer */

static void append_other(void)
{
    int other = open(appended_to, O_WRONLY | O_APPEND | O_CLOEXEC);
    EXPECT(pwrite(other, "other", 5, 0) == 5 && close(other) == 0);
}

/* The kernel takes a part of the append. Another writer may append before the library
 * writes the rest. */
static enum fault strike_append(enum fault_call call)
{
    static bool is_cut;
    if (!is_cut && call == first_call) {
        is_cut = true;
        return FAULT_SHORT;
    }
    if (is_cut && call == other_call && appended_to != NULL) {
        faults.strike = NULL;
        append_other();
        faults.strike = strike_append;
        appended_to = NULL;
    }
    if (!is_cut || call != second_call)
        return FAULT_NONE;
    is_cut = false;
    faults.strike = NULL;
    errno = second_error;
    return second_error != 0 ? FAULT_FAILS : FAULT_NONE;
}

static FILE *open_to_append(bool reopened)
{
    struct filelike_options options = {.permissions = 0600};
    FILE *first = filelike_named(reopened ? "w" : "a", &options);
    FILE *stream = reopened ? filelike_reopen(first, "a") : first;
    EXPECT(stream == first || fclose(first) == 0);
    return stream;
}

/* The content then starts with EXPECTED. */
static void append_cut(bool reopened, bool beside_another, const char *expected)
{
    size_t size;
    FILE *stream = open_to_append(reopened);
    EXPECT(fputs(text, stream) >= 0 && fflush(stream) == 0);
    appended_to = beside_another ? filelike_path(stream) : NULL;
    EXPECT(fputs("abcd", stream) >= 0);
    faults.strike = strike_append;
    EXPECT(fflush(stream) == (second_error != 0 ? EOF : 0) &&
           (second_error == 0 || errno == second_error));
    EXPECT(faults.strike == NULL);
    const char *view = filelike_view(stream, &size);
    EXPECT(size >= strlen(expected) && memcmp(view, expected, strlen(expected)) == 0);
    EXPECT(filelike_error(stream) == second_error);
    if (second_error == 0)
        EXPECT(fclose(stream) == 0);
    else
        EXPECT_FAILS(fclose(stream), EOF, second_error);
}

/* The kernel finds the end of the file. A kernel without RWF_APPEND does not, so the
 * library asks for the end. */
static void cut_appends_by(enum fault_call call)
{
    expect_subject = "an append that is cut, and whose end cannot be asked for";
    first_call = call;
    second_call = other_call = FAULT_SIZE;
    second_error = EIO;
    append_cut(true, false, text);
    expect_subject = "an append that is cut, beside another";
    second_call = FAULT_PWRITE;
    second_error = ENOSPC;
    append_cut(true, true, "0123456789abother");
    expect_subject = "an append that is cut behind another";
    other_call = FAULT_PWRITE;
    append_cut(true, true, "0123456789abother");
    expect_subject = "an append in two parts, with another's between them";
    second_call = other_call = FAULT_SIZE;
    second_error = 0;
    append_cut(true, true, "0123456789abothercd");
}

#ifdef SYS_pwritev2
static bool kernel_appends(void)
{
    struct iovec nothing = {NULL, 0};
    return syscall(SYS_pwritev2, -1, &nothing, 1, 0L, 0L, 0) == -1 && errno != ENOSYS;
}
#endif

static void cut_appends(void)
{
#ifdef SYS_pwritev2
    if (kernel_appends())
        cut_appends_by(FAULT_PWRITEV2);
    else
        say_skipped("appends in one step", "the kernel has no pwritev2");
#endif
    faults.append = ENOSYS;
    cut_appends_by(FAULT_PWRITE);
    faults.append = 0;
    expect_subject = "an append to a descriptor that is cut, beside another";
    first_call = second_call = other_call = FAULT_WRITE;
    second_error = ENOSPC;
    append_cut(false, true, "0123456789abother");
}

/* ---- A filesystem that stores late ---------------------------------------------------
 */

static enum fault fail_to_close(enum fault_call call)
{
    if (call != FAULT_CLOSE)
        return FAULT_NONE;
    errno = EDQUOT;
    return FAULT_FAILS;
}

/* FILELIKE_NOSYNC does not wait for the disk. But close may still report a failure, and
 * fclose must pass it on before the file is put in place. */
static void store_late(void)
{
    struct filelike_options options = {.flags = FILELIKE_NOSYNC};
    expect_subject = "writes that closing tells of";
    FILE *stream = filelike_atomic(target, "w", &options);
    EXPECT(stream != NULL && fputs("new", stream) >= 0);
    faults.strike = fail_to_close;
    EXPECT_FAILS(fclose(stream), EOF, EDQUOT);
    faults.strike = NULL;
    EXPECT(access(target, F_OK) == -1);
    check_directory();
}

/* Closes STREAM, whose file at PATH stays. */
static void close_late(FILE *stream, const char *path)
{
    EXPECT(fputs("new", stream) >= 0 && fflush(stream) == 0);
    faults.strike = fail_to_close;
    EXPECT_FAILS(fclose(stream), EOF, EDQUOT);
    faults.strike = NULL;
    EXPECT(has_content(path, "new") && unlink(path) == 0);
    check_directory();
}

static void keep_late(void)
{
    expect_subject = "a kept file whose closing tells";
    FILE *stream = filelike_named("w", NULL);
    EXPECT(filelike_keep(stream) == 0);
    char *path = name_of(stream);
    close_late(stream, path);
    free(path);
}

static void persist_late(void)
{
    expect_subject = "a persisted file whose closing tells";
    FILE *stream = filelike_named("w", NULL);
    EXPECT(filelike_persist(stream, target, FILELIKE_NOSYNC) == 0);
    close_late(stream, target);
}

/* ---- All -----------------------------------------------------------------------------
 */

/* A failed scenario may use other descriptors and keep more files at a time. So all of
 * them are used once before anything is counted. */
static void warm_up(void)
{
    enum { MANY = 24 };
    FILE *streams[2 * MANY];
    for (size_t i = 0; i < MANY; i++) {
        streams[i] = tmpfile();
        EXPECT(filelike_size(streams[i]) == 0);
        streams[MANY + i] = filelike_named("w+", NULL);
    }
    for (size_t i = 0; i < COUNT(streams); i++)
        EXPECT(fclose(streams[i]) == 0);
}

/* Very many files are made. A real disk would be too slow. */
static void use_memory_for_files(void)
{
    static const char directory[] = "/dev/shm";
    if (getenv("TMPDIR") == NULL && access(directory, W_OK | X_OK) == 0)
        EXPECT(setenv("TMPDIR", directory, 1) == 0);
}

int main(void)
{
    if (!heap_is_wrapped())
        return SKIPPED;
    use_memory_for_files();
    scratch_enter();
    run_without_memory();
    run_cold(&kinds[0]);
    cut_appends();
    store_late();
    keep_late();
    persist_late();
    expect_subject = subject;
    warm_up();
    run_all();
    check_all_struck();
    scratch_leave();
    return expect_status();
}
