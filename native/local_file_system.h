#ifndef BTKIT_LOCAL_FILE_SYSTEM_H
#define BTKIT_LOCAL_FILE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a file system, by its type in statfs(2), keeps its data on this machine and is known to
 * behave.
 */
static inline bool is_local_file_system(uint32_t type) {
  switch (type) {
    case 0xef53u:     /* ext2, ext3, ext4 */
    case 0x58465342u: /* XFS */
    case 0x9123683eu: /* Btrfs */
    case 0x01021994u: /* tmpfs */
      return true;
    default: return false;
  }
}

#endif
