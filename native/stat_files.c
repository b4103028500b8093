/*
 * Does in one call what Node does for each file in three microseconds, most of them to create
 * objects. A scan of many unchanged files consists of little else.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "stat_files.h"

#include "fingerprint.h"
#include "instance.h"
#include "job_request.h"
#include "lookup.h"
#include "read_lease.h"
#include "small_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of an answer: a fingerprint, and if other entries than files count, st_mode and errno. */
#define MODE_AT FINGERPRINT_LENGTH
#define ERROR_AT (MODE_AT + sizeof(int32_t))
#define FULL_LENGTH (ERROR_AT + sizeof(int32_t))
/* The byte that marks a directory, which has no inode there. */
#define DIRECTORY_AT (FINGERPRINT_LENGTH - 1)
/* In front of a name while a directory is read: what the directory says of it. */
#define KNOWN_DIRECTORY 'd'
#define KNOWN_FILE 'f'
#define ANY_KIND '?'

/* Bytes of the answer whether a file is open for writing: errno. */
#define LEASE_LENGTH sizeof(int32_t)

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

/* Only regular files have a fingerprint; directories are marked. */
static void look_at_file(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer) {
  struct stat stats;
  if (lookup->kinds != NULL && lookup->kinds[i] == KNOWN_DIRECTORY) {
    answer[DIRECTORY_AT] = 1;
  } else if (fstatat(lookup->directory, path, &stats, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISREG(stats.st_mode)) write_fingerprint(&stats, answer);
    answer[DIRECTORY_AT] |= S_ISDIR(stats.st_mode);
  }
}

static void look_at_entry(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer) {
  struct stat stats;
  (void)i;
  if (fstatat(lookup->directory, path, &stats, AT_SYMLINK_NOFOLLOW) == 0) {
    const int32_t mode = (int32_t)stats.st_mode;
    write_fingerprint(&stats, answer);
    memcpy(answer + MODE_AT, &mode, sizeof mode);
  } else {
    const int32_t error = errno;
    memcpy(answer + ERROR_AT, &error, sizeof error);
  }
}

static void ask_lease(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer) {
  const int32_t error = ask_read_lease(lookup->directory, path);
  (void)i;
  memcpy(answer, &error, sizeof error);
}

static void read_small(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer) {
  (void)i;
  read_small_file(&lookup->cpu, lookup->kernel, lookup->directory, path, answer);
}

static void load(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer) {
  (void)i;
  load_file(lookup->directory, path, lookup->target, answer);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Puts the names in the order of their bytes, each once, and notes their kinds. */
static bool sort_names(struct lookup *lookup) {
  const char **sorted = malloc(((size_t)lookup->count + 1) * sizeof *sorted);
  char *names = malloc(lookup->length + 1);
  lookup->kinds = malloc((size_t)lookup->count + 1);
  if (sorted != NULL && names != NULL && lookup->kinds != NULL) {
    size_t length = 0;
    for (uint32_t i = 0; i < lookup->count; i++) sorted[i] = lookup->names + lookup->starts[i];
    qsort(sorted, lookup->count, sizeof *sorted, compare_names);
    uint32_t count = 0;
    for (uint32_t i = 0; i < lookup->count; i++) {
      /* Some file systems (FUSE, NFS) list an entry twice */
      if (i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0) continue;
      const size_t size = strlen(sorted[i]) + 1;
      memcpy(names + length, sorted[i], size);
      lookup->kinds[count] = sorted[i][-1];
      lookup->starts[count++] = length;
      length += size;
    }
    lookup->count = count;
    free(lookup->names);
    lookup->names = names;
    lookup->length = length;
    names = NULL;
  }
  const bool is_sorted = sorted != NULL && names == NULL;
  free(sorted);
  free(names);
  return is_sorted;
}

#define MIN_ROOM 256u

/* Adds the name of an entry and makes room for its place. */
static bool append_name(struct lookup *lookup, size_t *room, const struct dirent *entry) {
  char name[1 + sizeof entry->d_name];
  const size_t length = strlen(entry->d_name);
  name[0] = entry->d_type == DT_DIR   ? KNOWN_DIRECTORY
            : entry->d_type == DT_REG ? KNOWN_FILE
                                      : ANY_KIND;
  memcpy(name + 1, entry->d_name, length + 1);
  if (lookup->count == UINT32_MAX) return false;
  if (lookup->count == *room) {
    const size_t more = 2 * *room + MIN_ROOM;
    size_t *starts = realloc(lookup->starts, more * sizeof *starts);
    if (starts == NULL) return false;
    lookup->starts = starts;
    *room = more;
  }
  if (!add_name(lookup, lookup->count, name)) return false;
  lookup->starts[lookup->count++]++;
  return true;
}

/* Reads the names in a directory except the two dots, at most so many. Returns false if it cannot. */
static bool read_directory(DIR *directory, struct lookup *lookup, uint32_t most) {
  size_t room = 0;
  bool is_whole = true;
  if (directory == NULL) return false;
  errno = 0;
  for (const struct dirent *entry; is_whole && lookup->count < most && (entry = readdir(directory)) != NULL;
       errno = 0) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) is_whole = append_name(lookup, &room, entry);
  }
  return is_whole && errno == 0 && sort_names(lookup);
}

