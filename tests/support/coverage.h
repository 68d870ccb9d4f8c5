/* Included before anything else in every file of a build that measures coverage. Children
 * of fork in the tests end by _exit, which does not write gcov's counts, so it is
 * replaced. */
#ifndef COVERAGE_H
#define COVERAGE_H

void __gcov_dump(void);
_Noreturn void _Exit(int status);

/* <unistd.h> declares it again, under the name that the line below gives _exit there. */
_Noreturn void exit_counted(int status);
__attribute__((weak)) _Noreturn void exit_counted(int status)
{
    __gcov_dump();
    _Exit(status);
}
#define _exit exit_counted

#endif
