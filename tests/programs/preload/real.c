#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_ROOM = 1024, LOG_MODE = 0666 };

struct real real;
static _Thread_local bool inside;

static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

static void find_all(void)
{
    find(&real.fopen, "fopen");
    find(&real.fdopen, "fdopen");
    find(&real.freopen, "freopen");
    find(&real.tmpfile, "tmpfile");
    find(&real.fclose, "fclose");
    find(&real.fflush, "fflush");
    find(&real.fileno, "fileno");
}

bool real_enter(void)
{
    if (real.fileno == NULL)
        find_all();
    bool was_outside = !inside;
    inside = true;
    return was_outside;
}

void real_leave(void)
{
    inside = false;
}

void tell(const char *event, const char *detail)
{
    int saved = errno;
    const char *log = getenv("PROGRAMS_LOG");
    int descriptor =
        log != NULL ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE) : -1;
    if (descriptor != -1) {
        (void) dprintf(descriptor, "%s %s %s: %s\n", event, getenv("PROGRAMS_WAY"),
            program_invocation_short_name, detail);
        (void) close(descriptor);
    }
    errno = saved;
}

void require(bool holds, const char *what)
{
    if (holds)
        return;
    char text[TEXT_ROOM];
    (void) snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    tell("FAILED", text);
    abort();
}
