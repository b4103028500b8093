#define _GNU_SOURCE
#include "read_lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef F_SETLEASE
static atomic_bool is_sigio_ignored;

void ignore_lease_signals(void) {
  const struct sigaction ignore = {.sa_handler = SIG_IGN};
  if (sigaction(SIGIO, &ignore, NULL) == 0) is_sigio_ignored = true;
}

/* SIGIO would end the process, SIGURG is ignored. */
int take_read_lease(int file) {
  if (!is_sigio_ignored && fcntl(file, F_SETSIG, SIGURG) != 0) return errno;
  return fcntl(file, F_SETLEASE, F_RDLCK) == 0 ? 0 : errno;
}

void give_back_lease(int file) { fcntl(file, F_SETLEASE, F_UNLCK); }

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
void ignore_lease_signals(void) {}

int take_read_lease(int file) {
  (void)file;
  return ENOTSUP;
}

void give_back_lease(int file) { (void)file; }

int ask_read_lease(int directory, const char *path) {
  (void)directory, (void)path;
  return ENOTSUP;
}
#endif
