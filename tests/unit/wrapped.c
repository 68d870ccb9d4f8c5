/* A program with the static library, linked with a linker that wraps fopen and similar
 * functions. The library's calls have to reach the real functions, not the wrappers. */
#include <config.h>

#include "expect.h"
#include "scratch.h"

#include "filelike.h"

#include <string.h>

/* ---- Wrappers ------------------------------------------------------------------------
 */

/* volatile, as glibc declares that rename and remove do not call back into this file. The
 * compiler would otherwise assume that they do not change it. */
static volatile unsigned calls;

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__wrap_freopen(const char *path, const char *mode, FILE *stream);
FILE *__wrap_freopen64(const char *path, const char *mode, FILE *stream);
int __wrap_remove(const char *path);
int __wrap_rename(const char *from, const char *to);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    calls++;
    return filelike_fopen(path, mode);
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    return __wrap_fopen(path, mode);
}

FILE *__wrap_freopen(const char *path, const char *mode, FILE *stream)
{
    calls++;
    return filelike_freopen(path, mode, stream);
}

FILE *__wrap_freopen64(const char *path, const char *mode, FILE *stream)
{
    return __wrap_freopen(path, mode, stream);
}

int __wrap_remove(const char *path)
{
    calls++;
    return filelike_remove(path);
}

int __wrap_rename(const char *from, const char *to)
{
    calls++;
    return filelike_rename(from, to);
}

/* ---- Calls of the wrappers -----------------------------------------------------------
 */

/* STATEMENT calls the wrappers COUNT times itself. The library must never call them. */
#define EXPECT_CALLS(count, statement)   \
    do {                                 \
        calls = 0;                       \
        statement;                       \
        (void) EXPECT(calls == (count)); \
    } while (0)

static void write_to(const char *path)
{
    FILE *stream = fopen(path, "w");
    EXPECT(stream != NULL && fputs("text", stream) >= 0 && fclose(stream) == 0);
}

static void change(const char *from, const char *to)
{
    char text[8];
    FILE *stream = fopen(from, "r");
    EXPECT(stream != NULL && freopen(to, "r", stream) == stream);
    EXPECT(fgets(text, sizeof text, stream) != NULL && strcmp(text, "text") == 0);
    EXPECT(fclose(stream) == 0);
}

static void check(const char *path, const char *other)
{
    expect_subject = path;
    EXPECT_CALLS(1, write_to(path));
    EXPECT_CALLS(1, write_to("file"));
    EXPECT_CALLS(2, change(path, "file"));
    EXPECT_CALLS(2, change("file", path));
    EXPECT_CALLS(1, EXPECT(rename(path, other) == 0));
    EXPECT_CALLS(1, EXPECT(remove(other) == 0));
    EXPECT_CALLS(1, EXPECT(remove("file") == 0));
}

int main(void)
{
    scratch_enter();
    check("another file", "third");
    check("memory:name", "memory:other");
    check("memory:name", "third");
    scratch_leave();
    return expect_status();
}
