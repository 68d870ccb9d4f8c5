# FILELIKE_PROBE_MUSL
# Defines FILELIKE_MUSL_LOCK to where the lock of a stream lies in musl's FILE, in bytes, if
# its streams behave as lib/cookie.c takes them to: the lock is an int, negative or 0 while
# nobody holds it and the number of the thread that does, and who writes 0 there unlocks.
AC_DEFUN([FILELIKE_PROBE_MUSL], [
AC_REQUIRE([AC_USE_SYSTEM_EXTENSIONS])
AC_CACHE_CHECK([where musl's streams have their lock], [filelike_cv_musl_lock], [
  AC_RUN_IFELSE([AC_LANG_PROGRAM([[
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __GLIBC__
#error not musl
#endif
/* No more than a FILE with callbacks has, with its buffer. */
enum { INTS = 64 };
static ssize_t none(void *cookie, char *buffer, size_t size)
{
    (void) cookie, (void) buffer, (void) size;
    return 0;
}
static void *try_lock(void *file)
{
    if (ftrylockfile(file) != 0)
        return NULL;
    funlockfile(file);
    return file;
}
static int is_free(FILE *file)
{
    pthread_t other;
    void *locked = NULL;
    return pthread_create(&other, NULL, try_lock, file) == 0 &&
           pthread_join(other, &locked) == 0 && locked != NULL;
}
static int find(FILE *file)
{
    int before[INTS], locked[INTS], found = -1;
    memcpy(before, file, sizeof before);
    flockfile(file);
    memcpy(locked, file, sizeof locked);
    for (int i = 0; i < INTS; i++) {
        if (before[i] > 0 || locked[i] != (int) syscall(SYS_gettid))
            continue;
        if (found != -1)
            return -1;
        found = i;
    }
    return found;
}
]], [[
    cookie_io_functions_t callbacks = {.read = none};
    FILE *file = fopencookie(NULL, "r", callbacks);
    FILE *answer = fopen("conftest.lock", "w");
    int place = file == NULL || answer == NULL ? -1 : find(file);
    if (place == -1 || is_free(file))
        return 1;
    ((int *) file)[place] = 0;
    if (!is_free(file) || ((int *) file)[place] != 0)
        return 1;
    return fprintf(answer, "%d", place * (int) sizeof(int)) < 0 || fclose(answer) != 0;
]])],
  [filelike_cv_musl_lock=`cat conftest.lock`], [filelike_cv_musl_lock=no],
  [filelike_cv_musl_lock=no])
  rm -f conftest.lock])
AS_IF([test "$filelike_cv_musl_lock" != no],
  [AC_DEFINE_UNQUOTED([FILELIKE_MUSL_LOCK], [$filelike_cv_musl_lock],
    [Bytes before the lock in FILE of musl.])])
])
