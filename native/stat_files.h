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

#endif
