/* The linker calls these functions in place of fopen, remove and rename, see main.c.
 * They limit the memory that the legacy code may use. */
#include <filelike.h>
#include <stdlib.h>

FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_remove(const char *path);
int __wrap_rename(const char *from, const char *to);

enum { MOST_BYTES_OF_A_REPORT = 1 << 16, MOST_BYTES_IN_MEMORY = 1 << 20 };

static filelike_budget *budget; /* of all reports together */

/* A variable of the environment sets another limit, to show what happens. */
static size_t bound(const char *variable, size_t usual)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoul(text, NULL, 10) : usual;
}

__attribute__((constructor)) static void make_budget(void)
{
    budget = filelike_budget_new(bound("REPORT_MEMORY", MOST_BYTES_IN_MEMORY));
    if (budget == NULL)
        abort();
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    const struct filelike_options bounds = {
        .size_limit = bound("REPORT_LIMIT", MOST_BYTES_OF_A_REPORT), .budget = budget};
    return filelike_open(path, mode, &bounds);
}

int __wrap_remove(const char *path)
{
    return filelike_remove(path);
}

int __wrap_rename(const char *from, const char *to)
{
    return filelike_rename(from, to);
}
