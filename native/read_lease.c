#define _GNU_SOURCE
#include "read_lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef F_SETLEASE
/* A program that opens the file for writing meanwhile waits for microseconds, until the lease is
 * given back. The kernel tells by a signal: SIGIO would end the process, SIGURG is ignored. */
int take_read_lease(int file) {
  if (fcntl(file, F_SETSIG, SIGURG) != 0 || fcntl(file, F_SETLEASE, F_RDLCK) != 0) return errno;
  return fcntl(file, F_SETLEASE, F_UNLCK) == 0 ? 0 : errno;
}

int ask_read_lease(int directory, const char *path) {
  struct stat stats;
  /* Only a regular file is opened: to open another kind may do anything */
  if (fstatat(directory, path, &stats, 0) != 0) return errno;
  if (!S_ISREG(stats.st_mode)) return EINVAL;
  const int file = openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return errno == EAGAIN ? EINVAL : errno;
  const int error = take_read_lease(file);
  close(file);
  return error;
}
#else
int ask_read_lease(int directory, const char *path) {
  (void)directory, (void)path;
  return ENOTSUP;
}

int take_read_lease(int file) {
  (void)file;
  return ENOTSUP;
}
#endif
