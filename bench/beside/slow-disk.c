/*
 * Makes each call for files below $SLOW_DISK wait for two milliseconds, as a file server does. A
 * library to preload.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#define MOST 65536

static unsigned char is_slow[MOST];

/* Waits if a path is on the disk, or begins in a directory that is. */
static int wait_for(int directory, const char *path) {
  const char *disk = getenv("SLOW_DISK");
  const struct timespec latency = {0, 2000000};
  const int is_on_disk = disk != NULL && path[0] == '/'
                             ? strncmp(path, disk, strlen(disk)) == 0
                             : directory >= 0 && directory < MOST && is_slow[directory];
  if (is_on_disk) nanosleep(&latency, NULL);
  return is_on_disk;
}

static int opened(int descriptor, int is_on_disk) {
  if (descriptor >= 0 && descriptor < MOST) is_slow[descriptor] = (unsigned char)is_on_disk;
  return descriptor;
}

#define SYSTEM(name) __typeof__(&name) system_call = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int openat(int directory, const char *path, int flags, ...) {
  SYSTEM(openat);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  const int is_on_disk = wait_for(directory, path);
  return opened(system_call(directory, path, flags, mode), is_on_disk);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return openat(AT_FDCWD, path, flags, mode);
}

DIR *opendir(const char *path) {
  SYSTEM(opendir);
  const int is_on_disk = wait_for(AT_FDCWD, path);
  DIR *directory = system_call(path);
  if (directory != NULL) opened(dirfd(directory), is_on_disk);
  return directory;
}

int fstatat(int directory, const char *path, struct stat *stats, int flags) {
  SYSTEM(fstatat);
  wait_for(directory, path);
  return system_call(directory, path, stats, flags);
}

ssize_t read(int file, void *target, size_t length) {
  SYSTEM(read);
  wait_for(file, "");
  return system_call(file, target, length);
}

ssize_t pread(int file, void *target, size_t length, off_t offset) {
  SYSTEM(pread);
  wait_for(file, "");
  return system_call(file, target, length, offset);
}

ssize_t preadv(int file, const struct iovec *parts, int count, off_t offset) {
  SYSTEM(preadv);
  wait_for(file, "");
  return system_call(file, parts, count, offset);
}

/* Nothing is in memory. */
ssize_t preadv2(int file, const struct iovec *parts, int count, off_t offset, int flags) {
  SYSTEM(preadv2);
  if (file >= 0 && file < MOST && is_slow[file] && (flags & RWF_NOWAIT) != 0) {
    errno = EAGAIN;
    return -1;
  }
  wait_for(file, "");
  return system_call(file, parts, count, offset, flags);
}
