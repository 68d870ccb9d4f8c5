/* One form, multipart/form-data, on its way in: the bytes of its file go to an upload. */
#ifndef FORM_H
#define FORM_H

#include "service.h"
#include "upload.h"

#include <microhttpd.h>
#include <stdbool.h>

/* The answer. */
struct outcome {
    unsigned status;     /* of HTTP; 0: not known yet */
    const char *problem; /* where the upload is refused */
    struct table table;
    int64_t bytes;  /* of the file */
    uint64_t limit; /* of these */
};

struct form {
    struct service *service;
    struct MHD_PostProcessor *parser;
    struct upload upload;
    uint64_t received; /* bytes of the file */
    uint64_t ignored;  /* bytes of the form, after it has been refused */
    bool has_file;
    struct outcome outcome;
};

/* The form that CONNECTION begins to send, or NULL. */
struct form *form_begin(struct service *service, struct MHD_Connection *connection);

/* SIZE bytes of it. MHD_NO: hang up. */
enum MHD_Result form_receive(struct form *form, const char *data, size_t size);

/* All has come: what to answer. */
const struct outcome *form_finish(struct form *form);

/* Frees the form at the end of its request, or when its client has gone away. */
void form_end(struct form *form);

/* From now on the form is refused for ERROR, a value of errno; what it held is given
 * back. */
void form_refuse(struct form *form, int error);

/* True where so much of a refused form is more than is read and thrown away. */
bool form_is_endless(uint64_t size);

#endif
