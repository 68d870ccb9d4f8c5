#include "request.h"

#include "answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORM_TYPE "multipart/form-data"

/* The bytes of a form that are not its file's: boundaries, headers, a few short
 * fields. */
enum { FORM_ALLOWANCE = 16 * 1024 };

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == NULL ? "" : value;
}

/* ---- Uploads -------------------------------------------------------------------------
 */

static bool is_form(struct MHD_Connection *connection)
{
    const char *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    return strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) == 0;
}

/* The client waits for 100 Continue before it sends anything. */
static bool waits(struct MHD_Connection *connection)
{
    return strcasecmp(header(connection, MHD_HTTP_HEADER_EXPECT), "100-continue") == 0;
}

/* The length that the client has announced, 0 if none. */
static uint64_t announced_length(struct MHD_Connection *connection)
{
    return strtoull(header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH), NULL, 10);
}

static bool is_too_large(const struct service *service, uint64_t length)
{
    uint64_t limit = service->stream.size_limit;
    return limit != 0 && length > FORM_ALLOWANCE && length - FORM_ALLOWANCE > limit;
}

/* A form whose length alone says that it is too large is not stored. A client that
 * still sends may never see an earlier answer, so the answer waits until all has come.
 * It does not wait if the client itself waits, or would send for too long. */
static enum MHD_Result begin_upload(
    struct service *service, struct MHD_Connection *connection, void **state)
{
    if (!is_form(connection))
        return answer_problem(connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
            "an upload is a form of the type " FORM_TYPE);
    struct form *form = form_begin(service, connection);
    *state = form;
    if (form == NULL)
        return MHD_NO;
    uint64_t length = announced_length(connection);
    if (!is_too_large(service, length))
        return MHD_YES;
    form_refuse(form, EFBIG);
    if (waits(connection) || form_is_endless(length))
        return answer_outcome(connection, &form->outcome);
    return MHD_YES;
}

/* ---- Every request -------------------------------------------------------------------
 */

static bool reads(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
           strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result begin(struct service *service, struct MHD_Connection *connection,
    const char *path, const char *method, void **state)
{
    bool is_post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    bool is_upload = strcmp(path, "/upload") == 0;
    atomic_fetch_add(&service->requests, 1);
    if (is_upload && is_post)
        return begin_upload(service, connection, state);
    if (is_upload)
        return answer_methods(connection, "POST");
    if (strcmp(path, "/") != 0 && strcmp(path, "/status") != 0)
        return answer_problem(connection, MHD_HTTP_NOT_FOUND, "there is no such page");
    if (!reads(method))
        return answer_methods(connection, "GET, HEAD");
    return path[1] == '\0' ? answer_page(connection) : answer_status(connection, service);
}

enum MHD_Result request_handle(void *context, struct MHD_Connection *connection,
    const char *path, const char *method, const char *version, const char *data,
    size_t *size, void **state)
{
    struct form *form = *state;
    (void) version;
    if (form == NULL)
        return begin(context, connection, path, method, state);
    if (*size == 0)
        return answer_outcome(connection, form_finish(form));
    enum MHD_Result result = form_receive(form, data, *size);
    *size = 0;
    return result;
}

void request_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    (void) context, (void) connection, (void) code;
    if (*state != NULL)
        form_end(*state);
    *state = NULL;
}
