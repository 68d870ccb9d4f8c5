#include <config.h>

#include "faulty.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_FILES = 256, /* in all, as none is used again: the server ends soon */
    FILE_ROOM = 1 << 16,
    PERMISSION_BITS = 07777
};

struct file {
    struct stat status;
    size_t synced_size;
    bool is_written; /* since it was closed */
    char bytes[FILE_ROOM];
    char synced[FILE_ROOM];
};

struct name {
    char text[NAME_MAX + 1]; /* "": no name */
    fuse_ino_t inode;
};

/* The index is the inode. The first inode in use is the directory. */
static struct file files[MOST_FILES];
static fuse_ino_t unused = FUSE_ROOT_ID;
static struct name names[MOST_FILES];

static struct faulty_settings *settings_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

/* Returns *ERROR and clears it, as the fault happens only once. */
static int take(int *error)
{
    int taken = *error;
    *error = 0;
    return taken;
}

static void reply(fuse_req_t request, int error)
{
    (void) fuse_reply_err(request, error);
}

/* ---- Files and names -----------------------------------------------------------------
 */

static void touch(struct file *file)
{
    (void) clock_gettime(CLOCK_REALTIME, &file->status.st_mtim);
    file->status.st_ctim = file->status.st_mtim;
}

/* Returns 0 if there is no room for another file. */
static fuse_ino_t new_file(fuse_req_t request, mode_t mode)
{
    const struct fuse_ctx *caller = fuse_req_ctx(request);
    if (unused == MOST_FILES)
        return 0;
    struct stat *status = &files[unused].status;
    status->st_ino = unused;
    status->st_mode = mode;
    status->st_uid = caller->uid;
    status->st_gid = caller->gid;
    touch(&files[unused]);
    return unused++;
}

static struct name *find_name(const char *text)
{
    for (size_t i = 0; i < MOST_FILES; i++) {
        if (strcmp(names[i].text, text) == 0)
            return &names[i];
    }
    return NULL;
}

/* There is always room, as tests use far fewer names. */
static void give_name(fuse_ino_t inode, const char *text)
{
    struct name *name = names;
    while (name->text[0] != '\0')
        name++;
    memcpy(name->text, text, strlen(text) + 1);
    name->inode = inode;
    files[inode].status.st_nlink++;
}

static void take_name(struct name *name)
{
    files[name->inode].status.st_nlink--;
    name->text[0] = '\0';
}

/* The status that the kernel gets. */
static struct stat status_of(fuse_req_t request, fuse_ino_t inode)
{
    struct stat status = files[inode].status;
    mode_t mode = settings_of(request)->mode;
    if (settings_of(request)->hides_sizes)
        status.st_size = 0;
    if (mode != 0 && inode != FUSE_ROOT_ID)
        status.st_mode = S_IFREG | mode;
    return status;
}

static struct fuse_entry_param entry_of(fuse_req_t request, fuse_ino_t inode)
{
    return (struct fuse_entry_param){.ino = inode, .attr = status_of(request, inode)};
}

/* ---- Syncing -------------------------------------------------------------------------
 */

static bool is_synced(const struct file *file)
{
    size_t size = (size_t) file->status.st_size;
    return size == file->synced_size && memcmp(file->bytes, file->synced, size) == 0;
}

static void sync_bytes(struct file *file)
{
    memcpy(file->synced, file->bytes, FILE_ROOM);
    file->synced_size = (size_t) file->status.st_size;
}

/* The size stays. */
static void lose_bytes(struct file *file)
{
    memset(file->bytes, 0, FILE_ROOM);
    memcpy(file->bytes, file->synced, file->synced_size);
    touch(file);
}

static void serve_fsync(
    fuse_req_t request, fuse_ino_t inode, int datasync, struct fuse_file_info *info)
{
    struct faulty_settings *settings = settings_of(request);
    struct file *file = &files[inode];
    (void) datasync, (void) info;
    int error = settings->lacks_sync ? ENOSYS : 0;
    if (error == 0 && !is_synced(file)) {
        error = take(&settings->sync_once);
        if (error != 0)
            lose_bytes(file);
        sync_bytes(file);
    }
    reply(request, error);
}

