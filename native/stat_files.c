/*
 * Does in one call what Node does for each file in three microseconds, most of them to create
 * objects. A scan of many unchanged files consists of little else.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "stat_files.h"

#include "fingerprint.h"
#include "read_lease.h"

#include <dirent.h>
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

/* Longer than any path that the system accepts. */
#define MAX_PATH_LENGTH 8192

/* Bytes of an answer: a fingerprint, and if other entries than files count, st_mode and errno. */
#define MODE_AT FINGERPRINT_LENGTH
#define ERROR_AT (MODE_AT + sizeof(int32_t))
#define FULL_LENGTH (ERROR_AT + sizeof(int32_t))
/* Bytes of the answer whether a file is open for writing: errno. */
#define LEASE_LENGTH sizeof(int32_t)

/* Reads a string. A string that is too long for the buffer or contains a NUL is no file's name. */
static bool read_string(napi_env env, napi_value value, char *buffer, size_t size) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, buffer, size, &length) != napi_ok) return false;
  return length < size - 1 && strlen(buffer) == length;
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

/* Names in a directory, and the place for the answers. */
struct lookup {
  int directory;
  /* FINGERPRINT_LENGTH: only files count; FULL_LENGTH: all entries do; LEASE_LENGTH: leases are asked */
  size_t answer_length;
  uint32_t count;
  char *names; /* one after the other, each ended by a NUL; an empty one stands for an invalid one */
  size_t length;
  size_t room;
  size_t *starts;
  uint8_t *answers;
  atomic_uint next;
};

static void look_up(const struct lookup *lookup, uint32_t i) {
  struct stat stats;
  const char *name = lookup->names + lookup->starts[i];
  uint8_t *answer = lookup->answers + i * lookup->answer_length;
  const bool is_full = lookup->answer_length == FULL_LENGTH;
  if (lookup->answer_length == LEASE_LENGTH) {
    const int32_t error = ask_read_lease(lookup->directory, name);
    memcpy(answer, &error, sizeof error);
    return;
  }
  if (fstatat(lookup->directory, name, &stats, AT_SYMLINK_NOFOLLOW) != 0) {
    const int32_t error = errno;
    if (is_full) memcpy(answer + ERROR_AT, &error, sizeof error);
  } else if (is_full || S_ISREG(stats.st_mode)) {
    const int32_t mode = (int32_t)stats.st_mode;
    write_fingerprint(&stats, answer);
    if (is_full) memcpy(answer + MODE_AT, &mode, sizeof mode);
  }
}

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
    for (uint32_t i = first; i < end; i++) look_up(lookup, i);
  }
}

/* Most of the work is in the kernel, which serves several threads at once. */
static void look_up_all(struct lookup *lookup) {
  pthread_t threads[MAX_THREADS];
  /* The question reads a file of the kernel, which takes longer than to look at a few files */
  const long processors =
      lookup->count / SHARE < MIN_SHARES ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
  const uint32_t wanted =
      processors < 1 ? 1 : processors > (long)MAX_THREADS ? MAX_THREADS : (uint32_t)processors;
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
    const size_t room = 2 * lookup->room + MAX_PATH_LENGTH;
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
  char name[MAX_PATH_LENGTH];
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

/* Reads an array of names; throws and returns false for anything else. */
static bool read_names(napi_env env, napi_value names, struct lookup *lookup) {
  bool is_array = false;
  if (napi_is_array(env, names, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, names, &lookup->count) != napi_ok) {
    fail(env, "names must be an array");
    return false;
  }
  if (copy_names(env, names, lookup)) return true;
  napi_throw_error(env, NULL, "out of memory");
  return false;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Puts the names in the order of their bytes. */
static bool sort_names(struct lookup *lookup) {
  const char **sorted = malloc(((size_t)lookup->count + 1) * sizeof *sorted);
  char *names = malloc(lookup->length + 1);
  if (sorted != NULL && names != NULL) {
    size_t length = 0;
    for (uint32_t i = 0; i < lookup->count; i++) sorted[i] = lookup->names + lookup->starts[i];
    qsort(sorted, lookup->count, sizeof *sorted, compare_names);
    for (uint32_t i = 0; i < lookup->count; i++) {
      const size_t size = strlen(sorted[i]) + 1;
      memcpy(names + length, sorted[i], size);
      lookup->starts[i] = length;
      length += size;
    }
    free(lookup->names);
    lookup->names = names;
    names = NULL;
  }
  const bool is_sorted = sorted != NULL && names == NULL;
  free(sorted);
  free(names);
  return is_sorted;
}

/* Adds a name and makes room for its place. */
static bool append_name(struct lookup *lookup, size_t *room, const char *name) {
  if (lookup->count == UINT32_MAX) return false;
  if (lookup->count == *room) {
    const size_t more = 2 * *room + SHARE;
    size_t *starts = realloc(lookup->starts, more * sizeof *starts);
    if (starts == NULL) return false;
    lookup->starts = starts;
    *room = more;
  }
  if (!add_name(lookup, lookup->count, name)) return false;
  lookup->count++;
  return true;
}

/* Reads all names in a directory except the two dots. Returns false if it cannot. */
static bool read_directory(const char *path, struct lookup *lookup) {
  DIR *directory = opendir(path);
  if (directory == NULL) return false;
  size_t room = 0;
  bool is_whole = true;
  errno = 0;
  for (const struct dirent *entry; is_whole && (entry = readdir(directory)) != NULL; errno = 0) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) is_whole = append_name(lookup, &room, name);
  }
  is_whole = is_whole && errno == 0;
  closedir(directory);
  return is_whole && sort_names(lookup);
}

