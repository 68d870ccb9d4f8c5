/* tar_members: hands each member of an archive to a parser, as a stream of its own.
 *
 * usage: tar_members ARCHIVE
 *
 * Prints how many lines and bytes each file in a tar archive has. libarchive tells where
 * it lies in the archive; a section shows just those bytes to the function that counts,
 * which knows FILE * only. Nothing is unpacked or copied.
 *
 * SPDX-License-Identifier: MIT
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <filelike.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Code that knows FILE * only -----------------------------------------------------
 */

/* 0, or -1. */
static int count_lines(FILE *in, const char *name)
{
    int64_t lines = 0;
    int64_t bytes = 0;
    for (int c = getc(in); c != EOF; c = getc(in)) {
        bytes++;
        lines += c == '\n';
    }
    if (ferror(in))
        return -1;
    printf("%" PRId64 " lines, %" PRId64 " bytes: %s\n", lines, bytes, name);
    return 0;
}

/* ---- The archive ---------------------------------------------------------------------
 */

static int fail(const char *path, const char *why)
{
    fprintf(stderr,
        "tar_members: %s: %s\nGive an archive of tar that is not compressed.\n", path,
        why);
    return -1;
}

/* Libarchive has just read the header of ENTRY, so it stands where the content begins. */
static int show_member(FILE *file, struct archive *archive, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    int64_t start = archive_filter_bytes(archive, 0);
    FILE *member = filelike_section(file, start, archive_entry_size(entry));
    if (member == NULL)
        return fail(name, strerror(errno));
    int status = count_lines(member, name);
    if (status != 0)
        (void) fail(name, strerror(errno));
    (void) fclose(member);
    return status;
}

static int show_members(FILE *file, struct archive *archive, const char *path)
{
    struct archive_entry *entry;
    int status;
    while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        if (archive_entry_filetype(entry) == AE_IFREG &&
            archive_entry_hardlink(entry) == NULL &&
            show_member(file, archive, entry) != 0)
            return -1;
    }
    return status == ARCHIVE_EOF ? 0 : fail(path, archive_error_string(archive));
}

int main(int count, char **arguments)
{
    enum { BLOCK_SIZE = 10240 }; /* bytes, tar's own */
    if (count != 2) {
        fprintf(stderr, "usage: tar_members ARCHIVE\n");
        return EXIT_FAILURE;
    }
    const char *path = arguments[1];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fail(path, strerror(errno)) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    /* Only uncompressed archives: members of compressed ones are nowhere in the file. */
    struct archive *archive = archive_read_new();
    int status = -1;
    if (archive != NULL && archive_read_support_format_tar(archive) == ARCHIVE_OK &&
        archive_read_open_filename(archive, path, BLOCK_SIZE) == ARCHIVE_OK)
        status = show_members(file, archive, path);
    else
        (void) fail(path, archive != NULL ? archive_error_string(archive) : "no memory");
    (void) archive_read_free(archive);
    (void) fclose(file);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
