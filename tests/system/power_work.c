#include <config.h>

#include "power_work.h"

#include "filelike.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    WRITERS = 3,
    FILES = 5,        /* of each writer */
    STEPS = 40,       /* of each writer */
    VERSIONS = 20,    /* of a file, at most */
    LARGEST = 100000, /* bytes of a file */
    USUAL = 10000,    /* bytes of most files, at most */
    NAME_ROOM = 32,
    PATH_ROOM = 256
};

/* One content of a file. STARTED is the number of orders that the disk had seen before
 * the first call for it, ACKNOWLEDGED the number after the last call. */
struct version {
    const char *way;
    bool exists;
    size_t size;
    uint64_t digest;
    size_t started;
    size_t acknowledged;
};

struct file {
    char name[NAME_ROOM];
    struct version versions[VERSIONS]; /* the first version is that there is no file */
    unsigned count;
    char bytes[LARGEST]; /* of the last one */
};

struct writer {
    struct work *work;
    pthread_t thread;
    uint64_t random;
    bool failed;
    struct file files[FILES];
};

struct work {
    const struct disk *disk;
    const char *directory;
    unsigned flags;
    struct writer writers[WRITERS];
    pthread_t noise;
    atomic_bool quiet;
};

static uint64_t digest_of(const char *bytes, size_t size)
{
    uint64_t digest = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ (unsigned char) bytes[i]) * 0x100000001b3u;
    return digest;
}

static struct version *last_version(struct file *file)
{
    return &file->versions[file->count - 1];
}

/* ---- Ways to put a content in place --------------------------------------------------
 */

struct step {
    struct file *file;
    const char *directory; /* on the disk */
    char path[PATH_ROOM];
    size_t start; /* the part of the file's bytes that is written */
    size_t end;
    unsigned flags;
};

static bool write_bytes(const struct step *step, FILE *stream)
{
    size_t size = step->end - step->start;
    return fwrite(step->file->bytes + step->start, 1, size, stream) == size;
}

static bool publish(const struct step *step, const char *mode)
{
    struct filelike_options options = {.flags = step->flags};
    FILE *stream = filelike_atomic(step->path, mode, &options);
    if (stream == NULL)
        return false;
    bool written = write_bytes(step, stream);
    return fclose(stream) == 0 && written;
}

static bool replace(const struct step *step)
{
    return publish(step, "w");
}

static bool append(const struct step *step)
{
    return publish(step, "a");
}

static bool update(const struct step *step)
{
    return publish(step, "r+");
}

static bool persist(const struct step *step, FILE *stream)
{
    if (stream == NULL)
        return false;
    bool persisted = write_bytes(step, stream) &&
                     filelike_persist(stream, step->path, step->flags) == 0;
    return fclose(stream) == 0 && persisted;
}

static bool persist_memory(const struct step *step)
{
    return persist(step, filelike_memory("w+", NULL));
}

static bool persist_temporary(const struct step *step)
{
    struct filelike_options options = {.dir = step->directory};
    return persist(step, filelike_temporary("w+", &options));
}

static bool persist_named(const struct step *step)
{
    struct filelike_options options = {.dir = step->directory};
    return persist(step, filelike_named("w+", &options));
}

/* The stream's file is on another filesystem, so its bytes are copied. */
static bool persist_copy(const struct step *step)
{
    return persist(step, filelike_named("w+", NULL));
}

enum part { ALL, MORE, SOME };

static const struct way {
    const char *name;
    bool (*take)(const struct step *step);
    enum part part; /* the part of the bytes that is written */
} ways[] = {
    {"filelike_atomic, w", replace, ALL},
    {"filelike_atomic, a", append, MORE},
    {"filelike_atomic, r+", update, SOME},
    {"filelike_persist, memory", persist_memory, ALL},
    {"filelike_persist, temporary", persist_temporary, ALL},
    {"filelike_persist, named", persist_named, ALL},
    {"filelike_persist, copy", persist_copy, ALL},
};

/* ---- Steps ---------------------------------------------------------------------------
 */

/* Filesystems store small and large files in different ways. Many sizes are just below
 * or above such a limit. */
