/* The file system as a test wants it: calls fail as they do where a kernel or a
 * filesystem lacks something. The program's own open, linkat and so on stand before those
 * of the C library, for this library's calls too. Needs no test framework. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/* The errno that each is to fail with; 0: it does not. */
struct faults {
    int tmpfile;    /* open with O_TMPFILE */
    int link;       /* linkat */
    int rename;     /* renameat */
    int rename_new; /* renameat2 with RENAME_NOREPLACE */
    int sync_file;  /* fsync */
    int sync_directory;
    bool no_proc;    /* what is below /proc is not there */
    bool interrupts; /* EINTR from every other call, and few bytes go at once */
    bool same_names; /* hidden names are drawn alike: the same again and again, twice */
    /* Called before each rename and link: what others may do meanwhile. */
    void (*meanwhile)(void);
    int die_at; /* SIGKILL instead of this call of those below; 0: never */
};

extern struct faults faults;

/* This thread's calls so far that change what others see, one letter for each: "o"
 * created, "m" mode set, "s" file synced, "l" linked, "r" renamed, "u" unlinked, "d"
 * directory synced.
 */
const char *calls_made(void);
void forget_calls(void);

#endif
