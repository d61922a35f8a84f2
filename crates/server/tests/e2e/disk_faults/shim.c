/*
 * A disk that fails on demand, before any program: preloaded, it stands between the program and the
 * C library's calls for files.
 *
 * DISK_FAULTS names a file of rules, which is read anew with each call, one rule a line:
 *
 *     OPERATION ERRNO TEXT
 *
 * OPERATION on a file whose path has TEXT in it fails with ERRNO. The operations are `open` (for
 * writing), `write`, `tear` (half of it is written first), `sync` and `truncate`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* The errno by which the operation fails on that path; 0 where it does not. */
static int fault_at(const char *operation, const char *path) {
    const char *rules = getenv("DISK_FAULTS");
    if (rules == NULL) return 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, rules, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[2048];
    ssize_t length = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    if (length <= 0) return 0;
    text[length] = '\0';
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char name[32], part[256];
        int number;
        if (sscanf(line, "%31s %d %255s", name, &number, part) != 3) continue;
        if (strcmp(name, operation) == 0 && strstr(path, part) != NULL) return number;
    }
    return 0;
}

static int fault(const char *operation, int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = '\0';
    return fault_at(operation, path);
}

#define REAL(type, name, ...)                                 \
    static type (*real)(__VA_ARGS__);                         \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name)

#define FAIL_IF(operation, file)                  \
    do {                                          \
        int number = fault((operation), (file));  \
        if (number != 0) {                        \
            errno = number;                       \
            return -1;                            \
        }                                         \
    } while (0)

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(ssize_t, write, int, const void *, size_t);
    FAIL_IF("write", file);
    return real(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    FAIL_IF("write", file);
    int torn = fault("tear", file);
    if (torn != 0 && count > 0) {
        ssize_t half = syscall(SYS_write, file, parts[0].iov_base, parts[0].iov_len / 2 + 1);
        (void)half;
        errno = torn;
        return -1;
    }
    return real(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    FAIL_IF("write", file);
    return real(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    FAIL_IF("write", file);
    return real(file, bytes, count, at);
}

int fsync(int file) {
    REAL(int, fsync, int);
    FAIL_IF("sync", file);
    return real(file);
}

int fdatasync(int file) {
    REAL(int, fdatasync, int);
    FAIL_IF("sync", file);
    return real(file);
}

int ftruncate(int file, off_t length) {
    REAL(int, ftruncate, int, off_t);
    FAIL_IF("truncate", file);
    return real(file, length);
}

int ftruncate64(int file, off64_t length) {
    REAL(int, ftruncate64, int, off64_t);
    FAIL_IF("truncate", file);
    return real(file, length);
}

/* The mode of a file that may be made, or 0. */
static mode_t mode_of(int flags, va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

static int open_fault(const char *path, int flags) {
    int number = (flags & O_ACCMODE) == O_RDONLY ? 0 : fault_at("open", path);
    if (number != 0) errno = number;
    return number;
}

int open(const char *path, int flags, ...) {
    REAL(int, open, const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_fault(path, flags) != 0 ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(int, open64, const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_fault(path, flags) != 0 ? -1 : real(path, flags, mode);
}
