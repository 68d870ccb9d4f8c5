#include <config.h>

#include "heap.h"

#include "filelike.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Failing -------------------------------------------------------------------------
 */

static size_t countdown; /* 0: nothing is to fail */
static bool all_fail;
static bool failed;
static size_t requests;
static size_t largest;

void (*heap_meanwhile)(void);
void (*heap_before_free)(void);

void heap_fail(size_t number, bool all)
{
    countdown = number;
    all_fail = all;
    failed = false;
}

void heap_allow(void)
{
    countdown = 0;
}

bool heap_has_failed(void)
{
    return failed;
}

size_t heap_requests(void)
{
    return requests;
}

size_t heap_largest(void)
{
    size_t size = largest;
    largest = 0;
    return size;
}

bool heap_is_wrapped(void)
{
    size_t before = requests;
    filelike_budget_free(filelike_budget_new(0));
    if (requests > before)
        return true;
    (void) puts("skipped: the library was built as a shared one only");
    return false;
}

/* Whether this allocation is to fail. */
static bool fails(size_t size)
{
    requests++;
    if (size > largest)
        largest = size;
    if (countdown == 0)
        return false;
    if (countdown > 1) {
        countdown--;
        return false;
    }
    if (!all_fail)
        countdown = 0;
    failed = true;
    errno = ENOMEM;
    return true;
}

/* ---- Counting ------------------------------------------------------------------------
 */

enum { MOST_LIVE = 4096 };

static const void *live[MOST_LIVE];
static size_t live_count;

size_t heap_live(void)
{
    return live_count;
}

static void *add(void *object)
{
    if (object == NULL)
        return NULL;
    if (live_count == MOST_LIVE)
        abort();
    live[live_count++] = object;
    return object;
}

/* Ignores blocks that are not in the list, as the C library has allocated some for
 * itself. */
static void forget(const void *object)
{
    for (size_t i = live_count; i-- > 0;) {
        if (live[i] == object) {
            live[i] = live[--live_count];
            return;
        }
    }
}

/* ---- Blocks --------------------------------------------------------------------------
 */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
char *__real_getcwd(char *buffer, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
char *__wrap_getcwd(char *buffer, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_asprintf(char **text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **text, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : add(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : add(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails(size))
        return NULL;
    if (heap_meanwhile != NULL)
        heap_meanwhile();
    forget(block);
    void *moved = __real_realloc(block, size);
    (void) add(moved != NULL ? moved : block);
    return moved;
}

void __wrap_free(void *block)
{
    if (heap_before_free != NULL)
        heap_before_free();
    forget(block);
    __real_free(block);
}

char *__wrap_strdup(const char *text)
{
    return fails(0) ? NULL : add(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails(0) ? NULL : add(__real_strndup(text, size));
}

char *__wrap_getcwd(char *buffer, size_t size)
{
    if (buffer != NULL)
        return __real_getcwd(buffer, size);
    return fails(0) ? NULL : add(__real_getcwd(NULL, size));
}

/* Not counted, as the C library frees the block. */
int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    return fails(size) ? ENOMEM : __real_posix_memalign(block, alignment, size);
}

static __attribute__((format(printf, 2, 0))) int print_to_block(
    char **text, const char *format, va_list arguments)
{
    if (fails(0))
        return -1;
    int length = vasprintf(text, format, arguments);
    if (length != -1)
        (void) add(*text);
    return length;
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = print_to_block(text, format, arguments);
    va_end(arguments);
    return length;
}

/* The name of asprintf with _FORTIFY_SOURCE. */
int __wrap___asprintf_chk(char **text, int level, const char *format, ...)
{
    va_list arguments;
    (void) level;
    va_start(arguments, format);
    int length = print_to_block(text, format, arguments);
    va_end(arguments);
    return length;
}

/* ---- Streams -------------------------------------------------------------------------
 */

FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_fdopen(int descriptor, const char *mode);
FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t callbacks);
int __real_fclose(FILE *stream);

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode);
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t callbacks);
int __wrap_fclose(FILE *stream);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return fails(0) ? NULL : add(__real_fopen(path, mode));
}

/* The name of fopen where sizes of 64 bits have to be asked for. Only glibc has it for
 * linkers everywhere. */
#ifdef __GLIBC__
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    return fails(0) ? NULL : add(__real_fopen64(path, mode));
}
#endif

FILE *__wrap_fdopen(int descriptor, const char *mode)
{
    return fails(0) ? NULL : add(__real_fdopen(descriptor, mode));
}

FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t callbacks)
{
    return fails(0) ? NULL : add(__real_fopencookie(cookie, mode, callbacks));
}

int __wrap_fclose(FILE *stream)
{
    forget(stream);
    return __real_fclose(stream);
}
