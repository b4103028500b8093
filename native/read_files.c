/*
 * Reads many files for a program that edits them: what they are, whether they may be changed, and
 * their content. One call from JavaScript for each step would take three times as long.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "read_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "each_path.h"
#include "fingerprint.h"

#define HEAD_WORDS 6
#define ANSWER_WORDS (HEAD_WORDS + FINGERPRINT_LENGTH / sizeof(int32_t))

#ifndef O_NOATIME
#define O_NOATIME 0
#endif

/* The memory, and how much of it is used. */
struct room {
  uint8_t *bytes;
  size_t size;
  size_t used;
  bool is_full;
};

/*
 * Opens a file, if possible without updating its access time, which would be a write. Waits neither
 * for the other end of a pipe nor for the holder of a lease.
 */
static int open_to_read(const char *path) {
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int descriptor = open(path, flags | O_NOATIME);
  /* Only the owner of a file may use O_NOATIME */
  return descriptor < 0 && errno == EPERM ? open(path, flags) : descriptor;
}

/* Reads to the end of a file. Returns the number of bytes: `size` if there may be more, or -1. */
static ssize_t read_to_end(int descriptor, uint8_t *buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = read(descriptor, buffer + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

static enum file_reading read_open(int descriptor, struct room *room, int32_t *answer) {
  struct stat stats;
  if (fstat(descriptor, &stats) != 0 || !S_ISREG(stats.st_mode)) return UNREAD;
  const size_t rest = room->size - room->used;
  if ((uintmax_t)stats.st_size >= rest) return FULL;
  const ssize_t count = read_to_end(descriptor, room->bytes + room->used, rest);
  if (count < 0) return UNREAD;
  if ((size_t)count == rest) return FULL;
  answer[1] = (int32_t)stats.st_mode;
  answer[2] = (int32_t)stats.st_uid;
  answer[3] = (int32_t)stats.st_gid;
  answer[4] = (int32_t)room->used;
  answer[5] = (int32_t)count;
  write_fingerprint(&stats, (uint8_t *)(answer + HEAD_WORDS));
  room->used += (size_t)count;
  return READ;
}

static enum file_reading read_file(const char *path, struct room *room, int32_t *answer) {
  struct stat stats;
  /* Opening a pipe, even for a moment, is visible to its writer */
  if (stat(path, &stats) != 0 || !S_ISREG(stats.st_mode)) return UNREAD;
  const int descriptor = open_to_read(path);
  if (descriptor < 0) return UNREAD;
  const enum file_reading reading = read_open(descriptor, room, answer);
  close(descriptor);
  return reading == READ && access(path, W_OK) == 0 ? EDITABLE : reading;
}

static void read_path(const char *path, void *state, int32_t *answer) {
  struct room *room = state;
  answer[0] = room->is_full ? FULL : read_file(path, room, answer);
  room->is_full = answer[0] == FULL;
}

napi_value read_files(napi_env env, napi_callback_info info) {
  size_t argument_count = 2, size = 0;
  napi_value arguments[2];
  bool is_typed_array = false;
  napi_typedarray_type type;
  void *bytes = NULL;
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (napi_is_typedarray(env, arguments[1], &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, arguments[1], &type, &size, &bytes, NULL, NULL) != napi_ok ||
      type != napi_uint8_array || size > INT32_MAX) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "memory must be a Uint8Array below 2 GiB");
    return NULL;
  }
  const struct room room = {bytes, size, 0, false};
  const struct path_work work = {read_path, &room, sizeof room, ANSWER_WORDS, arguments[1]};
  return each_path_async(env, arguments[0], &work);
}
