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

/* fgetxattr fails with EBADF for an O_PATH descriptor. The path in /proc works. */
static ssize_t ask_value(int descriptor, const char *name, void *value, size_t size)
{
    char path[PROC_PATH_SIZE];
    ssize_t length = RETRY(fgetxattr(descriptor, name, value, size));
    if (length != -1 || errno != EBADF)
        return length;
    descriptor_proc_self_path(descriptor, path);
    return RETRY(getxattr(path, name, value, size));
}

/* The same for the list of names. NAME is unused: both functions have one type. */
static ssize_t ask_names(int descriptor, const char *name, void *names, size_t size)
{
    char path[PROC_PATH_SIZE];
    (void) name;
    ssize_t length = RETRY(flistxattr(descriptor, names, size));
    if (length != -1 || errno != EBADF)
        return length;
    descriptor_proc_self_path(descriptor, path);
    return RETRY(listxattr(path, names, size));
}

typedef ssize_t answer_function(
    int descriptor, const char *name, void *answer, size_t size);

/* Asks for the size, and then for the answer, until it fits: another process may make it
 * larger in between. 1 and *SIZE bytes with a '\0' after them, allocated by malloc; 0 if
 * there is no such attribute; or -1. */
static int read_answer(answer_function *ask_for, int descriptor, const char *name,
    char **answer, size_t *size)
{
    ssize_t length;
    *answer = NULL;
    do {
        call_free(*answer);
        *answer = NULL;
        length = ask_for(descriptor, name, NULL, 0);
        if (length == -1)
            break;
        *answer = malloc((size_t) length + 1);
        if (*answer == NULL)
            return -1;
        length = ask_for(descriptor, name, *answer, (size_t) length);
    } while (length == -1 && errno == ERANGE);
    if (length == -1) {
        call_free(*answer);
        *answer = NULL;
        return is_absent(errno) ? 0 : -1;
    }
    (*answer)[length] = '\0';
    *size = (size_t) length;
    return 1;
}

int xattr_read(int descriptor, const char *name, char **value, size_t *size)
{
    return read_answer(ask_value, descriptor, name, value, size);
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
    if (attribute == NULL)
        return;
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
    char *names;
    size_t size = 0;
    int status = read_answer(ask_names, descriptor, NULL, &names, &size);
    if (status == 1)
        status = 0;
    for (const char *name = names; status == 0 && name != NULL && name < names + size;
         name += strlen(name) + 1) {
        if (is_copied(name))
            status = read_one(list, descriptor, name);
    }
    call_free(names);
    return status;
}

static bool has_value(int descriptor, const struct extended_attribute *attribute)
{
    char *value = NULL;
    size_t size = 0;
    bool is_read = xattr_read(descriptor, attribute->name, &value, &size) == 1;
    bool same = is_read && value != NULL && size == attribute->size &&
                memcmp(value, attribute->value, size) == 0;
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
