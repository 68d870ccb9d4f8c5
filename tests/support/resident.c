#include <config.h>

#include "resident.h"

#include "sanitized.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sanitizers and valgrind keep memory of their own beside each block, and keep blocks
 * that have been freed. */
static bool is_instrumented(void)
{
    return SANITIZED || runs_in_valgrind();
}

static bool forget_peak(void)
{
    int descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (descriptor == -1)
        return false;
    bool forgotten = write(descriptor, "5", 1) == 1;
    (void) close(descriptor);
    return forgotten;
}

const char *resident_unknown(void)
{
    if (is_instrumented())
        return "a sanitizer or valgrind takes memory of its own";
    if (resident_bytes() == -1 || !forget_peak())
        return "/proc/self does not tell it";
    return NULL;
}

/* The line of /proc/self/status that starts with NAME, in bytes; -1 without it. */
static int64_t status_line(const char *name)
{
    char line[256];
    long long kibibytes = -1;
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL)
        return -1;
    while (kibibytes == -1 && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kibibytes = strtoll(line + strlen(name), NULL, 10);
    }
    (void) fclose(status);
    return kibibytes == -1 ? -1 : kibibytes * 1024;
}

int64_t resident_bytes(void)
{
    return status_line("VmRSS:");
}

int64_t resident_peak(void)
{
    return status_line("VmHWM:");
}

void resident_forget_peak(void)
{
    (void) forget_peak();
}

int64_t resident_mapped(void)
{
    return status_line("VmSize:");
}

int64_t resident_data(void)
{
    return status_line("VmData:");
}