static size_t draw_size(uint64_t *random)
{
    static const size_t sizes[] = {0, 1, 60, 511, 512, 513, 2048, 4095, 4096, 4097};
    enum { COUNT = sizeof sizes / sizeof *sizes, EDGE_ODDS = 3, LARGE_ODDS = 8 };
    if (random_below(random, EDGE_ODDS) == 0)
        return sizes[random_below(random, COUNT)];
    size_t most = random_below(random, LARGE_ODDS) == 0 ? LARGEST : USUAL;
    return random_below(random, most);
}

static void draw_bytes(uint64_t *random, char *bytes, size_t size)
{
    uint64_t piece = 0;
    for (size_t i = 0; i < size; i++) {
        if (i % sizeof piece == 0)
            piece = random_below(random, UINT64_MAX);
        bytes[i] = (char) (piece >> i % sizeof piece * 8);
    }
}

/* The positions at which the bytes of STEP begin and end, and the size of the whole
 * then. */
static size_t draw_range(struct step *step, enum part part, uint64_t *random)
{
    size_t old = last_version(step->file)->size;
    size_t size = draw_size(random);
    step->start = part == MORE ? old : 0;
    step->end = size < LARGEST - step->start ? step->start + size : LARGEST;
    return part == SOME && old > step->end ? old : step->end;
}

static const struct way *draw_way(const struct version *old, uint64_t *random)
{
    enum { COUNT = sizeof ways / sizeof *ways };
    const struct way *way = &ways[random_below(random, COUNT)];
    return way->part == ALL || old->exists ? way : &ways[0];
}

/* Draws what is to become of the file of STEP, and writes it down as its last version. */
static const struct way *draw_step(struct step *step, uint64_t *random, size_t orders)
{
    struct file *file = step->file;
    const struct way *way = draw_way(last_version(file), random);
    struct version new = {way->name, true, 0, 0, orders, SIZE_MAX};
    new.size = draw_range(step, way->part, random);
    draw_bytes(random, file->bytes + step->start, step->end - step->start);
    new.digest = digest_of(file->bytes, new.size);
    if (!last_version(file)->exists && random_below(random, 2) == 0)
        step->flags |= FILELIKE_NOREPLACE;
    file->versions[file->count++] = new;
    return way;
}

static bool take_step(struct writer *writer, struct file *file)
{
    const struct work *work = writer->work;
    struct step step = {.file = file, .directory = work->directory, .flags = work->flags};
    (void) snprintf(step.path, sizeof step.path, "%s/%s", work->directory, file->name);
    const struct way *way = draw_step(&step, &writer->random, disk_orders(work->disk));
    if (!way->take(&step)) {
        int error = errno;
        (void) fprintf(stderr, "%s: %s: %s\n", way->name, step.path, strerror(error));
        return false;
    }
    last_version(file)->acknowledged = disk_orders(work->disk);
    return true;
}

static void *write_files(void *context)
{
    struct writer *writer = context;
    for (int i = 0; i < STEPS && !writer->failed; i++) {
        struct file *file = &writer->files[random_below(&writer->random, FILES)];
        if (file->count < VERSIONS)
            writer->failed = !take_step(writer, file);
    }
    return NULL;
}

/* ---- Noise ---------------------------------------------------------------------------
 *
 * These files are never checked. They give the disk more to do than the work that
 * somebody waits for.
 */

static void write_noise(const struct work *work, uint64_t *random)
{
    enum { NOISES = 4 };
    char path[PATH_ROOM];
    char bytes[USUAL] = "noise";
    (void) snprintf(path, sizeof path, "%s/noise%u", work->directory,
        (unsigned) random_below(random, NOISES));
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file == -1)
        return;
    (void) !write(file, bytes, random_below(random, sizeof bytes));
    (void) sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
    (void) close(file);
}

static void sync_all(const struct work *work)
{
    int directory = open(work->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void) syncfs(directory);
    (void) close(directory);
}

