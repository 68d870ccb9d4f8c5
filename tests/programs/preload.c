/* Stands before fopen and its kin in programs that know nothing of this library, and
 * opens their data files as its streams. For LD_PRELOAD; run.sh says which programs.
 *
 * PROGRAMS_WAY says how: memory, spooled, atomic or names.
 * PROGRAMS_DIR is the directory of the data files; all others are left to the C library.
 * PROGRAMS_LOG is a file that gets a line for each stream opened so, and for each failure
 *              of the library, which ends the program.
 *
 * The bytes of a stream come from the file when it is opened, and go back to it when the
 * stream is flushed, closed, or left to exit: through a second stream on the same bytes
 * and a descriptor of the file. */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS /* fopen and fopen64 are two functions here */

#include "filelike.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPOOLED_BYTES = 64, TEXT_ROOM = 8192 };

FILE *filelike_freopen(const char *path, const char *mode, FILE *stream);

/* ---- The C library's own -------------------------------------------------------------
 */

static struct {
    FILE *(*fopen)(const char *, const char *);
    FILE *(*fdopen)(int, const char *);
    FILE *(*freopen)(const char *, const char *, FILE *);
    FILE *(*tmpfile)(void);
    int (*fclose)(FILE *);
    int (*fflush)(FILE *);
    int (*fileno)(FILE *);
} real;

static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

static void find_real(void)
{
    find(&real.fopen, "fopen");
    find(&real.fdopen, "fdopen");
    find(&real.freopen, "freopen");
    find(&real.tmpfile, "tmpfile");
    find(&real.fclose, "fclose");
    find(&real.fflush, "fflush");
    find(&real.fileno, "fileno");
}

/* What the library itself calls, below us, is the C library's. */
static _Thread_local bool inside;

static bool enter(void)
{
    if (real.fileno == NULL)
        find_real();
    bool was_outside = !inside;
    inside = true;
    return was_outside;
}

/* ---- What is told --------------------------------------------------------------------
 */

static void tell(const char *event, const char *detail)
{
    const char *log = getenv("PROGRAMS_LOG");
    int descriptor =
        log != NULL ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (descriptor == -1)
        return;
    (void) dprintf(descriptor, "%s %s %s: %s\n", event, getenv("PROGRAMS_WAY"),
        program_invocation_short_name, detail);
    (void) close(descriptor);
}

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    char text[TEXT_ROOM];
    (void) snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    tell("FAILED", text);
    abort();
}

/* ---- Ways to open --------------------------------------------------------------------
 */

struct content {
    char *bytes; /* allocated */
    size_t size;
};

/* Streams on a copy of CONTENT. MODE is r, w or a, and perhaps a +. The second stream
 * goes to KEEP: it reads the same bytes when the first one is closed. */
struct way {
    const char *name;
    FILE *(*open)(const struct content *content, const char *mode, FILE **keep);
    FILE *(*temporary)(void);
    int (*fileno)(FILE *stream);
};

static void fill(FILE *stream, const struct content *content)
{
    require(fwrite(content->bytes, 1, content->size, stream) == content->size, "fill");
    require(fflush(stream) == 0, "fill: fflush");
}

static FILE *open_memory(const struct content *content, const char *mode, FILE **keep)
{
    void *copy = malloc(content->size + 1);
    require(copy != NULL, "malloc");
    memcpy(copy, content->bytes, content->size);
    FILE *stream = filelike_adopt(copy, content->size, mode, NULL);
    require(stream != NULL, "filelike_adopt");
    *keep = filelike_reopen(stream, "r");
    return stream;
}

static FILE *open_spooled(const struct content *content, const char *mode, FILE **keep)
{
    struct filelike_options options = {.memory_limit = SPOOLED_BYTES};
    bool only_reads = strcmp(mode, "r") == 0;
    FILE *stream = filelike_spooled(*mode == 'r' ? "w+" : mode, &options);
    require(stream != NULL, "filelike_spooled");
    if (*mode != 'w')
        fill(stream, content);
    if (*mode == 'r' || strcmp(mode, "a+") == 0)
        rewind(stream);
    *keep = filelike_reopen(stream, "r");
    if (!only_reads)
        return stream;
    FILE *reader = filelike_reopen(stream, "r");
    require(fclose(stream) == 0, "fclose of the one that was reopened");
    return reader;
}

