/* A program with a malloc of its own, whose lock is held during fork, as jemalloc does
 * it. It registers its handlers with pthread_atfork when it is first used. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "sanitized.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if SANITIZED

int main(void)
{
    (void) fputs("skipped: a sanitizer needs its own malloc\n", stderr);
    return SKIPPED;
}

#else

/* ---- The program's malloc: a mapping for each block ----------------------------------
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_used;

struct header {
    alignas(max_align_t) size_t size; /* of the mapping */
};

static void hold(void)
{
    (void) pthread_mutex_lock(&lock);
}

static void resume(void)
{
    (void) pthread_mutex_unlock(&lock);
}

static void renew(void)
{
    lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
}

static void enter(void)
{
    if (!is_used) {
        is_used = true;
        (void) pthread_atfork(hold, resume, renew);
    }
    hold();
}

static void *block_of(struct header *header, size_t size)
{
    if (header == MAP_FAILED)
        return NULL;
    header->size = size;
    return header + 1;
}

void *malloc(size_t size)
{
    enter();
    size += sizeof(struct header);
    struct header *header =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    resume();
    return block_of(header, size);
}

void free(void *block)
{
    if (block == NULL)
        return;
    enter();
    struct header *header = (struct header *) block - 1;
    (void) munmap(header, header->size);
    resume();
}

void *calloc(size_t count, size_t size)
{
    return size != 0 && count > PTRDIFF_MAX / size ? NULL : malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    if (block == NULL)
        return malloc(size);
    enter();
    size += sizeof(struct header);
    struct header *header = (struct header *) block - 1;
    header = mremap(header, header->size, size, MREMAP_MAYMOVE);
    resume();
    return block_of(header, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (alignment > alignof(max_align_t))
        return EINVAL;
    *block = malloc(size);
    return *block != NULL ? 0 : ENOMEM;
}

/* ---- Forking while streams grow ------------------------------------------------------
 */

static atomic_bool goes_on = true;

static void *grow_streams(void *context)
{
    enum { BLOCKS = 200, BLOCK = 700 };
    static const char block[BLOCK];
    (void) context;
    while (atomic_load(&goes_on)) {
        FILE *stream = filelike_memory("w+", NULL);
        for (int i = 0; i < BLOCKS; i++)
            EXPECT(fwrite(block, 1, BLOCK, stream) == BLOCK && fflush(stream) == 0);
        EXPECT(filelike_size(stream) == (int64_t) BLOCKS * BLOCK);
        EXPECT(fclose(stream) == 0);
    }
    return NULL;
}

static void fork_once(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(EXIT_SUCCESS);
    EXPECT(child != -1 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    enum { THREADS = 2, FORKS = 1000, SECONDS = 120 };
    pthread_t threads[THREADS];
    expect_subject = "fork, with a malloc that has a lock";
    (void) alarm(SECONDS);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, grow_streams, NULL) == 0);
    for (int i = 0; i < FORKS; i++)
        fork_once();
    atomic_store(&goes_on, false);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    return expect_status();
}

#endif
