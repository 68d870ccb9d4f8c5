/* The answers of the server of examples/upload to good, odd and malformed requests. */
#define _GNU_SOURCE

#include "endpoint.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIME_LIMIT = 120, SIZE_LIMIT = 64 * 1024 };

#define FORM_TYPE "multipart/form-data; boundary=edge"
#define PART(headers, content) "--edge\r\n" headers "\r\n\r\n" content "\r\n"
#define NAME(name) "Content-Disposition: form-data; name=\"" name "\""
#define FILE_PART(content) \
    PART(NAME("uploaded_file") "; filename=\"a.csv\"\r\nContent-Type: text/csv", content)
#define END "--edge--\r\n"
#define FORM(content) FILE_PART(content) END

#define TABLE(rows, columns, bytes) \
    "{\"rows\": " #rows ", \"columns\": " #columns ", \"bytes\": " #bytes "}\n"
#define PROBLEM(text) "{\"error\": \"" text "\"}\n"
#define MALFORMED(line, text) \
    "{\"error\": \"line " #line ": " text "\", \"line\": " #line "}\n"
#define TOO_LARGE                                                                 \
    "{\"error\": \"the file is larger than the limit: 65536 bytes\", \"limit\": " \
    "65536}\n"
#define STRAY_QUOTE "a quote in a place where none may be"
#define OPEN_QUOTE "a quote that is never closed"
#define RAGGED "a row with more or fewer columns than the first"
#define OTHER_METHODS PROBLEM("this address is for other methods, see Allow")

/* ---- One request ---------------------------------------------------------------------
 */

struct request {
    const char *method;
    const char *path;
    const char *type; /* NULL: none */
    const char *body; /* NULL: none */
    size_t size;
    bool announced; /* with Content-Length, else in chunks */
};

static size_t read_body(char *buffer, size_t size, size_t count, void *context)
{
    FILE *body = context;
    return fread(buffer, size, count, body);
}

static struct curl_slist *headers(const struct request *request)
{
    char type[128];
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    (void) snprintf(type, sizeof type, "Content-Type: %s",
        request->type == NULL ? "" : request->type);
    list = curl_slist_append(list, type);
    return request->announced ? list
                              : curl_slist_append(list, "Transfer-Encoding: chunked");
}

static void describe(
    CURL *transfer, const struct request *request, FILE *body, const char *url)
{
    char address[128];
    (void) snprintf(address, sizeof address, "%s%s", url, request->path);
    (void) curl_easy_setopt(transfer, CURLOPT_URL, address);
    (void) curl_easy_setopt(transfer, CURLOPT_NOPROXY, "*");
    if (body != NULL) {
        (void) curl_easy_setopt(transfer, CURLOPT_POST, 1L);
        (void) curl_easy_setopt(transfer, CURLOPT_READFUNCTION, read_body);
        (void) curl_easy_setopt(transfer, CURLOPT_READDATA, body);
        (void) curl_easy_setopt(transfer, CURLOPT_POSTFIELDSIZE_LARGE,
            request->announced ? (curl_off_t) request->size : (curl_off_t) -1);
    }
    (void) curl_easy_setopt(transfer, CURLOPT_CUSTOMREQUEST, request->method);
}

/* The status of HTTP. */
static long send_request(
    const struct endpoint *endpoint, const struct request *request, struct answer *answer)
{
    long status = 0;
    CURL *transfer = curl_easy_init();
    struct curl_slist *list = headers(request);
    FILE *body = request->body == NULL
                     ? NULL
                     : fmemopen((char *) (uintptr_t) request->body, request->size, "r");
    if (transfer == NULL || list == NULL || (body == NULL) != (request->body == NULL))
        fail("no memory for a request");
    describe(transfer, request, body, endpoint->url);
    (void) curl_easy_setopt(transfer, CURLOPT_HTTPHEADER, list);
    (void) curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, answer_append);
    (void) curl_easy_setopt(transfer, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(transfer);
    (void) curl_easy_getinfo(transfer, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(transfer);
    curl_slist_free_all(list);
    if (body != NULL)
        (void) fclose(body);
    if (code != CURLE_OK)
        fail("%s %s: %s", request->method, request->path, curl_easy_strerror(code));
    return status;
}

static void check(const char *name, const struct endpoint *endpoint,
    const struct request *request, long wanted_status, const char *wanted)
{
    struct answer answer = {0};
    long status = send_request(endpoint, request, &answer);
    if (status != wanted_status || strcmp(answer.text, wanted) != 0)
        fail("%s: wanted %ld %s  but got %ld %s", name, wanted_status, wanted, status,
            answer.text);
}

/* ---- Forms ---------------------------------------------------------------------------
 */

static const struct form_case {
    const char *name;
    const char *body;
    long status;
    const char *answer;
} forms[] = {
    {"a table", FORM("a,b\n1,2\n"), 200, TABLE(2, 2, 8)},
    {"no end of line at the end", FORM("a,b\n1,2"), 200, TABLE(2, 2, 7)},
    {"no content", FORM(""), 200, TABLE(0, 0, 0)},
    {"quotes, commas and lines in fields", FORM("\"a,\"\"b\",\"c\nd\"\r\n1,2\r\n"), 200,
        TABLE(2, 2, 20)},
    {"empty lines", FORM("\na,b\n\n1,2\n\n"), 200, TABLE(2, 2, 11)},
    {"the start of a boundary in the content", FORM("\r\n--edg\r\n-\r\n--ed"), 200,
        TABLE(3, 1, 16)},
    {"other fields around the file",
        PART(NAME("x"), "y") FILE_PART("a,b\n") PART(NAME("z"), "") END, 200,
        TABLE(1, 2, 4)},
    {"another name", PART(NAME("file"), "a,b\n") END, 400,
        PROBLEM("the form has no field uploaded_file")},
    {"two files", FILE_PART("a\n") FILE_PART("b\n") END, 400,
        PROBLEM("the form has more than one uploaded_file")},
    {"no last boundary", FILE_PART("a,b\n"), 400,
        PROBLEM("the form ends before its last boundary")},
    {"no boundary at all", "a,b\n", 400, PROBLEM("the form has no field uploaded_file")},
    {"a quote in a field", FORM("a,b\nc,d\"e\n"), 400, MALFORMED(2, STRAY_QUOTE)},
    {"text behind a quoted field", FORM("a,b\n\"c\nd\"e,f\n"), 400,
        MALFORMED(3, STRAY_QUOTE)},
    {"an open quote", FORM("a,b\nc,d\n\n\"e\nf\ng\n"), 400, MALFORMED(4, OPEN_QUOTE)},
    {"a column too few", FORM("a,b\n\"c\n\",d\n\ne\n"), 400, MALFORMED(5, RAGGED)},
    {"a column too many, in the last line", FORM("a\nb,c"), 400, MALFORMED(2, RAGGED)},
};

static void test_forms(const struct endpoint *endpoint)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form_case *form = &forms[i];
        struct request request = {
            "POST", "upload", FORM_TYPE, form->body, strlen(form->body), true};
        check(form->name, endpoint, &request, form->status, form->answer);
        request.announced = false;
        check(form->name, endpoint, &request, form->status, form->answer);
    }
}

