#ifndef BTKIT_FILE_SYSTEM_ID_H
#define BTKIT_FILE_SYSTEM_ID_H

#include <node_api.h>

/*
 * fileSystemId(directory) returns [device, id] as two bigints: the number of the device as stat(2)
 * has it, and what statfs(2) calls its file system or subvolume by. Returns null for what is neither
 * Btrfs nor ZFS: those make that of what lies on the disk, so that it is the same at each mount.
 */
napi_value file_system_id(napi_env env, napi_callback_info info);

#endif
