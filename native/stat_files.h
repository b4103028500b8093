#ifndef BTKIT_STAT_FILES_H
#define BTKIT_STAT_FILES_H

#include <node_api.h>

/*
 * statFiles(directory: string, names: string[], fingerprints: Uint8Array): void
 *
 * Enters size, mtime, ctime, inode and device of each name in the directory, links not
 * followed, 40 bytes a name (see src/files/fingerprint.ts). What is no regular file or can't
 * be looked at leaves its bytes
 * as they are, and so does all of a directory that can't be opened. Times are nanoseconds
 * since 1970. Throws a TypeError for arguments of the wrong kind.
 */
napi_value stat_files(napi_env env, napi_callback_info info);

/*
 * lstatPathsAsync(paths: string[]): Promise<Int32Array>
 *
 * What each path leads to, links not followed, off the event loop: 12 words a path, which are the
 * fingerprint's 40 bytes, st_mode, and errno where there is nothing to be seen.
 */
napi_value lstat_paths_async(napi_env env, napi_callback_info info);

#endif
