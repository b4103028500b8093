/* Loaded into a program before its libraries (LD_PRELOAD): a disk that fails.
 *
 * FAILING_NAME is a part of the paths whose reads fail while the file FAILING_SWITCH is there, with
 * the error whose number is its content. EINTR fails each second read of a thread, and no others. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static _Thread_local unsigned calls;

static long system_read(int file, void *target, size_t size) {
  static long (*call)(long, ...);
  if (call == NULL) call = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  return call(SYS_read, file, target, size);
}

/* The error of a read, or 0. */
static int error_of(int file) {
  char link[64], path[4096], number[16];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  const char *name = getenv("FAILING_NAME"), *there = getenv("FAILING_SWITCH");
  if (name == NULL || there == NULL || strstr(path, name) == NULL) return 0;
  int asked = open(there, O_RDONLY);
  if (asked < 0) return 0;
  ssize_t got = system_read(asked, number, sizeof number - 1);
  close(asked);
  if (got <= 0) return 0;
  number[got] = 0;
  int error = atoi(number);
  return error == EINTR && calls++ % 2 == 1 ? 0 : error;
}

#define FAIL(file) \
  int error = error_of(file); \
  if (error != 0) { \
    errno = error; \
    return -1; \
  }

ssize_t read(int file, void *target, size_t size) {
  FAIL(file)
  return system_read(file, target, size);
}

ssize_t pread64(int file, void *target, size_t size, off64_t at) {
  static ssize_t (*next)(int, void *, size_t, off64_t);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "pread64");
  FAIL(file)
  return next(file, target, size, at);
}

ssize_t pread(int file, void *target, size_t size, off_t at) {
  return pread64(file, target, size, at);
}

ssize_t preadv64v2(int file, const struct iovec *parts, int count, off64_t at, int flags) {
  static ssize_t (*next)(int, const struct iovec *, int, off64_t, int);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "preadv64v2");
  FAIL(file)
  return next(file, parts, count, at, flags);
}

ssize_t preadv2(int file, const struct iovec *parts, int count, off_t at, int flags) {
  return preadv64v2(file, parts, count, at, flags);
}

long syscall(long number, ...) {
  static long (*next)(long, ...);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "syscall");
  long given[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) given[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_preadv2) {
    FAIL((int)given[0])
  }
  return next(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
