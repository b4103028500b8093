/*
 * Makes many small files durable together. One after the other, each would wait for the disk;
 * libuv's four threads would take a quarter of that time.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "write_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/utsname.h>
#include <sys/vfs.h>
#endif

#include "fingerprint.h"
#include "local_file_system.h"
#include "on_threads.h"
#include "replace_files.h"
#include "settle.h"

#define MAX_FILES 4096
#define ATTRIBUTES 4
/* Processes may have a thousand files open. */
#define MAX_OPEN 256u
#define PERMISSION_BITS 07777u
#define PLACE_WORDS (1 + FINGERPRINT_LENGTH / sizeof(int32_t))

struct file {
  const char *name;
  const char *new_name; /* of placeFiles */
  const uint8_t *bytes;
  size_t length;
  const uint32_t *attributes;
  int descriptor;
};

struct batch {
  char *directory;
  char *strings; /* all names, each ended by a NUL */
  struct file *files;
  uint32_t count;
  uint32_t *attributes;
  bool whole_file_system;
  uint8_t *expected; /* of placeFiles */
  int32_t *answers;
  size_t answer_count;
  napi_ref contents; /* keeps the bytes alive */
  napi_async_work work;
  napi_deferred deferred;
};

static void free_batch(napi_env env, struct batch *batch) {
  if (batch->contents != NULL) napi_delete_reference(env, batch->contents);
  free(batch->directory);
  free(batch->strings);
  free(batch->files);
  free(batch->attributes);
  free(batch->expected);
  free(batch->answers);
  free(batch);
}

/* The work itself: no JavaScript from here to the next border. */

static int write_all(int descriptor, const uint8_t *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t written = write(descriptor, bytes + done, length - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    done += (size_t)written;
  }
  return 0;
}

/*
 * Changes owner and mode only if they differ: usually the umask and the directory made them right.
 */
static int set_attributes(int descriptor, const uint32_t *attributes) {
  const uint32_t mode = attributes[1], user = attributes[2], group = attributes[3];
  struct stat stats;
  if (fstat(descriptor, &stats) != 0) return errno;
  const bool is_given = user == NOTHING_GIVEN || (stats.st_uid == user && stats.st_gid == group);
  /* Only root may give files away; the files of others stay theirs */
  if (!is_given && fchown(descriptor, user, group) != 0 && errno != EPERM) return errno;
  if (mode == NOTHING_GIVEN || (stats.st_mode & PERMISSION_BITS) == mode) return 0;
  return fchmod(descriptor, mode) == 0 ? 0 : errno;
}

/* Creates a file, which stays open. */
static int make_file(int directory, struct file *file) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file->descriptor = openat(directory, file->name, flags, (mode_t)file->attributes[0]);
  if (file->descriptor < 0) return errno;
  const int error = write_all(file->descriptor, file->bytes, file->length);
  return error != 0 ? error : set_attributes(file->descriptor, file->attributes);
}

/* Files of a batch that are open at the same time. */
struct share {
  struct batch *batch;
  uint32_t first;
  uint32_t count;
};

static void sync_file(void *data, uint32_t i) {
  const struct share *share = data;
  const struct file *file = &share->batch->files[share->first + i];
  int32_t *answer = &share->batch->answers[share->first + i];
  if (*answer == 0 && fsync(file->descriptor) != 0) *answer = errno;
}

static void fail_all(struct batch *batch, int error) {
  for (uint32_t i = 0; i < batch->count; i++) batch->answers[i] = error;
}

/* `directory` was opened before the first file was created, so that no later error is missed. */
static void sync_file_system(int directory, struct batch *batch) {
#ifdef __linux__
  if (syncfs(directory) == 0) return;
  for (uint32_t i = 0; i < batch->count; i++) {
    if (batch->answers[i] == 0) batch->answers[i] = errno;
  }
#else
  (void)directory;
  fail_all(batch, ENOSYS);
#endif
}

