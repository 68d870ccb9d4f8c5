/* The steps that give a file the name of a target, and make sure of its bytes before. */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "files/target.h"

/* Renames NAME in DIRECTORY to the target. With FILELIKE_NOREPLACE in FLAGS it replaces
 * nothing. 0, or -1 with errno: EEXIST, ENOTSUP if the filesystem can only replace, and
 * those of target_begin_publishing. */
int publish_rename(
    int directory, const char *name, const struct target *target, unsigned flags);

/* Gives the file of DESCRIPTOR the target's name, if there is no such file. 0, or -1 with
 * errno. */
int publish_link(int descriptor, const struct target *target);

/* Whether ERROR of a link means that this file can have no name there, but a copy of it
 * can. */
bool publish_link_is_impossible(int error);

/* Renames NAME in DIRECTORY to TO in TO_DIRECTORY, which must not exist. 0, or -1 with
 * errno as publish_rename. */
int publish_without_replacing(
    int directory, const char *name, int to_directory, const char *to);

/* Waits for the disk, unless FLAGS holds FILELIKE_NOSYNC, and finds out what closing
 * DESCRIPTOR would report. 0, or -1 with errno. *IS_LOST: the system has lost bytes. */
int publish_sync(int descriptor, unsigned flags, bool *is_lost);

#endif
