#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "acl.h"

#include <limits.h>
#include <stdbool.h>

#ifdef __linux__
#include <sys/xattr.h>

/* In the form of the kernel, as cp(1) copies it. */
#define ACL "system.posix_acl_access"
#define LARGEST 65536

static bool copy(const char *from, const char *to) {
  char list[LARGEST];
  const ssize_t size = getxattr(from, ACL, list, sizeof list);
  return size > 0 && (to[0] == '\0' || lsetxattr(to, ACL, list, (size_t)size, 0) == 0);
}
#else
static bool copy(const char *from, const char *to) {
  (void)from, (void)to;
  return false;
}
#endif

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
