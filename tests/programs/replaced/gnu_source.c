#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "round.h"

/* Only _GNU_SOURCE declares them. */
static void use_extensions(void)
{
    char *text;
    if (asprintf(&text, "%d", (int) sizeof(off_t)) > 0)
        puts(text);
    free(text);
}

int main(int count, char **arguments)
{
    use_extensions();
    return go_round(count > 1 ? arguments[1] : "");
}