/* Without answers, nothing is known of the directory. */
static void list_directory(const char *path, struct lookup *lookup) {
  DIR *directory = opendir(path);
  if (read_directory(directory, lookup, UINT32_MAX) && make_answers(lookup)) {
    lookup->directory = dirfd(directory);
    look_up_all(lookup);
  }
  if (directory != NULL) closedir(directory);
}

static void list_later(struct later *later) { list_directory(later->path, &later->lookup); }

/* Returns the names and the answers, null if nothing is known; NULL if there is no memory. */
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

/* Copies the listing if there is room, and returns its length; else NULL. */
static napi_value copy_listing(napi_env env, napi_value names, napi_value fingerprints,
                               const struct lookup *lookup) {
  const size_t size = (size_t)lookup->count * FINGERPRINT_LENGTH;
  uint8_t *const names_to = read_fingerprints(env, names, lookup->length);
  uint8_t *const answers_to = read_fingerprints(env, fingerprints, size);
  napi_value count;
  if (lookup->answers == NULL || names_to == NULL || answers_to == NULL ||
      napi_create_uint32(env, lookup->count, &count) != napi_ok) {
    return NULL;
  }
  if (lookup->length > 0) memcpy(names_to, lookup->names, lookup->length);
  memcpy(answers_to, lookup->answers, size);
  return count;
}

napi_value list_files(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  char path[MAX_PATH_LENGTH];
  struct lookup lookup = {.look = look_at_file, .answer_length = FINGERPRINT_LENGTH};
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_string(env, arguments[0], path, sizeof path)) return refuse(env, "directory must be a path");
  list_directory(path, &lookup);
  napi_value listing = copy_listing(env, arguments[1], arguments[2], &lookup);
  if (listing == NULL) listing = give_listing(env, &lookup);
  free_lookup(&lookup);
  return listing;
}

