# FILELIKE_PROBE_GLIBC
# Defines FILELIKE_GLIBC_INTERNALS to 1 where glibc's struct _IO_FILE behaves as
# lib/internals.c takes it to, to 0 elsewhere. Asked by behaviour: a stream with callbacks has
# the lock bit and loses it, answers fileno with the descriptor that was set, uses the buffer
# that it finds at the first write and the one that it gets while it writes; a stream of
# fopen's without threads does not have the bit, and frees a buffer that is not marked as
# the user's. filelike_cv_glibc_internals is the answer, for makefiles too.
AC_DEFUN([FILELIKE_PROBE_GLIBC], [
AC_REQUIRE([AC_USE_SYSTEM_EXTENSIONS])
AC_CACHE_CHECK([whether glibc's struct _IO_FILE is as expected],
  [filelike_cv_glibc_internals], [
  AC_RUN_IFELSE([AC_LANG_PROGRAM([[
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef __GLIBC__
#error not glibc
#endif
static FILE *writer;
static char small[4], large[64], written[128];
static size_t most, total;
static ssize_t none(void *cookie, char *buffer, size_t size)
{
    (void) cookie, (void) buffer, (void) size;
    return 0;
}
static ssize_t replace(void *cookie, const char *data, size_t size)
{
    (void) cookie;
    memcpy(written + total, data, size);
    total += size;
    if (size > most)
        most = size;
    writer->_IO_buf_base = large;
    writer->_IO_buf_end = large + sizeof large;
    return (ssize_t) size;
}
extern void __libc_free(void *);
static void *watched;
static int freed;
void free(void *block)
{
    freed |= block != NULL && block == watched;
    __libc_free(block);
}
static int lock_and_descriptor(void)
{
    cookie_io_functions_t callbacks = {.read = none};
    FILE *file = fopencookie(NULL, "r", callbacks);
    if (file == NULL || file->_fileno != -2 || (file->_flags2 & 0x80) == 0)
        return 0;
    file->_flags2 &= ~0x80;
    file->_fileno = 7;
    if (fileno(file) != 7 || getc(file) != EOF || (file->_flags2 & 0x80) != 0)
        return 0;
    return file->_offset < 0 && fclose(file) == 0;
}
static int buffer_in_use(void)
{
    cookie_io_functions_t callbacks = {.write = replace};
    writer = fopencookie(NULL, "w", callbacks);
    if (writer == NULL || writer->_IO_buf_base != NULL)
        return 0;
    writer->_flags |= 1;
    writer->_IO_buf_base = small;
    writer->_IO_buf_end = small + sizeof small;
    for (int i = 0; i < 100; i++)
        putc('0' + i % 10, writer);
    if (fclose(writer) != 0 || total != 100 || most <= sizeof small)
        return 0;
    for (int i = 0; i < 100; i++) {
        if (written[i] != '0' + i % 10)
            return 0;
    }
    return 1;
}
static int buffer_given(void)
{
    FILE *plain = fopen("/", "r");
    watched = malloc(512);
    if (plain == NULL || watched == NULL || (plain->_flags2 & 0x80) != 0)
        return 0;
    if (setvbuf(plain, watched, _IOFBF, 512) != 0)
        return 0;
    if (plain->_IO_buf_base != watched || (plain->_flags & 1) == 0)
        return 0;
    plain->_flags &= ~1;
    return fclose(plain) == 0 && freed;
}
]], [[
    return !lock_and_descriptor() || !buffer_in_use() || !buffer_given();
]])],
  [filelike_cv_glibc_internals=yes], [filelike_cv_glibc_internals=no],
  [filelike_cv_glibc_internals=no])])
AC_SUBST([filelike_cv_glibc_internals])
AS_IF([test "$enable_glibc_internals" = no], [use_glibc_internals="no (disabled)"],
  [use_glibc_internals=$filelike_cv_glibc_internals])
AS_IF([test "$enable_glibc_internals" = yes && test "$use_glibc_internals" = no],
  [AC_MSG_ERROR([glibc's struct _IO_FILE is not as expected])])
AS_IF([test "$use_glibc_internals" = yes],
  [AC_DEFINE([FILELIKE_GLIBC_INTERNALS], [1], [Use what glibc shows of struct _IO_FILE.])],
  [AC_DEFINE([FILELIKE_GLIBC_INTERNALS], [0])])
])
