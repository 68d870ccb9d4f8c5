#include <config.h>

#include "kind.h"

#include "filelike.h"
#include "harness.h"
#include "own.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* No row writes so much. */
#define LARGE_LIMIT ((size_t) 1 << 30)

/* ---- The library's -------------------------------------------------------------------
 */

static FILE *open_memory(struct subject *subject)
{
    (void) subject;
    return filelike_memory("w+", NULL);
}

static FILE *open_unlocked(struct subject *subject)
{
    struct filelike_options options = {.flags = FILELIKE_UNLOCKED};
    (void) subject;
    return filelike_memory("w+", &options);
}

static FILE *open_spooled(struct subject *subject)
{
    struct filelike_options options = {.memory_limit = LARGE_LIMIT};
    (void) subject;
    return filelike_spooled("w+", &options);
}

/* The file is on the same filesystem as tmpfile's. */
static FILE *open_moved(struct subject *subject)
{
    struct filelike_options options = {.dir = P_tmpdir};
    (void) subject;
    FILE *file = filelike_spooled("w+", &options);
    if (file != NULL && filelike_rollover(file) != 0)
        fail("filelike_rollover");
    return file;
}

static FILE *open_temporary(struct subject *subject)
{
    struct filelike_options options = {.dir = P_tmpdir};
    (void) subject;
    return filelike_temporary("w+", &options);
}

static FILE *open_watched(struct subject *subject)
{
    struct filelike_options options = {.dir = P_tmpdir, .size_limit = LARGE_LIMIT};
    (void) subject;
    return filelike_temporary("w+", &options);
}

static FILE *open_path(struct subject *subject)
{
    (void) subject;
    return filelike_fopen("memory:", "w+");
}

#define NAME_PATH "memory:bench"

static FILE *open_name(struct subject *subject)
{
    (void) subject;
    FILE *file = filelike_fopen(NAME_PATH, "r+");
    return file != NULL ? file : filelike_fopen(NAME_PATH, "w+");
}

/* The cost of the stream includes its memory, as with fmemopen. */
static FILE *open_fixed(struct subject *subject)
{
    subject->bytes = malloc(subject->size);
    return subject->bytes == NULL
               ? NULL
               : filelike_fixed(subject->bytes, subject->size, 0, "w+", NULL);
}

static FILE *open_custom(struct subject *subject)
{
    subject->own = own_create();
    return subject->own == NULL ? NULL : own_open_custom(subject->own);
}

/* ---- The peers -----------------------------------------------------------------------
 */

static FILE *open_memstream_peer(struct subject *subject)
{
    return open_memstream(&subject->bytes, &subject->size);
}

/* Its size is fixed, so the cost of the stream includes its memory. */
static FILE *open_fmemopen(struct subject *subject)
{
    subject->bytes = malloc(subject->size);
    return subject->bytes == NULL ? NULL : fmemopen(subject->bytes, subject->size, "w+");
}

static FILE *open_cookie(struct subject *subject)
{
    subject->own = own_create();
    return subject->own == NULL ? NULL : own_open_cookie(subject->own);
}

static FILE *open_tmpfile(struct subject *subject)
{
    (void) subject;
    return tmpfile();
}

static FILE *open_memfd(struct subject *subject)
{
    (void) subject;
    int descriptor = memfd_create("bench", MFD_CLOEXEC);
    return descriptor == -1 ? NULL : fdopen(descriptor, "w+");
}

#define TMPFS_PATH "/dev/shm/filelike-bench"

static FILE *open_tmpfs(struct subject *subject)
{
    (void) subject;
    return fopen(TMPFS_PATH, "w+");
}

#define AGAIN_PATH "/dev/shm/filelike-bench-again"

static FILE *open_tmpfs_again(struct subject *subject)
{
    (void) subject;
    FILE *file = fopen(AGAIN_PATH, "r+");
    return file != NULL ? file : fopen(AGAIN_PATH, "w+");
}

static int kept_memfd = -1;

static FILE *open_memfd_again(struct subject *subject)
{
    char path[32];
    (void) subject;
    if (kept_memfd == -1)
        kept_memfd = memfd_create("bench", MFD_CLOEXEC);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", kept_memfd);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    return descriptor == -1 ? NULL : fdopen(descriptor, "r+");
}

static FILE *stop_locking(FILE *file)
{
    if (file != NULL)
        (void) __fsetlocking(file, FSETLOCKING_BYCALLER);
    return file;
}

static FILE *open_memfd_unlocked(struct subject *subject)
{
    return stop_locking(open_memfd(subject));
}

static FILE *open_tmpfile_unlocked(struct subject *subject)
{
    return stop_locking(open_tmpfile(subject));
}

