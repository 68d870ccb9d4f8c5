/* fork in a signal handler after each single instruction of the library. The processor
 * stops after each instruction of a call, and the handler forks: the child finds what the
 * call was changing after every step of the change. It looks at that at once, or goes on
 * with the call first.
 *
 * scenario_fork_handler forks within the C library, too, but only now and then.
 *
 * usage: scenario_fork_steps [WORK]     (a name of those in works, or a kind of stream)
 */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "kinds.h"
#include "sanitized.h"
#include "scratch.h"

#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __GLIBC__
enum { HEAP_IS_SEEN = 1, FORK_RENEWS_LOCKS = 1 };
#else
enum { HEAP_IS_SEEN = 0, FORK_RENEWS_LOCKS = 0 };
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))

#if defined REG_RIP && defined REG_EFL && !defined COVERAGE_H
enum { CAN_STEP = 1, PROGRAM_COUNTER = REG_RIP, FLAGS = REG_EFL };
#define REGISTERS(context) (((ucontext_t *) (context))->uc_mcontext.gregs)
#else
enum { CAN_STEP = 0, PROGRAM_COUNTER = 0, FLAGS = 1 };
static long long no_registers[2];
#define REGISTERS(context) ((void) (context), no_registers)
#endif

/* ---- What the library is in memory ----------------------------------------------------
 */

struct range {
    uintptr_t begin;
    uintptr_t end;
};

static uintptr_t load_address;
static struct range code;
static struct range data; /* the variables of the library */
static uintptr_t heap_begin;

static bool is_in(const struct range *range, uintptr_t address)
{
    return address >= range->begin && address < range->end;
}

static int find_library(struct dl_phdr_info *object, size_t size, void *inside)
{
    struct range found = {0, 0}, written = {0, 0};
    (void) size;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t begin = object->dlpi_addr + part->p_vaddr;
        struct range range = {begin, begin + part->p_memsz};
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0)
            found = range;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) != 0)
            written = range;
    }
    if (!is_in(&found, (uintptr_t) inside))
        return 0;
    load_address = object->dlpi_addr;
    code = found;
    data = written;
    return 1;
}

static uint64_t sum_of(uint64_t sum, uintptr_t begin, uintptr_t end)
{
    static const uint64_t prime = 1099511628211u;
    const uint64_t *words = (const void *) (begin & ~(uintptr_t) 7);
    for (size_t i = 0; i < (end - begin) / sizeof *words; i++)
        sum = (sum ^ words[i]) * prime;
    return sum;
}

/* Most instructions change nothing that a child can see. Code outside of the library may
 * have changed anything. glibc's malloc keeps the small blocks of these tests below the
 * program break, so that they can be looked at. musl's does not, so every eighth
 * instruction counts as a change there. */
static bool has_changed(bool was_outside)
{
    static uint64_t last_sum;
    static unsigned steps;
    if (!HEAP_IS_SEEN)
        return was_outside || ++steps % 8 == 0;
    uint64_t sum = sum_of(0, data.begin, data.end);
    sum = sum_of(sum, heap_begin, (uintptr_t) sbrk(0));
    bool changed = was_outside || sum != last_sum;
    last_sum = sum;
    return changed;
}

/* ---- Forking -------------------------------------------------------------------------
 */

/* CALL is stepped through. CHECK is what a child does after one of its steps. */
struct work {
    const char *name;
    void (*prepare)(void);
    void (*call)(void);
    void (*check)(void);
    void (*finish)(void);
};

enum { CHILD_SECONDS = 10, MOST_REPORTED = 5 };

static const struct work *work;
static bool goes_on; /* whether children go on with the call before they check */
static volatile sig_atomic_t is_child;
static unsigned forks;
static unsigned failures;

static void count_failure(pid_t child, uintptr_t instruction)
{
    int status = 0;
    if (child != -1 && waitpid(child, &status, 0) == child && status == 0)
        return;
    failures++;
    if (failures <= MOST_REPORTED)
        (void) fprintf(stderr, "%s%s, at offset %#lx: wait status %#x\n", work->name,
            goes_on ? ", the call ended" : "",
            (unsigned long) (instruction - load_address), (unsigned) status);
}

