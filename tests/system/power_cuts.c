/* The power of a disk is cut, at any moment, while files are replaced, created and
 * persisted on it: each content that was acknowledged is there then, each other file as
 * before or as it was to become. A run with FILELIKE_NOSYNC must lose something, else the
 * test sees nothing. What a disk was told since it was last flushed it may have stored or
 * not, in any order, in parts of sectors.
 *
 * usage: power_cuts [CUTS [SEED]]     (make power-cuts CUTS=5000 does it)
 *
 * CUTS are for each filesystem. SEED decides what is written and kept, but not which
 * thread comes first. Exit status 77 where there can be no cuts. */
#include <config.h>

#include "disk.h"
#include "expect.h"
#include "filelike.h"
#include "filesystem.h"
#include "mounts.h"
#include "power_cut.h"
#include "power_work.h"
#include "random.h"
#include "scratch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    USUAL_CUTS = 80,     /* of each filesystem */
    CUTS_OF_ROUND = 100, /* at most; the next round has another disk and other work */
    CUTS_WITHOUT_SYNC = 20,
    ROUND_SECONDS = 120, /* then the disk is removed, and calls waiting for it end */
    WHY_ROOM = 256
};

static const struct filesystem *const filesystems[] = {
    &filesystem_ext4,
    &filesystem_ext4_small_blocks,
    &filesystem_xfs,
    &filesystem_btrfs,
};

/* One disk, the work on it, and the cuts. */
struct round {
    const struct filesystem *filesystem;
    uint64_t random;
    unsigned flags;
    unsigned cuts;
    struct disk disk;
    struct power power;
    struct work *work;
    size_t first;  /* orders before the work */
    size_t last;   /* and after it */
    unsigned lost; /* cuts that lost something */
};

/* ---- Work ----------------------------------------------------------------------------
 */

static bool mount_loop(const struct round *round, int loop, const char *device)
{
    if (loop == -1)
        return false;
    bool mounted = filesystem_mount(round->filesystem, device, "mounted");
    int error = errno;
    (void) close(loop);
    errno = error;
    return mounted;
}

/* Its orders are recorded. */
static bool mount_disk(const struct round *round)
{
    char device[LOOP_PATH_SIZE];
    return mount_loop(round, disk_attach(&round->disk, device), device);
}

/* The bytes that the disk holds. */
static bool mount_image(const struct round *round)
{
    char device[LOOP_PATH_SIZE];
    return mount_loop(round, loop_attach(disk_path(&round->disk), device), device);
}

static void unmount_disk(void)
{
    if (!EXPECT(umount2("mounted", 0) == 0))
        (void) umount2("mounted", MNT_DETACH);
}

static bool record_work(struct round *round)
{
    round->first = disk_orders(&round->disk);
    round->work = work_do(&round->disk, "mounted", round->random, round->flags);
    round->last = disk_orders(&round->disk);
    unmount_disk();
    disk_stop(&round->disk);
    return round->work != NULL;
}

/* ---- Cuts ----------------------------------------------------------------------------
 */

static void tell(
    const struct round *round, size_t orders, const char *kept, const char *why)
{
    (void) fprintf(stderr, "%s: a cut after %zu orders (of %zu to %zu), kept is %s: %s\n",
        round->filesystem->name, orders, round->first, round->last, kept, why);
}

static void look(struct round *round, size_t orders, const char *kept)
{
    char why[WHY_ROOM];
    if (!EXPECT(mount_image(round))) {
        tell(round, orders, kept, strerror(errno));
        return;
    }
    bool is_there = work_is_there(round->work, "mounted", orders, why, sizeof why);
    unmount_disk();
    if (is_there)
        return;
    round->lost++;
    if ((round->flags & FILELIKE_NOSYNC) == 0)
        tell(round, orders, kept, why);
}

/* In ascending order, because the disk can only go forward. */
static void cut_often(struct round *round)
{
    size_t span = round->last - round->first + 1;
    for (unsigned i = 0; i < round->cuts; i++) {
        size_t start = round->first + span * i / round->cuts;
        size_t width = round->first + span * (i + 1) / round->cuts - start;
        size_t orders = start + (width > 0 ? random_below(&round->random, width) : 0);
        look(round, orders, power_cut(&round->power, orders));
    }
}

/* ---- Rounds --------------------------------------------------------------------------
 */

static const char *work_and_cut(struct round *round)
{
    if (!disk_start(&round->disk, "served", ROUND_SECONDS) || !mount_disk(round))
        return strerror(errno);
    if (EXPECT(record_work(round)))
        cut_often(round);
    work_free(round->work);
    return NULL;
}

