#ifndef BTKIT_SYNC_FILE_SYSTEM_H
#define BTKIT_SYNC_FILE_SYSTEM_H

#include <node_api.h>

/*
 * syncFileSystem(descriptor): syncs the whole file system of an open directory with syncfs(2), off
 * the event loop. Returns a promise of a number: 0 if everything is on the disk, an errno(3) if a
 * write failed since the directory was opened, or -1 if this file system does not say. The
 * descriptor must stay open until then.
 */
napi_value sync_file_system(napi_env env, napi_callback_info info);

#endif
