#include <config.h>

#include "quiet.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double) time.tv_sec + (double) time.tv_usec * 1e-6;
}

static double time_of(int who)
{
    struct rusage usage;
    if (getrusage(who, &usage) != 0)
        return 0;
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double quiet_foreign_time(void)
{
    unsigned long long user, nice, kernel, idle, waiting, hard, soft, stolen;
    FILE *status = fopen("/proc/stat", "re");
    if (status == NULL)
        return 0;
    int found = fscanf(status, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user,
        &nice, &kernel, &idle, &waiting, &hard, &soft, &stolen);
    (void) fclose(status);
    if (found != 8)
        return 0;
    double ticks = (double) (user + nice + kernel + hard + soft + stolen);
    double busy = ticks / (double) sysconf(_SC_CLK_TCK);
    return busy - time_of(RUSAGE_SELF) - time_of(RUSAGE_CHILDREN);
}
