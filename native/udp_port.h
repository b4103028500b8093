#ifndef BTKIT_UDP_PORT_H
#define BTKIT_UDP_PORT_H

#include <node_api.h>

/*
 * UDP sockets of all addresses that answer from the address that was asked (IP_PKTINFO), which Node's own do not:
 * clients drop an answer from another address. Only for Linux; elsewhere udpOpen returns -ENOSYS.
 *
 * udpOpen(host, port) binds `::` or `0.0.0.0`. Returns the descriptor, or the negative number of an error.
 *
 * udpFollow(descriptor, onReadable) calls onReadable() whenever packets wait. Returns a handle for udpClose, or
 * undefined if the descriptor is no such socket.
 *
 * udpName(descriptor) returns its address and port, such as `[::]:6969`.
 *
 * udpTake(descriptor, packets, ways, lengths) reads packets without waiting, and returns their number. Packet i is
 * at UDP_PACKET * i of `packets`; lengths[i] are its bytes. At UDP_WAY * i of `ways` is the way back, of
 * UDP_BACK bytes, then the length of the sender's address as text, and the text.
 *
 * udpSend(descriptor, packet, way) sends a packet back; `way` has the bytes of a way as latin1. Failures are
 * ignored: a client that still exists asks again.
 *
 * udpClose(handle) ends it.
 */
#define UDP_PACKET 2048
#define UDP_BACK 48
#define UDP_WAY 96

napi_value udp_open(napi_env env, napi_callback_info info);
napi_value udp_follow(napi_env env, napi_callback_info info);
napi_value udp_name(napi_env env, napi_callback_info info);
napi_value udp_take(napi_env env, napi_callback_info info);
napi_value udp_send(napi_env env, napi_callback_info info);
napi_value udp_close(napi_env env, napi_callback_info info);

#endif
