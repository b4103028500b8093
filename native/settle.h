/* What work gives back to JavaScript. */
#ifndef BTKIT_SETTLE_H
#define BTKIT_SETTLE_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

/* An Int32Array with a copy of these words; NULL without memory. */
napi_value words_to_array(napi_env env, const int32_t *words, size_t count);

/* Resolves a promise with an Int32Array of its own of these words; without memory rejects it. */
void settle_words(napi_env env, napi_deferred deferred, const int32_t *words, size_t count);

#endif
