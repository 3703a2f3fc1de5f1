/*
 * The kill switch: loaded into `finch` with LD_PRELOAD, it counts every call by which the process
 * touches the world, writes each down, and ends the process with SIGKILL at the one that was chosen.
 *
 * It is C because it stands in for C functions, some of them variadic; so no crate here needs `unsafe`.
 *
 *   FINCH_SWITCH_LOG    each step is appended to this file: "sync wal 2"
 *   FINCH_SWITCH_AT     the step to die at, as in the log
 *   FINCH_SWITCH_HOW    "before" it, "after" it, or when "half" of its bytes are out
 *   FINCH_SWITCH_CLOCK  seconds by which the calendar is ahead (the monotonic clock stays)
 *
 * What is not seen: stores into mapped memory (the wal-index) and locks. Both die with the process.
 */
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum verb { WRITE, SYNC, TRUNCATE, UNLINK, CREATE, RENAME, CONNECT, SEND, RECEIVE, CLOSE, VERBS };
static const char *const VERB[VERBS] = { "write", "sync", "truncate", "unlink", "create",
                                         "rename", "connect", "send", "receive", "close" };

enum place { NOWHERE, DATABASE, WAL, SHM, JOURNAL, KEY, RESCUE, FOLDER, FILES, OUT, ERR, FINCH, PLACES };
static const char *const PLACE[PLACES] = { "", "database", "wal", "shm", "journal", "key", "rescue",
                                           "folder", "file", "stdout", "stderr", "finch" };

static _Atomic unsigned counted[VERBS][PLACES];
static char at[64];
static char how = 0;
static int log_fd = -1;
static long ahead = 0;

/* Raw calls: the functions of these names are our own. */
static void note(const char *text, int length) {
    if (log_fd >= 0) (void)!syscall(SYS_write, log_fd, text, (size_t)length);
}

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("FINCH_SWITCH_LOG");
    if (text != NULL) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
        if (log_fd >= 0) syscall(SYS_close, fd);
        else log_fd = fd;
    }
    if ((text = getenv("FINCH_SWITCH_AT")) != NULL) snprintf(at, sizeof at, "%s\n", text);
    if ((text = getenv("FINCH_SWITCH_HOW")) != NULL) how = text[0];
    if ((text = getenv("FINCH_SWITCH_CLOCK")) != NULL) ahead = atol(text);
}

static void die(void) {
    note("killed\n", 7);
    for (;;) syscall(SYS_kill, getpid(), SIGKILL);
}

/* Counts a step and writes it down: how to die at it, or 0. */
static char step(enum verb verb, enum place place) {
    char line[64];
    if (place == NOWHERE) return 0;
    unsigned number = atomic_fetch_add(&counted[verb][place], 1) + 1;
    int length = snprintf(line, sizeof line, "%s %s %u\n", VERB[verb], PLACE[place], number);
    note(line, length);
    return strcmp(line, at) == 0 ? how : 0;
}

static int ends(const char *text, const char *with) {
    size_t length = strlen(text), tail = strlen(with);
    return length >= tail && strcmp(text + length - tail, with) == 0;
}

static enum place place_of_path(const char *path) {
    if (ends(path, "-wal")) return WAL;
    if (ends(path, "-shm")) return SHM;
    if (ends(path, "-journal")) return JOURNAL;
    if (ends(path, ".db")) return DATABASE;
    if (ends(path, ".key")) return KEY;
    if (strstr(path, ".rescue-") != NULL) return RESCUE;
    return FILES;
}

static enum place place_of(int fd) {
    struct stat64 found;
    if (fd == log_fd || fstat64(fd, &found) != 0) return NOWHERE;
    if (S_ISSOCK(found.st_mode)) {
        struct sockaddr_storage name;
        socklen_t length = sizeof name;
        if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) return NOWHERE;
        return name.ss_family == AF_INET || name.ss_family == AF_INET6 ? FINCH : NOWHERE;
    }
    if (fd == 1) return OUT;
    if (fd == 2) return ERR;
    if (S_ISDIR(found.st_mode)) return FOLDER;
    if (!S_ISREG(found.st_mode)) return NOWHERE;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return FILES;
    path[length] = 0;
    return place_of_path(path);
}

#define REAL(result, name, ...)                                              \
    static result (*real)(__VA_ARGS__) = NULL;                               \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, name)

#define AFTER(chosen) do { if ((chosen) == 'a') { die(); } } while (0)
#define BEFORE(chosen) do { if ((chosen) == 'b') { die(); } } while (0)
#define HALF(chosen, call) do { if ((chosen) == 'h') { (void)!(call); die(); } } while (0)

static enum verb out_to(enum place place) { return place == FINCH ? SEND : WRITE; }

ssize_t write(int fd, const void *bytes, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t);
    enum place place = place_of(fd);
    char chosen = step(out_to(place), place);
    BEFORE(chosen);
    HALF(chosen, real(fd, bytes, n / 2));
    ssize_t done = real(fd, bytes, n);
    AFTER(chosen);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    enum place place = place_of(fd);
    char chosen = step(out_to(place), place);
    BEFORE(chosen);
    HALF(chosen, n > 1 ? real(fd, parts, n / 2) : syscall(SYS_write, fd, parts->iov_base, parts->iov_len / 2));
    ssize_t done = real(fd, parts, n);
    AFTER(chosen);
    return done;
}

