#include <config.h>

#include "soak_errand.h"
#include "soak_record.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum {
    MEMBERS = 3,
    RECORDS = 300, /* of a member, at most */
    LOOKS = 20,    /* by the thread that waits for them */
    NAME_SIZE = 32
};

struct member {
    struct team *team;
    FILE *stream;
    uint32_t number;
    uint32_t accepted; /* records that were stored */
    bool failed;       /* the record after them may have been, too */
    bool started;
    pthread_t thread;
};

/* The threads that share bytes. The stream of JOB reads them. */
struct team {
    struct job job;
    unsigned lack;
    uint32_t records;       /* of each member */
    uint32_t stored;        /* records of all members, guarded by the stream's lock */
    atomic_bool is_spoiled; /* the content of the one stream is not known any more */
    struct member members[MEMBERS];
};

static bool write_record(struct member *member, FILE *stream)
{
    struct record record =
        record_make(member->team->job.seed, member->number, member->accepted);
    bool written = fwrite(&record, sizeof record, 1, stream) == 1 && fflush(stream) == 0;
    return job_done_or_lacks(&member->team->job, written, member->team->lack);
}

/* ---- One stream ----------------------------------------------------------------------
 */

/* A record takes two calls, so only flockfile keeps it together. */
static bool write_halves(struct member *member, FILE *stream)
{
    enum { HALF = sizeof(struct record) / 2 };
    struct record record =
        record_make(member->team->job.seed, member->number, member->accepted);
    const char *bytes = (const char *) &record;
    bool written = fwrite(bytes, 1, HALF, stream) == HALF &&
                   fwrite(bytes + HALF, 1, HALF, stream) == HALF && fflush(stream) == 0;
    return job_done(&member->team->job, written);
}

/* Removes the bytes that a failed write may have left, if it can. */
static void repair(struct team *team)
{
    FILE *stream = team->job.stream;
    int64_t size = (int64_t) (team->stored * sizeof(struct record));
    team->job.failed = true;
    clearerr(stream);
    if (!job_done(&team->job, filelike_truncate(stream, size) == 0) ||
        !job_done(&team->job, fseeko(stream, 0, SEEK_END) == 0))
        atomic_store(&team->is_spoiled, true);
}

static void *append_locked(void *context)
{
    struct member *member = context;
    struct team *team = member->team;
    for (uint32_t i = 0; i < team->records; i++) {
        flockfile(team->job.stream);
        bool stored =
            !atomic_load(&team->is_spoiled) && write_halves(member, team->job.stream);
        member->accepted += stored;
        team->stored += stored;
        if (!stored && !atomic_load(&team->is_spoiled))
            repair(team);
        funlockfile(team->job.stream);
    }
    return NULL;
}

/* stdio's own lock keeps a record together. If fflush fails, nobody knows whose record
 * it was. */
static void *append_whole(void *context)
{
    struct member *member = context;
    struct team *team = member->team;
    for (uint32_t i = 0; i < team->records && !atomic_load(&team->is_spoiled); i++) {
        if (!write_record(member, team->job.stream))
            atomic_store(&team->is_spoiled, true);
        else
            member->accepted++;
    }
    return NULL;
}

/* ---- Streams of their own on the same bytes ------------------------------------------
 */

static void *append_own(void *context)
{
    struct member *member = context;
    for (uint32_t i = 0; i < member->team->records && !member->failed; i++) {
        if (!write_record(member, member->stream))
            member->failed = true;
        else
            member->accepted++;
    }
    return NULL;
}

static bool adopt(struct team *team, uint32_t number, FILE *stream)
{
    team->members[number].stream = stream;
    return job_done_or_lacks(&team->job, stream != NULL, team->lack);
}

static void close_own(struct team *team)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct member *member = &team->members[i];
        if (member->stream == NULL)
            continue;
        bool stored = fclose(member->stream) == 0;
        if (!job_done_or_lacks(&team->job, stored, team->lack) != member->failed)
            job_lose(&team->job, "an appender's fclose reports something else");
        team->job.others_failed = team->job.others_failed || member->failed;
    }
}

/* ---- All of them ---------------------------------------------------------------------
 */

static void start(struct team *team, void *(*body)(void *) )
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct member *member = &team->members[i];
        member->team = team;
        member->number = i;
        if (body == append_own && member->stream == NULL)
            continue;
        errno = pthread_create(&member->thread, NULL, body, member);
        member->started = job_done(&team->job, errno == 0);
    }
}

static void join(struct team *team)
{
    for (uint32_t i = 0; i < MEMBERS; i++)
        if (team->members[i].started)
            (void) pthread_join(team->members[i].thread, NULL);
}