static void fork_at(uintptr_t instruction)
{
    forks++;
    pid_t child = fork();
    if (child != 0) {
        count_failure(child, instruction);
        return;
    }
    expect_failures = 0;
    (void) alarm(CHILD_SECONDS);
    is_child = true;
    if (goes_on)
        return;
    work->check();
    _exit(expect_status());
}

/* The library holds signals at times. A handler cannot fork then, but a step that is held
 * would end the process. */
static bool holds_signals;

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    enum { KERNEL_SET = 8 /* bytes */ };
    sigset_t allowed;
    if (set != NULL) {
        allowed = *set;
        holds_signals = sigismember(set, SIGTRAP) == 1;
        (void) sigdelset(&allowed, SIGTRAP);
    }
    return (int) syscall(
        SYS_rt_sigprocmask, how, set != NULL ? &allowed : NULL, old, KERNEL_SET);
}

/* SIGTRAP is sent to begin and to end, and comes after each instruction in between. */
static void handle_step(int number, siginfo_t *info, void *context)
{
    enum { TRAP_FLAG = 0x100 };
    static bool was_outside = true;
    int saved = errno;
    uintptr_t instruction = (uintptr_t) REGISTERS(context)[PROGRAM_COUNTER];
    bool is_inside = is_in(&code, instruction);
    (void) number;
    if (info->si_code <= 0)
        REGISTERS(context)[FLAGS] ^= TRAP_FLAG;
    else if (is_inside && !is_child && !holds_signals && has_changed(was_outside))
        fork_at(instruction);
    was_outside = !is_inside;
    if (is_child)
        REGISTERS(context)[FLAGS] &= ~TRAP_FLAG;
    errno = saved;
}

static void step_through(bool children_go_on)
{
    goes_on = children_go_on;
    work->prepare();
    (void) kill(getpid(), SIGTRAP);
    work->call();
    if (is_child) {
        work->check();
        exit(expect_status());
    }
    (void) kill(getpid(), SIGTRAP);
    work->finish();
}

/* ---- Streams that are opened and closed ----------------------------------------------
 */

enum { KEPT = 6, OPENED = 2 };

static FILE *kept[KEPT];

/* Streams with small buffers on the same bytes are so near to each other that some share
 * a list of the registry. */
static FILE *open_small(void)
{
    struct filelike_options options = {.buffer_size = 16};
    return filelike_memory("w+", &options);
}

static void open_kept(void)
{
    kept[0] = open_small();
    EXPECT(kept[0] != NULL && fputs("0123", kept[0]) >= 0 && fflush(kept[0]) == 0);
    for (size_t i = 1; i < KEPT; i++)
        EXPECT((kept[i] = filelike_reopen(kept[0], "r+")) != NULL);
}

static void open_and_close(void)
{
    FILE *streams[OPENED];
    for (size_t i = 0; i < OPENED; i++)
        EXPECT((streams[i] = filelike_reopen(kept[0], "r+")) != NULL);
    for (size_t i = 0; i < OPENED; i++)
        EXPECT(fclose(streams[i]) == 0);
}

static void check_kept(void)
{
    for (size_t i = 0; i < KEPT; i++)
        EXPECT(filelike_size(kept[i]) == 4);
    FILE *stream = open_small();
    EXPECT(stream != NULL && filelike_size(stream) == 0 && fclose(stream) == 0);
    for (size_t i = 0; i < KEPT; i++)
        EXPECT(filelike_size(kept[i]) == 4 && fclose(kept[i]) == 0);
}

static void close_kept(void)
{
    for (size_t i = 0; i < KEPT; i++)
        EXPECT(fclose(kept[i]) == 0);
}

/* ---- Names ---------------------------------------------------------------------------
 */

/* They are in one list of store/names.c. */
static const char *const names[] = {"memory:n1651", "memory:n4779", "memory:a"};
static const char own[] = "memory:n4890";

static bool has_text(const char *name)
{
    char text[8] = "";
    FILE *stream = filelike_fopen(name, "r");
    return stream != NULL && fgets(text, sizeof text, stream) != NULL &&
           fclose(stream) == 0 && strcmp(text, "0123") == 0;
}

static bool make_name(const char *name)
{
    FILE *stream = filelike_fopen(name, "w");
    return stream != NULL && fputs("0123", stream) >= 0 && fclose(stream) == 0;
}

