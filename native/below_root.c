/*
 * Looks at and opens what lies below the root of a mirror. Somebody may write below the root and
 * exchange a directory for a link that leads out at any moment. The kernel resolves each path beneath
 * the open root, and only the state of a descriptor counts. The root is opened by each call,
 * because it may be replaced, too.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "below_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fingerprint.h"
#include "lookup.h"
#include "stat_files.h"

/* A file to open and read, and the result. */
struct opening {
  char root[MAX_PATH_LENGTH];
  char path[MAX_PATH_LENGTH];
  uint64_t resolve;
  bool is_now;
  int32_t flags;
  uint8_t look[LOOK_LENGTH];
  uint8_t *target;
  size_t length;
  uint64_t offset;
  int32_t *result;
};

/* The names in a directory that was looked at. */
struct names {
  size_t length;
  char bytes[];
};

#ifdef __linux__
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* As in Linux's headers, which may be older than the kernel. */
struct how {
  uint64_t flags, mode, resolve;
};
enum { NO_XDEV = 0x01, NO_MAGICLINKS = 0x02, BENEATH = 0x08, CACHED = 0x20 };
#define OPENAT2 437

#ifndef O_PATH
#define O_PATH 010000000
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif

/* How reading waits: always perhaps; not if RWF_NOWAIT says so; never, because there is no disk. */
enum waits { MAY_WAIT, ASKED_NOT_TO_WAIT, NEVER_WAITS };

static int open_below(int directory, const char *path, int flags, uint64_t resolve) {
  const struct how how = {(uint64_t)(flags | O_CLOEXEC), 0, resolve};
  /* The kernel could not exclude a race with a renaming */
  for (int tries = 0;; tries++) {
    const int file = (int)syscall(OPENAT2, directory, path, &how, sizeof how);
    if (file >= 0 || errno != EAGAIN || (resolve & CACHED) != 0 || tries == 100) return file;
  }
}

static uint64_t resolve_by(const char *rule) {
  return strcmp(rule, "anywhere") == 0 ? 0 : BENEATH | NO_MAGICLINKS;
}

/* The file systems of a local disk whose open and fstat wait for nobody, and that know RWF_NOWAIT. */
static enum waits waits_of(int directory) {
  struct statfs stats;
  if (fstatfs(directory, &stats) != 0) return MAY_WAIT;
  switch ((unsigned long)stats.f_type) {
    case 0xEF53:     /* ext2, ext3, ext4 */
    case 0x58465342: /* XFS */
    case 0x9123683E: /* Btrfs */
    case 0xF2F52010: /* F2FS */
      return ASKED_NOT_TO_WAIT;
    case 0x01021994: /* tmpfs */
    case 0x858458f6: /* ramfs */
      return NEVER_WAITS;
    default:
      return MAY_WAIT;
  }
}

/* The directory that contains an entry, relative to the root. */
static void parent_of(const char *path, char parent[MAX_PATH_LENGTH]) {
  const char *slash = strrchr(path, '/');
  const size_t length = slash == NULL ? 0 : (size_t)(slash - path);
  memcpy(parent, path, length);
  parent[length] = '\0';
  if (length == 0) strcpy(parent, ".");
}

static void put(uint8_t *look, size_t at, int32_t value) { memcpy(look + at, &value, sizeof value); }

static enum waits how_read(const uint8_t *look) {
  int32_t waits;
  memcpy(&waits, look + LOOK_WAITS, sizeof waits);
  return (enum waits)waits;
}

/* Whether a name that the kernel gave for a deleted file is that of another. */
static bool is_deleted(const char *path, const struct stat *stats) {
  static const char mark[] = " (deleted)";
  const size_t length = strlen(path);
  struct stat named;
  if (stats->st_nlink == 0) return true;
  if (length < sizeof mark || strcmp(path + length - sizeof mark + 1, mark) != 0) return false;
  return lstat(path, &named) != 0 || named.st_ino != stats->st_ino || named.st_dev != stats->st_dev;
}

#define LINK_LENGTH 40

/* Finds the real path of a descriptor, and the link to it. Returns 0, or an errno. */
static int find_path(int file, char link[LINK_LENGTH], char *real) {
  snprintf(link, LINK_LENGTH, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, real, PATH_MAX - 1);
  if (length < 0) return errno;
  real[length] = '\0';
  return 0;
}

