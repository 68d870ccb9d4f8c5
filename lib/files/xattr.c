#include <config.h>

#include "files/xattr.h"

#include "base/call.h"
#include "files/attributes.h"
#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

struct extended_attribute {
    struct extended_attribute *next;
    char *name;
    char *value;
    size_t size;
};

/* ---- One attribute --------------------------------------------------------------- */

static bool is_absent(int error)
{
    return error == ENODATA || attributes_is_refusal(error);
}

/* fgetxattr and flistxattr fail with EBADF for an O_PATH descriptor. The path in /proc
 * works. */
static ssize_t ask_value(int descriptor, const char *name, void *answer, size_t size)
{
    char path[PROC_PATH_SIZE];
    ssize_t length = name != NULL ? RETRY(fgetxattr(descriptor, name, answer, size))
                                  : RETRY(flistxattr(descriptor, answer, size));
    if (length != -1 || errno != EBADF)
        return length;
    descriptor_proc_self_path(descriptor, path);
    return name != NULL ? RETRY(getxattr(path, name, answer, size))
                        : RETRY(listxattr(path, answer, size));
}

/* Asks for the size, and then for the value, until it fits: another process may make it
 * larger in between. */
int xattr_read(int descriptor, const char *name, char **value, size_t *size)
{
    do {
        ssize_t length = ask_value(descriptor, name, NULL, 0);
        *value = length != -1 ? malloc((size_t) length + 1) : NULL;
        if (*value == NULL)
            break;
        length = ask_value(descriptor, name, *value, (size_t) length);
        if (length != -1) {
            (*value)[length] = '\0';
            *size = (size_t) length;
            return 1;
        }
        call_free(*value);
        *value = NULL;
    } while (errno == ERANGE);
    return is_absent(errno) ? 0 : -1;
}

/* ---- All but some ---------------------------------------------------------------- */

/* The ACL is kept elsewhere. The others say how far the kernel trusts the old bytes,
 * which the new file does not have. */
static bool is_copied(const char *name)
{
    static const char *const others[] = {
        ACCESS_ACL, "security.capability", "security.ima", "security.evm"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(name, others[i]) == 0)
            return false;
    }
    return true;
}

static void free_attribute(struct extended_attribute *attribute)
{
    call_free(attribute->name);
    call_free(attribute->value);
    call_free(attribute);
}

static int read_one(struct extended_attribute **list, int descriptor, const char *name)
{
    struct extended_attribute *one = calloc(1, sizeof *one);
    if (one == NULL)
        return -1;
    one->name = strdup(name);
    int found =
        one->name == NULL ? -1 : xattr_read(descriptor, name, &one->value, &one->size);
    if (found != 1) {
        free_attribute(one);
        return found;
    }
    one->next = *list;
    *list = one;
    return 0;
}

int xattr_read_all(struct extended_attribute **list, int descriptor)
{
    char *all_names;
    size_t size = 0;
    int status = xattr_read(descriptor, NULL, &all_names, &size) == -1 ? -1 : 0;
    for (const char *name = all_names;
         status == 0 && name != NULL && name < all_names + size;
         name += strlen(name) + 1) {
        if (is_copied(name))
            status = read_one(list, descriptor, name);
    }
    call_free(all_names);
    return status;
}

static bool has_value(int descriptor, const struct extended_attribute *attribute)
{
    char *value;
    size_t size = 0;
    bool same = xattr_read(descriptor, attribute->name, &value, &size) == 1 &&
                size == attribute->size && memcmp(value, attribute->value, size) == 0;
    call_free(value);
    return same;
}

int xattr_apply(const struct extended_attribute *list, int descriptor)
{
    for (const struct extended_attribute *one = list; one != NULL; one = one->next) {
        if (!has_value(descriptor, one) &&
            RETRY(fsetxattr(descriptor, one->name, one->value, one->size, 0)) != 0 &&
            !attributes_is_refusal(errno))
            return -1;
    }
    return 0;
}

static bool has_name(const struct extended_attribute *list, const char *name)
{
    while (list != NULL && strcmp(list->name, name) != 0)
        list = list->next;
    return list != NULL;
}

void xattr_remove(const struct extended_attribute *list,
    const struct extended_attribute *kept, int descriptor)
{
    for (const struct extended_attribute *one = list; one != NULL; one = one->next) {
        if (!has_name(kept, one->name))
            (void) RETRY(fremovexattr(descriptor, one->name));
    }
}

void xattr_free(struct extended_attribute *list)
{
    while (list != NULL) {
        struct extended_attribute *one = list;
        list = one->next;
        free_attribute(one);
    }
}
