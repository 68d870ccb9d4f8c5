/* The file system as a test wants it: calls fail as they do where a kernel or a
 * filesystem lacks something. The program's own open, linkat and so on stand before those
 * of the C library, for this library's calls too. Needs no test framework. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The calls that can be told apart. Those from close on are the C library's own, unless
 * the program has fault_calls.c too. */
enum fault_call {
    FAULT_OPEN,
    FAULT_CREATE, /* open with O_CREAT or O_TMPFILE */
    FAULT_ACCESS,
    FAULT_FCHMOD,
    FAULT_FSYNC,
    FAULT_FSYNC_DIRECTORY,
    FAULT_LINKAT,
    FAULT_RENAMEAT,
    FAULT_RENAMEAT2,
    FAULT_UNLINKAT,
    FAULT_PREAD,
    FAULT_PWRITE,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_PWRITEV2,
    FAULT_COPY_FILE_RANGE,
    FAULT_GETRANDOM,
    FAULT_CLOSE,
    FAULT_DUPFD, /* fcntl with F_DUPFD_CLOEXEC */
    FAULT_SETFL, /* fcntl with F_SETFL */
    FAULT_FACCESSAT,
    FAULT_FCHOWN,
    FAULT_FSTAT,
    FAULT_FSTATFS,
    FAULT_FSTATAT,
    FAULT_FTRUNCATE,
    FAULT_GETCWD,
    FAULT_LSEEK,
    FAULT_MEMFD_CREATE,
    FAULT_MMAP,
    FAULT_MUNMAP,
    FAULT_READLINKAT,
    FAULT_REMOVE,
    FAULT_STAT,
    FAULT_STATX,
    FAULT_SYNCFS,
    FAULT_UNLINK,
    FAULT_DUP3,
    FAULT_CUSTOM_READ, /* the operations of backing.h, in the order that they have there
                        */
    FAULT_CUSTOM_WRITE,
    FAULT_CUSTOM_SIZE,
    FAULT_CUSTOM_TRUNCATE,
    FAULT_CUSTOM_CLOSE,
    FAULT_CALL_COUNT
};

/* By which the library asks for the size of a file. */
#define FAULT_SIZE FAULT_STATX

/* The fate of a call: it is made, fails with errno, moves a part of its bytes, or moves
 * none and does not fail. */
enum fault { FAULT_NONE, FAULT_FAILS, FAULT_SHORT, FAULT_NOTHING };

/* The errno that each is to fail with; 0: it does not. */
struct faults {
    int tmpfile;    /* open with O_TMPFILE */
    int link;       /* linkat */
    int rename;     /* renameat */
    int rename_new; /* renameat2 with RENAME_NOREPLACE */
    int sync_file;  /* fsync */
    int sync_directory;
    int append;         /* pwritev2, with RWF_APPEND or RWF_NOAPPEND */
    bool no_proc;       /* what is below /proc is not there */
    bool no_empty_path; /* linkat does not take a descriptor alone (before Linux 6.10) */
    bool no_listing;    /* no directory may be read, only gone through */
    bool tmpfs;         /* every filesystem says that it is one in memory, with a size */
    bool interrupts;    /* EINTR from every other call, and few bytes go at once */
    bool same_names; /* hidden names are drawn alike: the same again and again, twice */
    /* Called before each rename and link: what others may do meanwhile. */
    void (*meanwhile)(void);
    /* Asked before each call, where it is not NULL. */
    enum fault (*strike)(enum fault_call call);
    bool status_is_lost; /* statx has said so of a file, and fstat will */
    int die_at;          /* SIGKILL instead of this call of those below; 0: never */
};

extern struct faults faults;

/* This thread's calls so far that change what others see, one letter for each: "o"
 * created, "m" mode set, "s" file synced, "l" linked, "r" renamed, "u" unlinked, "d"
 * directory synced, "f" filesystem synced.
 */
const char *calls_made(void);
void forget_calls(void);

/* How often CALL was answered in this thread as the members above want it; FAULT_OPEN
 * stands for all that no_proc hides. */
unsigned faults_met(enum fault_call call);

/* For those who stand before further calls: what becomes of CALL, whether it fails, how
 * many of SIZE bytes it moves; that it is answered as the members above want it; and that
 * with -1 and ERROR, one of those above. */
enum fault fault_next(enum fault_call call);
bool fault_strikes(enum fault_call call);
size_t fault_bytes(size_t size, enum fault fault);
void fault_answers(enum fault_call call);
int fault_fails(enum fault_call call, int error);

/* Whether no_proc hides PATH; errno is ENOENT then. */
bool fault_hides(const char *path);

/* As fstatat, past all that stands before it. */
int fault_status(int directory, const char *path, int flags, struct stat *status);

#endif
