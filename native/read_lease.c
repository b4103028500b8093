#define _GNU_SOURCE
#include "read_lease.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/vfs.h>
#include <unistd.h>

/* statfs(2) */
#define EXT_MAGIC 0xef53u
#define XFS_MAGIC 0x58465342u
#define BTRFS_MAGIC 0x9123683eu

/*
 * Whether this kernel sees all writers of a file, and every one that opens it moves its times
 * before its bytes. Elsewhere a lease tells less: other machines write to a network file system,
 * overlayfs forgets a mapping whose descriptor is closed, and a mapping moves no times on tmpfs.
 */
static bool is_known_to_tell(int descriptor) {
  struct statfs stats;
  if (fstatfs(descriptor, &stats) != 0) return false;
  switch ((uint32_t)stats.f_type) {
    case EXT_MAGIC:
    case XFS_MAGIC:
    case BTRFS_MAGIC: return true;
    default: return false;
  }
}

/*
 * The system tells the holder of a lease by a signal that somebody waits for it. SIGIO would
 * end the process; SIGURG is ignored unless somebody handles it. The opener waits until the
 * next line, or gets EWOULDBLOCK if it wants no waiting.
 */
static enum writers lease_and_return(int descriptor) {
  if (fcntl(descriptor, F_SETSIG, SIGURG) != 0) return WRITERS_UNKNOWN;
  if (fcntl(descriptor, F_SETLEASE, F_RDLCK) != 0) {
    return errno == EAGAIN ? OPEN_FOR_WRITING : WRITERS_UNKNOWN;
  }
  fcntl(descriptor, F_SETLEASE, F_UNLCK);
  return is_known_to_tell(descriptor) ? NO_WRITERS : WRITERS_UNKNOWN;
}

enum writers try_read_lease(const char *path) {
  /* O_NONBLOCK: neither a FIFO nor the holder of a write lease is waited for. */
  const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return errno == EWOULDBLOCK ? OPEN_FOR_WRITING : WRITERS_UNKNOWN;
  const enum writers writers = lease_and_return(descriptor);
  close(descriptor); /* would give the lease back as well */
  return writers;
}

#else

enum writers try_read_lease(const char *path) {
  (void)path;
  return WRITERS_UNKNOWN;
}

#endif
