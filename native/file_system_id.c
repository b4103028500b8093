#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "file_system_id.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/vfs.h>

#define BTRFS 0x9123683eu
#define ZFS 0x2fc12fc1u
#define MAX_PATH_LENGTH 4096

struct identity {
  uint64_t device;
  uint64_t id;
};

/*
 * Uses one descriptor for both, because another file system may be mounted over the path meanwhile.
 */
static bool identify_open(int descriptor, struct identity *identity) {
  struct stat stats;
  struct statfs file_system;
  if (fstat(descriptor, &stats) != 0 || fstatfs(descriptor, &file_system) != 0) return false;
  const uint32_t type = (uint32_t)file_system.f_type;
  identity->device = (uint64_t)stats.st_dev;
  memcpy(&identity->id, &file_system.f_fsid, sizeof identity->id);
  return (type == BTRFS || type == ZFS) && identity->id != 0;
}

static bool identify(const char *path, struct identity *identity) {
  const int descriptor = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool is_known = identify_open(descriptor, identity);
  close(descriptor);
  return is_known;
}

static napi_value to_pair(napi_env env, struct identity identity) {
  napi_value pair, device, id;
  if (napi_create_array_with_length(env, 2, &pair) != napi_ok ||
      napi_create_bigint_uint64(env, identity.device, &device) != napi_ok ||
      napi_create_bigint_uint64(env, identity.id, &id) != napi_ok ||
      napi_set_element(env, pair, 0, device) != napi_ok ||
      napi_set_element(env, pair, 1, id) != napi_ok) {
    return NULL;
  }
  return pair;
}

napi_value file_system_id(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value argument, nothing;
  char path[MAX_PATH_LENGTH];
  struct identity identity;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_string_utf8(env, argument, path, sizeof path, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "directory must be a string");
    return NULL;
  }
  if (length < sizeof path - 1 && strlen(path) == length && identify(path, &identity)) {
    return to_pair(env, identity);
  }
  return napi_get_null(env, &nothing) == napi_ok ? nothing : NULL;
}

#else

napi_value file_system_id(napi_env env, napi_callback_info info) {
  napi_value nothing;
  (void)info;
  return napi_get_null(env, &nothing) == napi_ok ? nothing : NULL;
}

#endif
