/* One form (multipart/form-data) that is being received. The bytes of its file go to an
 * upload. */
#ifndef FORM_H
#define FORM_H

#include "service.h"
#include "upload.h"

#include <microhttpd.h>
#include <stdbool.h>

/* The answer. */
struct outcome {
    unsigned status;     /* status of HTTP; 0: not known yet */
    const char *problem; /* why the upload is refused */
    struct table table;
    int64_t bytes;  /* of the file */
    uint64_t limit; /* of these */
};

struct form {
    struct service *service;
    struct MHD_PostProcessor *parser;
    struct upload upload;
    uint64_t received; /* bytes of the file */
    uint64_t ignored;  /* bytes of the form after it was refused */
    bool has_file;
    struct outcome outcome;
};

/* The form that CONNECTION begins to send, or NULL. */
struct form *form_begin(struct service *service, struct MHD_Connection *connection);

/* Takes the next SIZE bytes. MHD_NO: close the connection. */
enum MHD_Result form_receive(struct form *form, const char *data, size_t size);

/* Ends a complete form and returns the answer. */
const struct outcome *form_finish(struct form *form);

/* Frees the form at the end of its request, also when the client has gone away. */
void form_end(struct form *form);

/* Refuses the form because of ERROR, a value of errno, and frees what it held. */
void form_refuse(struct form *form, int error);

/* Whether a refused form has sent more than is read and thrown away. */
bool form_is_endless(uint64_t size);

#endif
