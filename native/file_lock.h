#ifndef BTKIT_FILE_LOCK_H
#define BTKIT_FILE_LOCK_H

#include <node_api.h>

/*
 * tryLock(descriptor) locks an open file or directory with flock(2), without waiting. Returns 0 or
 * an errno(3): EWOULDBLOCK if another process holds the lock.
 */
napi_value try_lock(napi_env env, napi_callback_info info);

#endif
