/* The name space of "memory:NAME": stores of the process under a name. */
#ifndef NAMES_H
#define NAMES_H

#include "store/store.h"

/* The store under NAME, with a reference for the caller. NULL with ENOENT. */
struct store *names_find(const char *name);

/* Puts STORE, with a reference of its own, under NAME. 0, or -1 with EEXIST or ENOMEM. */
int names_insert(const char *name, struct store *store);

/* Forgets NAME. 0, or -1 with ENOENT. */
int names_remove(const char *name);

#endif
