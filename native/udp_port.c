#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "udp_port.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "lookup.h"

/* Each node has libuv, but the package of the headers has not those of libuv. */
extern size_t uv_handle_size(int type);
extern int uv_poll_init(struct uv_loop_s *loop, void *handle, int descriptor);
extern int uv_poll_start(void *handle, int events, void (*call)(void *handle, int status, int events));
extern void uv_close(void *handle, void (*call)(void *handle));
extern void *uv_handle_get_data(const void *handle);
extern void uv_handle_set_data(void *handle, void *data);
enum { UV_POLL = 8, UV_READABLE = 1 };

enum { MOST = 32, ADDRESS = 28, RECEIVE_BUFFER = 1 << 21 };

struct port {
  napi_env env;
  napi_ref call;
  int descriptor;
};

static napi_value number_of(napi_env env, int32_t number) {
  napi_value value;
  return napi_create_int32(env, number, &value) == napi_ok ? value : NULL;
}

#ifdef __linux__
/* Asks for the address to which each packet was sent. */
static bool ask_for_addresses(int descriptor, int family) {
  const int on = 1, size = RECEIVE_BUFFER;
  /* The default size works, too */
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return family == AF_INET6
             ? setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0
             : setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
}

static int open_port(const char *host, uint16_t port) {
  const int off = 0;
  union address own = {.any = {.sa_family = strchr(host, ':') == NULL ? AF_INET : AF_INET6}};
  const int family = own.any.sa_family;
  const int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor == -1) return -errno;
  own.ipv4.sin_port = htons(port);
  const socklen_t length = family == AF_INET6 ? sizeof own.ipv6 : sizeof own.ipv4;
  if ((family == AF_INET6 &&
       setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
      bind(descriptor, &own.any, length) != 0) {
    const int error = errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

/* Keeps the address that was asked. The interface is left to the routes: answers may take another one. */
static void keep_asked(struct msghdr *message, uint8_t *way) {
  memset(way + ADDRESS, 0, UDP_BACK - ADDRESS);
  for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each != NULL; each = CMSG_NXTHDR(message, each)) {
    if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo asked;
      memcpy(&asked, CMSG_DATA(each), sizeof asked);
      asked.ipi6_ifindex = 0;
      memcpy(way + ADDRESS, &asked, sizeof asked);
    } else if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo asked;
      memcpy(&asked, CMSG_DATA(each), sizeof asked);
      asked.ipi_ifindex = 0;
      memcpy(way + ADDRESS, &asked, sizeof asked);
    }
  }
}

/* Writes the sender's address as text; false if an answer cannot be sent to it. */
static bool keep_sender(uint8_t *way) {
  union address peer;
  char text[INET6_ADDRSTRLEN] = "";
  memcpy(&peer, way, ADDRESS);
  const bool is_v6 = peer.any.sa_family == AF_INET6;
  text_of(&peer, text);
  const size_t length = strlen(text);
  way[UDP_BACK] = (uint8_t)length;
  memcpy(way + UDP_BACK + 1, text, length);
  return (is_v6 ? peer.ipv6.sin6_port : peer.ipv4.sin_port) != 0;
}

static int take(int descriptor, uint8_t *packets, uint8_t *ways, int32_t *lengths, size_t most) {
  struct mmsghdr messages[MOST];
  struct iovec parts[MOST];
  char asked[MOST][CMSG_SPACE(sizeof(struct in6_pktinfo))];
  memset(messages, 0, sizeof messages);
  for (size_t i = 0; i < most; i++) {
    parts[i] = (struct iovec){.iov_base = packets + UDP_PACKET * i, .iov_len = UDP_PACKET};
    messages[i].msg_hdr = (struct msghdr){.msg_name = ways + UDP_WAY * i,
                                          .msg_namelen = ADDRESS,
                                          .msg_iov = &parts[i],
                                          .msg_iovlen = 1,
                                          .msg_control = asked[i],
                                          .msg_controllen = sizeof asked[i]};
  }
  const int count = recvmmsg(descriptor, messages, (unsigned)most, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) {
    uint8_t *way = ways + UDP_WAY * i;
    keep_asked(&messages[i].msg_hdr, way);
    lengths[i] = keep_sender(way) ? (int32_t)messages[i].msg_len : 0;
  }
  return count < 0 ? 0 : count;
}

static void send_back(int descriptor, void *packet, size_t length, const uint8_t *way) {
  union address peer;
  struct in6_pktinfo asked;
  char control[CMSG_SPACE(sizeof asked)] = {0};
  memcpy(&peer, way, ADDRESS);
  const bool is_v6 = peer.any.sa_family == AF_INET6;
  const size_t size = is_v6 ? sizeof(struct in6_pktinfo) : sizeof(struct in_pktinfo);
  struct iovec part = {.iov_base = packet, .iov_len = length};
  struct msghdr message = {.msg_name = &peer,
                           .msg_namelen = is_v6 ? sizeof peer.ipv6 : sizeof peer.ipv4,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = CMSG_SPACE(size)};
  struct cmsghdr *own = CMSG_FIRSTHDR(&message);
  own->cmsg_level = is_v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  own->cmsg_type = is_v6 ? IPV6_PKTINFO : IP_PKTINFO;
  own->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(own), way + ADDRESS, size);
  ssize_t sent;
  do {
    sent = sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent == -1 && errno == EINTR);
}
#else
static bool ask_for_addresses(int descriptor, int family) {
  (void)descriptor, (void)family;
  return false;
}

static int open_port(const char *host, uint16_t port) {
  (void)host, (void)port;
  return -ENOSYS;
}

static int take(int descriptor, uint8_t *packets, uint8_t *ways, int32_t *lengths, size_t most) {
  (void)descriptor, (void)packets, (void)ways, (void)lengths, (void)most;
  return 0;
}

