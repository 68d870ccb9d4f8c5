/* Too little memory. Near a limit streams grow by what they need, and they give back
 * what they do not need. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "resident.h"
#include "scratch.h"

#include <string.h>
#include <sys/resource.h>

enum {
    ROOM = 50 << 20, /* bytes that the limit leaves, so doubling ends at 32 MiB */
    LITTLE = 8 << 20,
    BLOCK = 1 << 16
};

static unsigned char block[BLOCK];

/* Writes blocks of different bytes, up to MOST bytes. Returns how many were stored. */
static int64_t store_blocks(FILE *stream, int64_t most)
{
    int64_t stored = 0;
    while (stored < most) {
        memset(block, (int) (stored / BLOCK % 251), BLOCK);
        if (fwrite(block, 1, BLOCK, stream) != BLOCK || fflush(stream) != 0)
            break;
        stored += BLOCK;
    }
    return stored;
}

/* stdio may have stored its buffer of the block that failed. */
static bool holds_blocks(FILE *stream, int64_t stored)
{
    size_t size;
    const unsigned char *view = filelike_view(stream, &size);
    if (view == NULL || (int64_t) size < stored || (int64_t) size >= stored + BLOCK)
        return false;
    for (int64_t i = 0; i < stored; i += BLOCK - 1) {
        if (view[i] != i / BLOCK % 251)
            return false;
    }
    return true;
}

/* ---- Near a limit --------------------------------------------------------------------
 */

/* The stream must come closer to the limit than it would by doubling. */
static int fill_memory(void)
{
    FILE *stream = filelike_memory("w+", NULL);
    int64_t stored = store_blocks(stream, ROOM);
    EXPECT(errno == ENOMEM);
    EXPECT(stored >= ROOM - LITTLE && stored < ROOM);
    EXPECT(holds_blocks(stream, stored));
    EXPECT(filelike_error(stream) == ENOMEM);
    EXPECT_FAILS(fclose(stream), EOF, ENOMEM);
    return expect_status();
}

/* The disk is used instead. The memory is given back. */
static int fill_spooled(void)
{
    struct filelike_options options = {.memory_limit = 2 * (size_t) ROOM};
    FILE *stream = filelike_spooled("w+", &options);
    EXPECT(store_blocks(stream, ROOM + LITTLE) == ROOM + LITTLE);
    EXPECT(filelike_in_memory(stream) == 0);
    void *all = malloc(ROOM - LITTLE);
    EXPECT(all != NULL);
    free(all);
    EXPECT(fclose(stream) == 0);
    return expect_status();
}

struct limited {
    const char *subject;
    int (*fill)(void);
    bool data_alone; /* RLIMIT_DATA rather than RLIMIT_AS */
};

/* RLIMIT_DATA counts private writable memory, as strict overcommit does. */
static const struct limited limited[] = {
    {"memory, near RLIMIT_AS", fill_memory, false},
    {"memory, near RLIMIT_DATA", fill_memory, true},
    {"spooled, near RLIMIT_AS", fill_spooled, false},
    {"spooled, near RLIMIT_DATA", fill_spooled, true},
};

static int get_limit(const struct limited *it, struct rlimit *limit)
{
    return it->data_alone ? getrlimit(RLIMIT_DATA, limit) : getrlimit(RLIMIT_AS, limit);
}

static int set_limit(const struct limited *it, const struct rlimit *limit)
{
    return it->data_alone ? setrlimit(RLIMIT_DATA, limit) : setrlimit(RLIMIT_AS, limit);
}

/* The limit is ROOM above the memory in use. Skipped if the system allows less. */
static int run_within_limit(void *context)
{
    const struct limited *it = context;
    struct rlimit limit;
    expect_failures = 0;
    int64_t used = it->data_alone ? resident_data() : resident_mapped();
    rlim_t wanted = (rlim_t) (used + ROOM);
    if (get_limit(it, &limit) != 0 || limit.rlim_max < wanted)
        return SKIPPED;
    limit.rlim_cur = wanted;
    EXPECT(set_limit(it, &limit) == 0);
    return it->fill();
}

static void near_limits(void)
{
    for (size_t i = 0; i < sizeof limited / sizeof *limited; i++) {
        struct limited it = limited[i];
        expect_subject = it.subject;
        int status = in_child(run_within_limit, &it);
        if (status == SKIPPED)
            say_skipped(it.subject, "the hard limit is below the memory that it needs");
        else
            EXPECT(status == EXIT_SUCCESS);
    }
}

/* ---- What is resident ----------------------------------------------------------------
 *
 * A container's limit counts this, and ends the process that passes it.
 */

enum { DOUBLED = (32 << 20) + BLOCK }; /* just past a power of two */

static void room_that_is_not_used(FILE *stream)
{
    expect_subject = "room that is not used";
    int64_t before = resident_bytes();
    resident_forget_peak();
    EXPECT(store_blocks(stream, DOUBLED) == DOUBLED);
    EXPECT(resident_peak() <= before + DOUBLED + LITTLE);
}

static void truncation_gives_back(FILE *stream)
{
    enum { KEPT = 16 * BLOCK };
    expect_subject = "truncation";
    int64_t before = resident_bytes();
    EXPECT(filelike_truncate(stream, KEPT) == 0);
    EXPECT(resident_bytes() <= before - (DOUBLED - KEPT - LITTLE));
    EXPECT(holds_blocks(stream, KEPT));
}

static int use_and_give_back(void *context)
{
    (void) context;
    expect_failures = 0;
    FILE *stream = filelike_memory("w+", NULL);
    room_that_is_not_used(stream);
    truncation_gives_back(stream);
    EXPECT(fclose(stream) == 0);
    return expect_status();
}

int main(void)
{
    const char *reason = resident_unknown();
    if (reason != NULL) {
        say_skipped("memory that is short", reason);
        return SKIPPED;
    }
    scratch_enter();
    near_limits();
    expect_subject = "what is resident";
    EXPECT(in_child(use_and_give_back, NULL) == EXIT_SUCCESS);
    scratch_leave();
    return expect_status();
}
