/* Answers, queued on their connection. MHD_NO: there is no memory for one, hang up. */
#ifndef ANSWER_H
#define ANSWER_H

#include "form.h"

enum MHD_Result answer_page(struct MHD_Connection *connection);

enum MHD_Result answer_status(
    struct MHD_Connection *connection, const struct service *service);

/* Of an upload: its rows, columns and bytes, or what is wrong with it. */
enum MHD_Result answer_outcome(
    struct MHD_Connection *connection, const struct outcome *outcome);

/* PROBLEM needs no escape in JSON. */
enum MHD_Result answer_problem(
    struct MHD_Connection *connection, unsigned status, const char *problem);

/* 405, as only METHODS are understood here. */
enum MHD_Result answer_methods(struct MHD_Connection *connection, const char *methods);

#endif