static void make_names(void)
{
    FILE *empty = filelike_fopen(own, "w");
    EXPECT(empty != NULL && fclose(empty) == 0);
    for (size_t i = 0; i < COUNT(names); i++)
        EXPECT(make_name(names[i]));
}

/* The name in the middle of the list replaces the first, and goes to the end then. */
static void change_names(void)
{
    EXPECT(filelike_rename(names[1], own) == 0);
    EXPECT(filelike_rename(own, names[1]) == 0);
}

static void check_names(void)
{
    EXPECT(has_text(names[0]) && has_text(names[2]));
    EXPECT(has_text(names[1]) || has_text(own));
    EXPECT(make_name("memory:n6324") && has_text("memory:n6324"));
    EXPECT(filelike_remove("memory:n6324") == 0);
    EXPECT(filelike_remove(names[0]) == 0 && !has_text(names[0]) && has_text(names[2]));
}

static void remove_names(void)
{
    for (size_t i = 0; i < COUNT(names); i++)
        EXPECT(has_text(names[i]) && filelike_remove(names[i]) == 0);
    EXPECT_FAILS(filelike_remove(own), -1, ENOENT);
}

/* ---- Files to remove -----------------------------------------------------------------
 */

/* Streams in one relative directory share its descriptor, and a list of such. */
static FILE *open_here(void)
{
    struct filelike_options options = {.dir = "."};
    return filelike_named("w+", &options);
}

static FILE *named;
static FILE *working[2];
static char named_path[4096];

static void open_named(void)
{
    named = open_here();
    (void) snprintf(named_path, sizeof named_path, "%s", filelike_path(named));
}

static void close_working(size_t number)
{
    FILE *closed = working[number];
    working[number] = NULL;
    EXPECT(closed == NULL || fclose(closed) == 0);
}

static void open_and_close_named(void)
{
    for (size_t i = 0; i < COUNT(working); i++)
        EXPECT((working[i] = open_here()) != NULL);
    for (size_t i = 0; i < COUNT(working); i++)
        close_working(i);
}

/* Each of the child's files has a place of its own, also where it uses that of a stream
 * of its parent's which it has closed. */
static void check_named(void)
{
    FILE *streams[6];
    char *paths[COUNT(streams)];
    EXPECT(fclose(named) == 0);
    for (size_t i = 0; i < COUNT(streams); i++) {
        if (i == COUNT(streams) / 2)
            close_working(1);
        streams[i] = open_here();
        paths[i] = strdup(filelike_path(streams[i]));
    }
    for (size_t i = 0; i < COUNT(streams); i++)
        EXPECT(access(paths[i], F_OK) == 0);
    filelike_cleanup();
    for (size_t i = 0; i < COUNT(streams); i++) {
        EXPECT(access(paths[i], F_OK) != 0 && fclose(streams[i]) == 0);
        free(paths[i]);
    }
    EXPECT(access(named_path, F_OK) == 0);
}

static void close_named(void)
{
    EXPECT(access(named_path, F_OK) == 0 && fclose(named) == 0);
    EXPECT(access(named_path, F_OK) != 0);
    EXPECT(strcmp(entries("."), "") == 0);
}

/* ---- Bytes that move -----------------------------------------------------------------
 */

enum { SMALL = 3000, LARGE = 3 * SMALL };

static char block[LARGE];
static FILE *stream;
static FILE *second; /* on the same bytes */

static void open_bytes(void)
{
    stream = filelike_memory("w+", NULL);
    second = filelike_reopen(stream, "r+");
    EXPECT(setvbuf(second, NULL, _IONBF, 0) == 0);
    EXPECT(fwrite(block, 1, SMALL, stream) == SMALL && fflush(stream) == 0);
}

/* While a view is valid, the block grows and shrinks by a copy, else by realloc. */
static void resize_bytes(void)
{
    EXPECT(filelike_view(stream, NULL) != NULL);
    EXPECT(fwrite(block, 1, LARGE, stream) == LARGE && fflush(stream) == 0);
    EXPECT(filelike_truncate(stream, SMALL) == 0);
    EXPECT(filelike_truncate(stream, LARGE) == 0);
    free(filelike_detach(stream, NULL));
    EXPECT(fwrite(block, 1, SMALL, stream) == SMALL && fflush(stream) == 0);
    EXPECT(filelike_truncate(stream, 0) == 0);
}

