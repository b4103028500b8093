#ifndef BTKIT_NOTIFY_H
#define BTKIT_NOTIFY_H

#include <node_api.h>

/*
 * sendDatagram(address: string, text: string): number
 *
 * Sends a datagram to a Unix socket, as sd_notify(3) does; Node cannot. An address that begins with
 * @ is abstract. Returns 0, or the errno(3) of a failure. Waits for at most a fifth of a second.
 * Throws a TypeError for arguments of the wrong kind.
 */
napi_value send_datagram(napi_env env, napi_callback_info info);

#endif
