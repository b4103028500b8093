/* Many files replaced, and the room of those before them given back. */
#define _GNU_SOURCE
#include "replace_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "fingerprint.h"
#include "local_file_system.h"
#include "on_threads.h"

/* Files to hold at a time: processes may have a thousand open. */
#define MAX_HELD 256

/*
 * Holds a file without opening it; -1 for nothing held. NFS would keep a file that is held under
 * another name, so it is done on no file system but those known.
 */
static int hold(int directory, const char *name) {
#if defined(__linux__) && defined(O_PATH)
  struct statfs stats;
  const int held = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (held < 0) return -1;
  if (fstatfs(held, &stats) == 0 && is_local_file_system((uint32_t)stats.f_type)) return held;
  close(held);
#else
  (void)directory;
  (void)name;
#endif
  return -1;
}

static bool is_nothing(const uint8_t *fingerprint) {
  for (size_t i = 0; i < FINGERPRINT_LENGTH; i++) {
    if (fingerprint[i] != 0) return false;
  }
  return true;
}

static bool is_as_expected(int directory, const struct replacement *file) {
  struct stat stats;
  uint8_t found[FINGERPRINT_LENGTH];
  if (file->expected == NULL) return true;
  if (fstatat(directory, file->to, &stats, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT && is_nothing(file->expected);
  }
  write_fingerprint(&stats, found);
  return memcmp(found, file->expected, sizeof found) == 0;
}

static int32_t replace(int directory, const struct replacement *file) {
  if (!is_as_expected(directory, file)) return NOT_EXPECTED;
  return renameat(directory, file->from, directory, file->to) == 0 ? 0 : errno;
}

static void let_go(void *data, uint32_t i) {
  const int *held = data;
  close(held[i]);
}

void replace_files(int directory, const struct replacement *files, uint32_t count,
                   int32_t *answers) {
  int held[MAX_HELD];
  for (uint32_t i = 0; i < count;) {
    uint32_t held_count = 0;
    for (; i < count && held_count < MAX_HELD; i++) {
      const int old = hold(directory, files[i].to);
      if (old >= 0) held[held_count++] = old;
      answers[i] = replace(directory, &files[i]);
    }
    on_threads(held_count, let_go, held);
  }
}
