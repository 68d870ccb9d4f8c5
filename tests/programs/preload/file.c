#define _GNU_SOURCE
#include "file.h"

#include "real.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINK_ROOM = 64 };

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

static bool is_data_path(const char *path)
{
    const char *directory = getenv("PROGRAMS_DIR");
    return directory != NULL && is_below(path, directory);
}

static void write_link(int descriptor, char link[LINK_ROOM])
{
    (void) snprintf(link, LINK_ROOM, "/proc/self/fd/%d", descriptor);
}

bool file_is_data(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    char link[LINK_ROOM], path[PATH_MAX + 1];
    write_link(descriptor, link);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length == -1)
        return false;
    path[length] = '\0';
    return is_data_path(path);
}

/* The part before the last slash. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory =
        slash == NULL ? strdup(".") : strndup(path, (size_t) (slash + 1 - path));
    require(directory != NULL, "strdup");
    return directory;
}

bool file_would_be_data(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return false;
    char *directory = directory_of(path);
    char *full = realpath(directory, NULL);
    bool below = full != NULL && is_data_path(full);
    free(directory);
    free(full);
    return below;
}

int file_open_again(int descriptor, int flags)
{
    char link[LINK_ROOM];
    write_link(descriptor, link);
    int file = open(link, flags | O_CLOEXEC);
    require(file != -1, "opening a data file again");
    return file;
}

struct content file_read(int descriptor)
{
    struct stat status;
    int file = file_open_again(descriptor, O_RDONLY);
    require(fstat(file, &status) == 0, "fstat");
    size_t room = (size_t) status.st_size;
    struct content content = {malloc(room + 1), 0};
    require(content.bytes != NULL, "malloc");
    ssize_t got;
    while ((got = read(file, content.bytes + content.size, room - content.size)) > 0)
        content.size += (size_t) got;
    require(got == 0, "reading a data file");
    (void) close(file);
    return content;
}

void file_write(int descriptor, const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(descriptor, bytes + done, size - done, (off_t) done);
        require(put > 0, "writing a data file");
        done += (size_t) put;
    }
    require(ftruncate(descriptor, (off_t) size) == 0, "truncating a data file");
}

mode_t file_mode(int descriptor)
{
    struct stat status;
    require(fstat(descriptor, &status) == 0, "fstat");
    return status.st_mode & ALLPERMS;
}
