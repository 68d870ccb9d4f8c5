#include <config.h>

#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATH_ROOM = 4096,
    TEXT_ROOM = 1 << 16,
    NOBODY = 65534,
    USUAL_UMASK = 022,
    SIGNALLED = 128
};

static char scratch[PATH_ROOM];
static char origin[PATH_ROOM];
static char *usual_directory; /* TMPDIR outside */

/* The preparations of a test have failed, so its results would mean nothing. */
static void need(bool condition, const char *what)
{
    if (condition)
        return;
    (void) fprintf(stderr, "the test cannot run: %s: %s\n", what, strerror(errno));
    abort();
}

/* ---- The directory -------------------------------------------------------------------
 */

static const char *temporary_directory(void)
{
    const char *chosen = getenv("TMPDIR");
    return chosen != NULL && chosen[0] != '\0' ? chosen : P_tmpdir;
}

void scratch_enter(void)
{
    char made[PATH_ROOM];
    need(getcwd(origin, sizeof origin) != NULL, "getcwd");
    (void) snprintf(made, sizeof made, "%s/filelike-test-XXXXXX", temporary_directory());
    need(mkdtemp(made) != NULL, made);
    need(chdir(made) == 0, made);
    need(getcwd(scratch, sizeof scratch) != NULL, "getcwd");
    if (getenv("TMPDIR") != NULL)
        need((usual_directory = strdup(getenv("TMPDIR"))) != NULL, "strdup");
    need(setenv("TMPDIR", scratch, 1) == 0, "setenv");
    (void) umask(USUAL_UMASK);
}

static int remove_one(
    const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void) status, (void) type, (void) place;
    return remove(path);
}

/* A test may have removed permissions that nftw needs. */
static int allow_one(
    const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void) status, (void) place;
    if (type == FTW_D || type == FTW_DNR)
        (void) chmod(path, S_IRWXU);
    return 0;
}

void scratch_leave(void)
{
    enum { MOST_OPEN = 16 };
    need(chdir(origin) == 0, origin);
    if (usual_directory != NULL)
        (void) setenv("TMPDIR", usual_directory, 1);
    else
        (void) unsetenv("TMPDIR");
    free(usual_directory);
    usual_directory = NULL;
    (void) nftw(scratch, allow_one, MOST_OPEN, FTW_PHYS);
    need(nftw(scratch, remove_one, MOST_OPEN, FTW_PHYS | FTW_DEPTH) == 0, scratch);
}

const char *scratch_path(void)
{
    return scratch;
}

/* ---- Content of directories and files ------------------------------------------------
 */

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

const char *entries(const char *directory)
{
    static char text[TEXT_ROOM];
    struct dirent **names;
    size_t length = 0;
    int count = scandir(directory, &names, is_entry, alphasort);
    need(count != -1, directory);
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        length += (size_t) snprintf(text + length, sizeof text - length, "%s%s",
            i == 0 ? "" : " ", names[i]->d_name);
        need(length < sizeof text, "too many entries");
        free(names[i]);
    }
    free(names);
    return text;
}

const char *content(const char *path)
{
    static char text[TEXT_ROOM];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    bool failed = ferror(file);
    (void) fclose(file);
    return failed ? NULL : text;
}

void make_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    need(file != NULL, path);
    need(fputs(text, file) >= 0 && fclose(file) == 0, path);
}

unsigned mode_of(const char *path)
{
    struct stat status;
    need(stat(path, &status) == 0, path);
    return status.st_mode & 07777;
}

const char *descriptors(void)
{
    static char text[TEXT_ROOM];
    size_t length = 0;
    long most = sysconf(_SC_OPEN_MAX);
    text[0] = '\0';
    for (int i = 0; i < most && i < PATH_ROOM; i++) {
        struct stat status;
        if (fstat(i, &status) == 0)
            length += (size_t) snprintf(text + length, sizeof text - length, "%d ", i);
        need(length < sizeof text, "too many descriptors");
    }
    return text;
}

void allow_descriptors(int count)
{
    static struct rlimit usual;
    if (usual.rlim_cur == 0)
        need(getrlimit(RLIMIT_NOFILE, &usual) == 0, "getrlimit");
    struct rlimit limit = usual;
    if (count >= 0) {
        int next = dup(STDERR_FILENO);
        need(next != -1 && close(next) == 0, "dup");
        limit.rlim_cur = (rlim_t) (next + count);
    }
    need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

/* ---- Other processes -----------------------------------------------------------------
 */

int in_child(int (*body)(void *context), void *context)
{
    int status;
    (void) fflush(stdout);
    pid_t child = fork();
    need(child != -1, "fork");
    if (child == 0)
        exit(body(context));
    need(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

struct errand {
    int (*body)(void *context);
    void *context;
};

static int give_up_privileges(void *context)
{
    const struct errand *errand = context;
    if (geteuid() == 0) {
        need(chown(scratch, NOBODY, NOBODY) == 0, scratch);
        need(setgroups(0, NULL) == 0, "setgroups");
        need(setgid(NOBODY) == 0 && setuid(NOBODY) == 0, "setuid");
    }
    return errand->body(errand->context);
}

int as_nobody(int (*body)(void *context), void *context)
{
    struct errand errand = {body, context};
    return in_child(give_up_privileges, &errand);
}

/* ---- Messages ------------------------------------------------------------------------
 */

void say_skipped(const char *what, const char *reason)
{
    (void) fprintf(stderr, "skipped: %s: %s\n", what, reason);
}
