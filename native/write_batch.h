#ifndef BTKIT_WRITE_BATCH_H
#define BTKIT_WRITE_BATCH_H

#include <node_api.h>

/*
 * writeDrafts(directory, names, contents, attributes, wholeFileSystem) creates files in a directory
 * and syncs them: with fsync(2) on several threads or, if `wholeFileSystem`, with syncfs(2) on the
 * file system of the directory and all files. `contents` are Uint8Arrays that must not change
 * meanwhile. `attributes`, a Uint32Array, has four words for each file: the permission bits at its
 * creation, its final ones, its user and its group. NOTHING_GIVEN leaves any of the last three
 * unchanged. A failure to change the user is ignored.
 *
 * placeFiles(directory, from, to, expected) renames files in a directory, as replace_files does.
 * `expected`, a Uint8Array, has the fingerprint (see src/files/fingerprint.ts) of each file to be
 * replaced: zeros for none, and only bytes of 0xff for any.
 *
 * Both work off the event loop, and return a promise of an Int32Array: 0 for each file that is
 * done, otherwise the errno(3) of the failure. A failed file may exist in part. writeDrafts adds
 * one number: the microseconds that the sync took. placeFiles has eleven numbers for each file. The
 * first is -1 if the file was not the expected one. The last ten are the fingerprint of the file
 * now in its place, or zeros if it could not be read.
 */
#define NOTHING_GIVEN 0xffffffffu

napi_value write_drafts(napi_env env, napi_callback_info info);
napi_value place_files_async(napi_env env, napi_callback_info info);

/* isSyncfsReliable(directory): whether syncfs(2) reports errors on the directory's file system. */
napi_value is_syncfs_reliable(napi_env env, napi_callback_info info);

#endif
