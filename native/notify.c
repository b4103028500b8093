#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_TEXT 4096
#define PATIENCE_MICROSECONDS 200000

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static int send_to(const struct sockaddr_un *to, socklen_t length, const char *text, size_t size) {
  const struct timeval patience = {.tv_usec = PATIENCE_MICROSECONDS};
  ssize_t sent = -1;
  int error = 0;
  int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (descriptor == -1) return errno;
  if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
    error = errno;
  } else {
    do {
      sent = sendto(descriptor, text, size, MSG_NOSIGNAL, (const struct sockaddr *)to, length);
    } while (sent == -1 && errno == EINTR);
    error = sent == -1 ? errno : 0;
  }
  close(descriptor);
  return error;
}

napi_value send_datagram(napi_env env, napi_callback_info info) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  char text[MAX_TEXT + 1];
  size_t count = 2, path_length = 0, size = 0;
  napi_value arguments[2], answer;
  /* One byte more than fits shows that a path is too long */
  char path[sizeof to.sun_path + 2];
  int error = EINVAL;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 2 ||
      napi_get_value_string_utf8(env, arguments[0], path, sizeof path, &path_length) != napi_ok ||
      napi_get_value_string_utf8(env, arguments[1], text, sizeof text, &size) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "sendDatagram takes an address and a text");
    return NULL;
  }
  if (path_length > 0 && path_length <= sizeof to.sun_path) {
    memcpy(to.sun_path, path, path_length);
    if (path[0] == '@') to.sun_path[0] = '\0';
    error = send_to(&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length), text, size);
  }
  return napi_create_int32(env, error, &answer) == napi_ok ? answer : NULL;
}
