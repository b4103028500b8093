#define NAPI_VERSION 8
#include "file_lock.h"

#include <errno.h>
#include <sys/file.h>

napi_value try_lock(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, answer;
  int32_t descriptor;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, argument, &descriptor) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "descriptor must be a number");
    return NULL;
  }
  int error = 0;
  do {
    error = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  } while (error == EINTR);
  return napi_create_int32(env, error, &answer) == napi_ok ? answer : NULL;
}
