/* Routes requests to their answers. */
#ifndef REQUEST_H
#define REQUEST_H

#include <microhttpd.h>

/* libmicrohttpd's callbacks. CONTEXT is the struct service. */

enum MHD_Result request_handle(void *context, struct MHD_Connection *connection,
    const char *path, const char *method, const char *version, const char *data,
    size_t *size, void **state);

void request_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code);

#endif
