#include <config.h>

#include "harness.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM_ALLOWED = 2048 };

#ifdef __GLIBC__
/* The bytes that malloc has given out. */
static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
#endif

/* The bytes of the process that are in memory. */
static size_t resident(void)
{
    size_t all;
    size_t pages;
    FILE *status = fopen("/proc/self/statm", "re");
    if (status == NULL || fscanf(status, "%zu %zu", &all, &pages) != 2)
        fail("/proc/self/statm");
    (void) fclose(status);
    return pages * (size_t) sysconf(_SC_PAGESIZE);
}

static double room_of_each(const struct row *row, enum kind kind, size_t (*used)(void))
{
    size_t count = turns(row->amount, kind);
    struct subject *streams = calloc(count, sizeof *streams);
    if (streams == NULL)
        fail("calloc");
    memset(streams, 0xff,
        count * sizeof *streams); /* its memory is in use before the count, too */
    size_t before = used();
    for (size_t i = 0; i < count; i++)
        subject_open(&streams[i], kind, 0);
    size_t after = used();
    while (count > 0)
        subject_close(&streams[--count]);
    free(streams);
    return ((double) after - (double) before) / (double) turns(row->amount, kind);
}

#ifdef __GLIBC__
double measure_heap(const struct row *row, enum kind kind)
{
    return room_of_each(row, kind, heap_in_use);
}
#endif

double measure_resident(const struct row *row, enum kind kind)
{
    return room_of_each(row, kind, resident);
}

double measure_room_allowed(const struct row *row)
{
    (void) row;
    return ROOM_ALLOWED;
}
