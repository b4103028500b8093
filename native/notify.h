#ifndef BTKIT_NOTIFY_H
#define BTKIT_NOTIFY_H

#include <node_api.h>

/*
 * sendDatagram(address: string, text: string): number
 *
 * Sends a datagram to a Unix socket, which Node has none of: what sd_notify(3) does. An address that
 * begins with @ is an abstract one. Returns 0, or the errno(3) of what failed; waits for a fifth of a
 * second at most. Throws a TypeError for arguments of the wrong kind.
 */
napi_value send_datagram(napi_env env, napi_callback_info info);

#endif