/* Whether the answers for an entry come without waiting for a disk, which may have its access list. */
static bool is_answered_now(const char *path, const struct stat *stats) {
  return (stats->st_mode & S_IROTH) != 0 && strstr(path, " (deleted)") == NULL;
}

/* Describes an entry that was opened by O_PATH. Returns 0, or an errno. */
static int describe(int entry, bool is_now, uint8_t *look, char *real) {
  char link[LINK_LENGTH];
  struct stat stats;
  const int error = find_path(entry, link, real);
  if (error != 0) return error;
  if (fstat(entry, &stats) != 0) return errno;
  if (is_now && !is_answered_now(real, &stats)) return EAGAIN;
  if (is_deleted(real, &stats)) return ENOENT;
  write_fingerprint(&stats, look + LOOK_FINGERPRINT);
  put(look, LOOK_MODE, (int32_t)stats.st_mode);
  put(look, LOOK_IS_READABLE, (stats.st_mode & S_IROTH) != 0 || access(link, R_OK) == 0);
  return 0;
}

/* Looks for a name in a directory. Returns 0 if it is there, or an errno. */
static int find_name(int directory, const char *name, uint64_t resolve, enum waits waits) {
  struct stat stats;
  /* Without a disk, the kernel does not remember which names are missing */
  if ((resolve & CACHED) == 0 || waits == NEVER_WAITS) {
    return fstatat(directory, name, &stats, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
  }
  const int entry = open_below(directory, name, O_PATH | O_NOFOLLOW, resolve);
  if (entry < 0) return errno;
  close(entry);
  return 0;
}

/* Looks at the directory that contains the entry, and for names in it. */
static int look_around(int root, const struct lookup *names, uint64_t resolve, uint8_t *look) {
  char directory[MAX_PATH_LENGTH];
  struct stat stats;
  parent_of(names->names + names->starts[1], directory);
  const int parent = open_below(root, directory, O_PATH | O_DIRECTORY, resolve);
  if (parent < 0) return errno;
  uint32_t taken = 0;
  int error = fstat(parent, &stats) == 0 ? 0 : errno;
  if (error == 0) write_fingerprint(&stats, look + LOOK_PARENT);
  for (uint32_t i = 3; error == 0 && i < names->count; i++) {
    const int absence = find_name(parent, names->names + names->starts[i], resolve, how_read(look));
    if (absence == 0) taken |= 1u << (i - 3);
    if (absence == EAGAIN) error = EAGAIN;
  }
  put(look, LOOK_TAKEN, (int32_t)taken);
  close(parent);
  return error;
}

/* Keeps the names in a directory; nothing if it cannot be read, or has too many. */
static void list_entry(int entry, struct later *later) {
  struct lookup listing = {.most = later->lookup.most};
  struct names *names = NULL;
  if (list_below(entry, &listing)) names = malloc(sizeof *names + listing.length);
  if (names != NULL) {
    names->length = listing.length;
    memcpy(names->bytes, listing.names, listing.length);
  }
  later->data = names;
  free_lookup(&listing);
}

/* Describes the file system of an open root. */
static int look_at_root(int root, uint8_t *look) {
  struct stat stats;
  if (fstat(root, &stats) != 0) return errno;
  write_word(look + LOOK_ROOT_DEVICE, (uint64_t)stats.st_dev);
  put(look, LOOK_WAITS, waits_of(root));
  return 0;
}

/* Looks at a path below an open root that is described; without CACHED in `how`, waits for disks. */
static int look_from(int root, struct later *later, uint64_t how) {
  const struct lookup *names = &later->lookup;
  uint8_t *look = names->answers;
  char *real = later->path;
  const char *path = names->names + names->starts[1];
  const uint64_t resolve = how | resolve_by(names->names + names->starts[2]);
  struct stat stats;
  int entry = open_below(root, path, O_PATH | O_NOFOLLOW, resolve);
  if (entry < 0) return errno;
  if (fstat(entry, &stats) == 0 && S_ISLNK(stats.st_mode)) {
    put(look, LOOK_IS_LINK, 1);
    close(entry);
    entry = open_below(root, path, O_PATH, resolve);
    if (entry < 0) return errno;
  }
  int error = describe(entry, how != 0, look, real);
  if (error == 0 && names->most > 0) list_entry(entry, later);
  close(entry);
  if (error == 0) error = look_around(root, names, resolve, look);
  char link[LINK_LENGTH];
  return error == 0 ? find_path(root, link, real + strlen(real) + 1) : error;
}

static void end_look(int root, struct later *later, int error) {
  if (root >= 0) close(root);
  put(later->lookup.answers, LOOK_ERROR, error);
  if (error != 0) later->path[0] = later->path[1] = '\0';
}

static void look_at(struct later *later) {
  const int root = open(later->lookup.names, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int error = root < 0 ? errno : look_at_root(root, later->lookup.answers);
  if (error == 0) error = look_from(root, later, 0);
  end_look(root, later, error);
}

/* Reads what is in memory, if it may not wait. Returns the number of bytes, or a negative errno. */
static ssize_t read_at(int file, uint8_t *target, size_t length, uint64_t offset, int flags) {
  const struct iovec part = {target, length};
  ssize_t bytes;
  do {
    bytes = flags == 0 ? pread(file, target, length, (off_t)offset)
                       : preadv2(file, &part, 1, (off_t)offset, flags);
  } while (bytes < 0 && errno == EINTR);
  return bytes < 0 ? -errno : bytes;
}

static int flags_of(enum waits waits) { return waits == NEVER_WAITS ? 0 : RWF_NOWAIT; }

/* Reads the device of an open directory without asking a file server or a FUSE program. */
static bool is_on_device(int directory, const uint8_t *device) {
  /* struct statx, with the words that count */
  struct {
    uint32_t mask, skipped[33];
    uint32_t device_major, device_minor, more[28];
  } stats;
  _Static_assert(sizeof stats == 256, "as in Linux");
  const int without_asking = 0x4000;
  uint8_t found[8];
  if (syscall(SYS_statx, directory, "", AT_EMPTY_PATH | without_asking, 0, &stats) != 0) return false;
  write_word(found, (uint64_t)makedev(stats.device_major, stats.device_minor));
  return memcmp(found, device, sizeof found) == 0;
}

/* Does the same without waiting for a disk. The answers already say how the root's device is read. */
static void look_at_now(struct later *later) {
  const uint8_t *look = later->lookup.answers;
  const int root = open_below(AT_FDCWD, later->lookup.names, O_PATH | O_DIRECTORY, CACHED);
  int error = root < 0 ? errno : how_read(look) == MAY_WAIT ? EAGAIN : 0;
  if (error == 0 && !is_on_device(root, look + LOOK_ROOT_DEVICE)) error = EAGAIN;
  if (error == 0) error = look_from(root, later, CACHED | NO_XDEV);
  end_look(root, later, error);
}

/* Whether the directory that contains an entry is in the state of the look. */
static int check_parent(int root, const struct opening *o, uint64_t resolve) {
  char directory[MAX_PATH_LENGTH];
  uint8_t found[FINGERPRINT_LENGTH];
  struct stat stats;
  parent_of(o->path, directory);
  const int parent = open_below(root, directory, O_PATH | O_DIRECTORY, resolve);
  if (parent < 0) return errno;
  const int error = fstat(parent, &stats) == 0 ? 0 : errno;
  close(parent);
  if (error != 0) return error;
  write_fingerprint(&stats, found);
  return memcmp(found, o->look + LOOK_PARENT, sizeof found) == 0 ? 0 : EAGAIN;
}

/* Reads the beginning of an open file in the state of the look. */
static int read_known(int file, struct opening *o, enum waits waits) {
  uint8_t found[FINGERPRINT_LENGTH];
  struct stat stats;
  if (fstat(file, &stats) != 0) return errno;
  write_fingerprint(&stats, found);
  if (!S_ISREG(stats.st_mode) || memcmp(found, o->look, sizeof found) != 0) return EAGAIN;
  if (o->length == 0) return 0;
  const ssize_t bytes = read_at(file, o->target, o->length, o->offset, o->is_now ? flags_of(waits) : 0);
  /* The rest is read by another call */
  if (bytes < 0 && bytes != -EAGAIN && bytes != -EOPNOTSUPP) return (int)-bytes;
  o->result[1] = bytes < 0 ? 0 : (int32_t)bytes;
  return 0;
}

static int open_known(int root, struct opening *o) {
  const enum waits waits = how_read(o->look);
  uint64_t resolve = o->resolve;
  if (o->is_now) {
    if (waits == MAY_WAIT || !is_on_device(root, o->look + LOOK_ROOT_DEVICE)) return EAGAIN;
    resolve |= CACHED | NO_XDEV;
  }
  int error = (o->flags & IS_FRESH) != 0 ? 0 : check_parent(root, o, resolve);
  const size_t length = strlen(o->path);
  if (error != 0 || o->path[length == 0 ? 0 : length - 1] == '/') return error;
  const int file = open_below(root, o->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, resolve);
  if (file < 0) return errno;
  error = read_known(file, o, waits);
  if (error == 0 && ((o->flags & KEEPS_OPEN) != 0 || (size_t)o->result[1] < o->length)) o->result[0] = file;
  else close(file);
  return error;
}

static void open_and_read(struct opening *o) {
  o->result[0] = -1;
  o->result[1] = 0;
  const uint64_t resolve = o->is_now ? CACHED : 0;
  const int root = open_below(AT_FDCWD, o->root, O_PATH | O_DIRECTORY, resolve);
  o->result[2] = root < 0 ? errno : open_known(root, o);
  if (root >= 0) close(root);
}

napi_value read_now(napi_env env, napi_callback_info info) {
  napi_value arguments[4], result;
  size_t count = 4, length = 0;
  int32_t file, waits;
  int64_t offset;
  void *target = NULL;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, arguments[0], &file) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &waits) != napi_ok ||
      napi_get_buffer_info(env, arguments[2], &target, &length) != napi_ok ||
      napi_get_value_int64(env, arguments[3], &offset) != napi_ok || offset < 0) {
    return refuse(env, "readNow(descriptor, waits, target, offset)");
  }
  const ssize_t bytes = waits == MAY_WAIT
                            ? -EAGAIN
                            : read_at(file, target, length, (uint64_t)offset, flags_of((enum waits)waits));
  const double answer = bytes == -EOPNOTSUPP ? -EAGAIN : (double)bytes;
  return napi_create_double(env, answer, &result) == napi_ok ? result : NULL;
}

