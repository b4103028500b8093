#ifndef BTKIT_ADDRESS_H
#define BTKIT_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* The address and port of a socket, of either family. */
union address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

/* Writes an IP address as text, for which there must be INET6_ADDRSTRLEN bytes; NULL for another family. */
static inline const char *text_of(const union address *address, char *text) {
  const int family = address->any.sa_family;
  const void *bytes = family == AF_INET6 ? (const void *)&address->ipv6.sin6_addr
                                         : (const void *)&address->ipv4.sin_addr;
  return inet_ntop(family, bytes, text, INET6_ADDRSTRLEN);
}

#endif
