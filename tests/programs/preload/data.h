/* The open streams that replace data files. */
#ifndef DATA_H
#define DATA_H

#include <stdio.h>
#include <sys/types.h>

struct data {
    FILE *stream;
    FILE *keep;     /* a second stream on the same bytes; NULL: nothing is written back */
    int descriptor; /* of the file; -1: none */
    int theirs;     /* the descriptor that was given to fdopen, or -1 */
    int shown;      /* the descriptor that fileno has returned, or -1 */
    mode_t mode;    /* the mode of SHOWN before the program could change it */
    pid_t owner;
    struct data *next;
};

/* Takes over the stream KEEP and both descriptors. */
void data_add(FILE *stream, FILE *keep, int descriptor, int theirs);

/* The data of STREAM, or NULL. */
struct data *data_find(const FILE *stream);

/* The stream's descriptor. The program finds its file there. */
int data_show(struct data *data);

/* Writes the bytes back to the file: of one stream, or of all. */
void data_write_back(const struct data *data);
void data_write_back_all(void);

/* Both write bytes and mode back and forget the stream. data_close also closes it, and
 * returns the result of fclose. */
int data_close(struct data *data);
void data_let_go(struct data *data);

#endif
