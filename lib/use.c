#include <config.h>

#include "use.h"

#include "call.h"
#include "cookie.h"
#include "filelike.h"
#include "mode.h"
#include "registry.h"

#include <errno.h>

/* ---- Taking hold ---------------------------------------------------------------------
 */

int use_begin(struct use *use, FILE *file)
{
    *use = (struct use){.file = file, .stream = registry_find(file)};
    use->held = call_hold_cancellation();
    use->locking = cookie_lock(file);
    if (use->stream != NULL) {
        use->store = use->stream->store;
        return 0;
    }
    use->native = native_find(file);
    if (use->native != NULL) {
        use->store = &use->native->file.store;
        return 0;
    }
    use_end(use);
    return -1;
}

void use_end(struct use *use)
{
    cookie_unlock(use->file, use->locking);
    call_allow_cancellation(use->held);
}

static int lock_bytes(struct use *use, int (*settle)(FILE *))
{
    if (settle(use->file) != 0) {
        use_end(use);
        return -1;
    }
    store_lock(use->store);
    return 0;
}

int use_begin_bytes(struct use *use, FILE *file)
{
    return use_begin(use, file) != 0 ? -1 : lock_bytes(use, cookie_flush);
}

int use_begin_position(struct use *use, FILE *file)
{
    return use_begin(use, file) != 0 ? -1 : lock_bytes(use, cookie_synchronize);
}

static bool is_writable(const struct use *use)
{
    return use->stream != NULL ? (use->stream->mode & MODE_WRITE) != 0
                               : cookie_writable(use->file);
}

int use_begin_change(struct use *use, FILE *file)
{
    if (use_begin(use, file) != 0)
        return -1;
    if (is_writable(use))
        return lock_bytes(use, cookie_synchronize);
    use_end(use);
    errno = EBADF;
    return -1;
}

int use_permissions(const struct use *use, mode_t *permissions)
{
    if (use->native != NULL)
        return native_permissions(use->native, permissions);
    *permissions = use->stream->permissions;
    return 0;
}

void use_end_bytes(struct use *use)
{
    store_unlock(use->store);
    use_end(use);
}

/* ---- Asking --------------------------------------------------------------------------
 */

int64_t filelike_size(FILE *file)
{
    struct use use;
    if (use_begin_bytes(&use, file) != 0)
        return -1;
    int64_t size = store_size(use.store);
    use_end_bytes(&use);
    return size;
}

const void *filelike_view(FILE *file, size_t *size)
{
    struct use use;
    size_t ignored;
    if (use_begin_bytes(&use, file) != 0)
        return NULL;
    const void *view = store_view(use.store, size != NULL ? size : &ignored);
    use_end_bytes(&use);
    return view;
}

int filelike_in_memory(FILE *file)
{
    struct use use;
    if (use_begin_bytes(&use, file) != 0)
        return -1;
    int in_memory = store_in_memory(use.store);
    use_end_bytes(&use);
    return in_memory;
}

/* A failed flush of a stream of ours has been remembered by now. */
static int first_error(const struct use *use, bool flushed)
{
    if (use->stream != NULL)
        return use->stream->first_error;
    if (!flushed)
        return errno;
    return ferror(use->file) ? EIO : 0;
}

int filelike_error(FILE *file)
{
    struct use use;
    int saved = errno;
    if (use_begin(&use, file) != 0)
        return -1;
    bool flushed = cookie_flush(file) == 0;
    int error = first_error(&use, flushed);
    use_end(&use);
    errno = saved;
    return error;
}

/* ---- Changing ------------------------------------------------------------------------
 */

/* clearerr would clear the error indicator too. */
static void clear_end_of_file(FILE *file)
{
    if (feof(file))
        (void) fseeko(file, 0, SEEK_CUR);
}

int filelike_truncate(FILE *file, int64_t size)
{
    struct use use;
    if (size < 0) {
        errno = EINVAL;
        return -1;
    }
    if (use_begin_change(&use, file) != 0)
        return -1;
    int status = store_truncate(use.store, size);
    store_unlock(use.store);
    if (status == 0)
        clear_end_of_file(file);
    use_end(&use);
    return status;
}

void *filelike_detach(FILE *file, size_t *size)
{
    struct use use;
    size_t ignored;
    if (use_begin_change(&use, file) != 0)
        return NULL;
    void *bytes = store_detach(use.store, size != NULL ? size : &ignored);
    store_unlock(use.store);
    if (bytes != NULL)
        (void) cookie_rewind(file);
    use_end(&use);
    return bytes;
}
