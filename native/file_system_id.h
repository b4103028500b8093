#ifndef BTKIT_FILE_SYSTEM_ID_H
#define BTKIT_FILE_SYSTEM_ID_H

#include <node_api.h>

/*
 * fileSystemId(directory) returns [device, id] as two bigints: the device number of stat(2), and
 * the identifier of the file system or subvolume of statfs(2). Returns null except for Btrfs and
 * ZFS: their identifiers are stored on the disk, so they are the same at each mount.
 */
napi_value file_system_id(napi_env env, napi_callback_info info);

#endif
