/* Returns results to JavaScript. */
#ifndef BTKIT_SETTLE_H
#define BTKIT_SETTLE_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

/* Returns an Int32Array with a copy of these words; NULL if there is no memory. */
napi_value words_to_array(napi_env env, const int32_t *words, size_t count);

/*
 * Resolves a promise with an Int32Array that copies these words; rejects it if there is no memory.
 */
void settle_words(napi_env env, napi_deferred deferred, const int32_t *words, size_t count);

#endif