/* NULL, or the reason why it cannot be done. */
static const char *go_round(struct round *round)
{
    const char *reason = NULL;
    if (!disk_create(&round->disk, round->filesystem->size))
        return strerror(errno);
    reason = filesystem_make(round->filesystem, disk_path(&round->disk));
    if (reason == NULL && !power_init(&round->power, &round->disk, round->random))
        reason = strerror(errno);
    round->power.whole_start = round->filesystem->whole_start;
    round->power.whole_size = round->filesystem->whole_size;
    if (reason == NULL) {
        reason = work_and_cut(round);
        power_finish(&round->power);
    }
    disk_destroy(&round->disk);
    return reason;
}

/* All cuts of one filesystem. */
struct run {
    const struct filesystem *filesystem;
    unsigned cuts;
    uint64_t random;
};

/* The number of cuts that lost something, or -1 with the REASON why no cut was made. */
static int go_rounds(struct run *run, unsigned cuts, unsigned flags, const char **reason)
{
    int lost = 0;
    for (unsigned done = 0; done < cuts; done += CUTS_OF_ROUND) {
        struct round round = {.filesystem = run->filesystem, .flags = flags};
        round.random = random_below(&run->random, UINT64_MAX);
        round.cuts = cuts - done < CUTS_OF_ROUND ? cuts - done : CUTS_OF_ROUND;
        *reason = go_round(&round);
        if (*reason != NULL) {
            EXPECT(done == 0);
            return -1;
        }
        lost += (int) round.lost;
    }
    return lost;
}

/* Makes the cuts, and then, without syncs, some that must lose something. */
static int go(void *context)
{
    struct run *run = context;
    expect_failures = 0;
    const char *name = run->filesystem->name;
    const char *reason = NULL;
    expect_subject = name;
    if (!mounts_begin()) {
        say_skipped(name, strerror(errno));
        return SKIPPED;
    }
    int lost = go_rounds(run, run->cuts, 0, &reason);
    if (lost == -1) {
        say_skipped(name, reason);
        return expect_failures == 0 ? SKIPPED : EXIT_FAILURE;
    }
    EXPECT(lost == 0);
    int lost_unsynced = go_rounds(run, CUTS_WITHOUT_SYNC, FILELIKE_NOSYNC, &reason);
    EXPECT(lost_unsynced > 0);
    (void) printf("%s: %u cuts, %d lost something; with FILELIKE_NOSYNC %d of %d\n", name,
        run->cuts, lost, lost_unsynced, CUTS_WITHOUT_SYNC);
    return expect_status();
}

static int go_in_scratch(struct run *run)
{
    scratch_enter();
    EXPECT(mkdir("served", S_IRWXU) == 0 && mkdir("mounted", S_IRWXU) == 0);
    int status = in_child(go, run);
    scratch_leave();
    return status;
}

/* Each run spends most of its time waiting for its disk, so all of them run at once. */
static pid_t start(struct run *run)
{
    (void) fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        exit(go_in_scratch(run));
    return child;
}

/* Whether the run was skipped. */
static bool end(const struct run *run, pid_t child)
{
    int status;
    expect_subject = run->filesystem->name;
    if (!EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status)))
        return false;
    EXPECT(WEXITSTATUS(status) == EXIT_SUCCESS || WEXITSTATUS(status) == SKIPPED);
    return WEXITSTATUS(status) == SKIPPED;
}

/* The argument that is number INDEX, or what is USUAL. */
static uint64_t argument(int count, char *const arguments[], int index, uint64_t usual)
{
    enum { DECIMAL = 10 };
    return index < count ? strtoull(arguments[index], NULL, DECIMAL) : usual;
}

int main(int count, char *arguments[])
{
    struct run runs[COUNT(filesystems)];
    pid_t children[COUNT(filesystems)];
    size_t skipped = 0;
    unsigned cuts = (unsigned) argument(count, arguments, 1, USUAL_CUTS);
    uint64_t seed = argument(count, arguments, 2, (uint64_t) time(NULL));
    (void) printf("power_cuts %u %" PRIu64 "\n", cuts, seed);
    for (size_t i = 0; i < COUNT(filesystems); i++) {
        runs[i] = (struct run){filesystems[i], cuts, seed};
        children[i] = start(&runs[i]);
    }
    for (size_t i = 0; i < COUNT(filesystems); i++)
        skipped += end(&runs[i], children[i]);
    return skipped == COUNT(filesystems) ? SKIPPED : expect_status();
}
