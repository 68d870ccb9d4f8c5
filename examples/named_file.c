/* named_file: hands a stream to a program that wants the name of a file.
 *
 * usage: named_file WORD...
 *
 * Writes the words to a named stream, lets sort(1) sort the file in place, and reads them
 * back from the same stream. The file is gone when the stream is closed, and also if this
 * program ends before.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <filelike.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* Prints the fault and the remedy. */
static int fail(const char *what, int error, const char *remedy)
{
    fprintf(stderr, "named_file: %s: %s\n%s\n", what, strerror(error), remedy);
    return -1;
}

static int write_words(FILE *words, char **first)
{
    for (char **word = first; *word != NULL; word++)
        fprintf(words, "%s\n", *word);
    if (fflush(words) == 0)
        return 0;
    return fail("the words cannot be stored", errno,
        "Make room in the directory for temporary files, or set TMPDIR to another.");
}

/* Runs sort on the file at PATH. */
static int sort(const char *path)
{
    char name[] = "sort";
    char option[] = "-o";
    char *file = strdup(path);
    char *arguments[] = {name, option, file, file, NULL};
    pid_t child;
    int status;
    if (file == NULL)
        return fail(path, errno, "Free some memory.");
    int error = posix_spawnp(&child, name, NULL, NULL, arguments, environ);
    free(file);
    if (error != 0)
        return fail("sort cannot be started", error, "Have it in a directory of PATH.");
    while (waitpid(child, &status, 0) == -1) {
        if (errno != EINTR)
            return fail("sort is lost", errno, "Do not ignore SIGCHLD.");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
        return 0;
    fprintf(
        stderr, "named_file: %s is not sorted: sort failed\nSee what it said.\n", path);
    return -1;
}

static int print_words(FILE *words)
{
    char *line = NULL;
    size_t room = 0;
    rewind(words);
    for (int number = 1; getline(&line, &room, words) != -1; number++)
        printf("%d %s", number, line);
    free(line);
    if (!ferror(words) && fflush(stdout) == 0)
        return 0;
    return fail("the words cannot be printed", errno, "Give an output that takes them.");
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fprintf(stderr, "usage: named_file WORD...\n");
        return EXIT_FAILURE;
    }
    struct filelike_options options = {.prefix = "words-", .suffix = ".txt"};
    FILE *words = filelike_named("w+", &options);
    if (words == NULL) {
        (void) fail("no temporary file", errno,
            "Set TMPDIR to a directory that takes new files.");
        return EXIT_FAILURE;
    }
    int status = write_words(words, arguments + 1);
    if (status == 0)
        status = sort(filelike_path(words));
    if (status == 0)
        status = print_words(words);
    if (fclose(words) != 0)
        status = -1;
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
