#ifndef BTKIT_ACCEPT_WAITING_H
#define BTKIT_ACCEPT_WAITING_H

#include <node_api.h>

/*
 * acceptWaiting(listening: number, most: number): number[]
 *
 * Accepts connections that wait on a listening socket, which must not block, and returns their
 * descriptors: at most as many as asked for, 64 at a time, and fewer when no more wait or none can be
 * had. Throws a TypeError for what are no numbers.
 */
napi_value accept_waiting(napi_env env, napi_callback_info info);

#endif
