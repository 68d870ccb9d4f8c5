#include <config.h>

#include "real_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[4096];
static char neighbour[sizeof path + 1];
static int descriptor = -1;

static void remove_files(void)
{
    (void) unlink(path);
    (void) unlink(neighbour);
}

const char *real_file_path(void)
{
    const char *directory = getenv("TMPDIR");
    if (descriptor != -1)
        return path;
    (void) snprintf(path, sizeof path, "%s/filelike-real-XXXXXX",
        directory != NULL && directory[0] != '\0' ? directory : P_tmpdir);
    descriptor = mkstemp(path);
    if (descriptor == -1)
        return NULL;
    (void) snprintf(neighbour, sizeof neighbour, "%s~", path);
    (void) atexit(remove_files);
    return path;
}

bool real_file_fill(const void *data, size_t size)
{
    return ftruncate(descriptor, 0) == 0 &&
           pwrite(descriptor, data, size, 0) == (ssize_t) size;
}

int64_t real_file_size(void)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 ? status.st_size : -1;
}

int real_file_truncate(int64_t size)
{
    return ftruncate(descriptor, size);
}

ssize_t real_file_append(const void *data, size_t size)
{
    return pwrite(descriptor, data, size, real_file_size());
}

const char *real_file_neighbour(void)
{
    return neighbour;
}

static char *read_all(int file, size_t *size)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return NULL;
    *size = (size_t) status.st_size;
    char *bytes = malloc(*size + 1);
    if (bytes == NULL)
        return NULL;
    if (pread(file, bytes, *size, 0) != (ssize_t) *size) {
        free(bytes);
        return NULL;
    }
    bytes[*size] = '\0';
    return bytes;
}

char *real_file_read(size_t *size)
{
    return read_all(descriptor, size);
}

char *read_file_at(const char *wanted, size_t *size)
{
    int file = open(wanted, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return NULL;
    char *bytes = read_all(file, size);
    (void) close(file);
    return bytes;
}