static int64_t microseconds(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void close_file(struct file *file, int32_t *answer) {
  if (file->descriptor < 0) return;
  /* Some network file systems report errors only now */
  if (close(file->descriptor) != 0 && errno != EINTR && *answer == 0) *answer = errno;
}

/* Creates all files and syncs them together. Returns the microseconds that the sync took. */
static int64_t write_for_syncfs(int directory, struct batch *batch) {
  for (uint32_t i = 0; i < batch->count; i++) {
    batch->answers[i] = make_file(directory, &batch->files[i]);
    close_file(&batch->files[i], &batch->answers[i]);
  }
  const int64_t started = microseconds();
  sync_file_system(directory, batch);
  return microseconds() - started;
}

/* The same with each file synced by itself, as many at a time as may be open. */
static int64_t write_for_fsync(int directory, struct batch *batch) {
  int64_t taken = 0;
  for (uint32_t first = 0; first < batch->count; first += MAX_OPEN) {
    const uint32_t rest = batch->count - first;
    struct share share = {batch, first, rest < MAX_OPEN ? rest : MAX_OPEN};
    for (uint32_t i = first; i < first + share.count; i++) {
      batch->answers[i] = make_file(directory, &batch->files[i]);
    }
    const int64_t started = microseconds();
    on_threads(share.count, sync_file, &share);
    taken += microseconds() - started;
    for (uint32_t i = first; i < first + share.count; i++) {
      close_file(&batch->files[i], &batch->answers[i]);
    }
  }
  return taken;
}

static void run_write(napi_env env, void *data) {
  struct batch *batch = data;
  (void)env;
  const int directory = open(batch->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    fail_all(batch, errno);
    return;
  }
  const int64_t taken =
      batch->whole_file_system ? write_for_syncfs(directory, batch) : write_for_fsync(directory, batch);
  batch->answers[batch->count] = taken < INT32_MAX ? (int32_t)taken : INT32_MAX;
  close(directory);
}

/* Returns the fingerprint that a place must have; all bits are set if it may have any. */
static const uint8_t *expected_by(const struct batch *batch, uint32_t i) {
  const uint8_t *expected = batch->expected + (size_t)FINGERPRINT_LENGTH * i;
  for (size_t at = 0; at < FINGERPRINT_LENGTH; at++) {
    if (expected[at] != 0xff) return expected;
  }
  return NULL;
}

/* Renames the files of a batch, and records the fingerprints behind the new names. */
static void place_files(int directory, struct batch *batch, struct replacement *names,
                        int32_t *errors) {
  for (uint32_t i = 0; i < batch->count; i++) {
    const struct file *file = &batch->files[i];
    names[i] = (struct replacement){file->name, file->new_name, expected_by(batch, i)};
  }
  replace_files(directory, names, batch->count, errors);
  for (uint32_t i = 0; i < batch->count; i++) {
    int32_t *answer = batch->answers + (size_t)PLACE_WORDS * i;
    struct stat stats;
    answer[0] = errors[i];
    if (errors[i] == 0 && fstatat(directory, names[i].to, &stats, AT_SYMLINK_NOFOLLOW) == 0) {
      write_fingerprint(&stats, (uint8_t *)(answer + 1));
    }
  }
}

static void fail_places(struct batch *batch, int error) {
  for (uint32_t i = 0; i < batch->count; i++) batch->answers[(size_t)PLACE_WORDS * i] = error;
}

static void place_or_fail(int directory, struct batch *batch) {
  struct replacement *names = calloc((size_t)batch->count + 1, sizeof *names);
  int32_t *errors = calloc((size_t)batch->count + 1, sizeof *errors);
  if (names == NULL || errors == NULL) {
    fail_places(batch, ENOMEM);
  } else {
    place_files(directory, batch, names, errors);
  }
  free(names);
  free(errors);
}

static void run_place(napi_env env, void *data) {
  struct batch *batch = data;
  (void)env;
  const int directory = open(batch->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    fail_places(batch, errno);
    return;
  }
  place_or_fail(directory, batch);
  close(directory);
}

/* The border to JavaScript. */

static void finish(napi_env env, napi_status status, void *data) {
  struct batch *batch = data;
  napi_delete_async_work(env, batch->work);
  /* Cancelled only if the JavaScript that waits is ended */
  if (status == napi_ok) settle_words(env, batch->deferred, batch->answers, batch->answer_count);
  free_batch(env, batch);
}

/* Starts the batch, which frees itself at its end. */
static napi_value begin(napi_env env, struct batch *batch, napi_async_execute_callback run) {
  napi_value name, promise;
  if (napi_create_string_utf8(env, "btkit:batch", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, NULL, name, run, finish, batch, &batch->work) == napi_ok) {
    if (napi_create_promise(env, &batch->deferred, &promise) == napi_ok &&
        napi_queue_async_work(env, batch->work) == napi_ok) {
      return promise;
    }
    napi_delete_async_work(env, batch->work);
  }
  free_batch(env, batch);
  return NULL;
}

/* Returns a copy of a string; NULL if it is not a string or contains a NUL. */
static char *copy_string(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
  char *text = malloc(length + 1);
  if (text == NULL) return NULL;
  if (napi_get_value_string_utf8(env, value, text, length + 1, &length) == napi_ok &&
      strlen(text) == length) {
    return text;
  }
  free(text);
  return NULL;
}

static bool read_count(napi_env env, napi_value array, uint32_t *count) {
  bool is_array = false;
  return napi_is_array(env, array, &is_array) == napi_ok && is_array &&
         napi_get_array_length(env, array, count) == napi_ok && *count <= MAX_FILES;
}

/*
 * Returns the bytes that a name needs with its NUL, and copies it if there is room; 0: not a name.
 */
static size_t read_name(napi_env env, napi_value names, uint32_t i, char *target, size_t room) {
  napi_handle_scope scope;
  napi_value name;
  size_t length = 0;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return 0;
  const bool is_read = napi_get_element(env, names, i, &name) == napi_ok &&
                       napi_get_value_string_utf8(env, name, target, room, &length) == napi_ok;
  napi_close_handle_scope(env, scope);
  if (!is_read || length == 0) return 0;
  if (target != NULL && strlen(target) != length) return 0;
  return length + 1;
}

static size_t measure_names(napi_env env, napi_value names, uint32_t count) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    const size_t taken = read_name(env, names, i, NULL, 0);
    if (taken == 0) return 0;
    bytes += taken;
  }
  return bytes;
}