static void *make_noise(void *context)
{
    enum { SYNC_ODDS = 16, PAUSE_NANOSECONDS = 1000000 };
    const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
    struct work *work = context;
    uint64_t random = 1;
    while (!atomic_load(&work->quiet)) {
        write_noise(work, &random);
        if (random_below(&random, SYNC_ODDS) == 0)
            sync_all(work);
        (void) nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- Work ----------------------------------------------------------------------------
 */

static void init_writer(struct writer *writer, struct work *work, uint64_t seed)
{
    unsigned number = (unsigned) (writer - work->writers);
    writer->work = work;
    writer->random = seed + number;
    for (unsigned i = 0; i < FILES; i++) {
        struct file *file = &writer->files[i];
        (void) snprintf(file->name, sizeof file->name, "file%u.%u", number, i);
        file->count = 1;
    }
}

/* The test needs its threads. */
static void start(pthread_t *thread, void *(*run)(void *), void *context)
{
    if (pthread_create(thread, NULL, run, context) != 0)
        abort();
}

static bool work_through(struct work *work)
{
    bool failed = false;
    start(&work->noise, make_noise, work);
    for (int i = 0; i < WRITERS; i++)
        start(&work->writers[i].thread, write_files, &work->writers[i]);
    for (int i = 0; i < WRITERS; i++) {
        (void) pthread_join(work->writers[i].thread, NULL);
        failed |= work->writers[i].failed;
    }
    atomic_store(&work->quiet, true);
    (void) pthread_join(work->noise, NULL);
    return !failed;
}

struct work *work_do(
    const struct disk *disk, const char *directory, uint64_t seed, unsigned flags)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    work->disk = disk;
    work->directory = directory;
    work->flags = flags;
    for (int i = 0; i < WRITERS; i++)
        init_writer(&work->writers[i], work, seed);
    if (work_through(work))
        return work;
    free(work);
    return NULL;
}

void work_free(struct work *work)
{
    free(work);
}

/* ---- After a cut ---------------------------------------------------------------------
 */

static void read_version(const char *directory, const char *name, struct version *found)
{
    char path[PATH_ROOM];
    static char bytes[LARGEST + 1];
    *found = (struct version){.exists = false};
    (void) snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    found->exists = true;
    found->size = fread(bytes, 1, sizeof bytes, file);
    found->digest = digest_of(bytes, found->size);
    (void) fclose(file);
}

static bool is_same(const struct version *one, const struct version *other)
{
    return one->exists == other->exists && one->size == other->size &&
           one->digest == other->digest;
}

/* The last version that was acknowledged before the disk saw more than ORDERS. */
static unsigned acknowledged(const struct file *file, size_t orders)
{
    unsigned last = 0;
    for (unsigned i = 1; i < file->count; i++) {
        if (file->versions[i].acknowledged <= orders)
            last = i;
    }
    return last;
}

/* The last acknowledged version is there, or a later one. */
static bool is_right(
    const struct file *file, unsigned last, size_t orders, const struct version *found)
{
    const struct version *versions = file->versions;
    if (is_same(found, &versions[last]))
        return true;
    for (unsigned i = last + 1; i < file->count && versions[i].started < orders; i++) {
        if (is_same(found, &versions[i]))
            return true;
    }
    return false;
}

static bool file_is_right(const struct file *file, const char *directory, size_t orders,
    char why[], size_t size)
{
    struct version found;
    unsigned last = acknowledged(file, orders);
    read_version(directory, file->name, &found);
    if (is_right(file, last, orders, &found))
        return true;
    const struct version *version = &file->versions[last];
    (void) snprintf(why, size, "%s: found %s of %zu bytes, acknowledged %s of %zu bytes",
        file->name, found.exists ? "a file" : "nothing", found.size,
        version->exists ? version->way : "nothing", version->size);
    return false;
}

bool work_is_there(const struct work *work, const char *directory, size_t orders,
    char why[], size_t size)
{
    for (int i = 0; i < WRITERS; i++) {
        for (int j = 0; j < FILES; j++) {
            const struct file *file = &work->writers[i].files[j];
            if (!file_is_right(file, directory, orders, why, size))
                return false;
        }
    }
    return true;
}