/* ---- Other requests ------------------------------------------------------------------
 */

static const struct request_case {
    const char *name;
    struct request request;
    long status;
    const char *answer;
} requests[] = {
    {"no boundary named", {"POST", "upload", "multipart/form-data", "x", 1, true}, 400,
        PROBLEM("the form names no boundary")},
    {"no form", {"POST", "upload", "text/csv", "a,b\n", 4, true}, 415,
        PROBLEM("an upload is a form of the type multipart/form-data")},
    {"PUT", {"PUT", "upload", FORM_TYPE, "x", 1, true}, 405, OTHER_METHODS},
    {"GET of the upload", {"GET", "upload", NULL, NULL, 0, true}, 405, OTHER_METHODS},
    {"POST to the page", {"POST", "", FORM_TYPE, "x", 1, true}, 405, OTHER_METHODS},
    {"no such page", {"GET", "elsewhere", NULL, NULL, 0, true}, 404,
        PROBLEM("there is no such page")},
};

static void test_requests(const struct endpoint *endpoint)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct request_case *each = &requests[i];
        check(each->name, endpoint, &each->request, each->status, each->answer);
    }
}

/* ---- Sizes ---------------------------------------------------------------------------
 */

/* A form with a file of SIZE bytes, to be freed. */
static char *make_form(size_t size)
{
    static const char start[] = FILE_PART("");
    static const char end[] = "\r\n" END;
    size_t length = strlen(start) - 2;
    char *form = malloc(length + size + sizeof end);
    if (form == NULL)
        fail("no memory for a form");
    (void) memcpy(form, start, length);
    for (size_t i = 0; i < size; i++)
        form[length + i] = i % 64 == 63 ? '\n' : 'x';
    (void) memcpy(form + length + size, end, sizeof end);
    return form;
}

static void check_size(
    const struct endpoint *endpoint, size_t size, long status, const char *answer)
{
    char *form = make_form(size);
    struct request request = {"POST", "upload", FORM_TYPE, form, strlen(form), true};
    check("a size, announced", endpoint, &request, status, answer);
    request.announced = false;
    check("a size, in chunks", endpoint, &request, status, answer);
    free(form);
}

static void test_sizes(const struct endpoint *endpoint)
{
    check_size(endpoint, SIZE_LIMIT, 200, TABLE(1024, 1, 65536));
    check_size(endpoint, SIZE_LIMIT + 1, 413, TOO_LARGE);
    check_size(endpoint, SIZE_LIMIT * 64, 413, TOO_LARGE);
}

int main(void)
{
    static const char *const options[] = {
        "--size-limit", "64K", "--memory-limit", "1000", NULL};
    struct endpoint endpoint;
    (void) alarm(TIME_LIMIT);
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);
    endpoint_start(&endpoint, options);
    test_forms(&endpoint);
    test_requests(&endpoint);
    test_sizes(&endpoint);
    if (endpoint_status(&endpoint, "budget_peak") == 0)
        fail("nothing of the budget was ever used");
    if (endpoint_status(&endpoint, "budget_used") != 0)
        fail("the budget is still in use");
    printf("%zu forms, %zu other requests and 3 sizes were answered as they should\n",
        sizeof forms / sizeof *forms, sizeof requests / sizeof *requests);
    endpoint_stop(&endpoint);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
