#include <config.h>

#include "put.h"

#include "filelike.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SIZE_LIMIT = 1000 };

static const struct filelike_options on_disk = {.dir = "disk"};
static const struct filelike_options watched = {.dir = "disk", .size_limit = SIZE_LIMIT};

/* ---- filelike_atomic -----------------------------------------------------------------
 */

static int publish(const char *mode, unsigned flags)
{
    struct filelike_options options = {.flags = flags};
    FILE *stream = filelike_atomic("disk/target", mode, &options);
    if (stream == NULL)
        return errno;
    int failure = fputs("new", stream) >= 0 ? 0 : errno;
    int status = fclose(stream);
    return failure == 0 && status != 0 ? errno : failure;
}

static int replace(unsigned flags)
{
    return publish("w", flags);
}

static int update(unsigned flags)
{
    return publish(access("disk/target", F_OK) == 0 ? "r+" : "w", flags);
}

/* ---- filelike_persist ----------------------------------------------------------------
 */

static int persist(FILE *stream, unsigned flags)
{
    if (stream == NULL)
        return errno;
    bool persisted =
        fputs("new", stream) >= 0 && filelike_persist(stream, "disk/target", flags) == 0;
    int failure = persisted ? 0 : errno;
    int status = fclose(stream);
    return failure == 0 && status != 0 ? errno : failure;
}

static int persist_memory(unsigned flags)
{
    return persist(filelike_memory("w+", NULL), flags);
}

static int persist_spooled(unsigned flags)
{
    FILE *stream = filelike_spooled("w+", &on_disk);
    if (stream == NULL || filelike_rollover(stream) == 0)
        return persist(stream, flags);
    int failure = errno;
    (void) fclose(stream);
    return failure;
}

static int persist_named(unsigned flags)
{
    return persist(filelike_named("w+", &on_disk), flags);
}

static int persist_temporary(unsigned flags)
{
    return persist(filelike_temporary("w+", &on_disk), flags);
}

static int persist_watched(unsigned flags)
{
    return persist(filelike_temporary("w+", &watched), flags);
}

static int persist_from_elsewhere(unsigned flags)
{
    return persist(filelike_named("w+", NULL), flags);
}

static int persist_own(unsigned flags)
{
    int failure = persist(fopen("disk/own", "w+e"), flags);
    return unlink("disk/own") == 0 ? failure : errno;
}

/* ---- All of them ---------------------------------------------------------------------
 */

static const struct way {
    const char *name;
    int (*put)(unsigned flags);
} ways[] = {
    {"filelike_atomic, w", replace},
    {"filelike_atomic, r+", update},
    {"filelike_persist, memory", persist_memory},
    {"filelike_persist, spooled", persist_spooled},
    {"filelike_persist, named", persist_named},
    {"filelike_persist, temporary", persist_temporary},
    {"filelike_persist, watched temporary", persist_watched},
    {"filelike_persist, from another filesystem", persist_from_elsewhere},
    {"filelike_persist, fopen", persist_own},
};

const size_t put_ways = sizeof ways / sizeof *ways;

const char *put_name(size_t way)
{
    return ways[way].name;
}

int put_try(size_t way, unsigned flags)
{
    return ways[way].put(flags);
}

static bool is_there(const char *expected)
{
    const char *found = content("disk/target");
    return expected == NULL ? strcmp(entries("disk"), "") == 0
                            : found != NULL && strcmp(found, expected) == 0 &&
                                  strcmp(entries("disk"), "target") == 0;
}

bool put(size_t way, unsigned flags, int expected, const char *expected_content)
{
    int failure = put_try(way, flags);
    if (failure != expected)
        (void) fprintf(stderr, "%s: %s, not %s\n", ways[way].name, strerror(failure),
            strerror(expected));
    if (is_there(expected_content))
        return failure == expected;
    const char *found = content("disk/target");
    (void) fprintf(stderr, "%s: in the directory: %s; in target: %s\n", ways[way].name,
        entries("disk"), found != NULL ? found : "nothing");
    return false;
}

bool put_all(const char *old, unsigned flags, int expected, const char *expected_content)
{
    bool is_right = true;
    for (size_t i = 0; i < put_ways; i++) {
        (void) unlink("disk/target");
        if (old != NULL)
            make_file("disk/target", old);
        is_right &= put(i, flags, expected, expected_content);
    }
    return is_right;
}
