#ifndef BTKIT_WAITING_H
#define BTKIT_WAITING_H

#include <node_api.h>

/*
 * acceptWaiting(listener, most) accepts at most so many of the connections that wait at a listening
 * TCP socket, at most 1024, with accept4(2) and without waiting. Returns an array: the descriptor of
 * each, followed by its peer's address as text. It is empty if none waits, or if the system gives none
 * now, for example because no descriptor is left. The caller owns the descriptors.
 */
napi_value accept_waiting(napi_env env, napi_callback_info info);

/*
 * limitUnsent(listener, bytes): each connection of a listening TCP socket that begins later counts as full
 * when so many bytes wait to be sent (TCP_NOTSENT_LOWAT of tcp(7)). Changes nothing where the system has
 * no such limit.
 */
napi_value limit_unsent(napi_env env, napi_callback_info info);

#endif