#define PWRITE(name)                                                         \
    ssize_t name(int fd, const void *bytes, size_t n, off64_t offset) {      \
        REAL(ssize_t, #name, int, const void *, size_t, off64_t);            \
        char chosen = step(WRITE, place_of(fd));                             \
        BEFORE(chosen);                                                      \
        HALF(chosen, real(fd, bytes, n / 2, offset));                        \
        ssize_t done = real(fd, bytes, n, offset);                           \
        AFTER(chosen);                                                       \
        return done;                                                         \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define FSYNC(name)                                                          \
    int name(int fd) {                                                       \
        REAL(int, #name, int);                                               \
        char chosen = step(SYNC, place_of(fd));                              \
        BEFORE(chosen);                                                      \
        int done = real(fd);                                                 \
        AFTER(chosen);                                                       \
        return done;                                                         \
    }
FSYNC(fsync)
FSYNC(fdatasync)

#define FTRUNCATE(name)                                                      \
    int name(int fd, off64_t length) {                                       \
        REAL(int, #name, int, off64_t);                                      \
        char chosen = step(TRUNCATE, place_of(fd));                          \
        BEFORE(chosen);                                                      \
        int done = real(fd, length);                                         \
        AFTER(chosen);                                                       \
        return done;                                                         \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    char chosen = step(UNLINK, place_of_path(path));
    BEFORE(chosen);
    int done = real(path);
    AFTER(chosen);
    return done;
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    char chosen = step(RENAME, place_of_path(to));
    BEFORE(chosen);
    int done = real(from, to);
    AFTER(chosen);
    return done;
}

#define MODE                                                                 \
    va_list rest;                                                            \
    va_start(rest, flags);                                                   \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;  \
    va_end(rest)

#define OPEN(name)                                                           \
    int name(const char *path, int flags, ...) {                             \
        REAL(int, #name, const char *, int, ...);                            \
        MODE;                                                                \
        char chosen = flags & O_CREAT ? step(CREATE, place_of_path(path)) : 0; \
        BEFORE(chosen);                                                      \
        int fd = real(path, flags, mode);                                    \
        AFTER(chosen);                                                       \
        return fd;                                                           \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                         \
    int name(int folder, const char *path, int flags, ...) {                 \
        REAL(int, #name, int, const char *, int, ...);                       \
        MODE;                                                                \
        char chosen = flags & O_CREAT ? step(CREATE, place_of_path(path)) : 0; \
        BEFORE(chosen);                                                      \
        int fd = real(folder, path, flags, mode);                            \
        AFTER(chosen);                                                       \
        return fd;                                                           \
    }
OPENAT(openat)
OPENAT(openat64)

int connect(int fd, const struct sockaddr *name, socklen_t length) {
    REAL(int, "connect", int, const struct sockaddr *, socklen_t);
    int net = name->sa_family == AF_INET || name->sa_family == AF_INET6;
    char chosen = step(CONNECT, net ? FINCH : NOWHERE);
    BEFORE(chosen);
    int done = real(fd, name, length);
    int error = errno;
    AFTER(chosen);
    errno = error;
    return done;
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t length) {
    REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    char chosen = step(SEND, place_of(fd));
    BEFORE(chosen);
    HALF(chosen, real(fd, bytes, n / 2, flags, to, length));
    ssize_t done = real(fd, bytes, n, flags, to, length);
    AFTER(chosen);
    return done;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags) {
    REAL(ssize_t, "send", int, const void *, size_t, int);
    char chosen = step(SEND, place_of(fd));
    BEFORE(chosen);
    HALF(chosen, real(fd, bytes, n / 2, flags));
    ssize_t done = real(fd, bytes, n, flags);
    AFTER(chosen);
    return done;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
    char chosen = step(SEND, place_of(fd));
    BEFORE(chosen);
    ssize_t done = real(fd, message, flags);
    AFTER(chosen);
    return done;
}

/* Counts only where something came: how often a socket is tried in vain is chance. */
#define RECEIVE_FROM(done) do {                                              \
        int error = errno;                                                   \
        if ((done) > 0) {                                                    \
            enum place place = place_of(fd);                                 \
            char chosen = place == FINCH ? step(RECEIVE, place) : 0;         \
            AFTER(chosen);                                                   \
        }                                                                    \
        errno = error;                                                       \
    } while (0)

ssize_t read(int fd, void *bytes, size_t n) {
    REAL(ssize_t, "read", int, void *, size_t);
    ssize_t done = real(fd, bytes, n);
    RECEIVE_FROM(done);
    return done;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags) {
    REAL(ssize_t, "recv", int, void *, size_t, int);
    ssize_t done = real(fd, bytes, n, flags);
    RECEIVE_FROM(done);
    return done;
}

ssize_t recvfrom(int fd, void *bytes, size_t n, int flags, struct sockaddr *from, socklen_t *length) {
    REAL(ssize_t, "recvfrom", int, void *, size_t, int, struct sockaddr *, socklen_t *);
    ssize_t done = real(fd, bytes, n, flags, from, length);
    RECEIVE_FROM(done);
    return done;
}

int close(int fd) {
    REAL(int, "close", int);
    enum place place = place_of(fd);
    char chosen = place == FINCH ? step(CLOSE, place) : 0;
    BEFORE(chosen);
    int done = real(fd);
    AFTER(chosen);
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int done = real(clock, time);
    if (done == 0 && clock == CLOCK_REALTIME) time->tv_sec += ahead;
    return done;
}
