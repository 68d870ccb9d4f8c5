#include "form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD "uploaded_file"

enum {
    PARSER_SIZE = 16 * 1024,         /* bytes of the form parser's buffer */
    IGNORED_LIMIT = 64 * 1024 * 1024 /* bytes that are still read of a refused form */
};

/* ---- Refusing ------------------------------------------------------------------------
 */

static const struct reason {
    int error;
    unsigned status;
    const char *problem;
} reasons[] = {
    {EFBIG, MHD_HTTP_CONTENT_TOO_LARGE, "the file is larger than the limit"},
    {ENOSPC, MHD_HTTP_INSUFFICIENT_STORAGE, "no space is left to store the file"},
    {EDQUOT, MHD_HTTP_INSUFFICIENT_STORAGE, "the disk quota leaves no room for the file"},
    {ENOMEM, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory is left: try again later"},
    {EMFILE, MHD_HTTP_SERVICE_UNAVAILABLE, "too many files are open: try again later"},
    {ENFILE, MHD_HTTP_SERVICE_UNAVAILABLE, "too many files are open: try again later"},
};

static void refuse_with(struct form *form, unsigned status, const char *problem)
{
    form->outcome.status = status;
    form->outcome.problem = problem;
    upload_close(&form->upload);
}

void form_refuse(struct form *form, int error)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].error == error) {
            refuse_with(form, reasons[i].status, reasons[i].problem);
            return;
        }
    }
    refuse_with(form, MHD_HTTP_INTERNAL_SERVER_ERROR, "the file could not be stored");
}

/* ---- Receiving -----------------------------------------------------------------------
 */

static enum MHD_Result append(struct form *form, const char *data, size_t size)
{
    if (form->upload.stream == NULL &&
        upload_open(&form->upload, &form->service->stream) != 0)
        form_refuse(form, errno);
    else if (upload_append(&form->upload, data, size) != 0)
        form_refuse(form, errno);
    service_watch_budget(form->service);
    form->received += size;
    return form->outcome.status == 0 ? MHD_YES : MHD_NO;
}

/* The parser's callback. Fields of other names are ignored. */
static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *key,
    const char *file_name, const char *type, const char *encoding, const char *data,
    uint64_t offset, size_t size)
{
    struct form *form = context;
    (void) kind, (void) file_name, (void) type, (void) encoding;
    if (key == NULL || strcmp(key, FIELD) != 0)
        return MHD_YES;
    form->has_file = true;
    if (offset == form->received)
        return append(form, data, size);
    refuse_with(form, MHD_HTTP_BAD_REQUEST, "the form has more than one " FIELD);
    return MHD_NO;
}

/* Most clients read the answer only after they have sent everything. */
static enum MHD_Result ignore(struct form *form, size_t size)
{
    form->ignored += size;
    return form_is_endless(form->ignored) ? MHD_NO : MHD_YES;
}

bool form_is_endless(uint64_t size)
{
    return size > IGNORED_LIMIT;
}

enum MHD_Result form_receive(struct form *form, const char *data, size_t size)
{
    if (form->outcome.status != 0)
        return ignore(form, size);
    if (MHD_post_process(form->parser, data, size) != MHD_YES &&
        form->outcome.status == 0)
        refuse_with(form, MHD_HTTP_BAD_REQUEST, "the form is malformed");
    return MHD_YES;
}

/* ---- The end -------------------------------------------------------------------------
 */

static bool end_parser(struct form *form)
{
    struct MHD_PostProcessor *parser = form->parser;
    form->parser = NULL;
    return parser == NULL || MHD_destroy_post_processor(parser) == MHD_YES;
}

static void read_table(struct form *form)
{
    struct outcome *outcome = &form->outcome;
    if (upload_read(&form->upload, &outcome->table) == 0)
        outcome->status = MHD_HTTP_OK;
    else if (outcome->table.line != 0)
        refuse_with(form, MHD_HTTP_BAD_REQUEST, outcome->table.problem);
    else
        form_refuse(form, errno);
}

static void read_file(struct form *form)
{
    if (upload_complete(&form->upload) != 0) {
        form_refuse(form, errno);
        return;
    }
    service_watch_budget(form->service);
    form->outcome.bytes = form->upload.bytes;
    read_table(form);
}

const struct outcome *form_finish(struct form *form)
{
    bool complete = end_parser(form);
    if (form->outcome.status != 0)
        return &form->outcome;
    if (!complete)
        refuse_with(form, MHD_HTTP_BAD_REQUEST, "the form ends before its last boundary");
    else if (!form->has_file)
        refuse_with(form, MHD_HTTP_BAD_REQUEST, "the form has no field " FIELD);
    else
        read_file(form);
    return &form->outcome;
}

static void count(struct form *form)
{
    struct service *service = form->service;
    unsigned status = form->outcome.status;
    atomic_fetch_sub(&service->uploading, 1);
    atomic_fetch_add(status == 0             ? &service->abandoned
                     : status == MHD_HTTP_OK ? &service->read
                                             : &service->refused,
        1);
}

void form_end(struct form *form)
{
    (void) end_parser(form);
    upload_close(&form->upload);
    count(form);
    free(form);
}

struct form *form_begin(struct service *service, struct MHD_Connection *connection)
{
    struct form *form = calloc(1, sizeof *form);
    if (form == NULL)
        return NULL;
    form->service = service;
    form->outcome.limit = service->stream.size_limit;
    form->parser = MHD_create_post_processor(connection, PARSER_SIZE, take, form);
    atomic_fetch_add(&service->uploading, 1);
    if (form->parser == NULL)
        refuse_with(form, MHD_HTTP_BAD_REQUEST, "the form names no boundary");
    return form;
}
