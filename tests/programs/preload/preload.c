/* Replaces fopen and its kin in programs that do not know this library, and opens their
 * data files as its streams. Use it with LD_PRELOAD; run.sh names the programs.
 *
 * PROGRAMS_WAY is memory, spooled, atomic or names. PROGRAMS_DIR is the directory of the
 * data files; the C library opens all other files. PROGRAMS_LOG is a file. It gets a
 * line for each stream that is opened, and for each failure of the library, which ends
 * the program.
 *
 * The bytes of a stream come from the file when it is opened. They go back when the
 * stream is flushed or closed, or at exit, through a second stream on the same bytes and
 * a descriptor of the file. */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS /* fopen and fopen64 are two functions here */

#include "filelike.h"

#include "data.h"
#include "real.h"
#include "way.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_ROOM = 1024, FIRST_DESCRIPTOR = 100 };

static FILE *tell_of(FILE *stream, const char *how, const char *path, const char *mode)
{
    if (stream != NULL && data_find(stream) != NULL) {
        char text[TEXT_ROOM];
        (void) snprintf(
            text, sizeof text, "%s %s %s", how, mode, path != NULL ? path : "");
        tell("opened", text);
    }
    return stream;
}

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

/* A stream for reading writes nothing back. */
static FILE *add(FILE *stream, FILE *keep, int descriptor, int theirs, const char *mode)
{
    require(stream != NULL && keep != NULL, "opening a stream");
    if (!writes(mode)) {
        (void) real.fclose(keep);
        keep = NULL;
    }
    data_add(stream, keep, descriptor, theirs);
    return stream;
}

/* Takes over DESCRIPTOR and THEIRS. The program may go on using THEIRS. */
static FILE *open_data(int descriptor, int theirs, const char *mode)
{
    struct content content = file_read(descriptor);
    FILE *keep = NULL, *stream = way_asked_for()->open(&content, essence(mode), &keep);
    free(content.bytes);
    return add(stream, keep, descriptor, theirs, mode);
}

/* The number is far above those that programs rely on. O_APPEND is removed, because
 * pwrite would append. */
