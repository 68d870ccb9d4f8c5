#include "config.h"

#include <sys/types.h>
#include <stdio.h>

#include "round.h"

typedef char off_t_has_64_bits[sizeof(off_t) == 8 ? 1 : -1];

int main(int count, char **arguments)
{
    printf("%d\n", (int) sizeof(off_t_has_64_bits));
    return go_round(count > 1 ? arguments[1] : "");
}
