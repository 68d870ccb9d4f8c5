#include <config.h>

#include "stdio/native.h"

#include "files/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Places by the number of the descriptor. They never move and are never freed: at most as
 * many as the process ever had descriptors at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct native **places;
static size_t place_count;

static void take_over(struct native *native, int descriptor)
{
    file_unmap(&native->file);
    free(native->given_path);
    free(native->answered_path);
    *native = (struct native){0};
    file_init(&native->file, descriptor, 0);
}

/* A mapping keeps its file in use, so no other file can have got the same inode number.
 * Whose bytes are locked is not closed, but perhaps just going on with another file. */
static void release_if_closed(struct native *native)
{
    struct stat status;
    if (native == NULL || !store_try_lock(&native->file.store))
        return;
    if (native->file.mapping != NULL &&
        (RETRY(fstat(native->file.descriptor, &status)) != 0 ||
            !file_is(&native->file, &status)))
        file_unmap(&native->file);
    store_unlock(&native->file.store);
}

/* Each call looks after one place more, so that no mapping stays for ever. */
static void look_after_another(void)
{
    static size_t next;
    next = (next + 1) % place_count;
    release_if_closed(places[next]);
}

static int make_room(size_t count)
{
    if (count <= place_count)
        return 0;
    size_t room = count + count / 2;
    struct native **grown = realloc(places, room * sizeof(struct native *));
    if (grown == NULL)
        return -1;
    for (size_t i = place_count; i < room; i++)
        grown[i] = NULL;
    places = grown;
    place_count = room;
    return 0;
}

static struct native *find_locked(int descriptor, const struct stat *status)
{
    size_t number = (size_t) descriptor;
    if (make_room(number + 1) != 0)
        return NULL;
    if (places[number] == NULL) {
        places[number] = calloc(1, sizeof(struct native));
        if (places[number] == NULL)
            return NULL;
        take_over(places[number], descriptor);
    } else if (!file_is(&places[number]->file, status)) {
        take_over(places[number], descriptor);
    }
    look_after_another();
    return places[number];
}

struct native *native_find(FILE *file)
{
    struct stat status;
    int saved = errno;
    int descriptor = fileno(file);
    if (descriptor == -1) {
        errno = ENOTSUP;
        return NULL;
    }
    errno = saved;
    if (RETRY(fstat(descriptor, &status)) != 0)
        return NULL;
    if (!S_ISREG(status.st_mode)) {
        errno = ENOTSUP;
        return NULL;
    }
    (void) pthread_mutex_lock(&lock);
    struct native *native = find_locked(descriptor, &status);
    (void) pthread_mutex_unlock(&lock);
    return native;
}

static enum descriptor_note note_of(const struct native *native)
{
    return descriptor_get_note(native->file.descriptor);
}

bool native_is_temporary(const struct native *native)
{
    enum descriptor_note note = note_of(native);
    return note == NOTE_TEMPORARY || note == NOTE_PERMISSIONS;
}

bool native_is_given_away(const struct native *native)
{
    enum descriptor_note note = note_of(native);
    return note == NOTE_GIVEN_AWAY || note == NOTE_GIVEN_AWAY_WITH_PERMISSIONS;
}

static bool has_permissions(const struct native *native)
{
    enum descriptor_note note = note_of(native);
    return note == NOTE_PERMISSIONS || note == NOTE_GIVEN_AWAY_WITH_PERMISSIONS;
}

int native_permissions(const struct native *native, mode_t *permissions)
{
    enum { PERMISSION_BITS = 0777 };
    struct stat status;
    *permissions = 0;
    if (!has_permissions(native))
        return 0;
    if (RETRY(fstat(native->file.descriptor, &status)) != 0)
        return -1;
    *permissions = status.st_mode & PERMISSION_BITS;
    return 0;
}

void native_give_away(struct native *native, char *path)
{
    descriptor_set_note(native->file.descriptor,
        has_permissions(native) ? NOTE_GIVEN_AWAY_WITH_PERMISSIONS : NOTE_GIVEN_AWAY);
    free(native->given_path);
    native->given_path = path;
}

/* A thread that was at work on the places when the process forked is not here to finish:
 * they are given up then, and with them only memory. */
void native_renew(void)
{
    if (pthread_mutex_trylock(&lock) != 0) {
        places = NULL;
        place_count = 0;
        lock = (pthread_mutex_t) PTHREAD_MUTEX_INITIALIZER;
    } else {
        (void) pthread_mutex_unlock(&lock);
    }
    for (size_t i = 0; i < place_count; i++) {
        if (places[i] != NULL)
            store_renew_lock(&places[i]->file.store);
    }
}
