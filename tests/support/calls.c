#include <config.h>

#include "calls.h"

#include "filelike.h"
#include "real_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Calls: writing ------------------------------------------------------------------
 */

/* The bytes that are written: lines of letters, with a '\0' here and there. */
static void make_content(char *content, size_t size, int seed)
{
    uint32_t state = (uint32_t) seed * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        unsigned drawn = state >> 24;
        content[i] = (char) ('a' + drawn % 26);
        if (drawn < 10)
            content[i] = '\n';
        else if (drawn < 12)
            content[i] = '\0';
    }
    content[size] = '\0';
}

static void call_fputc(FILE *file, const struct call *call, struct outcome *outcome)
{
    outcome->result = fputc(call->character, file);
}

static void call_fputs(FILE *file, const struct call *call, struct outcome *outcome)
{
    make_content(outcome->room, call->size, call->character);
    int result = fputs(outcome->room, file);
    outcome->result = result < 0 ? -1 : 0;
}

static void call_fwrite(FILE *file, const struct call *call, struct outcome *outcome)
{
    size_t items = call->size / call->unit;
    make_content(outcome->room, call->size, call->character);
    size_t count = fwrite(outcome->room, call->unit, items, file);
    outcome->result = (int64_t) count;
    outcome->failed = count < items;
}

static void call_fprintf(FILE *file, const struct call *call, struct outcome *outcome)
{
    make_content(outcome->room, call->size, call->character);
    int result = fprintf(
        file, "%*d,%s\n", call->character % 40, (int) call->offset, outcome->room);
    outcome->result = result < 0 ? -1 : result;
}

/* ---- Calls: reading ------------------------------------------------------------------
 */

/* Compare the whole room, so that bytes written past the end of the buffer are noticed.
 */
static void show_room(struct outcome *outcome, size_t size)
{
    memset(outcome->room, '#', size);
    outcome->data = outcome->room;
    outcome->size = size;
}

static void call_fgetc(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = fgetc(file);
}

static void call_fgets(FILE *file, const struct call *call, struct outcome *outcome)
{
    show_room(outcome, call->size + 1);
    char *line = fgets(outcome->room, (int) call->size + 1, file);
    outcome->result = line == NULL ? -1 : 0;
}

static void call_fread(FILE *file, const struct call *call, struct outcome *outcome)
{
    size_t items = call->size / call->unit;
    show_room(outcome, call->size);
    size_t count = fread(outcome->room, call->unit, items, file);
    outcome->result = (int64_t) count;
    outcome->failed = count < items && !feof(file);
}

static void call_getline(FILE *file, const struct call *call, struct outcome *outcome)
{
    size_t room = 0;
    (void) call;
    outcome->result = getline(&outcome->block, &room, file);
    outcome->data = outcome->block;
    outcome->size = outcome->result == -1 ? 0 : (size_t) outcome->result + 1;
}

static void call_ungetc(FILE *file, const struct call *call, struct outcome *outcome)
{
    outcome->result = ungetc(call->character, file);
}

/* ---- Calls: positions and indicators -------------------------------------------------
 */

static void call_fseeko(FILE *file, const struct call *call, struct outcome *outcome)
{
    outcome->result = fseeko(file, call->offset, call->whence);
}

static void call_ftello(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = ftello(file);
}

/* Seeks away between fgetpos and fsetpos, so that fsetpos has to seek back. */
static void call_fsetpos(FILE *file, const struct call *call, struct outcome *outcome)
{
    fpos_t position;
    outcome->result = fgetpos(file, &position);
    (void) fseeko(file, call->offset, SEEK_SET);
    if (outcome->result == 0)
        outcome->result = fsetpos(file, &position);
}

static void call_seek_far(FILE *file, const struct call *call, struct outcome *outcome)
{
    off_t position = ftello(file);
    (void) fseeko(file, FAR_AWAY + call->offset, SEEK_SET);
    outcome->result = ftello(file);
    if (fgetc(file) != EOF || fseeko(file, position, SEEK_SET) != 0)
        outcome->result = -1;
}

static void call_rewind(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    rewind(file);
    outcome->result = 0;
}

static void call_fflush(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = fflush(file);
}

/* During fflush(NULL) glibc locks its list of streams, so the library must not open one.
 */
static void call_flush_all(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) file;
    (void) call;
    outcome->result = fflush(NULL);
}

