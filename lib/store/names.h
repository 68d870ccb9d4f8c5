/* The names of "memory:NAME": bytes of this process under a name.
 *
 * The bytes of a name are in a memory file of the kernel if possible. Each opening then
 * opens that file again. Without memory files, and with a size limit or a budget, the
 * bytes are in a store such as memory streams have. */
#ifndef NAMES_H
#define NAMES_H

#include "filelike.h"
#include "store/store.h"

/* The bytes of a name. */
struct named_bytes {
    struct store *store; /* a reference */
    bool is_file;        /* the store is a memory file that can be opened again */
    mode_t permissions;  /* from the options that the name was made with */
    unsigned flags;      /* from the same options */
};

/* Finds the bytes of NAME. If there are none, makes the name where fopen in MODE (MODE_*
 * bits) would make a file, and sets *MADE to tell. BYTES gets a reference of its own.
 * Returns 0, or -1 with ENOENT, EEXIST or the errno with which making it failed. */
int names_obtain(const char *name, unsigned mode, const struct filelike_options *options,
    struct named_bytes *bytes, bool *made);

/* Sets the permissions of BYTES, to be called by who has made the name and opened it:
 * that opening may read and write whatever they are, as that of open(2). Returns 0, or -1
 * with errno. */
int names_set_permissions(const struct named_bytes *bytes);

/* Forgets NAME, unless its bytes are others than those of STORE. A NULL STORE means any
 * bytes. Returns 0, or -1 with ENOENT. */
int names_remove(const char *name, const struct store *store);

/* Gives the name TO to the bytes of FROM, in one step, and replaces those that had it.
 * Returns 0, or -1 with errno, which is ENOENT if there is no FROM. */
int names_rename(const char *from, const char *to);

#endif
