#include "config.h"

#include <string>

#include <cstdio>
#include <sys/types.h>

#include "round.h"

static_assert(sizeof(off_t) == 8, "64 bits");

int main(int count, char **arguments)
{
    const std::string prefix = count > 1 ? arguments[1] : "";
    return go_round(prefix.c_str());
}
