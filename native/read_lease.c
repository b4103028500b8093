#define _GNU_SOURCE
#include "read_lease.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* statfs(2) */
#define EXT_MAGIC 0xef53u
#define XFS_MAGIC 0x58465342u
#define BTRFS_MAGIC 0x9123683eu
#define TMPFS_MAGIC 0x01021994u
#define OVERLAYFS_MAGIC 0x794c7630u

/* The meaning of a lease, which depends on the file system. */
enum telling {
  /* Nothing: NFS and SMB refuse leases for reasons of their own, and other machines write. */
  TELLS_NOTHING,
  /*
   * Only a refusal: overlayfs forgets a mapping whose descriptor is closed, and on tmpfs a mapping
   * can be written to while no time changes.
   */
  TELLS_WRITERS,
  /* This kernel sees all writers. A new writer changes the file's times before its bytes. */
  TELLS_ALL,
};

static enum telling find_telling(int descriptor) {
  struct statfs stats;
  if (fstatfs(descriptor, &stats) != 0) return TELLS_NOTHING;
  switch ((uint32_t)stats.f_type) {
    case EXT_MAGIC:
    case XFS_MAGIC:
    case BTRFS_MAGIC: return TELLS_ALL;
    case TMPFS_MAGIC:
    case OVERLAYFS_MAGIC: return TELLS_WRITERS;
    default: return TELLS_NOTHING;
  }
}

/*
 * The system informs the holder of a lease by a signal that somebody waits for it. SIGIO would end
 * the process; SIGURG is ignored unless somebody handles it. The other process waits until the last
 * line, or gets EWOULDBLOCK if it asked not to wait.
 */
static enum writers lease_and_return(int descriptor, enum telling telling) {
  if (fcntl(descriptor, F_SETSIG, SIGURG) != 0) return WRITERS_UNKNOWN;
  if (fcntl(descriptor, F_SETLEASE, F_RDLCK) != 0) {
    return errno == EAGAIN ? OPEN_FOR_WRITING : WRITERS_UNKNOWN;
  }
  fcntl(descriptor, F_SETLEASE, F_UNLCK);
  return telling == TELLS_ALL ? NO_WRITERS : WRITERS_UNKNOWN;
}

enum writers lease_descriptor(int descriptor, uint64_t device, struct mute_device *mute) {
  if (mute->is_known && mute->device == device) return WRITERS_UNKNOWN;
  const enum telling telling = find_telling(descriptor);
  if (telling != TELLS_NOTHING) return lease_and_return(descriptor, telling);
  *mute = (struct mute_device){true, device};
  return WRITERS_UNKNOWN;
}

enum writers try_read_lease(const char *path, struct mute_device *mute) {
  struct stat stats;
  if (lstat(path, &stats) != 0 || !S_ISREG(stats.st_mode)) return WRITERS_UNKNOWN;
  if (mute->is_known && mute->device == stats.st_dev) return WRITERS_UNKNOWN;
  /* O_NONBLOCK: waits neither for a FIFO of the same name nor for the holder of a write lease. */
  const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return WRITERS_UNKNOWN;
  const enum writers writers = lease_descriptor(descriptor, stats.st_dev, mute);
  close(descriptor); /* would give the lease back as well */
  return writers;
}

#else

enum writers lease_descriptor(int descriptor, uint64_t device, struct mute_device *mute) {
  (void)descriptor, (void)device, (void)mute;
  return WRITERS_UNKNOWN;
}

enum writers try_read_lease(const char *path, struct mute_device *mute) {
  (void)path, (void)mute;
  return WRITERS_UNKNOWN;
}

#endif