static FILE *open_name(const struct content *content, const char *mode, FILE **keep)
{
    static unsigned count;
    char name[64];
    (void) snprintf(
        name, sizeof name, "memory:%u", __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED));
    FILE *first = filelike_fopen(name, "w");
    require(first != NULL, "filelike_fopen, w");
    fill(first, content);
    require(fclose(first) == 0, "fclose of the one that made a name");
    FILE *stream = filelike_fopen(name, mode);
    *keep = filelike_fopen(name, "r");
    require(filelike_remove(name) == 0, "filelike_remove");
    return stream;
}

static FILE *temporary_memory(void)
{
    return filelike_memory("w+", NULL);
}

static FILE *temporary_spooled(void)
{
    struct filelike_options options = {.memory_limit = SPOOLED_BYTES};
    return filelike_spooled("w+", &options);
}

/* A limit, so that the library watches it. */
static FILE *temporary_watched(void)
{
    struct filelike_options options = {.size_limit = INT64_MAX};
    return filelike_temporary("w+", &options);
}

static FILE *temporary_name(void)
{
    return filelike_fopen("memory:", "w+");
}

static int plain_fileno(FILE *stream)
{
    return real.fileno(stream);
}

/* That of atomic opens no content: see open_atomic. */
static const struct way ways[] = {
    {"memory", open_memory, temporary_memory, filelike_fileno},
    {"spooled", open_spooled, temporary_spooled, filelike_fileno},
    {"atomic", NULL, temporary_watched, filelike_fileno},
    {"names", open_name, temporary_name, plain_fileno},
};

static const struct way *way_asked_for(void)
{
    const char *name = getenv("PROGRAMS_WAY");
    for (size_t i = 0; name != NULL && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(name, ways[i].name) == 0)
            return &ways[i];
    }
    require(false, "PROGRAMS_WAY");
    return NULL;
}

/* ---- Files ---------------------------------------------------------------------------
 */

/* A regular file in the directory of the data, by its descriptor. */
static bool is_data(int descriptor)
{
    struct stat status;
    const char *directory = getenv("PROGRAMS_DIR");
    if (directory == NULL || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    char link[64], path[TEXT_ROOM];
    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    size_t prefix = strlen(directory);
    return length > (ssize_t) prefix && strncmp(path, directory, prefix) == 0 &&
           path[prefix] == '/';
}

static int open_again(int descriptor, int flags)
{
    char link[64];
    (void) snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int file = open(link, flags | O_CLOEXEC);
    require(file != -1, "opening a data file again");
    return file;
}

/* The file's, whatever DESCRIPTOR may do with it. */
static struct content read_content(int descriptor)
{
    struct stat status;
    int file = open_again(descriptor, O_RDONLY);
    require(fstat(file, &status) == 0, "fstat");
    struct content content = {malloc((size_t) status.st_size + 1), 0};
    require(content.bytes != NULL, "malloc");
    ssize_t got;
    while ((got = read(file, content.bytes + content.size,
                (size_t) status.st_size - content.size)) > 0)
        content.size += (size_t) got;
    require(got == 0, "reading a data file");
    (void) close(file);
    return content;
}

static void write_content(int descriptor, const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(descriptor, bytes + done, size - done, (off_t) done);
        require(put > 0, "writing a data file");
        done += (size_t) put;
    }
    require(ftruncate(descriptor, (off_t) size) == 0, "truncating a data file");
}

/* Programs set those of a descriptor, too. */
static void copy_owner_and_mode(int from, int to)
{
    struct stat status;
    require(fstat(from, &status) == 0 && fchown(to, status.st_uid, status.st_gid) == 0 &&
                fchmod(to, status.st_mode & 07777) == 0,
        "owner and mode");
}

/* ---- Open streams --------------------------------------------------------------------
 */

