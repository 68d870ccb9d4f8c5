/* Streams whose bytes become the content of a path at fclose. */
#include <config.h>

#include "filelike.h"

#include "base/call.h"
#include "base/mode.h"
#include "base/options.h"
#include "files/copy.h"
#include "files/descriptor.h"
#include "files/replacement.h"
#include "stdio/open.h"
#include "store/file.h"

#include <errno.h>
#include <stdlib.h>

struct atomic {
    struct close_action close_action; /* must be first */
    struct target target;
    struct replacement replacement;
};

/* ---- Ending ---------------------------------------------------------------------- */

static void destroy(struct atomic *atomic)
{
    replacement_finish(&atomic->replacement);
    target_finish(&atomic->target);
    free(atomic);
}

static int atomic_close(struct close_action *action, struct stream *stream, int failure)
{
    void *whole = action; /* its first member */
    struct atomic *atomic = whole;
    if (stream_belongs_to_parent(stream))
        failure = ECHILD;
    if (failure == 0 && !stream->discarded &&
        replacement_publish(&atomic->replacement) != 0)
        failure = errno;
    destroy(atomic);
    return failure;
}

/* ---- Beginning ------------------------------------------------------------------- */

static bool starts_empty(unsigned mode)
{
    return (mode & MODE_TRUNCATE) != 0;
}

static int check_presence(const struct target *target, unsigned mode)
{
    bool may_be_new = starts_empty(mode) || (mode & MODE_APPEND) != 0;
    if (may_be_new || target_exists(target))
        return 0;
    return call_fail(ENOENT);
}

static int check_size(int descriptor, uint64_t size_limit)
{
    int64_t size = descriptor_size(descriptor);
    if (size == -1)
        return -1;
    if (size_limit == 0 || (uint64_t) size <= size_limit)
        return 0;
    return call_fail(EFBIG);
}

/* Copies the old content, for the modes that start from it. Another process may have
 * removed the file by now. */
static int start_content(struct atomic *atomic, unsigned mode, uint64_t size_limit)
{
    if (starts_empty(mode) || !target_exists(&atomic->target))
        return 0;
    int old = target_open(&atomic->target);
    if (old == -1 && errno == ENOENT) {
        target_close_file(&atomic->target);
        return check_presence(&atomic->target, mode);
    }
    if (old == -1)
        return -1;
    int status = check_size(old, size_limit);
    if (status == 0)
        status = copy_file(old, atomic->replacement.descriptor);
    descriptor_close(old);
    return status;
}

static int start(struct atomic *atomic, const char *path, unsigned mode,
    const struct filelike_options *options)
{
    struct target *target = &atomic->target;
    if (target_init(target, path, options->flags) != 0 ||
        check_presence(target, mode) != 0 ||
        replacement_init(
            &atomic->replacement, target, options->flags, options->permissions) != 0 ||
        start_content(atomic, mode, options->size_limit) != 0)
        return -1;
    target_close_file(target);
    return 0;
}

/* The store has a descriptor of its own, because readers may outlive the stream that
 * publishes. */
static struct stream *open_atomic(
    struct atomic *atomic, unsigned mode, const struct filelike_options *options)
{
    int descriptor = descriptor_duplicate(atomic->replacement.descriptor);
    struct store *store = file_create(descriptor, options->size_limit);
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, options, BUFFER_ON_DISK);
    if (stream == NULL) {
        KEEPING_ERRNO((void) store_release(store));
        return NULL;
    }
    stream->close_action = &atomic->close_action;
    stream->readers_only = true;
    return stream;
}

static FILE *open_content(
    const char *path, unsigned mode, const struct filelike_options *options)
{
    struct atomic *atomic = malloc(sizeof *atomic);
    struct stream *stream = NULL;
    if (atomic == NULL)
        return NULL;
    *atomic = (struct atomic){
        .close_action.run = atomic_close, .replacement = {.descriptor = -1}};
    if (start(atomic, path, mode, options) == 0)
        stream = open_atomic(atomic, mode, options);
    if (stream != NULL)
        return stream->file;
    KEEPING_ERRNO(destroy(atomic));
    return NULL;
}

static int parse_writing_mode(const char *text, unsigned *mode)
{
    if (mode_parse(text, "w+", mode) != 0)
        return -1;
    if (*mode & MODE_WRITE)
        return 0;
    return call_fail(EINVAL);
}

FILE *filelike_atomic(
    const char *path, const char *mode, const struct filelike_options *options)
{
    struct call call = call_begin();
    unsigned bits;
    FILE *file = NULL;
    if (options_check(&options) == 0 && parse_writing_mode(mode, &bits) == 0) {
        struct filelike_options its = *options;
        if (bits & MODE_EXCLUSIVE)
            its.flags |= FILELIKE_NOREPLACE;
        file = open_content(path, bits, &its);
    }
    return call_end_pointer(&call, file);
}