static void call_clearerr(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    clearerr(file);
    outcome->result = 0;
}

/* ---- Calls: the library's, and their equivalents on the real file --------------------
 */

static void flush_pending(FILE *file)
{
    if (__fpending(file) > 0)
        (void) fflush(file);
}

/* Writes pending output and drops read-ahead. glibc keeps read-ahead as long as the
 * position lies within it, so seek far away. Returns the position. */
static off_t forget_read_ahead(FILE *file)
{
    off_t position = ftello(file);
    /* ftello returns -1 after ungetc at position 0. */
    if (position < 0)
        position = 0;
    (void) fseeko(file, FAR_AWAY, SEEK_SET);
    return position;
}

static bool refuse_to_change(FILE *file, struct outcome *outcome)
{
    if (__fwritable(file))
        return false;
    errno = EBADF;
    outcome->result = -1;
    return true;
}

static void call_truncate(FILE *file, const struct call *call, struct outcome *outcome)
{
    outcome->result = filelike_truncate(file, call->offset);
}

static void truncate_real_file(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    if (refuse_to_change(file, outcome))
        return;
    if (call->offset < 0) {
        errno = EINVAL;
        outcome->result = -1;
        return;
    }
    off_t position = forget_read_ahead(file);
    outcome->result = real_file_truncate(call->offset);
    (void) fseeko(file, position, SEEK_SET);
}

static void call_size(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = filelike_size(file);
}

static void size_real_file(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    flush_pending(file);
    outcome->result = real_file_size();
}

static void call_view(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->data = filelike_view(file, &outcome->size);
    outcome->result = outcome->data == NULL ? -1 : 0;
}

static void view_real_file(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    flush_pending(file);
    outcome->block = real_file_read(&outcome->size);
    outcome->data = outcome->block;
    outcome->result = outcome->data == NULL ? -1 : 0;
}

static void call_detach(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->block = filelike_detach(file, &outcome->size);
    outcome->data = outcome->block;
    outcome->result = outcome->data == NULL ? -1 : 0;
    if (outcome->data != NULL)
        outcome->size++;
}

static void detach_real_file(FILE *file, const struct call *call, struct outcome *outcome)
{
    if (refuse_to_change(file, outcome))
        return;
    (void) forget_read_ahead(file);
    view_real_file(file, call, outcome);
    outcome->size++;
    (void) real_file_truncate(0);
    (void) fseeko(file, 0, SEEK_SET);
}

/* Takes ENOTSUP for success, as some kinds of stream do not support the call. */
static int64_t or_not_supported(int status)
{
    if (status != -1)
        return 0;
    if (errno != ENOTSUP)
        return -1;
    errno = ERRNO_BEFORE;
    return 0;
}

static void call_rollover(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = or_not_supported(filelike_rollover(file));
}

static void call_fileno(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    int descriptor = filelike_fileno(file);
    outcome->result = descriptor == -1 ? -1 : lseek(descriptor, 0, SEEK_CUR);
}

static void tell_real_file(FILE *file, const struct call *call, struct outcome *outcome)
{
    flush_pending(file);
    call_ftello(file, call, outcome);
}

/* Writes at the end only: Linux's pwrite ignores the position if the descriptor appends.
 */
static void call_write_beneath(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    make_content(outcome->room, call->size, call->character);
    int descriptor = filelike_fileno(file);
    outcome->result = pwrite(descriptor, outcome->room, call->size, filelike_size(file));
}

static void write_to_real_file(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    flush_pending(file);
    make_content(outcome->room, call->size, call->character);
    outcome->result = real_file_append(outcome->room, call->size);
}

/* The content of a file. */
static void show_file(const char *path, struct outcome *outcome)
{
    outcome->block = path == NULL ? NULL : read_file_at(path, &outcome->size);
    outcome->data = outcome->block;
    outcome->result = outcome->data == NULL ? -1 : 0;
}

static void call_path(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    show_file(filelike_path(file), outcome);
}

/* Removes the target first, except now and then. When a file is replaced, filesystems
 * wait for the disk, which would take too long each time. */
static void call_persist(FILE *file, const struct call *call, struct outcome *outcome)
{
    const char *path = real_file_neighbour();
    if (call->character % 16 != 0)
        (void) unlink(path);
    errno = ERRNO_BEFORE;
    bool done = filelike_persist(file, path, FILELIKE_NOSYNC) == 0;
    show_file(done ? path : NULL, outcome);
}

