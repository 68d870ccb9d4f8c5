/* The name space of "memory:NAME": bytes of this process under a name.
 *
 * A name keeps its bytes in a memory file of the kernel, where it can: each opening then
 * gets a description of its own of that file. Otherwise, and where a size limit or a
 * budget is to be kept, they are in a store as a memory stream's. */
#ifndef NAMES_H
#define NAMES_H

#include "filelike.h"
#include "store/store.h"

/* What is under a name. */
struct named_bytes {
    struct store *store; /* a reference */
    bool is_file;        /* STORE is on a memory file that can be opened again */
    mode_t permissions;  /* those of the options that the name was made with, */
    unsigned flags;      /* and the flags */
};

/* Finds what is under NAME, or makes it where MODE, which is MODE_*, lets fopen make a
 * file: *MADE tells. BYTES gets a reference of its own. 0, or -1 with ENOENT, EEXIST or
 * what making it failed with. */
int names_obtain(const char *name, unsigned mode, const struct filelike_options *options,
    struct named_bytes *bytes, bool *made);

/* The same, but never makes it. 0, or -1 with ENOENT. */
int names_find(const char *name, struct named_bytes *bytes);

/* Forgets NAME. 0, or -1 with ENOENT. */
int names_remove(const char *name);

/* Forgets NAME, if STORE is still what is under it. */
void names_forget(const char *name, const struct store *store);

/* Puts what is under FROM under TO, in one step and in place of what is there. 0, or -1
 * with ENOENT. */
int names_rename(const char *from, const char *to);

#endif
