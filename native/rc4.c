#define NAPI_VERSION 8
#include "rc4.h"

#include <stdbool.h>
#include <stdint.h>

#include "lookup.h"

enum { BOX = 256, STATE = BOX + 2 };

struct bytes {
  uint8_t *data;
  size_t length;
};

static bool get_bytes(napi_env env, napi_value value, struct bytes *bytes) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &bytes->length, &data, NULL, NULL) != napi_ok)
    return false;
  bytes->data = data;
  return type == napi_uint8_array;
}

/* Words of 32 bits are two thirds faster than bytes: a byte just stored is read again soon. */
static void cipher(uint8_t *state, const uint8_t *from, uint8_t *to, size_t length) {
  uint32_t box[BOX];
  for (int n = 0; n < BOX; n++) box[n] = state[n];
  uint8_t i = state[BOX], j = state[BOX + 1];
  for (size_t at = 0; at < length; at++) {
    const uint32_t a = box[++i];
    j = (uint8_t)(j + a);
    const uint32_t b = box[j];
    box[i] = b;
    box[j] = a;
    to[at] = from[at] ^ (uint8_t)box[(uint8_t)(a + b)];
  }
  for (int n = 0; n < BOX; n++) state[n] = (uint8_t)box[n];
  state[BOX] = i;
  state[BOX + 1] = j;
}

napi_value rc4(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  struct bytes state, from, to;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  if (count != 3 || !get_bytes(env, arguments[0], &state) || !get_bytes(env, arguments[1], &from) ||
      !get_bytes(env, arguments[2], &to) || state.length != STATE || from.length != to.length) {
    return refuse(env, "state must have 258 bytes, and from as many as to");
  }
  cipher(state.data, from.data, to.data, from.length);
  return NULL;
}
