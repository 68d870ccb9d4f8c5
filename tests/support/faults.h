/* The file system as a test wants it: calls fail as they do if a kernel or a filesystem
 * lacks something. The program has its own open, linkat and so on. The library calls
 * these instead of the C library's. Needs no test framework. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The calls that can fail separately. FAULT_CLOSE and those after it are the C library's
 * own, unless the program is linked with fault_calls.c. */
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
    FAULT_RENAME,
    FAULT_STAT,
    FAULT_STATX,
    FAULT_SYNCFS,
    FAULT_UNLINK,
    FAULT_DUP3,
    FAULT_FGETXATTR,  /* getxattr, too */
    FAULT_FLISTXATTR, /* listxattr, too */
    FAULT_FREMOVEXATTR,
    FAULT_FSETXATTR,
    FAULT_READLINK,
    FAULT_CUSTOM_READ, /* the operations of backing.h, in the same order */
    FAULT_CUSTOM_WRITE,
    FAULT_CUSTOM_SIZE,
    FAULT_CUSTOM_TRUNCATE,
    FAULT_CUSTOM_CLOSE,
    FAULT_CALL_COUNT
};

/* The call by which the library asks for the size of a file. */
#define FAULT_SIZE FAULT_STATX

/* The outcome of a call: it works, fails with errno, moves only a part of its bytes, or
 * moves none without failing. */
enum fault { FAULT_NONE, FAULT_FAILS, FAULT_SHORT, FAULT_NOTHING };

/* Each int is the errno that the call fails with; 0: it works. */
struct faults {
    int tmpfile;    /* open with O_TMPFILE */
    int link;       /* linkat */
    int rename;     /* renameat */
    int rename_new; /* renameat2 with RENAME_NOREPLACE */
    int sync_file;  /* fsync */
    int sync_directory;
    int append;         /* pwritev2, with RWF_APPEND or RWF_NOAPPEND */
    int mode;           /* fchmod */
    int status;         /* statx */
    bool no_proc;       /* no path below /proc exists */
    bool no_empty_path; /* linkat does not take a descriptor alone (before Linux 6.10) */
    bool no_listing;    /* no directory can be read, but all can be searched */
    bool tmpfs;         /* every filesystem claims to be in memory, with a size */
    bool interrupts;    /* every other call of a kind fails with EINTR, few bytes move */
    bool same_names;    /* the first two hidden names drawn in a thread are the same */
    /* Called before each rename and link, to do what another process might do. */
    void (*meanwhile)(void);
    /* Called before each call, unless it is NULL. Returns the outcome. */
    enum fault (*strike)(enum fault_call call);
    bool status_is_lost; /* statx has failed because of the file, so fstat will, too */
    int die_at; /* SIGKILL at this call of those below, counted from 1; 0: never */
};

extern struct faults faults;

/* This thread's calls so far that change what others see, one letter for each: "o"
 * created, "m" mode set, "s" file synced, "l" linked, "r" renamed, "u" unlinked, "d"
 * directory synced, "f" filesystem synced.
 */
const char *calls_made(void);
void forget_calls(void);

/* How often CALL was answered in this thread as the members above demand. FAULT_OPEN
 * counts all paths that no_proc hides. */
unsigned faults_met(enum fault_call call);

/* For further stand-ins. The outcome of CALL; whether it fails; whether FAULT, or a
 * signal, cuts it; whether one of both does; how many of SIZE bytes it moves. The last
 * two count CALL as answered by the members above: fault_fails returns -1 and sets errno
 * to ERROR, which is one of these members. */
enum fault fault_next(enum fault_call call);
bool fault_strikes(enum fault_call call);
bool fault_is_cut(enum fault_call call, enum fault fault);
bool fault_cuts(enum fault_call call);
size_t fault_bytes(size_t size, enum fault fault);
void fault_answers(enum fault_call call);
int fault_fails(enum fault_call call, int error);

/* Whether no_proc hides PATH; errno is ENOENT then. */
bool fault_hides(const char *path);

/* Like fstatat, but no stand-in makes it fail. */
int fault_status(int directory, const char *path, int flags, struct stat *status);

#endif
