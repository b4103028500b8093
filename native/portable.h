/*
 * Read before each source when an addon is built for other machines: such an addon runs with glibc
 * 2.17 and later, and with musl. Functions that later versions of glibc renamed, or that old
 * versions of musl lack, are called in Linux itself.
 */
#ifndef PORTABLE_H
#define PORTABLE_H

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined __x86_64__
#define FIRST_GLIBC "GLIBC_2.2.5"
#elif defined __aarch64__
#define FIRST_GLIBC "GLIBC_2.17"
#else
#error "no addon is built for this processor"
#endif

__asm__(".symver pthread_create,pthread_create@" FIRST_GLIBC);
__asm__(".symver pthread_join,pthread_join@" FIRST_GLIBC);
__asm__(".symver pthread_sigmask,pthread_sigmask@" FIRST_GLIBC);

static inline int portable_fstatat(int directory, const char *path, struct stat *stats, int flags) {
  return (int)syscall(SYS_newfstatat, directory, path, stats, flags);
}

static inline ssize_t portable_preadv2(int descriptor, const struct iovec *targets, int count,
                                       off_t offset, int flags) {
  return syscall(SYS_preadv2, descriptor, targets, count, offset, 0, flags);
}

#define fstatat(directory, path, stats, flags) portable_fstatat(directory, path, stats, flags)
#define fstat(descriptor, stats) portable_fstatat(descriptor, "", stats, AT_EMPTY_PATH)
#define lstat(path, stats) portable_fstatat(AT_FDCWD, path, stats, AT_SYMLINK_NOFOLLOW)
#define stat(path, stats) portable_fstatat(AT_FDCWD, path, stats, 0)
#define preadv2(descriptor, targets, count, offset, flags) \
  portable_preadv2(descriptor, targets, count, offset, flags)
#define renameat2(from_directory, from, to_directory, to, flags) \
  (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags)

#endif