static void look_up_in(const char *path, struct lookup *lookup) {
  lookup->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lookup->directory < 0) return;
  look_up_all(lookup);
  close(lookup->directory);
}

static void free_names(struct lookup *lookup) {
  free(lookup->names);
  free(lookup->starts);
}

napi_value stat_files(napi_env env, napi_callback_info info) {
  size_t argument_count = 3;
  napi_value arguments[3];
  char path[MAX_PATH_LENGTH];
  struct lookup lookup = {.answer_length = FINGERPRINT_LENGTH};
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_string(env, arguments[0], path, sizeof path)) return fail(env, "directory must be a path");
  if (read_names(env, arguments[1], &lookup)) {
    const size_t needed = (size_t)lookup.count * FINGERPRINT_LENGTH;
    lookup.answers = read_fingerprints(env, arguments[2], needed);
    if (lookup.answers != NULL) look_up_in(path, &lookup);
    else if (needed > 0) fail(env, "fingerprints must be a Uint8Array with room for all");
  }
  free_names(&lookup);
  return NULL;
}

/* A lookup off the event loop. */
struct later {
  struct lookup lookup;
  char path[MAX_PATH_LENGTH]; /* of a directory to list; empty if the names are paths */
  napi_async_work work;
  napi_deferred deferred;
};

/* Lists the directory. Without answers, nothing is known of it. */
static void list_files(const char *path, struct lookup *lookup) {
  if (!read_directory(path, lookup)) return;
  lookup->answers = calloc((size_t)lookup->count + 1, lookup->answer_length);
  if (lookup->answers != NULL) look_up_in(path, lookup);
}

static void look_up_later(napi_env env, void *data) {
  struct later *later = data;
  (void)env;
  if (later->path[0] != '\0') {
    list_files(later->path, &later->lookup);
  } else {
    later->lookup.directory = AT_FDCWD;
    look_up_all(&later->lookup);
  }
}

static void free_later(struct later *later) {
  free_names(&later->lookup);
  free(later->lookup.answers);
  free(later);
}

