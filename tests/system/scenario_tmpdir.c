/* A set-user-ID program ignores TMPDIR, which its caller may have set to a trap. Only
 * root can make such a program; exit status 77 for other users.
 *
 * usage: scenario_tmpdir [DIRECTORY]
 * With an argument it is that program: it reports whether it is privileged, and where its
 * file is although TMPDIR is DIRECTORY. */
#include <config.h>

#include "expect.h"
#include "filelike.h"
#include "scratch.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, PRIVILEGED = 04755, USUAL = 0755 };

static int report(const char *directory)
{
    /* glibc has taken it out of the environment of a privileged program. */
    if (setenv("TMPDIR", directory, 1) != 0)
        return EXIT_FAILURE;
    FILE *stream = filelike_named("w", NULL);
    if (stream == NULL)
        return EXIT_FAILURE;
    (void) printf("%s %s\n", getauxval(AT_SECURE) != 0 ? "privileged" : "usual",
        filelike_path(stream));
    return fclose(stream);
}

static void copy_self(const char *path, mode_t mode)
{
    static char block[1 << 16];
    size_t count;
    FILE *from = fopen("/proc/self/exe", "re");
    FILE *to = fopen(path, "we");
    if (!EXPECT(from != NULL && to != NULL))
        return;
    while ((count = fread(block, 1, sizeof block, from)) > 0)
        EXPECT(fwrite(block, 1, count, to) == count);
    EXPECT(fclose(from) == 0 && fclose(to) == 0);
    EXPECT(chmod(path, mode) == 0);
}

/* The report of PROGRAM, run by a user without privileges. */
static bool ask(const char *program, char rights[static 16], char path[static PATH_ROOM])
{
    FILE *output = popen(program, "re");
    if (output == NULL)
        return false;
    int fields = fscanf(output, "%15s %4095s", rights, path);
    return pclose(output) == 0 && fields == 2;
}

static bool starts_with(const char *path, const char *directory)
{
    return strncmp(path, directory, strlen(directory)) == 0;
}

static int run_both(void *context)
{
    char rights[16];
    char path[PATH_ROOM];
    (void) context;
    if (EXPECT(ask("./usual .", rights, path))) {
        EXPECT(strcmp(rights, "usual") == 0);
        EXPECT(starts_with(path, scratch_path()));
    }
    if (!ask("./privileged .", rights, path) || strcmp(rights, "privileged") != 0) {
        say_skipped("TMPDIR of a set-user-ID program",
            "one does not run here (mounted nosuid, or without a static library)");
        return SKIPPED;
    }
    EXPECT(!starts_with(path, scratch_path()));
    EXPECT(starts_with(path, P_tmpdir) || starts_with(path, "/var/tmp"));
    return expect_status();
}

int main(int count, char **arguments)
{
    if (count > 1)
        return report(arguments[1]);
    if (geteuid() != 0) {
        say_skipped("TMPDIR of a set-user-ID program", "only root can make one");
        return SKIPPED;
    }
    expect_subject = "TMPDIR of a set-user-ID program";
    scratch_enter();
    copy_self("usual", USUAL);
    copy_self("privileged", PRIVILEGED);
    int status = as_nobody(run_both, NULL);
    scratch_leave();
    return expect_failures == 0 ? status : EXIT_FAILURE;
}
