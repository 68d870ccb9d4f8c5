#include "answer.h"

#include "page.h"

#include <filelike.h>
#include <inttypes.h>
#include <stdlib.h>

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
    struct MHD_Response *response, const char *type)
{
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result answer_page(struct MHD_Connection *connection)
{
    void *text = (void *) (uintptr_t) page;
    return queue(connection, MHD_HTTP_OK,
        MHD_create_response_from_buffer(sizeof page - 1, text, MHD_RESPMEM_PERSISTENT),
        "text/html; charset=utf-8");
}

/* ---- JSON, printed to a stream in memory ---------------------------------------------
 */

static const char json[] = "application/json";

/* The response takes over the stream's bytes without a copy. NULL if some did not fit. */
static struct MHD_Response *take_bytes(FILE *stream)
{
    size_t size;
    void *bytes = filelike_detach(stream, &size);
    if (bytes == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(bytes);
    return response;
}

enum MHD_Result answer_status(
    struct MHD_Connection *connection, const struct service *service)
{
    FILELIKE_AUTO FILE *stream = filelike_memory("w", NULL);
    if (stream == NULL)
        return MHD_NO;
    service_print_json(service, stream);
    return queue(connection, MHD_HTTP_OK, take_bytes(stream), json);
}

static void print_outcome(const struct outcome *outcome, FILE *stream)
{
    const struct table *table = &outcome->table;
    if (outcome->problem == NULL)
        fprintf(stream,
            "{\"rows\": %" PRIu64 ", \"columns\": %" PRIu64 ", \"bytes\": %" PRId64 "}\n",
            table->rows, table->columns, outcome->bytes);
    else if (table->line != 0)
        fprintf(stream, "{\"error\": \"line %" PRIu64 ": %s\", \"line\": %" PRIu64 "}\n",
            table->line, outcome->problem, table->line);
    else if (outcome->status == MHD_HTTP_CONTENT_TOO_LARGE)
        fprintf(stream,
            "{\"error\": \"%s: %" PRIu64 " bytes\", \"limit\": %" PRIu64 "}\n",
            outcome->problem, outcome->limit, outcome->limit);
    else
        fprintf(stream, "{\"error\": \"%s\"}\n", outcome->problem);
}

static struct MHD_Response *describe(const struct outcome *outcome)
{
    FILELIKE_AUTO FILE *stream = filelike_memory("w", NULL);
    if (stream == NULL)
        return NULL;
    print_outcome(outcome, stream);
    return take_bytes(stream);
}

enum MHD_Result answer_outcome(
    struct MHD_Connection *connection, const struct outcome *outcome)
{
    return queue(connection, outcome->status, describe(outcome), json);
}

enum MHD_Result answer_problem(
    struct MHD_Connection *connection, unsigned status, const char *problem)
{
    struct outcome outcome = {.status = status, .problem = problem};
    return answer_outcome(connection, &outcome);
}

enum MHD_Result answer_methods(struct MHD_Connection *connection, const char *methods)
{
    struct outcome outcome = {.problem = "this address is for other methods, see Allow"};
    struct MHD_Response *response = describe(&outcome);
    if (response != NULL)
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, methods);
    return queue(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response, json);
}