#else
/* Other systems have no such call; src/mirror/tree/below-root.ts has another way. */

static uint64_t resolve_by(const char *rule) {
  (void)rule;
  return 0;
}

static void look_at(struct later *later) {
  const int32_t error = ENOSYS;
  memcpy(later->lookup.answers + LOOK_ERROR, &error, sizeof error);
  later->path[0] = later->path[1] = '\0';
}

static void look_at_now(struct later *later) { look_at(later); }

static void open_and_read(struct opening *o) {
  o->result[0] = -1;
  o->result[1] = 0;
  o->result[2] = ENOSYS;
}

napi_value read_now(napi_env env, napi_callback_info info) {
  napi_value result;
  (void)info;
  return napi_create_double(env, -EAGAIN, &result) == napi_ok ? result : NULL;
}
#endif

/* Returns the look, followed by the real path, that of the root, and the names in the directory. */
static napi_value give_look(napi_env env, struct lookup *lookup) {
  /* The path is in the same block; see struct later */
  const struct later *later = (const struct later *)(const void *)lookup;
  const struct names *names = later->data;
  const size_t own = strlen(later->path) + 1;
  const size_t length = own + strlen(later->path + own) + 1;
  const int32_t listing = names == NULL ? 0 : (int32_t)(LOOK_LENGTH + length);
  napi_value buffer;
  void *bytes;
  if (napi_create_buffer(env, LOOK_LENGTH + length + (names == NULL ? 0 : names->length), &bytes, &buffer) !=
      napi_ok) {
    return NULL;
  }
  memcpy(bytes, lookup->answers, LOOK_LENGTH);
  memcpy((uint8_t *)bytes + LOOK_LISTING, &listing, sizeof listing);
  memcpy((uint8_t *)bytes + LOOK_LENGTH, later->path, length);
  if (names != NULL) memcpy((uint8_t *)bytes + listing, names->bytes, names->length);
  return buffer;
}

