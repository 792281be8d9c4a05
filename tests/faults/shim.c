/* A library to be preloaded: makes system calls of a server fail or dawdle, as a file says.
 *
 *   MQ_FAULTS=FILE, each line:  CALL WHERE ERRNO DELAY_MS
 *                     or:         clock SECONDS 0 0        the wall clock is that far ahead; seen some 50 ms later
 *
 * CALL: pwrite pread fdatasync open accept. WHERE: a part of the file's path ("-" for any). ERRNO 0: the call is done, only
 * later. The file is read with every call, so that a test changes it while the server runs. A preadv2 that must not wait for the disk
 * finds nothing in memory where a line has pread. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* What the file says now; "" without one. */
static void read_faults(char* text, size_t size) {
  text[0] = 0;
  const char* file = getenv("MQ_FAULTS");
  if (!file) return;
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t n = syscall(SYS_read, fd, text, size - 1);
  syscall(SYS_close, fd);
  text[n > 0 ? n : 0] = 0;
}

/* Whether a line fits, and what it says. */
static int find_fault(const char* call, const char* path, int* error, int* delay_ms) {
  char text[2048];
  read_faults(text, sizeof text);
  char* rest = NULL;
  for (char* line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    char name[32], where[256];
    if (sscanf(line, "%31s %255s %d %d", name, where, error, delay_ms) != 4 || strcmp(name, call)) continue;
    if (!strcmp(where, "-") || strstr(path, where)) return 1;
  }
  return 0;
}

/* 0, or the errno with which the call shall fail. */
static int fault_of(const char* call, const char* path) {
  int error = 0, delay_ms = 0;
  if (!find_fault(call, path, &error, &delay_ms)) return 0;
  const struct timespec delay = {delay_ms / 1000, delay_ms % 1000 * 1000000L};
  nanosleep(&delay, NULL);
  return error;
}

static void path_of(int fd, char* path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = syscall(SYS_readlink, link, path, size - 1);
  path[n > 0 ? n : 0] = 0;
}

static int fault_of_fd(const char* call, int fd) {
  char path[1024];
  path_of(fd, path, sizeof path);
  return fault_of(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_AS(error) do { const int e_ = (error); if (e_) { errno = e_; return -1; } } while (0)

ssize_t pwrite(int fd, const void* p, size_t n, off_t at) { FAIL_AS(fault_of_fd("pwrite", fd)); return REAL(pwrite)(fd, p, n, at); }
ssize_t pwrite64(int fd, const void* p, size_t n, off64_t at) { FAIL_AS(fault_of_fd("pwrite", fd)); return REAL(pwrite64)(fd, p, n, at); }
ssize_t pwritev(int fd, const struct iovec* pieces, int count, off_t at) {
  FAIL_AS(fault_of_fd("pwrite", fd));
  return REAL(pwritev)(fd, pieces, count, at);
}
ssize_t pwritev64(int fd, const struct iovec* pieces, int count, off64_t at) {
  FAIL_AS(fault_of_fd("pwrite", fd));
  return REAL(pwritev64)(fd, pieces, count, at);
}
ssize_t pread(int fd, void* p, size_t n, off_t at) { FAIL_AS(fault_of_fd("pread", fd)); return REAL(pread)(fd, p, n, at); }
ssize_t pread64(int fd, void* p, size_t n, off64_t at) { FAIL_AS(fault_of_fd("pread", fd)); return REAL(pread64)(fd, p, n, at); }
ssize_t preadv2(int fd, const struct iovec* pieces, int count, off_t at, int flags) {
  char path[1024];
  int error = 0, delay_ms = 0;
  path_of(fd, path, sizeof path);
  FAIL_AS(flags & RWF_NOWAIT && find_fault("pread", path, &error, &delay_ms) ? EAGAIN : 0);
  return REAL(preadv2)(fd, pieces, count, at, flags);
}
int fdatasync(int fd) { FAIL_AS(fault_of_fd("fdatasync", fd)); return REAL(fdatasync)(fd); }
int fsync(int fd) { FAIL_AS(fault_of_fd("fdatasync", fd)); return REAL(fsync)(fd); }
int accept4(int fd, struct sockaddr* a, socklen_t* size, int flags) { FAIL_AS(fault_of("accept", "")); return REAL(accept4)(fd, a, size, flags); }

int clock_gettime(clockid_t id, struct timespec* at) {
  const int failed = (int)syscall(SYS_clock_gettime, id, at);
  if (failed || id != CLOCK_REALTIME) return failed;
  static long ahead_s, looked_ms;   /* racy, and right within a look */
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  const long now_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (now_ms - __atomic_load_n(&looked_ms, __ATOMIC_RELAXED) > 50) {
    __atomic_store_n(&looked_ms, now_ms, __ATOMIC_RELAXED);
    char text[2048];
    read_faults(text, sizeof text);
    const char* line = strstr(text, "clock ");
    __atomic_store_n(&ahead_s, line ? atol(line + 6) : 0, __ATOMIC_RELAXED);
  }
  at->tv_sec += __atomic_load_n(&ahead_s, __ATOMIC_RELAXED);
  return 0;
}

#define OPEN(name)                                                            \
  int name(const char* path, int flags, ...) {                                \
    va_list list;                                                             \
    va_start(list, flags);                                                    \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                             \
    FAIL_AS(fault_of("open", path));                                          \
    return REAL(name)(path, flags, mode);                                     \
  }
OPEN(open)
OPEN(open64)
