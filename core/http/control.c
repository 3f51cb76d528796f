// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// home/control.sock hands tokens to whoever the kernel says is this service's own user, or root.
// The command line then speaks ordinary HTTP: there is no second way in.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "campus/home.h"
#include "campus/log.h"
#include "campus/mem.h"
#include "campus/password.h"
#include "http/app_internal.h"

const char *control_actor(struct app *app, const char *token, struct arena *a) {
    const char *who = NULL;
    if (strlen(token) != TOKEN_LEN) return NULL;
    if (!sodium_memcmp(token, app->own_token, TOKEN_LEN))
        return arena_printf(a, "os:%u", geteuid());
    pthread_mutex_lock(&app->control_mutex);
    for (int i = 0; i < CONTROLS_MAX; i++)
        if (app->controls[i].fd > 0 && !sodium_memcmp(token, app->controls[i].token, TOKEN_LEN))
            who = arena_printf(a, "os:%u", app->controls[i].uid);
    pthread_mutex_unlock(&app->control_mutex);
    return who;
}

static void welcome(struct app *app) {
    struct ucred cred;
    socklen_t n = sizeof cred;
    int fd = accept4(app->control_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) ||
        (cred.uid != geteuid() && cred.uid != 0)) {
        close(fd);
        return;
    }
    uint8_t unused[TOKEN_HASH];
    char line[80];
    pthread_mutex_lock(&app->control_mutex);
    int at = -1;
    for (int i = 0; i < CONTROLS_MAX && at < 0; i++)
        if (app->controls[i].fd <= 0) at = i;
    if (at >= 0) {
        app->controls[at].fd = fd;
        app->controls[at].uid = cred.uid;
        token_new(app->controls[at].token, unused);
        snprintf(line, sizeof line, "%d %s\n", http_port(app->http), app->controls[at].token);
    }
    pthread_mutex_unlock(&app->control_mutex);
    if (at < 0)
        close(fd);
    else if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
        log_warn("control", "%s", strerror(errno));
    sodium_memzero(line, sizeof line);
}

static void farewell(struct app *app, int i) {
    pthread_mutex_lock(&app->control_mutex);
    close(app->controls[i].fd);
    sodium_memzero(app->controls[i].token, sizeof app->controls[i].token);
    app->controls[i].fd = 0;
    pthread_mutex_unlock(&app->control_mutex);
}

static void *control_main(void *arg) {
    struct app *app = arg;
    for (;;) {
        struct pollfd fds[CONTROLS_MAX + 2] = {{.fd = app->control_stop[0], .events = POLLIN},
                                               {.fd = app->control_fd, .events = POLLIN}};
        for (int i = 0; i < CONTROLS_MAX; i++)
            fds[i + 2] = (struct pollfd){.fd = app->controls[i].fd > 0 ? app->controls[i].fd : -1,
                                         .events = POLLIN};
        if (poll(fds, CONTROLS_MAX + 2, -1) < 0 && errno != EINTR) break;
        if (fds[0].revents) break;
        for (int i = 0; i < CONTROLS_MAX; i++) { // whatever it says or does: it only holds the line
            char c;
            if (fds[i + 2].revents && recv(fds[i + 2].fd, &c, 1, MSG_DONTWAIT) <= 0)
                farewell(app, i);
        }
        if (fds[1].revents) welcome(app);
    }
    return NULL;
}

enum err control_start(struct app *app, struct problem *p) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *path = home_control(app->arena, app->config.home);
    if (strlen(path) >= sizeof at.sun_path)
        return problem_set(p, ERR_INVALID, "%s is too long for a socket: choose a shorter home",
                           path);
    strcpy(at.sun_path, path);
    unlink(path); // we hold home/lock: nobody else listens there
    app->control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t old = umask(0177);
    int rc = app->control_fd < 0 ? -1 : bind(app->control_fd, (struct sockaddr *)&at, sizeof at);
    umask(old);
    if (rc || listen(app->control_fd, 16) || pipe2(app->control_stop, O_CLOEXEC) ||
        pthread_create(&app->control_thread, NULL, control_main, app)) {
        if (app->control_fd >= 0) close(app->control_fd);
        app->control_fd = -1;
        return problem_set(p, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    return ERR_OK;
}

void control_stop(struct app *app) {
    if (write(app->control_stop[1], "x", 1) == 1) pthread_join(app->control_thread, NULL);
    for (int i = 0; i < CONTROLS_MAX; i++)
        if (app->controls[i].fd > 0) farewell(app, i);
    close(app->control_stop[0]);
    close(app->control_stop[1]);
    close(app->control_fd);
    app->control_fd = -1;
    unlink(home_control(app->arena, app->config.home));
}
