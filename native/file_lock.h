#ifndef BTKIT_FILE_LOCK_H
#define BTKIT_FILE_LOCK_H

#include <node_api.h>

/*
 * tryLock(descriptor) locks an open file or directory by flock(2), without waiting. Returns 0, or the
 * errno(3) of what failed: EWOULDBLOCK when somebody else holds the lock.
 */
napi_value try_lock(napi_env env, napi_callback_info info);

#endif
