#include <config.h>

#include "fuse_server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(int channel, int error)
{
    (void) !write(channel, &error, sizeof error);
    (void) close(channel);
}

/* The errno that the child reports. A child that ends without a report could not mount.
 */
static int hear(int channel)
{
    int error;
    return read(channel, &error, sizeof error) == sizeof error ? error : ENODEV;
}

static void serve(const struct fuse_server *server,
    const struct fuse_lowlevel_ops *operations, void *context, int channel)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    struct fuse_session *session = NULL;
    /* The kernel checks permissions, as it does on a disk. */
    if (fuse_opt_add_arg(&args, "test") == 0 &&
        fuse_opt_add_arg(&args, "-odefault_permissions") == 0)
        session = fuse_session_new(&args, operations, sizeof *operations, context);
    if (session == NULL || fuse_session_mount(session, server->directory) != 0) {
        tell(channel, errno != 0 ? errno : ENODEV);
        return;
    }
    tell(channel, 0);
    (void) fuse_session_loop(session);
}

bool fuse_server_start(struct fuse_server *server, const char *directory,
    const struct fuse_lowlevel_ops *operations, void *context, unsigned limit)
{
    int channel[2];
    if (access("/dev/fuse", R_OK | W_OK) != 0 || pipe(channel) != 0)
        return false;
    *server = (struct fuse_server){.process = fork(), .directory = directory};
    if (server->process == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) alarm(limit);
        (void) close(channel[0]);
        serve(server, operations, context, channel[1]);
        _exit(EXIT_SUCCESS);
    }
    (void) close(channel[1]);
    int error = server->process == -1 ? errno : hear(channel[0]);
    (void) close(channel[0]);
    if (error != 0)
        fuse_server_stop(server);
    errno = error;
    return error == 0;
}

void fuse_server_stop(struct fuse_server *server)
{
    if (server->process == -1)
        return;
    (void) umount2(server->directory, MNT_DETACH);
    (void) kill(server->process, SIGKILL);
    (void) waitpid(server->process, NULL, 0);
    server->process = -1;
}
