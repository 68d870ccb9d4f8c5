/* Replaces the library for compilers that it is not built for. A name in memory is a
 * file in the directory NAMES. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILE *filelike_fopen(const char *path, const char *mode);
FILE *filelike_freopen(const char *path, const char *mode, FILE *stream);
int filelike_remove(const char *path);
int filelike_rename(const char *from, const char *to);

static const char *place(const char *path, char *room)
{
    if (strncmp(path, "memory:", 7) != 0)
        return path;
    sprintf(room, "%s/%s", getenv("NAMES"), path + 7);
    return room;
}

FILE *filelike_fopen(const char *path, const char *mode)
{
    char room[500];
    return fopen(place(path, room), mode);
}

FILE *filelike_freopen(const char *path, const char *mode, FILE *stream)
{
    char room[500];
    return freopen(place(path, room), mode, stream);
}

int filelike_remove(const char *path)
{
    char room[500];
    return remove(place(path, room));
}

int filelike_rename(const char *from, const char *to)
{
    char room[500], other_room[500];
    return rename(place(from, room), place(to, other_room));
}
