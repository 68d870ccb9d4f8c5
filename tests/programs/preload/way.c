#define _GNU_SOURCE
#include "way.h"

#include "filelike.h"
#include "real.h"

#include <stdlib.h>
#include <string.h>

enum { SPOOLED_BYTES = 64, NAME_ROOM = 32 };

static void fill(FILE *stream, const struct content *content)
{
    require(fwrite(content->bytes, 1, content->size, stream) == content->size, "fwrite");
    require(fflush(stream) == 0, "fflush");
}

/* ---- memory --------------------------------------------------------------------------
 */

static FILE *open_memory(const struct content *content, const char *mode, FILE **keep)
{
    void *copy = malloc(content->size + 1);
    require(copy != NULL, "malloc");
    memcpy(copy, content->bytes, content->size);
    FILE *stream = filelike_adopt(copy, content->size, mode, NULL);
    require(stream != NULL, "filelike_adopt");
    *keep = filelike_reopen(stream, "r");
    return stream;
}

static FILE *temporary_memory(void)
{
    return filelike_memory("w+", NULL);
}

/* ---- spooled -------------------------------------------------------------------------
 */

static FILE *spool(const char *mode)
{
    struct filelike_options options = {.memory_limit = SPOOLED_BYTES};
    FILE *stream = filelike_spooled(mode, &options);
    require(stream != NULL, "filelike_spooled");
    return stream;
}

/* A spooled stream starts empty, so a program that only reads gets a second stream on
 * it. */
static FILE *open_spooled(const struct content *content, const char *mode, FILE **keep)
{
    FILE *stream = spool(*mode == 'r' ? "w+" : mode);
    if (*mode != 'w')
        fill(stream, content);
    if (*mode == 'r' || strcmp(mode, "a+") == 0)
        rewind(stream);
    *keep = filelike_reopen(stream, "r");
    if (strcmp(mode, "r") != 0)
        return stream;
    FILE *reader = filelike_reopen(stream, "r");
    require(fclose(stream) == 0, "fclose of a stream that was reopened");
    return reader;
}

static FILE *temporary_spooled(void)
{
    return spool("w+");
}

/* ---- atomic --------------------------------------------------------------------------
 */

/* The stream has a limit, so that the library watches it. */
static FILE *temporary_watched(void)
{
    struct filelike_options options = {.size_limit = INT64_MAX};
    return filelike_temporary("w+", &options);
}

/* ---- names ---------------------------------------------------------------------------
 */

/* Each file that is opened gets a name of its own. */
static void make_name(const struct content *content, char name[NAME_ROOM])
{
    static unsigned count;
    unsigned number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    (void) snprintf(name, NAME_ROOM, "memory:%u", number);
    FILE *first = filelike_fopen(name, "w");
    require(first != NULL, "filelike_fopen, w");
    fill(first, content);
    require(fclose(first) == 0, "fclose of the stream that made a name");
}

static FILE *keep_bytes_alone(const char *name)
{
    FILE *keep = filelike_fopen(name, "r");
    require(filelike_remove(name) == 0, "filelike_remove");
    return keep;
}

static FILE *open_name(const struct content *content, const char *mode, FILE **keep)
{
    char name[NAME_ROOM];
    make_name(content, name);
    FILE *stream = filelike_fopen(name, mode);
    *keep = keep_bytes_alone(name);
    return stream;
}

static FILE *reopen_name(
    const struct content *content, const char *mode, FILE *stream, FILE **keep)
{
    char name[NAME_ROOM];
    make_name(content, name);
    FILE *reopened = filelike_freopen(name, mode, stream);
    require(reopened == stream, "filelike_freopen");
    *keep = keep_bytes_alone(name);
    return reopened;
}

static FILE *temporary_name(void)
{
    return filelike_fopen("memory:", "w+");
}

static int plain_fileno(FILE *stream)
{
    return real.fileno(stream);
}

/* ---- All of them ---------------------------------------------------------------------
 */

static const struct way ways[] = {
    {"memory", open_memory, NULL, temporary_memory, filelike_fileno},
    {"spooled", open_spooled, NULL, temporary_spooled, filelike_fileno},
    {"atomic", NULL, NULL, temporary_watched, filelike_fileno},
    {"names", open_name, reopen_name, temporary_name, plain_fileno},
};

const struct way *way_asked_for(void)
{
    const char *name = getenv("PROGRAMS_WAY");
    for (size_t i = 0; name != NULL && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(name, ways[i].name) == 0)
            return &ways[i];
    }
    require(false, "PROGRAMS_WAY");
    return NULL;
}