static int own_descriptor(FILE *file)
{
    int descriptor = fcntl(real.fileno(file), F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    require(descriptor != -1 && fcntl(descriptor, F_SETFL, 0) == 0, "fcntl");
    return descriptor;
}

/* ---- By a path -----------------------------------------------------------------------
 */

/* The C library opens the file first, so it creates and truncates the file, and reports
 * errors. */
static FILE *open_in_place_of(FILE *file, const char *mode)
{
    if (file == NULL || way_asked_for()->open == NULL || !file_is_data(real.fileno(file)))
        return file;
    int descriptor = own_descriptor(file);
    (void) real.fclose(file);
    return open_data(descriptor, -1, mode);
}

static FILE *open_atomic(const char *path, const char *mode)
{
    char *name;
    require(asprintf(&name, "atomic:%s", path) != -1, "asprintf");
    FILE *stream = filelike_fopen(name, mode);
    int saved = errno;
    free(name);
    errno = saved;
    if (stream != NULL)
        data_add(stream, NULL, -1, -1);
    return stream;
}

/* As fopen does. errno is kept on success, too. */
static FILE *open_path(const char *path, const char *mode)
{
    int saved = errno;
    bool atomic =
        way_asked_for()->open == NULL && writes(mode) && file_would_be_data(path);
    errno = saved;
    FILE *stream =
        atomic ? open_atomic(path, mode) : open_in_place_of(real.fopen(path, mode), mode);
    if (stream != NULL)
        errno = saved;
    return stream;
}

/* ---- By a descriptor -----------------------------------------------------------------
 */

/* The file is empty, or is appended to, or is read from its start. The C library opens
 * other descriptors. */
static bool can_stand_for(int descriptor, const char *mode)
{
    struct stat status;
    if (way_asked_for()->open == NULL || !file_is_data(descriptor) ||
        fstat(descriptor, &status) != 0)
        return false;
    return *mode == 'a' ||
           (lseek(descriptor, 0, SEEK_CUR) == 0 && (*mode == 'r' || status.st_size == 0));
}

/* The file description is a new one, because writing back must not append. */
static FILE *open_descriptor(int descriptor, const char *mode)
{
    int saved = errno;
    bool ours = can_stand_for(descriptor, mode);
    errno = saved;
    if (!ours)
        return real.fdopen(descriptor, mode);
    int file = file_open_again(descriptor, writes(mode) ? O_RDWR : O_RDONLY);
    FILE *stream = open_data(file, descriptor, mode);
    errno = saved;
    return stream;
}

/* ---- Once more -----------------------------------------------------------------------
 */

/* Returns another stream, as filelike_freopen does. */
static FILE *reopen_ours(struct data *data, const char *path, const char *mode)
{
    if (path == NULL) {
        errno = ENOTSUP;
        return NULL;
    }
    (void) data_close(data);
    return open_path(path, mode);
}

/* Returns the same stream. */
static FILE *reopen_native(const char *path, const char *mode, FILE *stream)
{
    FILE *file = real.freopen(path, mode, stream), *keep;
    const struct way *way = way_asked_for();
    if (file == NULL || way->reopen == NULL || !file_is_data(real.fileno(file)))
        return file;
    int descriptor = own_descriptor(file);
    struct content content = file_read(descriptor);
    (void) way->reopen(&content, essence(mode), file, &keep);
    free(content.bytes);
    return add(file, keep, descriptor, -1, mode);
}

static FILE *reopen_stream(const char *path, const char *mode, FILE *stream)
{
    struct data *data = data_find(stream);
    if (data != NULL && way_asked_for()->reopen == NULL)
        return reopen_ours(data, path, mode);
    if (data != NULL)
        data_let_go(data);
    return reopen_native(path, mode, stream);
}

/* ---- What programs call --------------------------------------------------------------
 */

#pragma GCC visibility push(default)

FILE *fopen(const char *path, const char *mode)
{
    if (!real_enter())
        return real.fopen(path, mode);
    FILE *stream = tell_of(open_path(path, mode), "fopen", path, mode);
    real_leave();
    return stream;
}

FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

FILE *fdopen(int descriptor, const char *mode)
{
    if (!real_enter())
        return real.fdopen(descriptor, mode);
    FILE *stream = tell_of(open_descriptor(descriptor, mode), "fdopen", "", mode);
    real_leave();
    return stream;
}

FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    if (!real_enter())
        return real.freopen(path, mode, stream);
    FILE *reopened = tell_of(reopen_stream(path, mode, stream), "freopen", path, mode);
    real_leave();
    return reopened;
}

FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
    return freopen(path, mode, stream);
}

FILE *tmpfile(void)
{
    if (!real_enter())
        return real.tmpfile();
    FILE *stream = way_asked_for()->temporary();
    require(stream != NULL, "a temporary stream");
    data_add(stream, NULL, -1, -1);
    (void) tell_of(stream, "tmpfile", "", "w+");
    real_leave();
    return stream;
}

FILE *tmpfile64(void)
{
    return tmpfile();
}

int fclose(FILE *stream)
{
    if (!real_enter())
        return real.fclose(stream);
    struct data *data = data_find(stream);
    int status = data != NULL ? data_close(data) : real.fclose(stream);
    real_leave();
    return status;
}

int fflush(FILE *stream)
{
    if (!real_enter())
        return real.fflush(stream);
    int status = real.fflush(stream);
    struct data *data = stream != NULL ? data_find(stream) : NULL;
    if (stream == NULL)
        data_write_back_all();
    else if (data != NULL)
        data_write_back(data);
    real_leave();
    return status;
}

int fflush_unlocked(FILE *stream)
{
    return fflush(stream);
}

int fileno(FILE *stream)
{
    if (!real_enter())
        return real.fileno(stream);
    struct data *data = data_find(stream);
    int descriptor = data != NULL ? data_show(data) : real.fileno(stream);
    real_leave();
    return descriptor;
}

int fileno_unlocked(FILE *stream)
{
    return fileno(stream);
}

#pragma GCC visibility pop
