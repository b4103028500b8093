#ifndef BTKIT_RC4_H
#define BTKIT_RC4_H

#include <node_api.h>

/*
 * rc4(state, from, to) enciphers or deciphers bytes, all of them Uint8Arrays. `state` has 258 bytes: the box of
 * RC4, and its two indices. `to` is as long as `from`, and may be the same memory.
 */
napi_value rc4(napi_env env, napi_callback_info info);

#endif
