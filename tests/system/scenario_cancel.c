/* A thread is cancelled while it uses a stream. The library has no cancellation points,
 * so the stream is whole and unlocked afterwards. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "scratch.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { SIZE = 100000, SECONDS = 60 };

static char block[SIZE];

static FILE *stream;

/* ---- What the thread does ------------------------------------------------------------
 */

static void write_block(void)
{
    EXPECT(fwrite(block, 1, SIZE, stream) == SIZE && fflush(stream) == 0);
}

static void read_block(void)
{
    static char bytes[SIZE];
    EXPECT(fseeko(stream, -SIZE, SEEK_END) == 0);
    EXPECT(fread(bytes, 1, SIZE, stream) == SIZE);
}

static void ask(void)
{
    size_t size;
    EXPECT(filelike_size(stream) >= SIZE && filelike_error(stream) == 0);
    EXPECT(filelike_view(stream, &size) != NULL && size >= SIZE);
}

static void truncate_all(void)
{
    EXPECT(filelike_truncate(stream, SIZE) == 0 && filelike_truncate(stream, 0) == 0);
}

static void detach(void)
{
    void *bytes = filelike_detach(stream, NULL);
    EXPECT(bytes != NULL);
    free(bytes);
}

static void roll_over(void)
{
    EXPECT(filelike_rollover(stream) == 0 && filelike_fileno(stream) != -1);
    EXPECT(filelike_path(stream) != NULL);
}

static void persist(void)
{
    EXPECT(filelike_persist(stream, "target", 0) == 0);
}

static void reopen(void)
{
    FILE *second = filelike_reopen(stream, "a");
    EXPECT(second != NULL && fputs("x", second) >= 0);
    EXPECT(fclose(second) == 0);
    second = filelike_section(stream, 0, SIZE);
    EXPECT(second != NULL && getc(second) == block[0]);
    EXPECT(fclose(second) == 0);
}

static void redirect(void)
{
    EXPECT(fflush(stdout) == 0);
    EXPECT(filelike_redirect(stdout, stream) == 0 && puts("x") >= 0);
    EXPECT(filelike_restore(stdout) == 0);
}

static void open_others(void)
{
    char few[2];
    EXPECT(fclose(filelike_fixed(few, sizeof few, 0, "w+", NULL)) == 0);
    EXPECT(fclose(filelike_named("w+", NULL)) == 0);
    EXPECT(fclose(filelike_atomic("other", "w", NULL)) == 0);
    EXPECT(fclose(filelike_fopen("spooled:", "w+")) == 0);
    EXPECT(filelike_fopen("none", "r") == NULL && filelike_remove("none") != 0);
    filelike_cleanup();
}

static void (*const actions[])(void) = {write_block, read_block, ask, truncate_all,
    detach, roll_over, persist, reopen, redirect, open_others};

/* ---- Cancelling it -------------------------------------------------------------------
 */

struct work {
    void (*action)(void);
    bool done;
};

static void *act_cancelled(void *context)
{
    struct work *work = context;
    EXPECT(pthread_cancel(pthread_self()) == 0);
    work->action();
    work->done = true;
    pthread_testcancel();
    return NULL;
}

static void cancel_in(void (*action)(void))
{
    pthread_t thread;
    void *result;
    struct work work = {action, false};
    EXPECT(pthread_create(&thread, NULL, act_cancelled, &work) == 0);
    EXPECT(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    EXPECT(work.done);
}

/* ---- On each kind --------------------------------------------------------------------
 */

static FILE *open_spooled(void)
{
    struct filelike_options options = {.memory_limit = SIZE / 2};
    return filelike_spooled("w+", &options);
}

static FILE *open_in_memory(void)
{
    return filelike_spooled("w+", NULL);
}

static FILE *open_watched(void)
{
    struct filelike_options options = {.size_limit = 10 * SIZE};
    return filelike_temporary("w+", &options);
}

static FILE *open_named(void)
{
    return filelike_named("w+", NULL);
}

static const struct {
    const char *name;
    FILE *(*open)(void);
} kinds[] = {
    {"spooled, on disk", open_spooled},
    {"spooled, in memory", open_in_memory},
    {"temporary with a limit", open_watched},
    {"named", open_named},
};

static void use_and_close(FILE *(*open)(void), void (*action)(void))
{
    stream = open();
    EXPECT(stream != NULL);
    write_block();
    cancel_in(action);
    write_block();
    EXPECT(filelike_size(stream) >= SIZE);
    EXPECT(fclose(stream) == 0);
}

int main(void)
{
    scratch_enter();
    (void) alarm(SECONDS);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        expect_subject = kinds[i].name;
        for (size_t j = 0; j < sizeof actions / sizeof *actions; j++)
            use_and_close(kinds[i].open, actions[j]);
    }
    scratch_leave();
    return expect_status();
}