static void free_data(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

/* Hands the answers over as an Int32Array; NULL if there is no memory. */
static napi_value give_answers(napi_env env, struct lookup *lookup) {
  napi_value buffer, array;
  const size_t size = lookup->count * lookup->answer_length;
  void *data = lookup->answers;
  if (napi_create_external_arraybuffer(env, data, size, free_data, NULL, &buffer) != napi_ok) return NULL;
  lookup->answers = NULL;
  const size_t words = size / sizeof(int32_t);
  return napi_create_typedarray(env, napi_int32_array, words, buffer, 0, &array) == napi_ok ? array : NULL;
}

/* Returns the names and the answers; NULL if there is no memory. */
static napi_value give_listing(napi_env env, struct lookup *lookup) {
  napi_value listing, names;
  void *data;
  if (lookup->answers == NULL) return napi_get_null(env, &listing) == napi_ok ? listing : NULL;
  const napi_value answers = give_answers(env, lookup);
  if (answers == NULL ||
      napi_create_buffer_copy(env, lookup->length, lookup->names, &data, &names) != napi_ok ||
      napi_create_object(env, &listing) != napi_ok ||
      napi_set_named_property(env, listing, "names", names) != napi_ok ||
      napi_set_named_property(env, listing, "fingerprints", answers) != napi_ok) {
    return NULL;
  }
  return listing;
}

static void finish_later(napi_env env, napi_status status, void *data) {
  struct later *later = data;
  napi_value message, error;
  napi_delete_async_work(env, later->work);
  /* Cancelled only if the JavaScript that waits is ended */
  if (status == napi_ok) {
    struct lookup *lookup = &later->lookup;
    const napi_value result =
        later->path[0] == '\0' ? give_answers(env, lookup) : give_listing(env, lookup);
    if (result != NULL) {
      napi_resolve_deferred(env, later->deferred, result);
    } else if (napi_create_string_utf8(env, "out of memory", NAPI_AUTO_LENGTH, &message) == napi_ok &&
               napi_create_error(env, NULL, message, &error) == napi_ok) {
      napi_reject_deferred(env, later->deferred, error);
    }
  }
  free_later(later);
}

/* Starts the work, which frees itself at its end. Returns NULL if it cannot start. */
static napi_value begin_later(napi_env env, struct later *later) {
  napi_value name, promise;
  if (napi_create_string_utf8(env, "btkit:stat", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, look_up_later, finish_later, later, &later->work) !=
          napi_ok) {
    return NULL;
  }
  if (napi_create_promise(env, &later->deferred, &promise) == napi_ok &&
      napi_queue_async_work(env, later->work) == napi_ok) {
    return promise;
  }
  napi_delete_async_work(env, later->work);
  return NULL;
}

static struct later *create_later(napi_env env, size_t answer_length) {
  struct later *later = calloc(1, sizeof *later);
  if (later == NULL) napi_throw_error(env, NULL, "out of memory");
  else later->lookup.answer_length = answer_length;
  return later;
}

napi_value list_files_async(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value directory, promise = NULL;
  if (napi_get_cb_info(env, info, &count, &directory, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, FINGERPRINT_LENGTH);
  if (later == NULL) return NULL;
  const bool is_path = read_string(env, directory, later->path, sizeof later->path);
  if (is_path && later->path[0] != '\0') promise = begin_later(env, later);
  else fail(env, "directory must be a path");
  if (promise == NULL) free_later(later);
  return promise;
}

/* Looks up paths, with answers of so many bytes each. */
static napi_value look_up_async(napi_env env, napi_callback_info info, size_t answer_length) {
  size_t count = 1;
  napi_value paths, promise = NULL;
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, answer_length);
  if (later == NULL) return NULL;
  if (read_names(env, paths, &later->lookup)) {
    later->lookup.answers = calloc((size_t)later->lookup.count + 1, answer_length);
    if (later->lookup.answers != NULL) promise = begin_later(env, later);
    else napi_throw_error(env, NULL, "out of memory");
  }
  if (promise == NULL) free_later(later);
  return promise;
}

napi_value lstat_paths_async(napi_env env, napi_callback_info info) {
  return look_up_async(env, info, FULL_LENGTH);
}

napi_value ask_leases_async(napi_env env, napi_callback_info info) {
  return look_up_async(env, info, LEASE_LENGTH);
}

napi_value ask_leases(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value paths, answers = NULL;
  struct lookup lookup = {.answer_length = LEASE_LENGTH, .directory = AT_FDCWD};
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  if (read_names(env, paths, &lookup)) {
    lookup.answers = calloc((size_t)lookup.count + 1, lookup.answer_length);
    if (lookup.answers != NULL) {
      look_up_all(&lookup);
      answers = give_answers(env, &lookup);
    } else {
      napi_throw_error(env, NULL, "out of memory");
    }
  }
  free(lookup.answers);
  free_names(&lookup);
  return answers;
}