static bool is_made_of_blocks(const char *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && (bytes[i] == 'x' || bytes[i] == '\0'))
        i++;
    return i == size && bytes[size] == '\0';
}

static bool has_room_for_view(FILE *file)
{
    size_t size = 0;
    const void *view = filelike_view(file, &size);
    return size >= LARGE && malloc_usable_size((void *) (uintptr_t) view) > size;
}

/* A child that was forked within realloc has lost the bytes, and is told so. It is not
 * forked there: no step of realloc is one of the library. */
static void check_bytes(void)
{
    size_t size = 0;
    const char *view = filelike_view(second, &size);
    if (view == NULL && errno == EBADF)
        return;
    EXPECT(view != NULL && is_made_of_blocks(view, size));
    EXPECT(fseeko(second, 0, SEEK_SET) == 0);
    EXPECT(fwrite(block, 1, LARGE, second) == LARGE);
    EXPECT(has_room_for_view(second) && filelike_truncate(second, 1) == 0);
    EXPECT(fclose(second) == 0);
}

static void close_bytes(void)
{
    EXPECT(fclose(second) == 0 && fclose(stream) == 0);
}

/* Beside another thread, small blocks shrink by a copy, too. On musl there is no thread,
 * because streams stay locked in the child. */
static void *wait_for_end(void *nothing)
{
    while (pause() == -1)
        continue;
    return nothing;
}

static void open_bytes_beside_thread(void)
{
    static pthread_t thread;
    static bool started;
    if (!started && FORK_RENEWS_LOCKS)
        EXPECT(pthread_create(&thread, NULL, wait_for_end, NULL) == 0);
    started = true;
    open_bytes();
}

/* ---- Bytes that move to disk ---------------------------------------------------------
 */

static void open_spooled(void)
{
    struct filelike_options options = {.memory_limit = SMALL};
    stream = filelike_spooled("w+", &options);
    second = filelike_reopen(stream, "r");
    EXPECT(fwrite(block, 1, SMALL, stream) == SMALL && fflush(stream) == 0);
}

static void move_to_disk(void)
{
    EXPECT(fputs("more", stream) >= 0 && fflush(stream) == 0);
}

static void check_spooled(void)
{
    char bytes[SMALL];
    EXPECT(fread(bytes, 1, SMALL, second) == SMALL && memcmp(bytes, block, SMALL) == 0);
    EXPECT(fclose(second) == 0);
}

/* ---- Redirected streams --------------------------------------------------------------
 */

static FILE *printed;

static void open_printed(void)
{
    stream = filelike_memory("w", NULL);
    printed = fopen("printed", "w");
    EXPECT(printed != NULL && filelike_redirect(stdout, stream) == 0);
    EXPECT(filelike_redirect(printed, stream) == 0);
}

static void redirect_and_restore(void)
{
    EXPECT(filelike_redirect(printed, stream) == 0 && filelike_restore(stdout) == 0);
    EXPECT(filelike_restore(printed) == 0 && filelike_redirect(stdout, stream) == 0);
}

static void check_redirections(void)
{
    EXPECT(filelike_restore(printed) == 0);
    while (filelike_restore(printed) == 0)
        continue;
    EXPECT(errno == EINVAL);
    EXPECT(filelike_redirect(stdout, stream) == 0 && filelike_restore(stdout) == 0);
}

static void close_printed(void)
{
    EXPECT(filelike_restore(stdout) == 0 && filelike_restore(printed) == 0);
    EXPECT(fclose(printed) == 0 && fclose(stream) == 0 && unlink("printed") == 0);
}

/* ---- Streams of the C library's ------------------------------------------------------
 */

static FILE *natives[2];

static void open_natives(void)
{
    for (size_t i = 0; i < COUNT(natives); i++) {
        natives[i] = tmpfile();
        EXPECT(natives[i] != NULL && fputs("0123", natives[i]) >= 0);
        EXPECT(fflush(natives[i]) == 0);
    }
    EXPECT(filelike_view(natives[0], NULL) != NULL);
}

/* A stream on the bytes of natives[NUMBER]. Its descriptor is the same for all, and is
 * too large for the first table. */
static FILE *open_high(size_t number)
{
    enum { LARGE_NUMBER = 300 };
    return fdopen(dup2(fileno(natives[number]), LARGE_NUMBER), "r");
}