static void send_back(int descriptor, void *packet, size_t length, const uint8_t *way) {
  (void)descriptor, (void)packet, (void)length, (void)way;
}
#endif

napi_value udp_open(napi_env env, napi_callback_info info) {
  size_t count = 2, length;
  napi_value given[2];
  char host[INET6_ADDRSTRLEN];
  uint32_t port;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok ||
      napi_get_value_string_latin1(env, given[0], host, sizeof host, &length) != napi_ok ||
      napi_get_value_uint32(env, given[1], &port) != napi_ok || port > UINT16_MAX)
    return refuse(env, "udpOpen(host, port)");
  return number_of(env, open_port(host, (uint16_t)port));
}

static bool name_of(int descriptor, union address *own) {
  socklen_t length = sizeof *own;
  return getsockname(descriptor, &own->any, &length) == 0 &&
         (own->any.sa_family == AF_INET || own->any.sa_family == AF_INET6);
}

napi_value udp_name(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given, name;
  int32_t descriptor;
  union address own;
  char host[INET6_ADDRSTRLEN] = "", text[INET6_ADDRSTRLEN + 9];
  if (napi_get_cb_info(env, info, &count, &given, NULL, NULL) != napi_ok ||
      napi_get_value_int32(env, given, &descriptor) != napi_ok || !name_of(descriptor, &own))
    return refuse(env, "udpName(descriptor)");
  const bool is_v6 = own.any.sa_family == AF_INET6;
  text_of(&own, host);
  snprintf(text, sizeof text, is_v6 ? "[%s]:%u" : "%s:%u", host,
           (unsigned)ntohs(is_v6 ? own.ipv6.sin6_port : own.ipv4.sin_port));
  return napi_create_string_latin1(env, text, NAPI_AUTO_LENGTH, &name) == napi_ok ? name : NULL;
}

static void on_readable(void *handle, int status, int events) {
  const struct port *port = uv_handle_get_data(handle);
  napi_env env = port->env;
  napi_handle_scope scope;
  napi_value call, nothing, error;
  (void)status, (void)events;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, port->call, &call) == napi_ok &&
      napi_get_global(env, &nothing) == napi_ok &&
      napi_make_callback(env, NULL, nothing, call, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error);
  napi_close_handle_scope(env, scope);
}

napi_value udp_follow(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2], result;
  int32_t descriptor;
  union address own;
  struct uv_loop_s *loop;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok ||
      napi_get_value_int32(env, given[0], &descriptor) != napi_ok)
    return refuse(env, "udpFollow(descriptor, onReadable)");
  if (!name_of(descriptor, &own) || !ask_for_addresses(descriptor, own.any.sa_family)) return NULL;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return NULL;
  struct port *port = calloc(1, sizeof *port);
  void *handle = malloc(uv_handle_size(UV_POLL));
  if (port == NULL || handle == NULL ||
      napi_create_reference(env, given[1], 1, &port->call) != napi_ok ||
      uv_poll_init(loop, handle, descriptor) != 0) {
    if (port != NULL && port->call != NULL) napi_delete_reference(env, port->call);
    free(port);
    free(handle);
    return NULL;
  }
  port->env = env;
  port->descriptor = descriptor;
  uv_handle_set_data(handle, port);
  uv_poll_start(handle, UV_READABLE, on_readable);
  return napi_create_external(env, handle, NULL, NULL, &result) == napi_ok ? result : NULL;
}

static void end_port(void *handle) {
  struct port *port = uv_handle_get_data(handle);
  close(port->descriptor);
  free(port);
  free(handle);
}

napi_value udp_close(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given;
  void *handle;
  if (napi_get_cb_info(env, info, &count, &given, NULL, NULL) != napi_ok ||
      napi_get_value_external(env, given, &handle) != napi_ok)
    return refuse(env, "udpClose(handle)");
  struct port *port = uv_handle_get_data(handle);
  napi_delete_reference(env, port->call);
  uv_close(handle, end_port);
  return NULL;
}

napi_value udp_take(napi_env env, napi_callback_info info) {
  size_t count = 4, room, ways_length, lengths_count;
  napi_value given[4];
  napi_typedarray_type type;
  int32_t descriptor;
  void *packets, *ways, *lengths;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok ||
      napi_get_value_int32(env, given[0], &descriptor) != napi_ok ||
      napi_get_buffer_info(env, given[1], &packets, &room) != napi_ok ||
      napi_get_buffer_info(env, given[2], &ways, &ways_length) != napi_ok ||
      napi_get_typedarray_info(env, given[3], &type, &lengths_count, &lengths, NULL, NULL) != napi_ok ||
      type != napi_int32_array)
    return refuse(env, "udpTake(descriptor, packets, ways, lengths)");
  size_t most = room / UDP_PACKET < ways_length / UDP_WAY ? room / UDP_PACKET : ways_length / UDP_WAY;
  if (most > lengths_count) most = lengths_count;
  if (most > MOST) most = MOST;
  return number_of(env, take(descriptor, packets, ways, lengths, most));
}

napi_value udp_send(napi_env env, napi_callback_info info) {
  size_t count = 3, length, way_length;
  napi_value given[3];
  int32_t descriptor;
  void *packet;
  char way[UDP_BACK + 1];
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok ||
      napi_get_value_int32(env, given[0], &descriptor) != napi_ok ||
      napi_get_buffer_info(env, given[1], &packet, &length) != napi_ok ||
      napi_get_value_string_latin1(env, given[2], way, sizeof way, &way_length) != napi_ok ||
      way_length != UDP_BACK)
    return refuse(env, "udpSend(descriptor, packet, way)");
  send_back(descriptor, packet, length, (const uint8_t *)way);
  return NULL;
}
