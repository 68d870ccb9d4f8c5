#include <stdio.h>

#include "round.h"

int main(int count, char **arguments)
{
    return go_round(count > 1 ? arguments[1] : "");
}
