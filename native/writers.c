/* The border between JavaScript and what tells of writers. */
#define NAPI_VERSION 8
#include "writers.h"

#include "each_path.h"
#include "read_lease.h"
#include "write_watch.h"

static int32_t lease_path(int context, const char *path) {
  (void)context;
  return try_read_lease(path);
}

napi_value try_read_leases(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value paths;
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  return each_path(env, paths, lease_path, 0);
}

napi_value open_watch(napi_env env, napi_callback_info info) {
  napi_value watch;
  (void)info;
  return napi_create_int32(env, open_write_watch(), &watch) == napi_ok ? watch : NULL;
}

static int32_t watch_path(int watch, const char *path) { return watch_writes(watch, path); }

napi_value watch_paths(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  int32_t watch;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, arguments[0], &watch) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "watch must be a number");
    return NULL;
  }
  return each_path(env, arguments[1], watch_path, watch);
}
