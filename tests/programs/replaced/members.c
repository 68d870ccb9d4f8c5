/* Members may have these names, too, declared before stdio.h and after it. */
struct early {
    int (*rename)(const char *, const char *);
    int fopen;
};

#include <stdio.h>

struct late {
    int (*remove)(const char *);
    FILE *(*freopen)(const char *, const char *, FILE *);
};

#undef fopen
#undef remove

#include "round.h"

static int count_names(const char *from, const char *to)
{
    return (from != NULL) + (to != NULL);
}

static FILE *(*const opener)(const char *, const char *) = fopen;

int main(int count, char **arguments)
{
    const char *prefix = count > 1 ? arguments[1] : "";
    struct early early = {count_names, 7};
    struct late late;
    char path[200];
    FILE *file;
    late.remove = remove;
    late.freopen = freopen;
    printf("%d %d\n", early.rename("a", "b"), early.fopen);
    sprintf(path, "%sby-pointer", prefix);
    file = opener(path, "w");
    if (file == NULL || late.freopen(path, "w", file) == NULL || late.remove(path) != 0)
        return 9;
    return go_round(prefix);
}