#define MOST_NAMES 32u

/* Creates a look at the path that is the first argument; throws and returns NULL for anything else. */
static struct later *create_look(napi_env env, const napi_value *arguments) {
  struct later *later = create_later(env, NULL, LOOK_LENGTH);
  if (later == NULL) return NULL;
  later->work = look_at;
  later->give = give_look;
  struct lookup *lookup = &later->lookup;
  if (read_names(env, arguments[0], lookup)) {
    const bool is_right = lookup->count >= 3 && lookup->count <= 3 + MOST_NAMES;
    if (is_right && make_answers(lookup)) return later;
    if (is_right) napi_throw_error(env, NULL, "out of memory");
    else refuse(env, "look…([root, path, rule, ...names], …)");
  }
  free_later(env, later);
  return NULL;
}

napi_value look_below(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_look(env, arguments);
  if (later == NULL) return NULL;
  if (napi_get_value_uint32(env, arguments[1], &later->lookup.most) == napi_ok) {
    return begin_later(env, later);
  }
  free_later(env, later);
  return refuse(env, "lookBelow([root, path, rule, ...names], most)");
}

static bool read_bytes_of(napi_env env, napi_value value, napi_typedarray_type wanted, void **data,
                          size_t *length) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok &&
         type == wanted;
}

