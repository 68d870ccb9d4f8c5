/* Uses everything that filelike_stdio.h replaces. Each program here includes this file
 * after its own headers, so the calls are the program's. Prints its results, with names
 * that lack their prefix, and returns 0. */
#include <string.h>

#ifndef FOPEN
#define FOPEN fopen
#define FREOPEN freopen
#endif

static FILE *open_with(const char *prefix, const char *name, const char *mode)
{
    char path[200];
    sprintf(path, "%s%s", prefix, name);
    return FOPEN(path, mode);
}

static void show(const char *prefix, const char *name)
{
    char line[80];
    FILE *file = open_with(prefix, name, "r");
    if (file == NULL) {
        printf("%s: none\n", name);
        return;
    }
    while (fgets(line, sizeof line, file) != NULL)
        printf("%s: %s", name, line);
    fclose(file);
}

static int go_round(const char *prefix)
{
    char one[200], two[200], three[200];
    FILE *file;
    sprintf(one, "%sone", prefix);
    sprintf(two, "%stwo", prefix);
    sprintf(three, "%sthree", prefix);
    file = FOPEN(one, "w");
    if (file == NULL || fputs("the first line\n", file) < 0)
        return 1;
    file = FREOPEN(two, "w+", file);
    if (file == NULL || fputs("the second line\n", file) < 0 || fclose(file) != 0)
        return 2;
    show(prefix, "one");
    show(prefix, "two");
    if (rename(two, three) != 0)
        return 3;
    show(prefix, "two");
    show(prefix, "three");
    if (remove(one) != 0 || remove(three) != 0 || remove(three) == 0)
        return 4;
    show(prefix, "three");
    return 0;
}