/*
 * Copies names into the files of a batch. Returns the place for the next; NULL if one is not a
 * name.
 */
static char *copy_names(napi_env env, napi_value names, struct batch *batch, char *target,
                        const char *end, bool is_new) {
  for (uint32_t i = 0; i < batch->count; i++) {
    const size_t taken = read_name(env, names, i, target, (size_t)(end - target));
    if (taken == 0) return NULL;
    if (is_new) {
      batch->files[i].new_name = target;
    } else {
      batch->files[i].name = target;
    }
    target += taken;
  }
  return target;
}

static struct batch *create_batch(napi_env env, napi_value directory, uint32_t count,
                                  size_t bytes, size_t answer_count) {
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) return NULL;
  batch->count = count;
  batch->answer_count = answer_count;
  batch->directory = copy_string(env, directory);
  batch->strings = malloc(bytes + 1);
  batch->files = calloc((size_t)count + 1, sizeof *batch->files);
  batch->answers = calloc(answer_count + 1, sizeof *batch->answers);
  batch->attributes = calloc((size_t)count * ATTRIBUTES + 1, sizeof *batch->attributes);
  if (batch->directory != NULL && batch->strings != NULL && batch->files != NULL &&
      batch->answers != NULL && batch->attributes != NULL) {
    return batch;
  }
  free_batch(env, batch);
  return NULL;
}

static napi_value refuse(napi_env env, struct batch *batch, const char *message) {
  if (batch != NULL) free_batch(env, batch);
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

static bool read_bytes(napi_env env, napi_value contents, uint32_t i, struct file *file) {
  napi_handle_scope scope;
  napi_value element;
  bool is_typed_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  const bool is_read =
      napi_get_element(env, contents, i, &element) == napi_ok &&
      napi_is_typedarray(env, element, &is_typed_array) == napi_ok && is_typed_array &&
      napi_get_typedarray_info(env, element, &type, &file->length, &data, NULL, NULL) == napi_ok &&
      type == napi_uint8_array;
  napi_close_handle_scope(env, scope);
  file->bytes = data;
  return is_read;
}

static bool read_attributes(napi_env env, napi_value value, struct batch *batch) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint32_array || length != (size_t)batch->count * ATTRIBUTES) {
    return false;
  }
  if (length > 0) memcpy(batch->attributes, data, length * sizeof *batch->attributes);
  for (uint32_t i = 0; i < batch->count; i++) {
    batch->files[i].attributes = batch->attributes + (size_t)i * ATTRIBUTES;
    batch->files[i].descriptor = -1;
  }
  return true;
}