static void use_natives(void)
{
    EXPECT(filelike_view(natives[1], NULL) != NULL);
    for (size_t i = 0; i < COUNT(natives); i++) {
        FILE *high = open_high(i);
        EXPECT(high != NULL && filelike_view(high, NULL) != NULL);
        EXPECT(filelike_path(high) != NULL && fclose(high) == 0);
    }
}

static void check_natives(void)
{
    for (size_t i = COUNT(natives); i-- > 0;) {
        FILE *high = open_high(i);
        EXPECT(high != NULL && filelike_path(high) != NULL && fclose(high) == 0);
        const char *view = filelike_view(natives[i], NULL);
        EXPECT(view != NULL && strcmp(view, "0123") == 0);
        EXPECT(fclose(natives[i]) == 0);
    }
}

static void close_natives(void)
{
    for (size_t i = 0; i < COUNT(natives); i++)
        EXPECT(fclose(natives[i]) == 0);
}

/* ---- Blocks that are replaced --------------------------------------------------------
 */

static ssize_t write_nowhere(
    void *context, const void *bytes, size_t size, int64_t position)
{
    (void) context;
    (void) bytes;
    (void) position;
    return (ssize_t) size;
}

static int64_t size_so_far;

static ssize_t read_block(void *context, void *buffer, size_t size, int64_t position)
{
    size_t left = (size_t) (size_so_far - position);
    (void) context;
    memcpy(buffer, block, size < left ? size : left);
    return (ssize_t) (size < left ? size : left);
}

/* Each view differs from the one before. */
static int64_t grow(void *context)
{
    (void) context;
    return ++size_so_far;
}

static const struct filelike_operations operations = {
    .read = read_block, .write = write_nowhere, .size = grow};

static void open_to_replace(void)
{
    size_so_far = 0;
    stream = filelike_custom(block, &operations, "r+", NULL);
    second = filelike_memory("w+", NULL);
    named = filelike_named("w+", NULL);
    EXPECT(stream != NULL && second != NULL && filelike_path(named) != NULL);
}

static void replace_blocks(void)
{
    for (int i = 0; i < 100; i++)
        EXPECT(fputs("0123456789abcdef", second) >= 0);
    EXPECT(fwrite(block, 1, LARGE, named) == LARGE && fflush(named) == 0);
    int status = filelike_persist(named, "given", 0);
    EXPECT((status == 0 || is_child) && filelike_path(named) != NULL);
    EXPECT(filelike_view(stream, NULL) != NULL && filelike_view(stream, NULL) != NULL);
    EXPECT(fputs("x", stream) >= 0 && fflush(stream) == 0);
}

/* A pending byte of the custom stream may be lost. */
static void close_replaced(void)
{
    EXPECT(fclose(second) == 0 && fclose(named) == 0);
    (void) fclose(stream);
    (void) unlink("given");
}

/* A child that was forked within realloc has lost the bytes, see check_bytes. */
static void check_replaced(void)
{
    EXPECT(fclose(second) == 0 || errno == EBADF);
    (void) fclose(named);
    (void) fclose(stream);
    FILE *files[2] = {open_here(), open_here()};
    EXPECT(fclose(files[0]) == 0 && access(filelike_path(files[1]), F_OK) == 0);
    EXPECT(fclose(files[1]) == 0);
}

/* ---- Each function on each kind of stream --------------------------------------------
 *
 * The child closes what its parent was at work on, and makes streams of its own.
 */

static const struct kind *kind;

static FILE *open_kind(void)
{
    struct filelike_options options = {.flags = FILELIKE_NOSYNC};
    return kind_open_on(
        kind, block, SMALL, kind_has(kind, KIND_ONLY_READS) ? "r" : "r+", &options);
}

static void open_pair(void)
{
    EXPECT((stream = open_kind()) != NULL);
    second = filelike_reopen(stream, "r");
    EXPECT(second != NULL);
}

static void close_if(FILE *file)
{
    if (file != NULL)
        (void) fclose(file);
}

