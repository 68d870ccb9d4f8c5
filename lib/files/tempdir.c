#include <config.h>

#include "files/tempdir.h"

#include "base/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Choosing the directory ------------------------------------------------------ */

/* Whether ERROR would come in any directory: the process or the system is at its limits.
 */
static bool is_independent_of_directory(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static int set_directory(struct tempdir *tempdir, const char *path)
{
    tempdir->path = strdup(path);
    return tempdir->path == NULL ? -1 : 0;
}

static int choose_option(struct tempdir *tempdir, const char *path)
{
    tempdir->kind = TEMPDIR_OPTION;
    if (path[0] != '\0')
        return set_directory(tempdir, path);
    return call_fail(ENOENT);
}

/* TMPDIR is copied now, because another thread may change the environment later. */
static int remember_environment(struct tempdir *tempdir)
{
    const char *path = secure_getenv("TMPDIR");
    return path != NULL && path[0] != '\0' ? set_directory(tempdir, path) : 0;
}

int tempdir_init(struct tempdir *tempdir, const struct filelike_options *options)
{
    *tempdir = (struct tempdir){.permissions = options->permissions};
    return options->dir != NULL ? choose_option(tempdir, options->dir)
                                : remember_environment(tempdir);
}

/* If the working directory cannot be held, a relative TMPDIR is ignored: no relative path
 * can be followed then. */
static int hold_base(struct tempdir *tempdir)
{
    if (tempdir->path == NULL || tempdir->path[0] == '/')
        return 0;
    struct call call = call_begin();
    tempdir->base = call_end_pointer(&call, directory_hold("."));
    if (tempdir->base != NULL)
        return 0;
    call_free(tempdir->path);
    tempdir->path = NULL;
    return tempdir->kind == TEMPDIR_OPTION || is_independent_of_directory(errno) ? -1 : 0;
}

/* Holds the working directory rather than the one that is named, which may be created, or
 * exchanged for another, before it is needed. */
int tempdir_init_for_later(
    struct tempdir *tempdir, const struct filelike_options *options)
{
    return tempdir_init(tempdir, options) == 0 ? hold_base(tempdir) : -1;
}

void tempdir_init_memory_file(
    struct tempdir *tempdir, const struct filelike_options *options)
{
    *tempdir = (struct tempdir){
        .kind = TEMPDIR_MEMORY_FILE, .permissions = options->permissions};
}

void tempdir_finish(struct tempdir *tempdir)
{
    call_free(tempdir->path);
    directory_release(tempdir->base);
    tempdir->path = NULL;
    tempdir->base = NULL;
}

/* ---- Trying one directory after the other ---------------------------------------- */

enum { MOST_PLACES = 3 };

/* Sets PLACES to the directories to try. Their number. */
static size_t list_places(
    const struct tempdir *tempdir, struct tempdir_place places[MOST_PLACES])
{
    size_t count = 0;
    int base = tempdir->base != NULL ? directory_descriptor(tempdir->base) : AT_FDCWD;
    if (tempdir->path != NULL)
        places[count++] = (struct tempdir_place){base, tempdir->path};
    if (tempdir->kind == TEMPDIR_OPTION)
        return count;
    places[count++] = (struct tempdir_place){AT_FDCWD, P_tmpdir};
    places[count++] = (struct tempdir_place){AT_FDCWD, "/var/tmp"};
    return count;
}

int tempdir_create(const struct tempdir *tempdir,
    int (*create)(const struct tempdir_place *place, struct tempfile *file),
    struct tempfile *file)
{
    struct tempdir_place places[MOST_PLACES];
    size_t count = list_places(tempdir, places);
    int descriptor = -1;
    for (size_t i = 0; i < count && descriptor == -1; i++) {
        if (i > 0 && is_independent_of_directory(errno))
            break;
        descriptor = create(&places[i], file);
    }
    return descriptor;
}
