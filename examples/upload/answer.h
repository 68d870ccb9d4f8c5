/* Answers, queued on their connection. MHD_NO: memory is missing, so close it. */
#ifndef ANSWER_H
#define ANSWER_H

#include "form.h"

enum MHD_Result answer_page(struct MHD_Connection *connection);

enum MHD_Result answer_status(
    struct MHD_Connection *connection, const struct service *service);

/* The answer to an upload: its rows, columns and bytes, or the fault in it. */
enum MHD_Result answer_outcome(
    struct MHD_Connection *connection, const struct outcome *outcome);

/* PROBLEM must need no escape in JSON. */
enum MHD_Result answer_problem(
    struct MHD_Connection *connection, unsigned status, const char *problem);

/* The answer 405: only METHODS are allowed here. */
enum MHD_Result answer_methods(struct MHD_Connection *connection, const char *methods);

#endif
