/* A new content for a path, put in place by fclose. */
#include <config.h>

#include "filelike.h"

#include "base/mode.h"
#include "base/options.h"
#include "files/copy.h"
#include "files/descriptor.h"
#include "files/replacement.h"
#include "stdio/open.h"
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct atomic {
    struct stream_ending ending; /* must be first */
    struct target target;
    struct replacement aside;
    unsigned flags;
    mode_t permissions;
    pid_t owner;
};

/* ---- Ending --------------------------------------------------------------------------
 */

static int publish(struct atomic *atomic)
{
    /* A forked child's copy of what was pending is not the whole. */
    if (getpid() != atomic->owner)
        return ECHILD;
    if (replacement_complete(&atomic->aside, atomic->flags, atomic->permissions) != 0 ||
        replacement_put(&atomic->aside, atomic->flags) != 0)
        return errno;
    if ((atomic->flags & FILELIKE_NOSYNC) == 0 && target_sync(&atomic->target) != 0)
        return errno;
    return 0;
}

static void destroy(struct atomic *atomic)
{
    replacement_finish(&atomic->aside);
    target_finish(&atomic->target);
    free(atomic);
}

static int end(struct stream_ending *ending, struct stream *stream, int lost)
{
    struct atomic *atomic = (struct atomic *) ending;
    int failure = lost;
    if (failure == 0 && !stream->discarded)
        failure = publish(atomic);
    destroy(atomic);
    return failure;
}

/* ---- Beginning -----------------------------------------------------------------------
 */

/* A file that may only grow cannot be replaced. To open it would tell, but others can see
 * that a file is opened (inotify(7)). */
static int check_attributes(const struct target *target)
{
#ifdef HAVE_STATX
    struct statx status;
    int flags = AT_SYMLINK_NOFOLLOW;
    if (RETRY(statx(target->directory, target->name, flags, 0, &status)) == 0 &&
        (status.stx_attributes & STATX_ATTR_APPEND) != 0) {
        errno = EPERM;
        return -1;
    }
#else
    (void) target;
#endif
    return 0;
}

/* What fopen would refuse. */
static int check_access(const struct target *target, unsigned mode)
{
    if (target->exists)
        return check_attributes(target) == 0
                   ? RETRY(faccessat(target->directory, target->name, W_OK, AT_EACCESS))
                   : -1;
    bool needs_old = (mode & (MODE_TRUNCATE | MODE_APPEND)) == 0;
    if (!needs_old)
        return 0;
    errno = ENOENT;
    return -1;
}

static int check_size(const struct target *target, uint64_t size_limit)
{
    if (size_limit == 0 || (uint64_t) target->status.st_size <= size_limit)
        return 0;
    errno = EFBIG;
    return -1;
}

/* Copies the present content, for the modes that start from it. */
static int start_content(const struct atomic *atomic, unsigned mode, uint64_t size_limit)
{
    const struct target *target = &atomic->target;
    if (!target->exists || (mode & MODE_TRUNCATE) != 0)
        return 0;
    if (check_size(target, size_limit) != 0)
        return -1;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    int old = descriptor_open(target->directory, target->name, flags);
    if (old == -1)
        return -1;
    int status = copy_file(old, atomic->aside.descriptor);
    descriptor_close(old);
    return status;
}

static int start(struct atomic *atomic, const char *path, unsigned mode,
    const struct filelike_options *options)
{
    if (target_init(&atomic->target, path, atomic->flags) != 0)
        return -1;
    if (check_access(&atomic->target, mode) == 0 &&
        replacement_init(&atomic->aside, &atomic->target, atomic->permissions) == 0) {
        if (start_content(atomic, mode, options->size_limit) == 0)
            return 0;
        int saved = errno;
        replacement_finish(&atomic->aside);
        errno = saved;
    }
    target_finish(&atomic->target);
    return -1;
}

static struct atomic *create(
    const char *path, unsigned mode, const struct filelike_options *options)
{
    struct atomic *atomic = malloc(sizeof *atomic);
    if (atomic == NULL)
        return NULL;
    *atomic = (struct atomic){
        .ending.end = end,
        .flags = options->flags,
        .permissions = options->permissions,
        .owner = getpid(),
    };
    if (mode & MODE_EXCLUSIVE)
        atomic->flags |= FILELIKE_NOREPLACE;
    if (start(atomic, path, mode, options) == 0)
        return atomic;
    int saved = errno;
    free(atomic);
    errno = saved;
    return NULL;
}

/* The store has a descriptor of its own: readers may outlive the publishing stream. */
static struct store *create_store(const struct atomic *atomic, uint64_t size_limit)
{
    int descriptor = descriptor_duplicate(atomic->aside.descriptor);
    if (descriptor == -1)
        return NULL;
    struct store *store = file_create(descriptor, size_limit);
    if (store == NULL)
        descriptor_close(descriptor);
    return store;
}

static struct stream *open_atomic(
    struct atomic *atomic, unsigned mode, const struct filelike_options *options)
{
    struct store *store = create_store(atomic, options->size_limit);
    if (store == NULL)
        return NULL;
    struct stream *stream = open_stream(store, mode, options, BUFFER_ON_DISK);
    if (stream == NULL) {
        int saved = errno;
        (void) store_release(store);
        errno = saved;
        return NULL;
    }
    stream->ending = &atomic->ending;
    stream->readers_only = true;
    return stream;
}

FILE *filelike_atomic(
    const char *path, const char *mode, const struct filelike_options *options)
{
    struct filelike_options checked;
    unsigned bits;
    if (options_check(options, &checked) != 0 || mode_parse(mode, "w+", &bits) != 0)
        return NULL;
    if ((bits & MODE_WRITE) == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct atomic *atomic = create(path, bits, &checked);
    if (atomic == NULL)
        return NULL;
    struct stream *stream = open_atomic(atomic, bits, &checked);
    if (stream != NULL)
        return stream->file;
    int saved = errno;
    destroy(atomic);
    errno = saved;
    return NULL;
}
