/* The border between JavaScript and the detection of writers. */
#define NAPI_VERSION 8
#include "writers.h"

#include "each_path.h"
#include "read_lease.h"
#include "write_watch.h"

static void lease_path(const char *path, void *mute, int32_t *answer) {
  *answer = try_read_lease(path, mute);
}

static const struct mute_device no_device = {false, 0};
static const struct path_work lease_work = {lease_path, &no_device, sizeof no_device, 1, NULL};

napi_value try_read_leases(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value paths;
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  return each_path(env, paths, &lease_work);
}

napi_value try_read_leases_async(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value paths;
  if (napi_get_cb_info(env, info, &count, &paths, NULL, NULL) != napi_ok) return NULL;
  return each_path_async(env, paths, &lease_work);
}

napi_value open_watch(napi_env env, napi_callback_info info) {
  napi_value watch;
  (void)info;
  return napi_create_int32(env, open_write_watch(), &watch) == napi_ok ? watch : NULL;
}

static void watch_path(const char *path, void *watch, int32_t *answer) {
  *answer = watch_writes(*(int *)watch, path);
}

napi_value watch_paths(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  int watch;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, arguments[0], &watch) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "watch must be a number");
    return NULL;
  }
  const struct path_work work = {watch_path, &watch, sizeof watch, 1, NULL};
  return each_path_async(env, arguments[1], &work);
}
