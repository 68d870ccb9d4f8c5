/* A program as a user might write it, in C that is also C++. The version of the library
 * must be that of the header and that of the argument. */
#include <filelike.h>
#include <stdlib.h>
#include <string.h>

static int versions_differ(const char *version)
{
    char header[sizeof "255.255.255"];
    (void) snprintf(header, sizeof header, "%d.%d.%d", FILELIKE_VERSION_MAJOR,
        FILELIKE_VERSION_MINOR, FILELIKE_VERSION_PATCH);
    if (strcmp(header, version) == 0 && strcmp(filelike_version(), version) == 0)
        return 0;
    fprintf(stderr, "header %s, library %s, filelike.pc %s\n", header, filelike_version(),
        version);
    return 1;
}

static int text_is_lost(void)
{
    struct filelike_options options;
    memset(&options, 0, sizeof options);
    options.memory_limit = 4;
    FILELIKE_AUTO FILE *stream = filelike_spooled("w+", &options);
    if (stream == NULL || fputs("spooled", stream) == EOF)
        return 1;
    const char *text = (const char *) filelike_view(stream, NULL);
    return text == NULL || strcmp(text, "spooled") != 0 ||
           filelike_in_memory(stream) != 0;
}

int main(int count, char **arguments)
{
    if (count != 2 || versions_differ(arguments[1]))
        return EXIT_FAILURE;
    if (text_is_lost()) {
        perror("installed: a spooled stream");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
