/* The parts of a fingerprint as bytes. */
#define _GNU_SOURCE
#include "fingerprint.h"

#ifdef __APPLE__
#define MTIME(stats) ((stats).st_mtimespec)
#define CTIME(stats) ((stats).st_ctimespec)
#else
#define MTIME(stats) ((stats).st_mtim)
#define CTIME(stats) ((stats).st_ctim)
#endif

static int64_t nanoseconds(struct timespec time) {
  return (int64_t)((uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec);
}

int64_t latest_time(const struct stat *stats) {
  const int64_t mtime = nanoseconds(MTIME(*stats)), ctime = nanoseconds(CTIME(*stats));
  return mtime > ctime ? mtime : ctime;
}

void write_word(uint8_t *at, uint64_t word) {
  for (int i = 0; i < 8; i++) at[i] = (uint8_t)(word >> (8 * i));
}

void write_fingerprint(const struct stat *stats, uint8_t *fingerprint) {
  write_word(fingerprint, (uint64_t)stats->st_size);
  write_word(fingerprint + 8, (uint64_t)nanoseconds(MTIME(*stats)));
  write_word(fingerprint + 16, (uint64_t)nanoseconds(CTIME(*stats)));
  write_word(fingerprint + 24, (uint64_t)stats->st_ino);
  write_word(fingerprint + 32, (uint64_t)stats->st_dev);
}
