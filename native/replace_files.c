/* Replaces many files, and frees the disk space of the old ones. */
#define _GNU_SOURCE
#include "replace_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "fingerprint.h"
#include "local_file_system.h"
#include "on_threads.h"

/* Files to hold at a time: processes may have a thousand open. */
#define MAX_HELD 256

/* Without opening the file; and opened so that it can be locked. */
#ifdef O_PATH
#define HOLD_ONLY O_PATH
#else
#define HOLD_ONLY O_RDONLY
#endif
#define HOLD_TO_LOCK (O_RDONLY | O_NONBLOCK | O_NOCTTY)

/*
 * Holds a file open; returns -1 if it does not. NFS would keep a held file under another name, so
 * only files on known file systems are held.
 */
static int hold(int directory, const char *name, int how) {
#ifdef __linux__
  struct statfs stats;
  const int held = openat(directory, name, how | O_NOFOLLOW | O_CLOEXEC);
  if (held < 0) return -1;
  if (fstatfs(held, &stats) == 0 && is_local_file_system((uint32_t)stats.f_type)) return held;
  close(held);
#else
  (void)directory, (void)name, (void)how;
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

/*
 * Gives a file a new name that must be free. If the system cannot do that in one step, the name is
 * checked first.
 */
static int32_t place_new(int directory, const struct replacement *file) {
#if defined(__linux__) && defined(RENAME_NOREPLACE)
  if (renameat2(directory, file->from, directory, file->to, RENAME_NOREPLACE) == 0) return 0;
  if (errno == EEXIST) return NOT_EXPECTED;
  if (errno != EINVAL && errno != ENOSYS) return errno;
#endif
  return replace(directory, file);
}

/* The number of attempts to take a lock that somebody else has, and the pause between them. */
#define LOCK_TRIES 200
static const struct timespec between_tries = {0, 250000};

/*
 * Holds and locks the file to be replaced, if it is as expected. If several processes edited the
 * same file, one of them replaces it and the others notice. Waits only for a moment if somebody
 * keeps it locked for other reasons.
 */
static int hold_alone(int directory, const char *name) {
  const int held = hold(directory, name, HOLD_TO_LOCK);
  if (held < 0) return hold(directory, name, HOLD_ONLY);
  for (int tries = 0; tries < LOCK_TRIES && flock(held, LOCK_EX | LOCK_NB) != 0; tries++) {
    if (errno != EWOULDBLOCK && errno != EINTR) break;
    nanosleep(&between_tries, NULL);
  }
  return held;
}

/* Replaces a file. `held` keeps the old one open if possible. */
static int32_t take_place(int directory, const struct replacement *file, int *held) {
  *held = -1;
  if (file->expected != NULL && is_nothing(file->expected)) return place_new(directory, file);
  if (file->expected == NULL) {
    *held = hold(directory, file->to, HOLD_ONLY);
    return replace(directory, file);
  }
  *held = hold_alone(directory, file->to);
  const int32_t answer = replace(directory, file);
  if (*held >= 0) flock(*held, LOCK_UN);
  return answer;
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
      int old;
      answers[i] = take_place(directory, &files[i], &old);
      if (old >= 0) held[held_count++] = old;
    }
    on_threads(held_count, let_go, held);
  }
}