/* A function that means nothing to the kind fails. */
static void call_functions(void)
{
    (void) getc(stream);
    (void) filelike_view(stream, NULL);
    (void) fseeko(stream, 0, SEEK_END);
    (void) (fwrite(block, 1, 100, stream) == 100 && fputs("0123", stream) >= 0);
    (void) fwrite(block, 1, LARGE, stream);
    (void) filelike_view(stream, NULL);
    (void) filelike_truncate(stream, SMALL);
    (void) filelike_path(stream);
    if (filelike_persist(stream, "kept", FILELIKE_NOSYNC) == 0)
        (void) filelike_path(stream);
    close_if(filelike_reopen(stream, "r+"));
    close_if(filelike_section(stream, 1, 2));
    (void) filelike_rollover(stream);
    (void) filelike_fileno(stream);
    free(filelike_detach(stream, NULL));
    (void) (fputs("0123", stream) >= 0 && fflush(stream) == 0);
    (void) filelike_error(stream);
}

static void check_pair(void)
{
    (void) getc(second);
    (void) fclose(second);
    (void) fclose(stream);
    open_pair();
    EXPECT(getc(second) == block[0]);
    EXPECT(fclose(second) == 0 && fclose(stream) == 0);
    kinds_clean_up(); /* a child ends without it */
}

/* Children that went on have moved the offset of a native stream. */
static void close_pair(void)
{
    EXPECT(fclose(second) == 0);
    EXPECT(fclose(stream) == 0 || !kind_has(kind, KIND_WATCHED));
    (void) unlink("kept");
    kinds_clean_up();
}

static const struct work functions = {
    "each function", open_pair, call_functions, check_pair, close_pair};

/* ---- All -----------------------------------------------------------------------------
 */

static const struct work works[] = {
    {"streams", open_kept, open_and_close, check_kept, close_kept},
    {"names", make_names, change_names, check_names, remove_names},
    {"files to remove", open_named, open_and_close_named, check_named, close_named},
    {"bytes that move", open_bytes, resize_bytes, check_bytes, close_bytes},
    {"bytes that move to disk", open_spooled, move_to_disk, check_spooled, close_bytes},
    {"redirected streams", open_printed, redirect_and_restore, check_redirections,
        close_printed},
    {"blocks that are replaced", open_to_replace, replace_blocks, check_replaced,
        close_replaced},
    {"native streams", open_natives, use_natives, check_natives, close_natives},
    /* It must be the last one, as the thread stays. */
    {"bytes beside a thread", open_bytes_beside_thread, resize_bytes, check_bytes,
        close_bytes},
};

/* Whether children go on. The last pass finds what those before have left to use again.
 */
static const bool passes[] = {false, true, false};

/* The test's own code would be stepped through, too, if the program held the library. */
static const char *reason_to_skip(const void *library)
{
    if (!CAN_STEP || SANITIZED || runs_in_valgrind())
        return "needs an x86-64 processor of its own";
    return library == NULL ? "needs the library as an object of its own" : NULL;
}

static void report(const char *name)
{
    (void) fprintf(stderr, "%s: %u forks, %u failures\n", name, forks, failures);
}

static void do_work(const struct work *chosen)
{
    work = chosen;
    for (size_t pass = 0; pass < COUNT(passes); pass++)
        step_through(passes[pass]);
    report(chosen->name);
}

/* One pass for each kind, as they are many. */
static void do_functions(const struct kind *chosen)
{
    kind = chosen;
    work = &functions;
    step_through(passes[(size_t) (chosen - kinds) % COUNT(passes)]);
    report(chosen->name);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = handle_step, .sa_flags = SA_SIGINFO};
    void *first = malloc(1);
    void *inside = dlsym(RTLD_DEFAULT, "filelike_memory");
    const char *reason = reason_to_skip(inside);
    if (reason != NULL) {
        say_skipped("fork after each instruction", reason);
        return SKIPPED;
    }
    EXPECT(dl_iterate_phdr(find_library, inside) == 1);
    heap_begin = (uintptr_t) first;
    free(first);
    expect_subject = "fork after an instruction";
    memset(block, 'x', sizeof block);
    scratch_enter();
    EXPECT(sigaction(SIGTRAP, &action, NULL) == 0);
    for (size_t i = 0; i < kind_count; i++)
        if (argc == 1 || strcmp(argv[1], kinds[i].name) == 0)
            do_functions(&kinds[i]);
    for (size_t i = 0; i < COUNT(works); i++)
        if (argc == 1 || strcmp(argv[1], works[i].name) == 0)
            do_work(&works[i]);
    EXPECT(forks > 0 && failures == 0);
    scratch_leave();
    return expect_status();
}