/* A close. */
static void serve_flush(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    struct faulty_settings *settings = settings_of(request);
    struct file *file = &files[inode];
    (void) info;
    int error = file->is_written ? take(&settings->close_once) : 0;
    file->is_written = false;
    if (error != 0)
        lose_bytes(file);
    else if (settings->lacks_sync)
        sync_bytes(file);
    reply(request, error);
}

static void serve_fsyncdir(
    fuse_req_t request, fuse_ino_t inode, int datasync, struct fuse_file_info *info)
{
    (void) inode, (void) datasync, (void) info;
    reply(request, settings_of(request)->sync_directory);
}

/* ---- Bytes ---------------------------------------------------------------------------
 */

static void serve_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t position,
    struct fuse_file_info *info)
{
    const struct file *file = &files[inode];
    off_t end = file->status.st_size;
    size_t rest = position < end ? (size_t) (end - position) : 0;
    (void) info;
    (void) fuse_reply_buf(request, file->bytes + position, size < rest ? size : rest);
}

static void serve_write(fuse_req_t request, fuse_ino_t inode, const char *bytes,
    size_t size, off_t position, struct fuse_file_info *info)
{
    struct file *file = &files[inode];
    (void) info;
    if (position > FILE_ROOM || size > (size_t) (FILE_ROOM - position)) {
        reply(request, ENOSPC);
        return;
    }
    memcpy(file->bytes + position, bytes, size);
    if (file->status.st_size < position + (off_t) size)
        file->status.st_size = position + (off_t) size;
    file->is_written = true;
    touch(file);
    (void) fuse_reply_write(request, size);
}

static int resize(struct file *file, off_t size)
{
    if (size > FILE_ROOM)
        return ENOSPC;
    memset(file->bytes + size, 0, (size_t) (FILE_ROOM - size));
    file->status.st_size = size;
    file->is_written = true;
    touch(file);
    return 0;
}

/* ---- Attributes ----------------------------------------------------------------------
 */

static void serve_getattr(
    fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    struct stat status = status_of(request, inode);
    (void) info;
    (void) fuse_reply_attr(request, &status, 0);
}

static int change_mode(struct file *file, mode_t mode, int error)
{
    if (error == 0)
        file->status.st_mode = (file->status.st_mode & S_IFMT) | (mode & PERMISSION_BITS);
    return error;
}

static int change_owner(
    struct file *file, const struct stat *status, int changes, int error)
{
    if (error == 0 && (changes & FUSE_SET_ATTR_UID))
        file->status.st_uid = status->st_uid;
    if (error == 0 && (changes & FUSE_SET_ATTR_GID))
        file->status.st_gid = status->st_gid;
    return error;
}

static void serve_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *status,
    int changes, struct fuse_file_info *info)
{
    const struct faulty_settings *settings = settings_of(request);
    struct file *file = &files[inode];
    int error = 0;
    if (changes & FUSE_SET_ATTR_MODE)
        error = change_mode(file, status->st_mode, settings->change_mode);
    if (error == 0 && (changes & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)))
        error = change_owner(file, status, changes, settings->change_owner);
    if (error == 0 && (changes & FUSE_SET_ATTR_SIZE))
        error = resize(file, status->st_size);
    if (error != 0)
        reply(request, error);
    else
        serve_getattr(request, inode, info);
}

/* ---- The directory -------------------------------------------------------------------
 */

static void serve_lookup(fuse_req_t request, fuse_ino_t parent, const char *text)
{
    (void) parent;
    const struct name *name = find_name(text);
    if (name == NULL) {
        reply(request, ENOENT);
        return;
    }
    struct fuse_entry_param entry = entry_of(request, name->inode);
    (void) fuse_reply_entry(request, &entry);
}

static void serve_create(fuse_req_t request, fuse_ino_t parent, const char *text,
    mode_t mode, struct fuse_file_info *info)
{
    (void) parent;
    fuse_ino_t inode = new_file(request, mode);
    if (inode == 0) {
        reply(request, ENOSPC);
        return;
    }
    give_name(inode, text);
    struct fuse_entry_param entry = entry_of(request, inode);
    (void) fuse_reply_create(request, &entry, info);
}

