#define NAPI_VERSION 8
#include "settle.h"

#include <string.h>

napi_value words_to_array(napi_env env, const int32_t *words, size_t count) {
  napi_value buffer, array;
  void *data;
  const size_t size = count * sizeof *words;
  if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return NULL;
  if (size > 0) memcpy(data, words, size);
  if (napi_create_typedarray(env, napi_int32_array, count, buffer, 0, &array) != napi_ok) {
    return NULL;
  }
  return array;
}

static void fail(napi_env env, napi_deferred deferred) {
  napi_value message, error;
  if (napi_create_string_utf8(env, "out of memory", NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_error(env, NULL, message, &error) == napi_ok) {
    napi_reject_deferred(env, deferred, error);
  }
}

void settle_words(napi_env env, napi_deferred deferred, const int32_t *words, size_t count) {
  const napi_value array = words_to_array(env, words, count);
  if (array == NULL) {
    fail(env, deferred);
  } else {
    napi_resolve_deferred(env, deferred, array);
  }
}
