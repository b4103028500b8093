/*
 * Does in one call what Node does for each file in three microseconds, most of them to create
 * objects. A scan of many unchanged files consists of little else.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "stat_files.h"

#include "each_path.h"
#include "fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer than any name in a directory, and than any path that the system accepts. */
#define MAX_NAME 1024
#define MAX_PATH_LENGTH 8192

/* Reads a string. A string that is too long for the buffer or contains a NUL is no file's name. */
static bool read_string(napi_env env, napi_value value, char *buffer, size_t size) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, buffer, size, &length) != napi_ok) return false;
  return length < size - 1 && strlen(buffer) == length;
}

static void fingerprint_file(int directory, const char *name, uint8_t *fingerprint) {
  struct stat stats;
  if (fstatat(directory, name, &stats, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(stats.st_mode)) return;
  write_fingerprint(&stats, fingerprint);
}

/* Returns the bytes to fill; NULL unless they are a Uint8Array of at least that length. */
static uint8_t *read_fingerprints(napi_env env, napi_value value, size_t needed) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array) return NULL;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok) return NULL;
  return type == napi_uint8_array && length >= needed ? data : NULL;
}

static napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

/* Names of files in a directory, and the place for their fingerprints. */
struct lookup {
  int directory;
  uint32_t count;
  char *names; /* one after the other, each ended by a NUL */
  size_t length;
  size_t room;
  size_t *starts;
  uint8_t *fingerprints;
  atomic_uint next;
};

/* The number of names that a thread takes at a time. A few of these are not worth a thread. */
#define SHARE 256u
#define MIN_SHARES 4u
#define MAX_THREADS 4u

static void *look_up_shares(void *data) {
  struct lookup *lookup = data;
  for (;;) {
    const uint32_t first = atomic_fetch_add(&lookup->next, SHARE);
    if (first >= lookup->count) return NULL;
    const uint32_t end = lookup->count - first < SHARE ? lookup->count : first + SHARE;
    for (uint32_t i = first; i < end; i++) {
      const char *name = lookup->names + lookup->starts[i];
      uint8_t *fingerprint = lookup->fingerprints + (size_t)i * FINGERPRINT_LENGTH;
      /* An empty name stands for an invalid one */
      if (*name != '\0') fingerprint_file(lookup->directory, name, fingerprint);
    }
  }
}

/* Most of the work is in the kernel, which serves several threads at once. */
static void look_up_all(struct lookup *lookup) {
  pthread_t threads[MAX_THREADS];
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  const uint32_t shares = lookup->count / SHARE;
  uint32_t wanted = processors < 1 ? 1 : processors > (long)MAX_THREADS ? MAX_THREADS : (uint32_t)processors;
  if (shares < MIN_SHARES) wanted = 1;
  uint32_t started = 0;
  while (started + 1 < wanted &&
         pthread_create(&threads[started], NULL, look_up_shares, lookup) == 0) {
    started++;
  }
  look_up_shares(lookup);
  for (uint32_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

static bool add_name(struct lookup *lookup, uint32_t i, const char *name) {
  const size_t size = strlen(name) + 1;
  if (lookup->room - lookup->length < size) {
    const size_t room = 2 * lookup->room + MAX_NAME;
    char *names = realloc(lookup->names, room);
    if (names == NULL) return false;
    lookup->names = names;
    lookup->room = room;
  }
  memcpy(lookup->names + lookup->length, name, size);
  lookup->starts[i] = lookup->length;
  lookup->length += size;
  return true;
}

/* Copies the names, because other threads cannot ask JavaScript for them. */
static bool copy_names(napi_env env, napi_value names, struct lookup *lookup) {
  char name[MAX_NAME];
  lookup->starts = malloc(((size_t)lookup->count + 1) * sizeof *lookup->starts);
  if (lookup->starts == NULL) return false;
  for (uint32_t i = 0; i < lookup->count; i++) {
    napi_handle_scope scope;
    napi_value element;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    const bool is_name = napi_get_element(env, names, i, &element) == napi_ok &&
                         read_string(env, element, name, sizeof name);
    napi_close_handle_scope(env, scope);
    if (!add_name(lookup, i, is_name ? name : "")) return false;
  }
  return true;
}

napi_value stat_files(napi_env env, napi_callback_info info) {
  size_t argument_count = 3;
  napi_value arguments[3];
  char path[MAX_PATH_LENGTH];
  bool is_array = false;
  struct lookup lookup = {.directory = -1};
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_string(env, arguments[0], path, sizeof path)) return fail(env, "directory must be a path");
  if (napi_is_array(env, arguments[1], &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, arguments[1], &lookup.count) != napi_ok) {
    return fail(env, "names must be an array");
  }
  if (lookup.count == 0) return NULL;
  lookup.fingerprints =
      read_fingerprints(env, arguments[2], (size_t)lookup.count * FINGERPRINT_LENGTH);
  if (lookup.fingerprints == NULL) {
    return fail(env, "fingerprints must be a Uint8Array with room for all");
  }
  const bool is_copied = copy_names(env, arguments[1], &lookup);
  if (is_copied) lookup.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lookup.directory >= 0) {
    look_up_all(&lookup);
    close(lookup.directory);
  }
  free(lookup.names);
  free(lookup.starts);
  if (!is_copied) napi_throw_error(env, NULL, "out of memory");
  return NULL;
}

#define MODE_WORD (FINGERPRINT_LENGTH / sizeof(int32_t))
#define ERROR_WORD (MODE_WORD + 1)

static void lstat_path(const char *path, void *state, int32_t *answer) {
  struct stat stats;
  (void)state;
  if (lstat(path, &stats) != 0) {
    answer[ERROR_WORD] = errno;
    return;
  }
  write_fingerprint(&stats, (uint8_t *)answer);
  answer[MODE_WORD] = (int32_t)stats.st_mode;
}

static const struct path_work lstat_work = {lstat_path, "", 0, ERROR_WORD + 1, NULL};

napi_value lstat_paths_async(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value paths;
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  return each_path_async(env, paths, &lstat_work);
}
