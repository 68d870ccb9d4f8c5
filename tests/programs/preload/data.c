#define _GNU_SOURCE
#include "data.h"

#include "filelike.h"
#include "real.h"
#include "way.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_MAY_EXECUTE = 0111 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct data *all;

void data_add(FILE *stream, FILE *keep, int descriptor, int theirs)
{
    struct data *data = malloc(sizeof *data);
    require(data != NULL, "malloc");
    *data = (struct data){stream, keep, descriptor, theirs, -1, 0, getpid(), NULL};
    (void) pthread_mutex_lock(&lock);
    data->next = all;
    all = data;
    (void) pthread_mutex_unlock(&lock);
}

struct data *data_find(const FILE *stream)
{
    (void) pthread_mutex_lock(&lock);
    struct data *data = all;
    while (data != NULL && data->stream != stream)
        data = data->next;
    (void) pthread_mutex_unlock(&lock);
    return data;
}

static void drop(struct data *data)
{
    (void) pthread_mutex_lock(&lock);
    struct data **at = &all;
    while (*at != data)
        at = &(*at)->next;
    *at = data->next;
    (void) pthread_mutex_unlock(&lock);
    free(data);
}

/* The file's mode, which a program may copy or change. A memory file of the kernel may
 * refuse to be executable. */
int data_show(struct data *data)
{
    int descriptor = way_asked_for()->fileno(data->stream);
    require(descriptor != -1, "fileno");
    if (data->shown == -1 && data->descriptor != -1) {
        mode_t mode = file_mode(data->descriptor);
        if (fchmod(descriptor, mode) != 0)
            (void) fchmod(descriptor, mode & ~(mode_t) ALL_MAY_EXECUTE);
        data->mode = file_mode(descriptor);
        data->shown = descriptor;
    }
    return descriptor;
}

/* ---- Back to the file ----------------------------------------------------------------
 */

/* The bytes are in a memory file, which a child shares. */
static bool is_shared(void)
{
    return way_asked_for()->reopen != NULL;
}

/* In other ways a child has a copy, so it must not write its parent's files. */
static bool goes_back(const struct data *data)
{
    return data->keep != NULL && (data->owner == getpid() || is_shared());
}

void data_write_back(const struct data *data)
{
    if (!goes_back(data))
        return;
    int saved = errno;
    size_t size;
    const char *bytes = filelike_view(data->keep, &size);
    require(bytes != NULL, "filelike_view");
    file_write(data->descriptor, bytes, size);
    errno = saved;
}

void data_write_back_all(void)
{
    (void) pthread_mutex_lock(&lock);
    for (const struct data *data = all; data != NULL; data = data->next)
        data_write_back(data);
    (void) pthread_mutex_unlock(&lock);
}

/* The descriptor may belong to something else by now. */
static void give_mode_back(const struct data *data)
{
    struct stat status;
    if (!goes_back(data) || data->shown == -1 || fstat(data->shown, &status) != 0)
        return;
    mode_t mode = status.st_mode & ALLPERMS;
    if (S_ISREG(status.st_mode) && mode != data->mode)
        (void) fchmod(data->descriptor, mode);
}

/* ---- The end -------------------------------------------------------------------------
 */

static void forget(struct data *data)
{
    if (data->keep != NULL)
        (void) real.fclose(data->keep);
    if (data->descriptor != -1)
        (void) close(data->descriptor);
    if (data->theirs != -1)
        (void) close(data->theirs);
    drop(data);
}

void data_let_go(struct data *data)
{
    if (data->keep != NULL)
        (void) real.fflush(data->stream);
    give_mode_back(data);
    data_write_back(data);
    forget(data);
}

/* Shared bytes go back before the descriptor is closed: a child that waits for the close
 * may write the file next. */
int data_close(struct data *data)
{
    give_mode_back(data);
    if (is_shared() && data->keep != NULL) {
        (void) real.fflush(data->stream);
        data_write_back(data);
    }
    int status = real.fclose(data->stream);
    int saved = errno;
    if (!is_shared())
        data_write_back(data);
    forget(data);
    errno = saved;
    return status;
}

/* Runs before the library's own end, because it uses the library. An atomic file is
 * published with the bytes that stdio would write at exit. A child leaves its parent's
 * streams to stdio. */
__attribute__((destructor)) static void close_all(void)
{
    (void) real_enter();
    while (all != NULL) {
        if (all->owner == getpid())
            (void) data_close(all);
        else
            data_let_go(all);
    }
    real_leave();
}