napi_value write_drafts(napi_env env, napi_callback_info info) {
  size_t argument_count = 5;
  napi_value arguments[5];
  uint32_t count = 0, contents_count = 0;
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_count(env, arguments[1], &count) || !read_count(env, arguments[2], &contents_count) ||
      count != contents_count) {
    return refuse(env, NULL, "names and contents must be arrays of one length");
  }
  const size_t bytes = measure_names(env, arguments[1], count);
  struct batch *batch = create_batch(env, arguments[0], count, bytes, (size_t)count + 1);
  if (batch == NULL) return refuse(env, NULL, "directory must be a path");
  if (copy_names(env, arguments[1], batch, batch->strings, batch->strings + bytes + 1, false) ==
      NULL) {
    return refuse(env, batch, "names must be paths");
  }
  if (!read_attributes(env, arguments[3], batch)) {
    return refuse(env, batch, "attributes must be a Uint32Array with four for each file");
  }
  for (uint32_t i = 0; i < count; i++) {
    if (!read_bytes(env, arguments[2], i, &batch->files[i])) {
      return refuse(env, batch, "contents must be Uint8Arrays");
    }
  }
  if (napi_get_value_bool(env, arguments[4], &batch->whole_file_system) != napi_ok ||
      napi_create_reference(env, arguments[2], 1, &batch->contents) != napi_ok) {
    return refuse(env, batch, "wholeFileSystem must be a boolean");
  }
  return begin(env, batch, run_write);
}

static bool read_expected(napi_env env, napi_value value, struct batch *batch) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array || length != (size_t)batch->count * FINGERPRINT_LENGTH) {
    return false;
  }
  batch->expected = malloc(length + 1);
  if (batch->expected == NULL) return false;
  if (length > 0) memcpy(batch->expected, data, length);
  return true;
}

napi_value place_files_async(napi_env env, napi_callback_info info) {
  size_t argument_count = 4;
  napi_value arguments[4];
  uint32_t count = 0, new_count = 0;
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_count(env, arguments[1], &count) || !read_count(env, arguments[2], &new_count) ||
      count != new_count) {
    return refuse(env, NULL, "from and to must be arrays of one length");
  }
  const size_t bytes =
      measure_names(env, arguments[1], count) + measure_names(env, arguments[2], count);
  const size_t words = (size_t)count * PLACE_WORDS;
  struct batch *batch = create_batch(env, arguments[0], count, bytes, words);
  if (batch == NULL) return refuse(env, NULL, "directory must be a path");
  const char *end = batch->strings + bytes + 1;
  char *next = copy_names(env, arguments[1], batch, batch->strings, end, false);
  if (next == NULL || copy_names(env, arguments[2], batch, next, end, true) == NULL) {
    return refuse(env, batch, "from and to must be paths");
  }
  if (!read_expected(env, arguments[3], batch)) {
    return refuse(env, batch, "expected must be a Uint8Array with a fingerprint for each file");
  }
  return begin(env, batch, run_place);
}

/*
 * syncfs(2) reports failed writes since Linux 5.8. File systems that store data elsewhere may do
 * nothing at all.
 */
static bool tells_errors(const char *directory) {
#ifdef __linux__
  struct utsname system;
  struct statfs stats;
  int major = 0, minor = 0;
  if (uname(&system) != 0 || sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
  if (major < 5 || (major == 5 && minor < 8) || statfs(directory, &stats) != 0) return false;
  return is_local_file_system((uint32_t)stats.f_type);
#else
  (void)directory;
  return false;
#endif
}

napi_value is_syncfs_reliable(napi_env env, napi_callback_info info) {
  size_t argument_count = 1;
  napi_value directory, result;
  if (napi_get_cb_info(env, info, &argument_count, &directory, NULL, NULL) != napi_ok) return NULL;
  char *path = copy_string(env, directory);
  if (path == NULL) return refuse(env, NULL, "directory must be a path");
  const bool is_reliable = tells_errors(path);
  free(path);
  return napi_get_boolean(env, is_reliable, &result) == napi_ok ? result : NULL;
}
