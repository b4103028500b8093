/*
 * Does all steps for a small file: look, lease, read, hash and look again. A call from JavaScript
 * for each step would take longer than the steps.
 */
#define _GNU_SOURCE
#include "small_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read_lease.h"

#define MOST_BYTES (256 * 1024)

/* Fills the buffer; returns false if the file ends early. */
static bool read_all(int file, uint8_t *buffer, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t count = read(file, buffer + done, length - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

/* Returns false if the file is no small one, or cannot be read. */
static bool read_open(const struct cpu_features *cpu, enum kernel kernel, int file,
                      uint8_t *answer) {
  struct stat stats;
  uint8_t buffer[MOST_BYTES];
  if (fstat(file, &stats) != 0 || !S_ISREG(stats.st_mode) || stats.st_size > MOST_BYTES) return false;
  /* Kept until the file is closed, which is as soon as these few bytes are read */
  const int32_t state = take_read_lease(file) == EAGAIN ? READ_WHILE_WRITTEN : READ;
  const size_t length = (size_t)stats.st_size;
  if (!read_all(file, buffer, length)) return false;
  struct message message = {buffer, length, answer + SMALL_DIGEST_AT};
  hash_messages(cpu, kernel, SHA1, &message, 1);
  memcpy(answer, &state, sizeof state);
  write_fingerprint(&stats, answer + SMALL_FINGERPRINT_AT);
  return true;
}

/* Whether the path leads to the file that was read, unchanged. */
static bool is_same(int directory, const char *path, const uint8_t *answer) {
  struct stat stats;
  uint8_t found[FINGERPRINT_LENGTH];
  if (fstatat(directory, path, &stats, AT_SYMLINK_NOFOLLOW) != 0) return false;
  write_fingerprint(&stats, found);
  return memcmp(found, answer + SMALL_FINGERPRINT_AT, sizeof found) == 0;
}

void read_small_file(const struct cpu_features *cpu, enum kernel kernel, int directory,
                     const char *path, uint8_t *answer) {
  /* O_NONBLOCK: waits neither for a FIFO of the same name nor for the holder of a write lease */
  const int file = openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return;
  const bool is_read = read_open(cpu, kernel, file, answer);
  close(file);
  if (!is_read || !is_same(directory, path, answer)) memset(answer, 0, SMALL_LENGTH);
}

/* Reads until the end of the file or of the buffer, and returns the number of bytes; -1 for an error. */
static ssize_t read_to_end(int file, uint8_t *buffer, size_t length) {
  size_t done = 0;
  for (ssize_t count = 1; count != 0 && done < length;) {
    count = read(file, buffer + done, length - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

static void load_open(int file, struct room *room, uint8_t *answer) {
  struct stat stats;
  if (fstat(file, &stats) != 0 || !S_ISREG(stats.st_mode)) return;
  /* One byte more detects a growing file */
  const size_t needed = (size_t)stats.st_size + 1;
  if (needed > room->length) return;
  int32_t words[] = {FULL, 0, 0};
  const size_t at = atomic_fetch_add(&room->used, needed);
  if (at + needed <= room->length) {
    const ssize_t count = read_to_end(file, room->bytes + at, needed);
    if (count < 0 || (size_t)count == needed) return;
    words[0] = LOADED;
    words[1] = (int32_t)at;
    words[2] = (int32_t)count;
  }
  memcpy(answer, words, sizeof words);
  write_fingerprint(&stats, answer + LOADED_FINGERPRINT_AT);
}

void load_file(int directory, const char *path, struct room *room, uint8_t *answer) {
  struct stat stats;
  /* A FIFO that is opened and closed ends the program that writes to it */
  if (fstatat(directory, path, &stats, 0) != 0 || !S_ISREG(stats.st_mode)) return;
  /* O_NONBLOCK: waits neither for a FIFO of the same name nor for the holder of a write lease */
  const int file = openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return;
  load_open(file, room, answer);
  close(file);
}