/* The kernel would read no further than to the size that it was told. */
static void serve_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    (void) inode;
    info->direct_io = settings_of(request)->hides_sizes;
    (void) fuse_reply_open(request, info);
}

static void serve_unlink(fuse_req_t request, fuse_ino_t parent, const char *text)
{
    struct name *name = find_name(text);
    (void) parent;
    if (name != NULL)
        take_name(name);
    reply(request, name != NULL ? 0 : ENOENT);
}

static void serve_link(
    fuse_req_t request, fuse_ino_t inode, fuse_ino_t parent, const char *text)
{
    int error = settings_of(request)->link;
    (void) parent;
    if (error != 0) {
        reply(request, error);
        return;
    }
    give_name(inode, text);
    struct fuse_entry_param entry = entry_of(request, inode);
    (void) fuse_reply_entry(request, &entry);
}

static int rename_file(const char *text, const char *new_text, unsigned flags)
{
    enum { NOREPLACE = 1 }; /* RENAME_NOREPLACE of linux/fs.h */
    struct name *replaced = find_name(new_text);
    struct name *name = find_name(text);
    if (name == NULL)
        return ENOENT;
    if (flags & ~(unsigned) NOREPLACE)
        return EINVAL;
    if (flags & NOREPLACE && replaced != NULL)
        return EEXIST;
    if (replaced != NULL)
        take_name(replaced);
    memcpy(name->text, new_text, strlen(new_text) + 1);
    return 0;
}

static void serve_rename(fuse_req_t request, fuse_ino_t parent, const char *text,
    fuse_ino_t new_parent, const char *new_text, unsigned flags)
{
    int error = settings_of(request)->rename_flags;
    (void) parent, (void) new_parent;
    reply(request, flags != 0 && error != 0 ? error : rename_file(text, new_text, flags));
}

/* The position of the next name, counted from 1. */
static void serve_readdir(fuse_req_t request, fuse_ino_t inode, size_t size,
    off_t position, struct fuse_file_info *info)
{
    char entries[FILE_ROOM];
    size_t used = 0;
    (void) inode, (void) info;
    for (size_t i = (size_t) position; i < MOST_FILES && size <= sizeof entries; i++) {
        if (names[i].text[0] == '\0')
            continue;
        size_t needed = fuse_add_direntry(request, entries + used, size - used,
            names[i].text, &files[names[i].inode].status, (off_t) i + 1);
        if (needed > size - used)
            break;
        used += needed;
    }
    (void) fuse_reply_buf(request, entries, used);
}

/* ---- The server ----------------------------------------------------------------------
 */

static const struct fuse_lowlevel_ops operations = {
    .lookup = serve_lookup,
    .getattr = serve_getattr,
    .setattr = serve_setattr,
    .unlink = serve_unlink,
    .rename = serve_rename,
    .link = serve_link,
    .create = serve_create,
    .open = serve_open,
    .read = serve_read,
    .write = serve_write,
    .flush = serve_flush,
    .fsync = serve_fsync,
    .fsyncdir = serve_fsyncdir,
    .readdir = serve_readdir,
};

static void make_root(void)
{
    struct stat *status = &files[unused].status;
    status->st_ino = unused++;
    status->st_mode = S_IFDIR | S_IRWXU | S_IRWXG | S_IRWXO;
    status->st_nlink = 2;
}

bool faulty_start(struct faulty *faulty, const char *directory, unsigned limit)
{
    int flags = MAP_SHARED | MAP_ANONYMOUS;
    faulty->settings =
        mmap(NULL, sizeof *faulty->settings, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (faulty->settings == MAP_FAILED)
        return false;
    if (unused == FUSE_ROOT_ID)
        make_root();
    if (fuse_server_start(
            &faulty->server, directory, &operations, faulty->settings, limit))
        return true;
    (void) munmap(faulty->settings, sizeof *faulty->settings);
    return false;
}

void faulty_stop(struct faulty *faulty)
{
    fuse_server_stop(&faulty->server);
    (void) munmap(faulty->settings, sizeof *faulty->settings);
}