struct data {
    FILE *stream;
    FILE *keep;     /* a second stream on the same bytes; NULL: nothing goes back */
    int descriptor; /* of the file, -1: none */
    int theirs;     /* the one that was given to fdopen, or -1 */
    int shown;      /* what fileno has answered, or -1 */
    pid_t owner;
    struct data *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct data *all;

static void add(FILE *stream, FILE *keep, int descriptor, int theirs)
{
    struct data *data = malloc(sizeof *data);
    require(data != NULL, "malloc");
    *data = (struct data){stream, keep, descriptor, theirs, -1, getpid(), NULL};
    (void) pthread_mutex_lock(&lock);
    data->next = all;
    all = data;
    (void) pthread_mutex_unlock(&lock);
}

static struct data *find_data(const FILE *stream)
{
    (void) pthread_mutex_lock(&lock);
    struct data *data = all;
    while (data != NULL && data->stream != stream)
        data = data->next;
    (void) pthread_mutex_unlock(&lock);
    return data;
}

static void drop(struct data *data)
{
    (void) pthread_mutex_lock(&lock);
    struct data **at = &all;
    while (*at != data)
        at = &(*at)->next;
    *at = data->next;
    (void) pthread_mutex_unlock(&lock);
    free(data);
}

/* A child that was forked has no part in its parent's files. */
static void write_back(const struct data *data)
{
    int saved = errno;
    size_t size;
    if (data->keep != NULL && data->owner == getpid()) {
        const char *bytes = filelike_view(data->keep, &size);
        require(bytes != NULL, "filelike_view");
        write_content(data->descriptor, bytes, size);
        if (data->shown != -1)
            copy_owner_and_mode(data->shown, data->descriptor);
    }
    errno = saved;
}

static void write_back_all(void)
{
    (void) pthread_mutex_lock(&lock);
    for (const struct data *data = all; data != NULL; data = data->next)
        write_back(data);
    (void) pthread_mutex_unlock(&lock);
}

/* The bytes once more after it is closed, as there may be more then. */
static int finish(struct data *data)
{
    (void) real.fflush(data->stream);
    write_back(data);
    data->shown = -1;
    int status = real.fclose(data->stream);
    int saved = errno;
    write_back(data);
    if (data->keep != NULL)
        (void) real.fclose(data->keep);
    if (data->descriptor != -1)
        (void) close(data->descriptor);
    if (data->theirs != -1)
        (void) close(data->theirs);
    drop(data);
    errno = saved;
    return status;
}

/* ---- Opening -------------------------------------------------------------------------
 */

/* MODE without the letters that change nothing here. */
static const char *essence(const char *mode)
{
    static const char *const known[] = {"r", "w", "a", "r+", "w+", "a+"};
    size_t at = *mode == 'r' ? 0 : *mode == 'w' ? 1 : 2;
    size_t letters = strcspn(mode, ",");
    return known[at + (memchr(mode, '+', letters) != NULL ? 3 : 0)];
}

static bool writes(const char *mode)
{
    return strcmp(essence(mode), "r") != 0;
}

/* DESCRIPTOR becomes ours, and so does THEIRS, which the program may go on using. */
static FILE *open_data(
    const struct way *way, int descriptor, int theirs, const char *mode)
{
    struct content content = read_content(descriptor);
    FILE *keep = NULL, *stream = way->open(&content, essence(mode), &keep);
    require(stream != NULL && keep != NULL, "opening a stream");
    free(content.bytes);
    if (!writes(mode)) {
        (void) real.fclose(keep);
        keep = NULL;
    }
    add(stream, keep, descriptor, theirs);
    return stream;
}

/* The C library opens the file first: it makes, empties and refuses. */
static FILE *open_in_place_of(FILE *file, const char *mode)
{
    const struct way *way = way_asked_for();
    int saved = errno;
    if (way->open == NULL || !is_data(real.fileno(file)))
        return file;
    int descriptor = fcntl(real.fileno(file), F_DUPFD_CLOEXEC, 100);
    require(descriptor != -1, "fcntl");
    (void) real.fclose(file);
    /* pwrite would append. */
    (void) fcntl(descriptor, F_SETFL, 0);
    FILE *stream = open_data(way, descriptor, -1, mode);
    errno = saved;
    return stream;
}

/* The directory of PATH is that of the data, or below. */
static bool would_be_data(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return false;
    char directory[TEXT_ROOM];
    (void) snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        strcpy(directory, ".");
    else
        slash[slash == directory] = '\0';
    const char *data = getenv("PROGRAMS_DIR");
    char *full = realpath(directory, NULL);
    bool below = full != NULL && data != NULL && strncmp(full, data, strlen(data)) == 0;
    free(full);
    return below;
}

static FILE *open_atomic(const char *path, const char *mode)
{
    char name[TEXT_ROOM];
    int length = snprintf(name, sizeof name, "atomic:%s", path);
    require((size_t) length < sizeof name, "a long path");
    FILE *stream = filelike_fopen(name, mode);
    if (stream != NULL)
        add(stream, NULL, -1, -1);
    return stream;
}

static FILE *open_path(const char *path, const char *mode)
{
    int saved = errno;
    bool atomic = way_asked_for()->open == NULL && writes(mode) && would_be_data(path);
    errno = saved;
    if (atomic)
        return open_atomic(path, mode);
    FILE *file = real.fopen(path, mode);
    return file != NULL ? open_in_place_of(file, mode) : NULL;
}

static FILE *tell_of(FILE *stream, const char *how, const char *path, const char *mode)
{
    if (stream == NULL || find_data(stream) == NULL)
        return stream;
    int saved = errno;
    char text[TEXT_ROOM + 64];
    (void) snprintf(text, sizeof text, "%s %s %s", how, mode, path);
    tell("opened", text);
    errno = saved;
    return stream;
}

/* An empty file, one to append to, or one to read from its start. Other descriptors are
 * left to the C library. */
static bool can_stand_for(int descriptor, const char *mode)
{
    struct stat status;
    if (way_asked_for()->open == NULL || !is_data(descriptor) ||
        fstat(descriptor, &status) != 0)
        return false;
    return *mode == 'a' ||
           (lseek(descriptor, 0, SEEK_CUR) == 0 && (*mode == 'r' || status.st_size == 0));
}

/* A description of its own, as what is written back is not to be appended. */
static FILE *stand_for(int descriptor, const char *mode)
{
    int file = open_again(descriptor, writes(mode) ? O_RDWR : O_RDONLY);
    return open_data(way_asked_for(), file, descriptor, mode);
}

/* ---- What programs call --------------------------------------------------------------
 */

FILE *fopen(const char *path, const char *mode)
{
    if (!enter())
        return real.fopen(path, mode);
    FILE *stream = tell_of(open_path(path, mode), "fopen", path, mode);
    inside = false;
    return stream;
}

FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

FILE *fdopen(int descriptor, const char *mode)
{
    if (!enter())
        return real.fdopen(descriptor, mode);
    int saved = errno;
    bool ours = can_stand_for(descriptor, mode);
    errno = saved;
    FILE *stream = ours ? stand_for(descriptor, mode) : real.fdopen(descriptor, mode);
    tell_of(stream, "fdopen", "a descriptor", mode);
    inside = false;
    return stream;
}

/* Another stream is returned, as filelike_freopen does where it must. */
static FILE *reopen_data(struct data *data, const char *path, const char *mode)
{
    if (path == NULL) {
        errno = ENOTSUP;
        return NULL;
    }
    (void) finish(data);
    return open_path(path, mode);
}

FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    if (!enter())
        return real.freopen(path, mode, stream);
    struct data *data = find_data(stream);
    FILE *reopened =
        data != NULL ? reopen_data(data, path, mode) : real.freopen(path, mode, stream);
    tell_of(reopened, "freopen", path, mode);
    inside = false;
    return reopened;
}

FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
    return freopen(path, mode, stream);
}

/* The descriptor gets the file's owner and mode, as a program would find them. */
static int show(struct data *data)
{
    int descriptor = way_asked_for()->fileno(data->stream);
    require(descriptor != -1, "fileno");
    if (data->shown == -1 && data->descriptor != -1) {
        copy_owner_and_mode(data->descriptor, descriptor);
        data->shown = descriptor;
    }
    return descriptor;
}

FILE *tmpfile(void)
{
    if (!enter())
        return real.tmpfile();
    FILE *stream = way_asked_for()->temporary();
    require(stream != NULL, "a temporary stream");
    add(stream, NULL, -1, -1);
    tell_of(stream, "tmpfile", "", "w+");
    inside = false;
    return stream;
}

FILE *tmpfile64(void)
{
    return tmpfile();
}

int fclose(FILE *stream)
{
    if (!enter())
        return real.fclose(stream);
    struct data *data = find_data(stream);
    int status = data != NULL ? finish(data) : real.fclose(stream);
    inside = false;
    return status;
}

int fflush(FILE *stream)
{
    if (!enter())
        return real.fflush(stream);
    int status = real.fflush(stream);
    struct data *data = stream != NULL ? find_data(stream) : NULL;
    if (stream == NULL)
        write_back_all();
    else if (data != NULL)
        write_back(data);
    inside = false;
    return status;
}

int fflush_unlocked(FILE *stream)
{
    return fflush(stream);
}

int fileno(FILE *stream)
{
    if (!enter())
        return real.fileno(stream);
    struct data *data = find_data(stream);
    int descriptor = data != NULL ? show(data) : real.fileno(stream);
    inside = false;
    return descriptor;
}

int fileno_unlocked(FILE *stream)
{
    return fileno(stream);
}

/* Before the library's own end, as this one needs it. Published is what fopen's stream
 * would have written at exit. */
__attribute__((destructor)) static void finish_all(void)
{
    (void) enter();
    while (all != NULL)
        (void) finish(all);
}
