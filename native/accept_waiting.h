#ifndef BTKIT_ACCEPT_WAITING_H
#define BTKIT_ACCEPT_WAITING_H

#include <node_api.h>

/*
 * acceptWaiting(listening: number, most: number): number[]
 *
 * Accepts waiting connections of a listening socket, which must not block, and returns their
 * descriptors: at most `most`, and at most 64. Returns fewer if no more are waiting or the system
 * grants none. Throws a TypeError if an argument is not a number.
 */
napi_value accept_waiting(napi_env env, napi_callback_info info);

#endif
