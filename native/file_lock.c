#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

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

static int set_byte_lock(int descriptor, short type, int64_t offset) {
#ifdef F_OFD_SETLK
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  int error = 0;
  do {
    error = fcntl(descriptor, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
  } while (error == EINTR);
  // POSIX allows both numbers for a lock that is held
  return error == EACCES ? EAGAIN : error;
#else
  (void)descriptor, (void)type, (void)offset;
  return ENOTSUP;
#endif
}

static napi_value byte_lock(napi_env env, napi_callback_info info, short type) {
  size_t count = 2;
  napi_value arguments[2], answer;
  int32_t descriptor;
  int64_t offset;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok ||
      napi_get_value_int64(env, arguments[1], &offset) != napi_ok || offset < 0) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "descriptor and offset must be numbers");
    return NULL;
  }
  int error = set_byte_lock(descriptor, type, offset);
  return napi_create_int32(env, error, &answer) == napi_ok ? answer : NULL;
}

napi_value lock_byte(napi_env env, napi_callback_info info) {
  return byte_lock(env, info, F_WRLCK);
}

napi_value unlock_byte(napi_env env, napi_callback_info info) {
  return byte_lock(env, info, F_UNLCK);
}
