/* libuv accepts one connection in each turn of the event loop, even if more are waiting. */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "accept_waiting.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 64

#ifdef __linux__

static int accept_one(int listening) {
  int descriptor;
  do {
    descriptor = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    /* For example a connection whose client has left */
  } while (descriptor == -1 && (errno == EINTR || errno == ECONNABORTED));
  return descriptor;
}

#else

static int accept_one(int listening) {
  (void)listening;
  return -1;
}

#endif

napi_value accept_waiting(napi_env env, napi_callback_info info) {
  size_t count = 2;
  int32_t listening, most;
  uint32_t accepted = 0;
  napi_value arguments[2], list, number;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_value_int32(env, arguments[0], &listening) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &most) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "acceptWaiting takes two numbers");
    return NULL;
  }
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  while (accepted < MOST && (int32_t)accepted < most) {
    const int descriptor = accept_one(listening);
    if (descriptor == -1) break;
    if (napi_create_int32(env, descriptor, &number) != napi_ok ||
        napi_set_element(env, list, accepted, number) != napi_ok) {
      close(descriptor);
      break;
    }
    accepted++;
  }
  return list;
}
