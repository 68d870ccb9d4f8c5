/* freopen for code that opens files by path. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/scheme.h"
#include "files/descriptor.h"
#include "stdio/any_stream.h"
#include "stdio/native.h"
#include "stdio/registry.h"
#include "stdio/unwrapped.h"
#include "store/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Modes ----------------------------------------------------------------------- */

/* Whether the C library's freopen takes MODE. A mode with ",ccs=" may name a conversion
 * that the C library does not know. freopen would find that out only after it has closed
 * the old stream, so fopen tries. */
static bool is_fopen_mode(const char *mode)
{
    if (mode[0] == '\0' || strchr("rwa", mode[0]) == NULL)
        return false;
    if (strchr(mode, ',') == NULL)
        return true;
    FILE *probe = unwrapped_fopen("/dev/null", mode);
    if (probe == NULL)
        return errno != EINVAL;
    any_stream_abandon(probe);
    return true;
}

/* The mode to open with: as it was given, and parsed if the library opens the stream. */
struct opening {
    const char *mode;
    unsigned bits;              /* MODE_* */
    char plain[MODE_TEXT_SIZE]; /* without the letters that are ignored */
};

static int read_opening(struct opening *opening, const char *mode, bool is_parsed)
{
    opening->mode = mode;
    if (is_parsed)
        return mode_parse_fopen(mode, opening->plain, &opening->bits);
    if (is_fopen_mode(mode))
        return 0;
    return call_fail(EINVAL);
}

/* ---- Closing the old stream ----------------------------------------------------------
 *
 * freopen closes the old stream also if the new one cannot be opened. filelike_freopen
 * leaves it open only if it fails with one of two errors, see filelike.h. */

static bool leaves_open(int error)
{
    return error == EINVAL || error == ENOTSUP;
}

/* For a failure after FILE has been closed. */
static FILE *fail_closed(void)
{
    return call_fail_pointer(leaves_open(errno) ? EIO : errno);
}

/* For a failure before that. */
static FILE *fail_and_close(FILE *file)
{
    if (!leaves_open(errno))
        any_stream_abandon(file);
    return NULL;
}

/* ---- A stream of the C library's ------------------------------------------------- */

static FILE *change_to_path(const char *path, const char *mode, FILE *file)
{
    FILE *changed = unwrapped_freopen(path, mode, file);
    return changed != NULL ? changed : fail_closed();
}

/* Opens the file of DESCRIPTOR again in MODE, under the number that FILE's descriptor
 * has. Some C libraries would move to the end for "a" only at the first write. */
static FILE *change_to_descriptor(
    int descriptor, const char *mode, bool closes_on_exec, FILE *file)
{
    char path[PROC_PATH_SIZE];
    char *text;
    if (descriptor_find_proc_self_path(descriptor, path) != 0)
        return NULL;
    if (asprintf(&text, "%c%s%s", mode[0], closes_on_exec ? "e" : "", mode + 1) == -1)
        return fail_and_close(file);
    FILE *changed = change_to_path(path, text, file);
    call_free(text);
    if (changed != NULL && mode[0] == 'a' && strchr(mode, '+') == NULL)
        (void) fseeko(changed, 0, SEEK_END);
    return changed;
}

static bool is_regular(int descriptor)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

/* Gives FILE another mode. The freopen of some C libraries changes only the flags of the
 * descriptor if there is no path. That of others lets child processes inherit it. A file
 * that is not regular, such as a socket, may be one that cannot be opened again. */
static FILE *change_mode(const char *mode, FILE *file)
{
    int descriptor = fileno(file);
    if (!is_regular(descriptor))
        return change_to_path(NULL, mode, file);
    bool closes_on_exec = fcntl(descriptor, F_GETFD) == FD_CLOEXEC;
    return change_to_descriptor(descriptor, mode, closes_on_exec, file);
}

/* Child processes inherit the descriptors 0, 1 and 2. */
static FILE *change_to_memory_file(int descriptor, unsigned mode, FILE *file)
{
    bool closes_on_exec = fileno(file) > STDERR_FILENO;
    return change_to_descriptor(descriptor, mode_text(mode), closes_on_exec, file);
}

