#include <config.h>

#include "files/filesystem.h"

#include "base/call.h"
#include "files/descriptor.h"
#include "files/extended.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_one_of(
    const struct statfs *filesystem, const uint32_t *types, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((uint32_t) filesystem->f_type == types[i])
            return true;
    }
    return false;
}

/* ---- Memory files ---------------------------------------------------------------- */

/* The filesystems in which the kernel keeps memory files (linux/magic.h). */
static const uint32_t memory_types[] = {
    0x01021994, /* tmpfs */
    0x858458f6, /* ramfs, in a kernel without tmpfs */
    0x958458f6, /* hugetlbfs */
};

/* Whether the name of the file in /proc is that of a memory file: 1 or 0, or -1 if there
 * is no /proc. */
static int has_memory_file_name(int descriptor)
{
    static const char start[] = "/memfd:";
    char path[PROC_PATH_SIZE];
    char link[sizeof start] = "";
    descriptor_proc_self_path(descriptor, path);
    if (RETRY(readlinkat(AT_FDCWD, path, link, sizeof start - 1)) == -1)
        return -1;
    return strcmp(link, start) == 0;
}

/* Without /proc a filesystem without a size counts. It is the kernel's own, or one that
 * was mounted with size=0. */
int filesystem_in_memory(int descriptor)
{
    struct stat status;
    struct statfs filesystem;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    if (status.st_nlink != 0)
        return 0;
    if (RETRY(fstatfs(descriptor, &filesystem)) != 0)
        return -1;
    if (!is_one_of(&filesystem, memory_types, COUNT(memory_types)))
        return 0;
    int called = has_memory_file_name(descriptor);
    return called != -1 ? called : filesystem.f_blocks == 0;
}

/* ---- Sizes ----------------------------------------------------------------------- */

/* The kernel writes the files of these filesystems when they are read. It tells 0, the
 * size of a page or an old size for them, which is right only by chance. */
static const uint32_t kernel_types[] = {
    0x00009fa0, /* proc */
    0x62656572, /* sysfs */
    0x64626720, /* debugfs */
    0x74726163, /* tracefs */
    0x0027e0eb, /* cgroup */
    0x63677270, /* cgroup2 */
    0x73636673, /* securityfs */
    0xf97cff8c, /* selinuxfs */
    0x43415d53, /* smackfs */
    0x5a3c69f0, /* apparmorfs */
    0x62656570, /* configfs */
    0x42494e4d, /* binfmt_misc */
    0xcafe4a11, /* bpf */
    0x65735543, /* fusectl */
    0x07655821, /* resctrl */
    0x19800202, /* mqueue */
    0x67596969, /* rpc_pipefs */
    0x6e667364, /* nfsd */
    0xabba1974, /* xenfs */
};

/* Whether the file has bytes, although its size is told as 0, as some filesystems in user
 * space do. Another process may just have written to it: then its size is told now. */
static bool has_bytes_without_size(int descriptor)
{
    char byte;
    return RETRY(pread(descriptor, &byte, sizeof byte, 0)) == 1 &&
           descriptor_size(descriptor) == 0;
}

/* A file that has blocks on a disk has a true size. */
int filesystem_check_size(int descriptor)
{
    struct stat status;
    struct statfs filesystem;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return -1;
    if (status.st_blocks != 0)
        return 0;
    if (RETRY(fstatfs(descriptor, &filesystem)) != 0)
        return -1;
    if (!is_one_of(&filesystem, kernel_types, COUNT(kernel_types)) &&
        (status.st_size != 0 || !has_bytes_without_size(descriptor)))
        return 0;
    return call_fail(ENOTSUP);
}

/* ---- Mounts ---------------------------------------------------------------------- */

/* Since Linux 5.8. */
static bool find_mount(int descriptor, uint64_t *mount)
{
    struct extended_status status;
    if (extended_status(descriptor, "", EXTENDED_MOUNT, &status) != 0)
        return false;
    *mount = status.mount;
    return (status.answered & EXTENDED_MOUNT) != 0;
}

bool filesystem_is_other_mount(int one, int other)
{
    uint64_t mount;
    uint64_t other_mount;
    return find_mount(one, &mount) && find_mount(other, &other_mount) &&
           mount != other_mount;
}