/* No call of a sequence loses a write, so there is no error to report. Of the C library's
 * own streams only the error indicator is known. */
static void call_error(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = filelike_error(file) != 0 && !ferror(file);
}

static void expect_nothing(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    flush_pending(file);
    outcome->result = 0;
}

static void call_in_memory(FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) call;
    outcome->result = or_not_supported(filelike_in_memory(file));
}

/* ---- Calls: on the descriptor --------------------------------------------------------
 */

static void call_descriptor_read(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) file;
    show_room(outcome, call->size);
    outcome->result = read(call->descriptor, outcome->room, call->size);
}

static void call_descriptor_write(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) file;
    make_content(outcome->room, call->size, call->character);
    outcome->result = write(call->descriptor, outcome->room, call->size);
}

static void call_descriptor_seek(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    (void) file;
    outcome->result = lseek(call->descriptor, call->offset, call->whence);
}

/* Calls WORK in a child. WORK returns whether it has worked. */
static void call_in_child(FILE *file, const struct call *call, struct outcome *outcome,
    bool (*work)(FILE *, const struct call *, struct outcome *))
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(work(file, call, outcome) ? 0 : 1);
    /* The fuzzer's timer may interrupt it. */
    int before = errno;
    while (child != -1 && waitpid(child, &status, 0) == -1 && errno == EINTR)
        errno = before;
    outcome->result = status == 0 ? 0 : -1;
}

static bool append_to_descriptor(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    if (lseek(call->descriptor, 0, SEEK_END) == -1)
        return false;
    call_descriptor_write(file, call, outcome);
    return outcome->result == (int64_t) call->size;
}

static void call_child_appends(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    call_in_child(file, call, outcome, append_to_descriptor);
}

/* The stream of the child is one more handle of the same file. */
static bool write_to_stream(FILE *file, const struct call *call, struct outcome *outcome)
{
    call_fwrite(file, call, outcome);
    return !outcome->failed && fflush(file) == 0;
}

static void call_child_writes(
    FILE *file, const struct call *call, struct outcome *outcome)
{
    call_in_child(file, call, outcome, write_to_stream);
}

/* ---- The table -----------------------------------------------------------------------
 */

const struct operation operations[OPERATION_COUNT] = {
    [FPUTC] = {"fputc", "c", 8, WRITES, call_fputc, NULL},
    [FPUTS] = {"fputs", "sc", 6, WRITES, call_fputs, NULL},
    [FWRITE] = {"fwrite", "suc", 10, WRITES, call_fwrite, NULL},
    [FPRINTF] = {"fprintf", "soc", 4, WRITES, call_fprintf, NULL},
    [FGETC] = {"fgetc", "", 8, READS, call_fgetc, NULL},
    [FGETS] = {"fgets", "s", 6, READS, call_fgets, NULL},
    [FREAD] = {"fread", "su", 10, READS, call_fread, NULL},
    [GETLINE] = {"getline", "", 6, READS, call_getline, NULL},
    [UNGETC] = {"ungetc", "c", 6, READS, call_ungetc, NULL},
    [FSEEKO] = {"fseeko", "ow", 14, POSITIONS, call_fseeko, NULL},
    [FTELLO] = {"ftello", "", 6, ASKS, call_ftello, NULL},
    [FSETPOS] = {"fgetpos and fsetpos", "o", 2, ASKS | POSITIONS, call_fsetpos, NULL},
    [SEEK_FAR] = {"fseeko far and back", "", 2, ASKS | POSITIONS, call_seek_far, NULL},
    [REWIND] = {"rewind", "", 2, POSITIONS, call_rewind, NULL},
    [FFLUSH] = {"fflush", "", 6, 0, call_fflush, NULL},
    [FLUSH_ALL] = {"fflush(NULL)", "", 1, 0, call_flush_all, NULL},
    [CLEARERR] = {"clearerr", "", 2, 0, call_clearerr, NULL},
    [SIZE] = {"filelike_size", "", 4, 0, call_size, size_real_file},
    [VIEW] = {"filelike_view", "", 4, 0, call_view, view_real_file},
    [TRUNCATE] = {"filelike_truncate", "o", 5, POSITIONS | CHANGES, call_truncate,
        truncate_real_file},
    [DETACH] = {"filelike_detach", "", 1, POSITIONS | CHANGES, call_detach,
        detach_real_file},
    [ROLLOVER] = {"filelike_rollover", "", 1, MOVES, call_rollover, expect_nothing},
    [FILENO] = {"filelike_fileno", "", 2, ASKS | MOVES, call_fileno, tell_real_file},
    [WRITE_BENEATH] = {"pwrite to filelike_fileno", "sc", 2, ASKS | CHANGES | MOVES,
        call_write_beneath, write_to_real_file},
    [PATH] = {"filelike_path", "", 1, MOVES, call_path, view_real_file},
    [PERSIST] = {"filelike_persist", "c", 1, 0, call_persist, view_real_file},
    [ERROR] = {"filelike_error", "", 1, 0, call_error, expect_nothing},
    [IN_MEMORY] = {"filelike_in_memory", "", 1, 0, call_in_memory, expect_nothing},
    [DESCRIPTOR_READ] = {"read of the descriptor", "s", 3, ASKS | MOVES | HANDS_OVER,
        call_descriptor_read, NULL},
    [DESCRIPTOR_WRITE] = {"write to the descriptor", "sc", 3,
        ASKS | CHANGES | MOVES | HANDS_OVER, call_descriptor_write, NULL},
    [DESCRIPTOR_SEEK] = {"lseek of the descriptor", "ow", 3, ASKS | MOVES | HANDS_OVER,
        call_descriptor_seek, NULL},
    [CHILD_APPENDS] = {"a child's write at the end, to the descriptor", "sc", 1,
        ASKS | CHANGES | MOVES | HANDS_OVER, call_child_appends, NULL},
    [CHILD_WRITES] = {"a child's fwrite and fflush", "suc", 1,
        WRITES | ASKS | MOVES | HANDS_OVER, call_child_writes, NULL},
    [REOPEN] = {"filelike_reopen", "", 2, 0, NULL, NULL},
};

