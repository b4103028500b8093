#ifndef BTKIT_LOOK_AT_FILES_H
#define BTKIT_LOOK_AT_FILES_H

#include <node_api.h>

/*
 * lookAtFiles(directory: string, names: string[], stamps: BigInt64Array): void
 *
 * Enters size, mtime, ctime, inode and device of each name in the directory, links not
 * followed, 5 words a name; what is no regular file or can't be looked at leaves its words
 * as they are, and so does all of a directory that can't be opened. Times are nanoseconds
 * since 1970. Throws a TypeError for arguments of the wrong kind.
 */
napi_value look_at_files(napi_env env, napi_callback_info info);

#endif