napi_value look_now(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result = NULL;
  size_t count = 2, length;
  void *known;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_bytes_of(env, arguments[1], napi_uint8_array, &known, &length) || length < LOOK_LENGTH) {
    return refuse(env, "lookNow([root, path, rule, ...names], look)");
  }
  struct later *later = create_look(env, arguments);
  if (later == NULL) return NULL;
  memcpy(later->lookup.answers + LOOK_ROOT_DEVICE, (uint8_t *)known + LOOK_ROOT_DEVICE, sizeof(uint64_t));
  memcpy(later->lookup.answers + LOOK_WAITS, (uint8_t *)known + LOOK_WAITS, sizeof(int32_t));
  look_at_now(later);
  result = give_look(env, &later->lookup);
  free_later(env, later);
  return result;
}

#define ARGUMENTS 8

/* Reads the arguments; throws and returns false if they are of other kinds. */
static bool read_opening(napi_env env, const napi_value *arguments, struct opening *o) {
  char rule[16];
  void *look, *target = NULL, *result;
  size_t look_length, result_length;
  int64_t offset;
  if (!read_string(env, arguments[0], o->root, sizeof o->root) ||
      !read_string(env, arguments[1], o->path, sizeof o->path) ||
      !read_string(env, arguments[2], rule, sizeof rule) ||
      !read_bytes_of(env, arguments[3], napi_uint8_array, &look, &look_length) ||
      look_length < LOOK_LENGTH ||
      !read_bytes_of(env, arguments[4], napi_uint8_array, &target, &o->length) ||
      o->length > INT32_MAX ||
      napi_get_value_int64(env, arguments[5], &offset) != napi_ok || offset < 0 ||
      napi_get_value_int32(env, arguments[6], &o->flags) != napi_ok ||
      !read_bytes_of(env, arguments[7], napi_int32_array, &result, &result_length) ||
      result_length < 3) {
    refuse(env, "open…(root, path, rule, look, target, offset, flags, result)");
    return false;
  }
  memcpy(o->look, look, LOOK_LENGTH);
  o->resolve = resolve_by(rule);
  o->target = target;
  o->offset = (uint64_t)offset;
  o->result = result;
  return true;
}

napi_value open_now(napi_env env, napi_callback_info info) {
  napi_value arguments[ARGUMENTS];
  size_t count = ARGUMENTS;
  struct opening o;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (!read_opening(env, arguments, &o)) return NULL;
  o.is_now = true;
  open_and_read(&o);
  return NULL;
}

static void open_off_loop(struct later *later) { open_and_read(later->data); }

static napi_value give_nothing(napi_env env, struct lookup *lookup) {
  napi_value nothing;
  (void)lookup;
  return napi_get_undefined(env, &nothing) == napi_ok ? nothing : NULL;
}

napi_value open_later(napi_env env, napi_callback_info info) {
  napi_value arguments[ARGUMENTS], kept;
  size_t count = ARGUMENTS;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, NULL, 0);
  struct opening *o = later == NULL ? NULL : malloc(sizeof *o);
  if (o == NULL) {
    if (later != NULL) free_later(env, later);
    return NULL;
  }
  later->data = o;
  later->work = open_off_loop;
  later->give = give_nothing;
  /* Both must stay in memory meanwhile */
  if (read_opening(env, arguments, o) && napi_create_array_with_length(env, 2, &kept) == napi_ok &&
      napi_set_element(env, kept, 0, arguments[4]) == napi_ok &&
      napi_set_element(env, kept, 1, arguments[7]) == napi_ok &&
      napi_create_reference(env, kept, 1, &later->kept) == napi_ok) {
    o->is_now = false;
    return begin_later(env, later);
  }
  free_later(env, later);
  return NULL;
}
