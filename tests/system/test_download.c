/* The example that reads a download as a stream, from a server in this test. It prints
 * lines before the rest has come, and it reports a download that breaks off. */
#include <config.h>

#include "expect.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMEOUT_SECONDS = 120 };

/* ---- The server ----------------------------------------------------------------------
 */

/* A socket that listens on a port of the kernel's choice, on the loopback address. */
static int listen_somewhere(unsigned *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening == -1 ||
        bind(listening, (const struct sockaddr *) &address, sizeof address) != 0 ||
        listen(listening, 1) != 0 ||
        getsockname(listening, (struct sockaddr *) &address, &size) != 0) {
        perror("no server on the loopback address");
        exit(SKIPPED);
    }
    *port = ntohs(address.sin_port);
    return listening;
}

/* Accepts a connection and reads the whole request: closing the socket with unread bytes
 * would reset the connection. */
static int accept_request(int listening)
{
    char request[4096] = "";
    size_t size = 0;
    int connection = accept(listening, NULL, NULL);
    while (strstr(request, "\r\n\r\n") == NULL && size < sizeof request - 1) {
        ssize_t count = read(connection, request + size, sizeof request - 1 - size);
        if (!EXPECT(count > 0))
            break;
        size += (size_t) count;
        request[size] = '\0';
    }
    return connection;
}

static void answer(int connection, const char *text)
{
    size_t size = strlen(text);
    EXPECT(write(connection, text, size) == (ssize_t) size);
}

/* ---- The client ----------------------------------------------------------------------
 */

struct client {
    pid_t process;
    FILE *said;
};

static void start(struct client *client, unsigned port)
{
    int ends[2];
    char url[64];
    (void) snprintf(url, sizeof url, "http://127.0.0.1:%u/lines", port);
    if (pipe(ends) != 0)
        exit(EXIT_FAILURE);
    client->process = fork();
    if (client->process == 0) {
        (void) dup2(ends[1], STDOUT_FILENO);
        (void) close(ends[0]);
        (void) close(ends[1]);
        (void) unsetenv("http_proxy");
        (void) execl("examples/download", "download", url, (char *) NULL);
        _exit(127);
    }
    (void) close(ends[1]);
    client->said = fdopen(ends[0], "r");
}

static void expect_line(struct client *client, const char *wanted)
{
    char line[64] = "";
    EXPECT(fgets(line, sizeof line, client->said) != NULL);
    if (!EXPECT(strcmp(line, wanted) == 0))
        (void) fprintf(stderr, "it is: %s", line);
}

static void expect_end(struct client *client, int wanted)
{
    int status = -1;
    EXPECT(getc(client->said) == EOF);
    (void) fclose(client->said);
    EXPECT(waitpid(client->process, &status, 0) == client->process);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == wanted);
}

/* ---- Scenarios -----------------------------------------------------------------------
 */

/* The second line is sent when the first has been printed, and not before. */
static void lines_come_one_by_one(int listening, unsigned port)
{
    struct client client;
    expect_subject = "lines that come one by one";
    start(&client, port);
    int connection = accept_request(listening);
    answer(connection, "HTTP/1.0 200 OK\r\n\r\none\ntw");
    expect_line(&client, "1 one\n");
    answer(connection, "o\nthree\n");
    expect_line(&client, "2 two\n");
    expect_line(&client, "3 three\n");
    answer(connection, "four\n");
    expect_line(&client, "4 four\n");
    (void) close(connection);
    expect_end(&client, EXIT_SUCCESS);
}

/* The text is larger than what libcurl hands over at once. The rest waits. */
static void many_lines(int listening, unsigned port)
{
    enum { LINES = 100000 };
    struct client client;
    char line[64];
    expect_subject = "many lines";
    start(&client, port);
    int connection = accept_request(listening);
    pid_t sender = fork();
    if (sender == 0) {
        FILE *out = fdopen(connection, "w");
        (void) fprintf(out, "HTTP/1.0 200 OK\r\n\r\n");
        for (int i = 1; i <= LINES; i++)
            (void) fprintf(out, "line %d\n", i);
        _exit(fclose(out) == 0 ? 0 : 1);
    }
    (void) close(connection);
    for (int i = 1; i <= LINES && expect_failures == 0; i++) {
        (void) snprintf(line, sizeof line, "%d line %d\n", i, i);
        expect_line(&client, line);
    }
    expect_end(&client, EXIT_SUCCESS);
    EXPECT(waitpid(sender, NULL, 0) == sender);
}

static void connection_breaks_off(int listening, unsigned port)
{
    struct client client;
    expect_subject = "a connection that breaks off";
    start(&client, port);
    int connection = accept_request(listening);
    answer(connection, "HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\none\n");
    expect_line(&client, "1 one\n");
    (void) close(connection);
    expect_end(&client, EXIT_FAILURE);
}

static void server_refuses(int listening, unsigned port)
{
    struct client client;
    expect_subject = "a server that refuses";
    start(&client, port);
    int connection = accept_request(listening);
    answer(connection, "HTTP/1.0 404 Not Found\r\n\r\nno such lines\n");
    (void) close(connection);
    expect_end(&client, EXIT_FAILURE);
}

int main(void)
{
    unsigned port;
    int listening = listen_somewhere(&port);
    (void) alarm(TIMEOUT_SECONDS);
    (void) signal(SIGPIPE, SIG_IGN);
    lines_come_one_by_one(listening, port);
    many_lines(listening, port);
    connection_breaks_off(listening, port);
    server_refuses(listening, port);
    (void) close(listening);
    return expect_status();
}
