/*
 * Does all steps for each of many small files in one call: check, lease, read, hash and check
 * again. A call from JavaScript for each step would take longer than the steps.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "small_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"
#include "each_path.h"
#include "fingerprint.h"
#include "instance.h"
#include "job_request.h"
#include "read_lease.h"

#define MOST_BYTES (64 * 1024)
#define DIGEST_WORDS 5
#define ANSWER_WORDS (1 + DIGEST_WORDS)

/* Data of a call that all its files share. The fingerprints follow it. */
struct reading {
  struct cpu_features cpu;
  enum kernel kernel;
  struct mute_device mute;
  size_t next;
  uint8_t fingerprints[];
};

static bool is_same(const struct stat *stats, const uint8_t *expected) {
  uint8_t found[FINGERPRINT_LENGTH];
  if (!S_ISREG(stats->st_mode)) return false;
  write_fingerprint(stats, found);
  return memcmp(found, expected, sizeof found) == 0;
}

/* Fills the buffer; returns false if the file ends early. */
static bool read_all(int descriptor, uint8_t *buffer, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t count = read(descriptor, buffer + done, length - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

/* Reads an open file and returns what is known of its writers; -1 if the file changed. */
static int read_open(struct reading *reading, int descriptor, const uint8_t *expected,
                     uint8_t *digest) {
  struct stat stats;
  uint8_t buffer[MOST_BYTES];
  if (fstat(descriptor, &stats) != 0 || !is_same(&stats, expected)) return -1;
  if (stats.st_size > MOST_BYTES) return -1;
  const enum writers writers = lease_descriptor(descriptor, stats.st_dev, &reading->mute);
  const size_t length = (size_t)stats.st_size;
  if (!read_all(descriptor, buffer, length)) return -1;
  struct message message = {buffer, length, digest};
  hash_messages(&reading->cpu, reading->kernel, SHA1, &message, 1);
  return (int)writers;
}

static void read_path(const char *path, void *state, int32_t *answer) {
  struct reading *reading = state;
  const uint8_t *expected = reading->fingerprints + FINGERPRINT_LENGTH * reading->next++;
  struct stat stats;
  /* O_NONBLOCK: waits neither for a FIFO of the same name nor for the holder of a write lease. */
  const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return;
  const int writers = read_open(reading, descriptor, expected, (uint8_t *)(answer + 1));
  close(descriptor);
  /* By its name, which may lead to another file now */
  if (writers < 0 || lstat(path, &stats) != 0 || !is_same(&stats, expected)) return;
  *answer = 1 + writers;
}

/* Returns the bytes of a Uint8Array; NULL for anything else. */
static const uint8_t *read_bytes(napi_env env, napi_value value, size_t *length) {
  static const uint8_t nothing[1];
  bool is_typed_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    return NULL;
  }
  return *length == 0 ? nothing : data;
}

napi_value read_small_files(napi_env env, napi_callback_info info) {
  size_t argument_count = 3, length = 0;
  napi_value arguments[3];
  uint32_t count = 0;
  enum kernel kernel;
  const struct instance *instance = get_instance(env);
  if (instance == NULL) return NULL;
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_kernel_name(env, &instance->cpu, arguments[0], &kernel)) return NULL;
  const uint8_t *fingerprints = read_bytes(env, arguments[2], &length);
  const bool is_counted = napi_get_array_length(env, arguments[1], &count) == napi_ok;
  if (fingerprints == NULL || !is_counted || length != (size_t)count * FINGERPRINT_LENGTH) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "each path needs a fingerprint");
    return NULL;
  }
  const size_t size = sizeof(struct reading) + length;
  struct reading *reading = calloc(1, size);
  if (reading == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  reading->cpu = instance->cpu;
  reading->kernel = kernel;
  memcpy(reading->fingerprints, fingerprints, length);
  const struct path_work work = {read_path, reading, size, ANSWER_WORDS, NULL};
  const napi_value promise = each_path_async(env, arguments[1], &work);
  free(reading); /* copied */
  return promise;
}
