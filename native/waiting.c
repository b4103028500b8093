#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "waiting.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "address.h"
#include "lookup.h"

#define MOST 1024

#ifdef __linux__
static int accept_one(int listener, union address *peer) {
  int descriptor;
  do {
    socklen_t length = sizeof *peer;
    descriptor = accept4(listener, &peer->any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    // ECONNABORTED: the peer has left; the next one may wait
  } while (descriptor == -1 && (errno == EINTR || errno == ECONNABORTED));
  return descriptor;
}
#else
static int accept_one(int listener, union address *peer) {
  (void)listener, (void)peer;
  return -1;
}
#endif

/* Puts a connection at the end of an array; false if that fails. */
static int append(napi_env env, napi_value list, uint32_t at, int descriptor,
                  const union address *peer) {
  char text[INET6_ADDRSTRLEN];
  napi_value number, address;
  return text_of(peer, text) != NULL && napi_create_int32(env, descriptor, &number) == napi_ok &&
         napi_create_string_latin1(env, text, NAPI_AUTO_LENGTH, &address) == napi_ok &&
         napi_set_element(env, list, at, number) == napi_ok &&
         napi_set_element(env, list, at + 1, address) == napi_ok;
}

/* Reads a descriptor and a number; false with an exception if they are none. */
static bool read_arguments(napi_env env, napi_callback_info info, int32_t *listener,
                           uint32_t *number) {
  size_t count = 2;
  napi_value arguments[2];
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return false;
  if (napi_get_value_int32(env, arguments[0], listener) == napi_ok &&
      napi_get_value_uint32(env, arguments[1], number) == napi_ok)
    return true;
  refuse(env, "both arguments must be numbers");
  return false;
}

napi_value limit_unsent(napi_env env, napi_callback_info info) {
  int32_t listener;
  uint32_t bytes;
  if (!read_arguments(env, info, &listener, &bytes)) return NULL;
#ifdef TCP_NOTSENT_LOWAT
  setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
#endif
  return NULL;
}

napi_value accept_waiting(napi_env env, napi_callback_info info) {
  napi_value list;
  int32_t listener;
  uint32_t most;
  if (!read_arguments(env, info, &listener, &most)) return NULL;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  for (uint32_t i = 0; i < most && i < MOST; i++) {
    union address peer = {.any = {.sa_family = AF_UNSPEC}};
    const int descriptor = accept_one(listener, &peer);
    if (descriptor == -1) break;
    if (!append(env, list, 2 * i, descriptor, &peer)) {
      close(descriptor);
      break;
    }
  }
  return list;
}
