#include <config.h>

#include "files/resolve.h"

#include "base/call.h"
#include "filelike.h"
#include "files/descriptor.h"
#include "files/path.h"
#include "files/protection.h"
#include "files/replaceable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* As many as Linux follows (path_resolution(7)). */
enum { MOST_LINKS = 40 };

/* ---- A directory and a name in it ------------------------------------------------ */

static size_t length_without_slashes(const char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    return length;
}

/* The dot makes the last name of the directory one in the middle of the path. There the
 * kernel follows a link that it may refuse to follow at the end. */
int resolve_directory(int start, const char *path, size_t length)
{
    char *directory;
    if (asprintf(&directory, "%.*s.", (int) length, path) == -1)
        return -1;
    int descriptor = descriptor_open(start, directory, O_RDONLY | O_DIRECTORY);
    if (descriptor == -1 && errno == EACCES)
        descriptor = descriptor_open(start, directory, O_PATH | O_DIRECTORY);
    call_free(directory);
    return descriptor;
}

static int check_name(const char *name, bool has_slash, unsigned flags)
{
    bool is_directory =
        name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (is_directory)
        return call_fail(flags & FILELIKE_NOREPLACE ? EEXIST : EISDIR);
    return has_slash ? call_fail(EISDIR) : 0;
}

int resolve_path(struct target *target, const char *path, unsigned flags)
{
    if (path[0] == '\0' || strlen(path) >= PATH_MAX)
        return call_fail(path[0] == '\0' ? ENOENT : ENAMETOOLONG);
    size_t end = length_without_slashes(path);
    size_t start = path_start_of_name(path, end);
    char *name = strndup(path + start, end - start);
    if (name == NULL)
        return -1;
    int directory = resolve_directory(target->directory, path, start);
    if (directory == -1) {
        call_free(name);
        return -1;
    }
    target_finish(target);
    target->directory = directory;
    target->name = name;
    return check_name(name, path[end] == '/', flags);
}

int resolve_name(struct target *target)
{
    target_close_file(target);
    target->file = descriptor_open(target->directory, target->name, O_PATH | O_NOFOLLOW);
    if (target->file == -1)
        return errno == ENOENT ? 0 : -1;
    return RETRY(fstat(target->file, &target->status));
}

/* ---- Symbolic links -------------------------------------------------------------- */

struct walk {
    struct target *target;
    int links; /* followed so far */
    bool has_proc_file;
    struct stat proc_file; /* the file that the first link in /proc leads to */
};

/* The kernel leads from a link in /proc straight to a file. The text of the link may end
 * in "(deleted)", be a path of another mount namespace or lie below a later mount. So the
 * file at the end of the walk is compared with the one that the kernel leads to. */
static int remember_proc_file(struct walk *walk)
{
    int file = descriptor_open(walk->target->directory, walk->target->name, O_PATH);
    if (file == -1)
        return -1;
    int status = RETRY(fstat(file, &walk->proc_file));
    descriptor_close(file);
    walk->has_proc_file = status == 0;
    return status != 0 ? -1 : replaceable_check_type(&walk->proc_file);
}

/* Follows a link only where the kernel would. */
static int check_link(struct walk *walk)
{
    enum { PROC_TYPE = 0x9fa0, NO_LINKS = 0x2000 }; /* statfs(2), ST_NOSYMFOLLOW */
    const struct target *target = walk->target;
    struct statfs filesystem;
    if (++walk->links > MOST_LINKS)
        return call_fail(ELOOP);
    if (protection_check_link(target->directory, &target->status) != 0 ||
        RETRY(fstatfs(target->file, &filesystem)) != 0)
        return -1;
    if ((filesystem.f_flags & NO_LINKS) != 0)
        return call_fail(ELOOP);
    if (filesystem.f_type == PROC_TYPE && !walk->has_proc_file)
        return remember_proc_file(walk);
    return 0;
}

/* The link is read through the descriptor that was checked, so nobody can exchange it in
 * between. */
static int follow_link(struct walk *walk)
{
    char text[PATH_MAX];
    if (check_link(walk) != 0)
        return -1;
    ssize_t length = RETRY(readlinkat(walk->target->file, "", text, sizeof text));
    if (length == -1)
        return -1;
    if ((size_t) length == sizeof text)
        return call_fail(ENAMETOOLONG);
    text[length] = '\0';
    return resolve_path(walk->target, text, 0);
}

static int follow_links(struct walk *walk)
{
    struct target *target = walk->target;
    for (;;) {
        if (resolve_name(target) != 0)
            return -1;
        if (!target_exists(target) || !S_ISLNK(target->status.st_mode))
            return 0;
        if (follow_link(walk) != 0)
            return -1;
    }
}

int resolve_links(struct target *target)
{
    struct walk walk = {.target = target};
    if (follow_links(&walk) != 0)
        return -1;
    bool is_elsewhere = walk.has_proc_file && !target_is_file(target, &walk.proc_file);
    return is_elsewhere ? call_fail(ENOENT) : 0;
}