/* ---- Any kind ------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    FILE *(*open)(struct subject *);
    bool has_descriptor;
} kinds[KINDS] = {
    [MEMORY] = {"memory", open_memory, false},
    [UNLOCKED] = {"unlocked", open_unlocked, false},
    [SPOOLED] = {"spooled", open_spooled, false},
    [MOVED] = {"spooled to disk", open_moved, true},
    [TEMPORARY] = {"temporary", open_temporary, true},
    [WATCHED] = {"limited temporary", open_watched, true},
    [PATH] = {"memory: path", open_path, true},
    [NAME] = {"memory:NAME again", open_name, true},
    [FIXED] = {"fixed", open_fixed, false},
    [CUSTOM] = {"custom", open_custom, false},
    [SECTION] = {"section of memory", open_memory, false},
    [SECTION_ON_DISK] = {"section of temporary", open_temporary, true},
    [OPEN_MEMSTREAM] = {"open_memstream", open_memstream_peer, false},
    [FMEMOPEN] = {"fmemopen", open_fmemopen, false},
    [COOKIE] = {"fopencookie", open_cookie, false},
    [TMPFILE] = {"tmpfile", open_tmpfile, true},
    [MEMFD] = {"memfd", open_memfd, true},
    [MEMFD_UNLOCKED] = {"limit: unlocked memfd", open_memfd_unlocked, true},
    [TMPFILE_UNLOCKED] = {"limit: unlocked tmpfile", open_tmpfile_unlocked, true},
    [TMPFS] = {"file on tmpfs", open_tmpfs, true},
    [TMPFS_AGAIN] = {"file on tmpfs again", open_tmpfs_again, true},
    [MEMFD_AGAIN] = {"memfd again", open_memfd_again, true},
};

const char *kind_name(enum kind kind)
{
    return kinds[kind].name;
}

bool kind_has_descriptor(enum kind kind)
{
    return kinds[kind].has_descriptor;
}

void subject_open(struct subject *subject, enum kind kind, size_t capacity)
{
    /* fmemopen puts a '\0' behind the bytes if it fits, and else over the last one. So
     * there is one byte more. */
    *subject = (struct subject){.kind = kind, .size = capacity + 1};
    subject->file = kinds[kind].open(subject);
    if (subject->file == NULL)
        fail("cannot open");
}

FILE *subject_reader(struct subject *subject)
{
    if (subject->kind != SECTION && subject->kind != SECTION_ON_DISK)
        return subject->file;
    subject->section = filelike_section(subject->file, 0, -1);
    if (subject->section == NULL)
        fail("filelike_section");
    return subject->section;
}

static size_t size_by_position(FILE *file)
{
    off_t position;
    if (fseeko(file, 0, SEEK_END) != 0 || (position = ftello(file)) < 0)
        fail("cannot seek to the end");
    return (size_t) position;
}

static size_t size_by_descriptor(FILE *file)
{
    struct stat status;
    if (fflush(file) != 0 || fstat(fileno(file), &status) != 0)
        fail("cannot ask for the size");
    return (size_t) status.st_size;
}

static size_t size_by_library(FILE *file)
{
    int64_t size = filelike_size(file);
    if (size == -1)
        fail("filelike_size");
    return (size_t) size;
}

size_t subject_size(struct subject *subject)
{
    switch (subject->kind) {
    case OPEN_MEMSTREAM:
        if (fflush(subject->file) != 0)
            fail("fflush");
        return subject->size;
    case FMEMOPEN:
    case COOKIE:
        return size_by_position(subject->file);
    case TMPFILE:
    case MEMFD:
    case MEMFD_UNLOCKED:
    case TMPFILE_UNLOCKED:
    case TMPFS:
    case TMPFS_AGAIN:
    case MEMFD_AGAIN:
        return size_by_descriptor(subject->file);
    default:
        return size_by_library(subject->file);
    }
}

const char *subject_contents(struct subject *subject, size_t *size)
{
    if (subject->kind == OPEN_MEMSTREAM || subject->kind == FMEMOPEN) {
        *size = subject_size(subject);
        return subject->bytes;
    }
    if (subject->own != NULL)
        return own_bytes(subject->own, size);
    /* filelike_view works on the streams of tmpfile and memfd, too. */
    const char *bytes = filelike_view(subject->file, size);
    if (bytes == NULL)
        fail("filelike_view");
    return bytes;
}

void subject_close(struct subject *subject)
{
    if (subject->section != NULL && fclose(subject->section) != 0)
        fail("fclose");
    if (fclose(subject->file) != 0)
        fail("fclose");
    if (subject->kind == TMPFS && unlink(TMPFS_PATH) != 0)
        fail("unlink");
    free(subject->bytes);
    own_free(subject->own);
}

void kind_remove(enum kind kind)
{
    if (kind == NAME)
        (void) filelike_remove(NAME_PATH);
    if (kind == TMPFS_AGAIN)
        (void) unlink(AGAIN_PATH);
    if (kind == MEMFD_AGAIN)
        (void) close(kept_memfd);
    kept_memfd = -1;
}