/* Whether RECORD is the next record of its member. */
static bool is_next(
    const struct team *team, const struct record *record, const uint32_t *seen)
{
    return record_is_whole(record) && record->seed == team->job.seed &&
           record->member < MEMBERS && record->number == seen[record->member];
}

static void check_counts(const struct team *team, const uint32_t *seen)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        const struct member *member = &team->members[i];
        if (seen[i] != member->accepted &&
            !(member->failed && seen[i] == member->accepted + 1))
            job_lose(&team->job, "records are missing, or too many");
    }
}

/* Each member's records are there once, and in order. */
static void count(const struct team *team)
{
    struct record record;
    uint32_t seen[MEMBERS] = {0};
    FILE *stream = team->job.stream;
    clearerr(stream);
    rewind(stream);
    while (fread(&record, sizeof record, 1, stream) == 1) {
        if (!is_next(team, &record, seen)) {
            job_lose(&team->job, "a record is torn, or at the wrong place");
            return;
        }
        seen[record.member]++;
    }
    if (ferror(stream))
        job_lose(&team->job, "records cannot be read");
    check_counts(team, seen);
}

/* ---- Errands -------------------------------------------------------------------------
 */

/* The kind is one that threads can share. */
static bool open_team(struct team *team, struct errand *errand)
{
    const struct kind *kind = &kinds[draw(&errand->random, (unsigned) kind_count)];
    *team = (struct team){.job = errand_job(errand, kind), .lack = LACK_ANY};
    team->records = draw(&errand->random, RECORDS);
    return job_can_be(kind) && (kind->options.flags & FILELIKE_UNLOCKED) == 0 &&
           job_open(&team->job, errand->budget);
}

void errand_share_stream(struct errand *errand)
{
    struct team team;
    if (!open_team(&team, errand))
        return;
    start(&team, draw(&errand->random, 2) == 0 ? append_locked : append_whole);
    join(&team);
    if (atomic_load(&team.is_spoiled))
        team.job.failed = true;
    else
        count(&team);
    job_close(&team.job, false);
}

/* The bytes may move to disk meanwhile. */
static void look(struct team *team)
{
    struct job *job = &team->job;
    int64_t size = filelike_size(job->stream);
    if (job_done(job, size >= 0) && size % (int64_t) sizeof(struct record) != 0)
        job_lose(job, "half a record is there");
    unsigned what = draw(&job->random, LOOKS);
    if (what == 0)
        (void) job_done_or_lacks(
            job, filelike_rollover(job->stream) == 0, LACK_ANY | LACK_SUPPORT);
    else if (what == 1)
        job_ask_descriptor(job);
    (void) sched_yield();
}

/* stdio stores a record in parts if its buffer is smaller. */
static bool has_room_for_record(const struct kind *kind)
{
    size_t size = kind->options.buffer_size;
    return size == 0 || size >= sizeof(struct record);
}

void errand_share_bytes(struct errand *errand)
{
    struct team team;
    if (!open_team(&team, errand))
        return;
    for (uint32_t i = 0; i < MEMBERS; i++)
        if (has_room_for_record(team.job.kind))
            (void) adopt(&team, i, filelike_reopen(team.job.stream, "a"));
    start(&team, append_own);
    for (unsigned left = LOOKS; left > 0; left--)
        look(&team);
    join(&team);
    close_own(&team);
    count(&team);
    job_close(&team.job, false);
}

/* The bytes stay for their streams. Opening the name again makes new ones. */
static void take_name_away(const struct team *team, const char *name)
{
    if (filelike_remove(name) != 0)
        job_lose(&team->job, "a name cannot be removed");
    FILE *none = filelike_fopen(name, "r");
    if (none != NULL)
        job_lose(&team->job, "a removed name still exists");
    (void) job_done_or_lacks(&team->job, false, LACK_MEMORY | LACK_PATH);
    if (none != NULL)
        (void) fclose(none);
}

void errand_share_name(struct errand *errand)
{
    static const struct kind kind = {
        .name = "memory, name shared", .properties = KIND_WATCHED};
    char name[NAME_SIZE];
    struct team team = {.job = errand_job(errand, &kind), .lack = LACK_MEMORY};
    (void) snprintf(name, sizeof name, "memory:team-%u", errand->seed);
    team.records = draw(&errand->random, RECORDS);
    team.job.stream = filelike_fopen(name, "w+");
    if (!job_done_or_lacks(&team.job, team.job.stream != NULL, LACK_MEMORY))
        return;
    for (uint32_t i = 0; i < MEMBERS; i++)
        (void) adopt(&team, i, filelike_fopen(name, "a"));
    start(&team, append_own);
    take_name_away(&team, name);
    join(&team);
    close_own(&team);
    count(&team);
    job_close(&team.job, false);
}
