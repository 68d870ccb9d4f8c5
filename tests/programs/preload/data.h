/* The open streams that stand for data files. */
#ifndef DATA_H
#define DATA_H

#include <stdio.h>
#include <sys/types.h>

struct data {
    FILE *stream;
    FILE *keep;     /* a second stream on the same bytes; NULL: nothing goes back */
    int descriptor; /* of the file, -1: none */
    int theirs;     /* the one that was given to fdopen, or -1 */
    int shown;      /* what fileno has answered, or -1 */
    mode_t mode;    /* that of SHOWN, before the program could change it */
    pid_t owner;
    struct data *next;
};

/* Takes over the stream KEEP and both descriptors. */
void data_add(FILE *stream, FILE *keep, int descriptor, int theirs);

/* The data of STREAM, or NULL. */
struct data *data_find(const FILE *stream);

/* The descriptor of the stream, as the program would find it. */
int data_show(struct data *data);

/* The bytes go back to the file: of one, of all. */
void data_write_back(const struct data *data);
void data_write_back_all(void);

/* Bytes and mode go back, and the stream stands for nothing any more: it is closed, with
 * what fclose answers; or it stays open. */
int data_close(struct data *data);
void data_let_go(struct data *data);

#endif
