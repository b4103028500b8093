#ifndef BTKIT_FILE_LOCK_H
#define BTKIT_FILE_LOCK_H

#include <node_api.h>

/*
 * tryLock(descriptor) locks an open file or directory with flock(2), without waiting. Returns 0 or
 * an errno(3): EWOULDBLOCK if another process holds the lock.
 */
napi_value try_lock(napi_env env, napi_callback_info info);

/*
 * lockByte(descriptor, offset) locks one byte of a file that is open for writing, which may lie
 * beyond its end, without waiting (F_OFD_SETLK in fcntl(2)). The lock belongs to the open file:
 * other descriptors from the same process conflict with it. Returns 0 or an errno(3): EAGAIN if
 * another holds it, ENOTSUP on systems without such locks. unlockByte(descriptor, offset) ends it.
 */
napi_value lock_byte(napi_env env, napi_callback_info info);
napi_value unlock_byte(napi_env env, napi_callback_info info);

#endif
