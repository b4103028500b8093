#ifndef BTKIT_WRITE_BATCH_H
#define BTKIT_WRITE_BATCH_H

#include <node_api.h>

/*
 * writeDrafts(directory, names, contents, attributes, wholeFileSystem) makes new files, named from
 * a directory on, and brings them to the disk: with fsync(2) on several threads or, if
 * `wholeFileSystem`, with syncfs(2) on the one that the directory and all files are on. `contents` are Uint8Arrays that must stay as they
 * are meanwhile. `attributes`, a Uint32Array, has four words for each file: the permission bits to
 * make it with, those that it is to have in the end, its user and its group; NOTHING_GIVEN leaves
 * any of the last three as it is. To give a file to another user is only tried.
 *
 * placeFiles(directory, from, to, expected) renames files, named from a directory on, as
 * replace_files does. `expected`, a Uint8Array, has the fingerprint (see src/files/fingerprint.ts) of
 * what each is to replace: zeros for nothing, and bytes of 0xff alone for whatever there is.
 *
 * Both work off the event loop, and return a promise of an Int32Array: 0 for each file that is done,
 * else the errno(3) of what failed. Of writeDrafts it has one number more, the microseconds that it
 * took to bring the files to the disk. Of placeFiles it has eleven for each file: -1 stands for
 * another file than was expected, and ten words are the fingerprint of the one that took its place,
 * or zeros where it could not be looked at. What failed may be there in part.
 */
#define NOTHING_GIVEN 0xffffffffu

napi_value write_drafts(napi_env env, napi_callback_info info);
napi_value place_files_async(napi_env env, napi_callback_info info);

/* isSyncfsReliable(directory): whether syncfs(2) is to be relied on where a directory is. */
napi_value is_syncfs_reliable(napi_env env, napi_callback_info info);

#endif
