/* atomic_config: changes one setting in a configuration file, all or nothing.
 *
 * usage: atomic_config FILE KEY VALUE
 *
 * The code that loads and saves is older than the library, and knows of FILE * and fclose
 * alone. It is made safe by one other way to open the file: whoever reads it sees the old
 * settings or the new ones, never a part, also if the disk is full or the power goes.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* asprintf */

#include <errno.h>
#include <filelike.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    char **lines; /* without '\n' */
    size_t count;
};

static const char *program = "atomic_config";

/* ---- Loading and saving, as ever -----------------------------------------------------
 */

static int add(struct settings *settings, char *line)
{
    char **grown = realloc(settings->lines, (settings->count + 1) * sizeof *grown);
    if (grown == NULL)
        return -1;
    grown[settings->count++] = line;
    settings->lines = grown;
    return 0;
}

static int load(FILE *file, struct settings *settings)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) != -1) {
        line[strcspn(line, "\n")] = '\0';
        if (add(settings, line) != 0)
            break;
        line = NULL;
        room = 0;
    }
    bool complete = feof(file);
    free(line);
    return fclose(file) == 0 && complete ? 0 : -1;
}

/* Only the result of fclose is checked: it reports the failures of all writes before
 * it. */
static int save(FILE *file, const struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        fprintf(file, "%s\n", settings->lines[i]);
    return fclose(file);
}

/* ---- Settings ------------------------------------------------------------------------
 */

static size_t key_length(const char *line)
{
    return strcspn(line, " \t=\n");
}

static bool is_key(const char *text)
{
    return text[0] != '\0' && text[0] != '#' && text[key_length(text)] == '\0';
}

/* A line is empty, a comment, or KEY = VALUE. */
static bool is_sound(const char *line)
{
    const char *first = line + strspn(line, " \t");
    const char *after = line + key_length(line);
    after += strspn(after, " \t");
    return *first == '\0' || *first == '#' || (after != line && *after == '=');
}

static int set(struct settings *settings, const char *key, const char *value)
{
    char *line;
    size_t length = strlen(key);
    if (asprintf(&line, "%s = %s", key, value) == -1)
        return -1;
    for (size_t i = 0; i < settings->count; i++) {
        char **old = &settings->lines[i];
        if (key_length(*old) == length && strncmp(*old, key, length) == 0) {
            free(*old);
            *old = line;
            return 0;
        }
    }
    return add(settings, line);
}

static void free_settings(struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        free(settings->lines[i]);
    free(settings->lines);
}

/* ---- One setting ---------------------------------------------------------------------
 */

static int fail(const char *path, const char *what, const char *remedy)
{
    fprintf(stderr, "%s: %s: %s: %s\n%s\n", program, path, what, strerror(errno), remedy);
    return -1;
}

static int load_from(const char *path, struct settings *settings)
{
    FILE *file = fopen(path, "r");
    if (file == NULL && errno == ENOENT)
        return 0; /* there is no file yet: this is the first setting */
    if (file == NULL || load(file, settings) != 0)
        return fail(path, "cannot be read", "Give the name of a file that can be read.");
    for (size_t i = 0; i < settings->count; i++) {
        if (!is_sound(settings->lines[i])) {
            fprintf(stderr, "%s: %s:%zu: neither a comment nor KEY = VALUE\n%s\n",
                program, path, i + 1, "Mend the line; the file is as it was.");
            return -1;
        }
    }
    return 0;
}

static int save_to(const char *path, const struct settings *settings)
{
    FILE *file = filelike_atomic(path, "w", NULL); /* was fopen(path, "w") */
    if (file == NULL)
        return fail(path, "cannot be replaced",
            "The file, and new ones beside it, must be yours to write.");
    if (save(file, settings) != 0)
        return fail(path, "not saved",
            "Make room on its disk, or see to it; the file is as it was.");
    return 0;
}

int main(int count, char **arguments)
{
    struct settings settings = {0};
    if (count != 4 || !is_key(arguments[2]) || strchr(arguments[3], '\n') != NULL) {
        fprintf(stderr,
            "usage: %s FILE KEY VALUE\n"
            "KEY has no spaces and no '=', and VALUE is one line.\n",
            program);
        return EXIT_FAILURE;
    }
    const char *path = arguments[1];
    int status = load_from(path, &settings);
    if (status == 0 && set(&settings, arguments[2], arguments[3]) != 0)
        status = fail(path, "cannot be changed", "Free some memory.");
    if (status == 0)
        status = save_to(path, &settings);
    free_settings(&settings);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
