/* Creates many small files in one call: for each, a thread or a call from JavaScript costs more. */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "drafts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "lookup.h"

#define PERMISSION_BITS 07777u
#define DEFAULT_MODE 0666

/* The bytes and attributes that a file gets. */
struct draft {
  const uint8_t *bytes;
  size_t length;
  int32_t mode;
};

static int write_all(int file, const uint8_t *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t written = write(file, bytes + done, length - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    done += (size_t)written;
  }
  return 0;
}

/* The umask has left the right bits for most files, and some file systems have none. */
static int set_mode(int file, int32_t mode) {
  struct stat stats;
  if (mode < 0) return 0;
  if (fstat(file, &stats) != 0) return errno;
  if ((stats.st_mode & PERMISSION_BITS) == (uint32_t)mode) return 0;
  const bool is_able = fchmod(file, (mode_t)mode) == 0;
  return is_able || errno == EPERM || errno == ENOSYS || errno == ENOTSUP ? 0 : errno;
}

static int create(int directory, const char *path, const struct draft *draft) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const mode_t mode = draft->mode < 0 ? DEFAULT_MODE : (mode_t)draft->mode;
  const int file = openat(directory, path, flags, mode);
  if (file < 0) return errno;
  int error = write_all(file, draft->bytes, draft->length);
  if (error == 0) error = set_mode(file, draft->mode);
  /* Some file systems report errors only now */
  if (close(file) != 0 && errno != EINTR && error == 0) error = errno;
  return error;
}

static void write_draft(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer) {
  const int32_t error = create(lookup->directory, path, &lookup->drafts[i]);
  memcpy(answer, &error, sizeof error);
}

static bool read_bytes(napi_env env, napi_value contents, uint32_t i, struct draft *draft) {
  napi_handle_scope scope;
  napi_value element;
  bool is_typed_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  const bool is_read =
      napi_get_element(env, contents, i, &element) == napi_ok &&
      napi_is_typedarray(env, element, &is_typed_array) == napi_ok && is_typed_array &&
      napi_get_typedarray_info(env, element, &type, &draft->length, &data, NULL, NULL) == napi_ok &&
      type == napi_uint8_array;
  napi_close_handle_scope(env, scope);
  draft->bytes = data;
  return is_read;
}

/* Returns what each of `count` files gets; NULL if the arguments have something else. */
static struct draft *read_drafts(napi_env env, napi_value contents, napi_value modes, uint32_t count) {
  bool is_array = false, is_typed_array = false;
  uint32_t contents_count = 0;
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  if (napi_is_array(env, contents, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, contents, &contents_count) != napi_ok || contents_count != count ||
      napi_is_typedarray(env, modes, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, modes, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_int32_array || length != count) {
    return NULL;
  }
  struct draft *drafts = calloc((size_t)count + 1, sizeof *drafts);
  bool is_read = drafts != NULL;
  for (uint32_t i = 0; is_read && i < count; i++) {
    is_read = read_bytes(env, contents, i, &drafts[i]);
    memcpy(&drafts[i].mode, (const int32_t *)data + i, sizeof drafts[i].mode);
  }
  if (is_read) return drafts;
  free(drafts);
  return NULL;
}

napi_value write_drafts_async(napi_env env, napi_callback_info info) {
  size_t argument_count = 3;
  napi_value arguments[3];
  bool is_array = false;
  uint32_t count = 0;
  if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct later *later = create_later(env, write_draft, sizeof(int32_t));
  if (later == NULL) return NULL;
  if (napi_is_array(env, arguments[0], &is_array) == napi_ok && is_array &&
      napi_get_array_length(env, arguments[0], &count) == napi_ok) {
    later->lookup.drafts = read_drafts(env, arguments[1], arguments[2], count);
  }
  if (later->lookup.drafts != NULL &&
      napi_create_reference(env, arguments[1], 1, &later->kept) == napi_ok) {
    return look_up_later(env, later, arguments[0]);
  }
  free_later(env, later);
  return refuse(env, "each path needs a Uint8Array and a mode");
}

/* In the form of the kernel, as cp(1) copies it. */
#define ACL "system.posix_acl_access"
#define LARGEST 65536

static bool copy(const char *from, const char *to) {
#ifdef __linux__
  char list[LARGEST];
  const ssize_t size = getxattr(from, ACL, list, sizeof list);
  return size > 0 && (to[0] == '\0' || lsetxattr(to, ACL, list, (size_t)size, 0) == 0);
#else
  (void)from, (void)to;
  return false;
#endif
}

napi_value copy_acl(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], answer;
  char from[PATH_MAX], to[PATH_MAX];
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_string_utf8(env, arguments[0], from, sizeof from, NULL) != napi_ok ||
      napi_get_value_string_utf8(env, arguments[1], to, sizeof to, NULL) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "both paths must be strings");
    return NULL;
  }
  return napi_get_boolean(env, copy(from, to), &answer) == napi_ok ? answer : NULL;
}