/* ---- Making a call -------------------------------------------------------------------
 */

void outcome_release(struct outcome *outcome)
{
    free(outcome->block);
    outcome->block = NULL;
    outcome->data = NULL;
    outcome->size = 0;
}

static void make(FILE *file, const struct call *call, struct outcome *outcome,
    void (*function)(FILE *, const struct call *, struct outcome *))
{
    outcome_release(outcome);
    outcome->failed = false;
    errno = ERRNO_BEFORE;
    function(file, call, outcome);
    outcome->error = errno;
    bool reads = (operations[call->operation].effects & READS) != 0;
    /* A read that meets end-of-file has not failed. */
    if (outcome->result == -1 && !(reads && feof(file)))
        outcome->failed = true;
}

void call_stream(FILE *stream, const struct call *call, struct outcome *outcome)
{
    make(stream, call, outcome, operations[call->operation].call);
}

void call_real_file(FILE *file, const struct call *call, struct outcome *outcome)
{
    const struct operation *operation = &operations[call->operation];
    make(
        file, call, outcome, operation->real != NULL ? operation->real : operation->call);
    /* The library's functions leave errno alone when they succeed. */
    if (operation->real != NULL && !outcome->failed)
        outcome->error = ERRNO_BEFORE;
}

static void describe_argument(const struct call *call, char kind, FILE *text)
{
    static const char *const origins[] = {"SEEK_SET", "SEEK_CUR", "SEEK_END"};
    switch (kind) {
    case 's':
        (void) fprintf(text, "%zu", call->size);
        break;
    case 'u':
        (void) fprintf(text, "in items of %zu", call->unit);
        break;
    case 'o':
        (void) fprintf(text, "%" PRId64, call->offset);
        break;
    case 'w':
        (void) fprintf(text, "%s", origins[call->whence]);
        break;
    default:
        (void) fprintf(text, "'\\x%02x'", (unsigned) call->character);
        break;
    }
}

void call_describe(const struct call *call, FILE *text)
{
    const struct operation *operation = &operations[call->operation];
    (void) fprintf(text, "%s(", operation->name);
    for (const char *kind = operation->arguments; *kind != '\0'; kind++) {
        describe_argument(call, *kind, text);
        if (kind[1] != '\0')
            (void) fprintf(text, ", ");
    }
    (void) fprintf(text, ")");
}