napi_value list_files_async(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value directory;
  if (napi_get_cb_info(env, info, &count, &directory, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, look_at_file, FINGERPRINT_LENGTH);
  if (later == NULL) return NULL;
  later->work = list_later;
  later->give = give_listing;
  const bool is_path = read_string(env, directory, later->path, sizeof later->path);
  if (is_path && later->path[0] != '\0') return begin_later(env, later);
  free_later(env, later);
  return refuse(env, "directory must be a path");
}

/* Adds to each name the slashes of its kind. Returns false if there is no memory. */
static bool mark_kinds(struct lookup *lookup) {
  char *marked = malloc(lookup->length + 2 * (size_t)lookup->count + 1);
  size_t length = 0;
  if (marked == NULL) return false;
  for (uint32_t i = 0; i < lookup->count; i++) {
    const char *name = lookup->names + lookup->starts[i];
    const size_t size = strlen(name);
    memcpy(marked + length, name, size);
    length += size;
    if (lookup->kinds[i] != KNOWN_FILE) marked[length++] = '/';
    if (lookup->kinds[i] == ANY_KIND) marked[length++] = '/';
    marked[length++] = '\0';
  }
  free(lookup->names);
  lookup->names = marked;
  lookup->length = length;
  return true;
}

bool list_below(int entry, struct lookup *lookup) {
  const int file = openat(entry, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = file < 0 ? NULL : fdopendir(file);
  if (directory == NULL && file >= 0) close(file);
  const bool is_read = read_directory(directory, lookup, lookup->most);
  if (directory != NULL) closedir(directory);
  return is_read && lookup->count < lookup->most && mark_kinds(lookup);
}

/* Without names, nothing is known of the directory. */
static void list_names(struct later *later) {
  struct lookup *lookup = &later->lookup;
  DIR *directory = opendir(later->path);
  const bool is_read = read_directory(directory, lookup, lookup->most);
  if (directory != NULL) closedir(directory);
  if (is_read && mark_kinds(lookup)) return;
  free(lookup->names);
  lookup->names = NULL;
}

static napi_value give_names(napi_env env, struct lookup *lookup) {
  napi_value names;
  void *data;
  if (lookup->names == NULL) return napi_get_null(env, &names) == napi_ok ? names : NULL;
  return napi_create_buffer_copy(env, lookup->length, lookup->names, &data, &names) == napi_ok ? names : NULL;
}

napi_value list_names_async(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, NULL, 0);
  if (later == NULL) return NULL;
  later->work = list_names;
  later->give = give_names;
  if (read_string(env, arguments[0], later->path, sizeof later->path) &&
      napi_get_value_uint32(env, arguments[1], &later->lookup.most) == napi_ok) {
    return begin_later(env, later);
  }
  free_later(env, later);
  return refuse(env, "listNamesAsync(directory, most)");
}

/* Looks up the paths that are the only argument. */
static napi_value look_up_async(napi_env env, napi_callback_info info, look_fn *look, size_t answer_length) {
  size_t count = 1;
  napi_value paths;
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, look, answer_length);
  return later == NULL ? NULL : look_up_later(env, later, paths);
}

static void look_in_directory(struct later *later) {
  struct lookup *lookup = &later->lookup;
  lookup->directory = open(later->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lookup->directory < 0) return;
  look_up_all(lookup);
  close(lookup->directory);
}

napi_value lstat_paths_async(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok ||
      napi_typeof(env, arguments[1], &type) != napi_ok) {
    return NULL;
  }
  struct later *later = create_later(env, look_at_entry, FULL_LENGTH);
  if (later == NULL) return NULL;
  if (type != napi_undefined) later->work = look_in_directory;
  if (type == napi_undefined || read_string(env, arguments[1], later->path, sizeof later->path)) {
    return look_up_later(env, later, arguments[0]);
  }
  free_later(env, later);
  return refuse(env, "directory must be a path");
}

napi_value ask_leases_async(napi_env env, napi_callback_info info) {
  return look_up_async(env, info, ask_lease, LEASE_LENGTH);
}

napi_value read_small_files_async(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  enum kernel kernel;
  const struct instance *instance = get_instance(env);
  if (instance == NULL || napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_kernel_name(env, &instance->cpu, arguments[1], &kernel)) return NULL;
  struct later *later = create_later(env, read_small, SMALL_LENGTH);
  if (later == NULL) return NULL;
  later->lookup.cpu = instance->cpu;
  later->lookup.kernel = kernel;
  return look_up_later(env, later, arguments[0]);
}

napi_value load_files_async(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  bool is_typed_array = false;
  napi_typedarray_type type;
  void *bytes;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, load, LOADED_LENGTH);
  if (later == NULL) return NULL;
  struct room *room = later->data = calloc(1, sizeof *room);
  if (room != NULL && napi_is_typedarray(env, arguments[1], &is_typed_array) == napi_ok && is_typed_array &&
      napi_get_typedarray_info(env, arguments[1], &type, &room->length, &bytes, NULL, NULL) == napi_ok &&
      type == napi_uint8_array && room->length <= INT32_MAX &&
      napi_create_reference(env, arguments[1], 1, &later->kept) == napi_ok) {
    room->bytes = bytes;
    later->lookup.target = room;
    return look_up_later(env, later, arguments[0]);
  }
  free_later(env, later);
  return refuse(env, "room must be a Uint8Array");
}