static FILE *change_to_bytes(const struct named_bytes *bytes, unsigned mode, FILE *file)
{
    FILE *changed = change_to_memory_file(bytes->store->descriptor, mode, file);
    if (changed == NULL || native_record_permissions(changed, bytes->permissions) == 0)
        return changed;
    any_stream_abandon(changed);
    return fail_closed();
}

static FILE *change_to_name(const char *name, unsigned mode, FILE *file)
{
    static const struct filelike_options defaults;
    struct named_bytes bytes;
    bool made;
    if (names_obtain(name, mode, &defaults, &bytes, &made) != 0)
        return fail_and_close(file);
    FILE *changed =
        bytes.is_file ? change_to_bytes(&bytes, mode, file) : call_fail_pointer(ENOTSUP);
    if (changed == NULL && made)
        (void) names_remove(name, bytes.store);
    KEEPING_ERRNO((void) store_release(bytes.store));
    return changed;
}

static FILE *change_to_memory(unsigned mode, FILE *file)
{
    int descriptor = descriptor_create_in_memory(O_RDWR, PRIVATE_MODE);
    if (descriptor == -1)
        return call_fail_pointer(ENOTSUP);
    FILE *changed = change_to_memory_file(descriptor, mode, file);
    descriptor_close(descriptor);
    return changed;
}

static FILE *change_native(
    enum scheme scheme, const char *rest, const struct opening *opening, FILE *file)
{
    switch (scheme) {
    case SCHEME_NONE:
        return rest != NULL ? change_to_path(rest, opening->mode, file)
                            : change_mode(opening->mode, file);
    case SCHEME_MEMORY_NAME:
        return change_to_name(rest, opening->bits, file);
    case SCHEME_MEMORY:
        return change_to_memory(opening->bits, file);
    default:
        return call_fail_pointer(ENOTSUP);
    }
}

/* ---- A stream of the library's --------------------------------------------------- */

/* Opens another stream on the same bytes. */
static FILE *reopen_stream(const char *mode, FILE *file)
{
    FILE *reopened = filelike_reopen(file, mode);
    if (reopened == NULL)
        return fail_and_close(file);
    any_stream_abandon(file);
    return reopened;
}

/* Tries filelike_atomic before the old stream is closed. -1 with an error that leaves the
 * old stream open, else 0. */
static int try_atomic(const char *path, const struct opening *opening)
{
    if ((opening->bits & MODE_WRITE) == 0)
        return 0;
    FILE *trial = filelike_atomic(path, opening->plain, NULL);
    if (trial == NULL)
        return leaves_open(errno) ? -1 : 0;
    (void) filelike_discard(trial);
    any_stream_abandon(trial);
    return 0;
}

/* Closes before it opens, as freopen does: PATH may be the file that the old stream
 * publishes. */
static FILE *replace_stream(const char *path, const char *mode, FILE *file)
{
    any_stream_abandon(file);
    FILE *opened = filelike_fopen(path, mode);
    return opened != NULL ? opened : fail_closed();
}

/* ---- Any stream ------------------------------------------------------------------ */

/* Without a path: the same bytes, with another mode. */
static FILE *change_stream(const char *path, const char *mode, FILE *file)
{
    struct opening opening;
    const char *rest = NULL;
    bool ours = registry_find(file) != NULL;
    if (mode == NULL)
        return call_fail_pointer(EINVAL);
    /* glibc's freopen crashes on a stream without a descriptor. */
    if (!ours && fileno(file) == -1)
        return call_fail_pointer(ENOTSUP);
    enum scheme scheme = path != NULL ? scheme_of(path, &rest) : SCHEME_NONE;
    bool is_parsed = scheme != SCHEME_NONE || (ours && path == NULL);
    if (read_opening(&opening, mode, is_parsed) != 0)
        return NULL;
    if (!ours)
        return change_native(scheme, rest, &opening, file);
    if (path == NULL)
        return reopen_stream(opening.plain, file);
    if (scheme == SCHEME_ATOMIC && try_atomic(rest, &opening) != 0)
        return NULL;
    return replace_stream(path, mode, file);
}

FILE *filelike_freopen(const char *path, const char *mode, FILE *file)
{
    struct call call = call_begin();
    return call_end_pointer(&call, change_stream(path, mode, file));
}
