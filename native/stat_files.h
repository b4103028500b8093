#ifndef BTKIT_STAT_FILES_H
#define BTKIT_STAT_FILES_H

#include <node_api.h>

#include "lookup.h"

/*
 * listFiles(directory: string, names: Uint8Array, fingerprints: Uint8Array): number | { … } | null
 * listFilesAsync(directory: string): Promise<{ names: Buffer; fingerprints: Int32Array } | null>
 *
 * Lists a directory: its names sorted by bytes, each ended by a NUL, and size, mtime, ctime, inode and
 * device of each, 10 words (see src/disk/file-lists/fingerprint.ts); zeros for a name that is no regular
 * file, but a last byte of 1 for a directory. Links are not followed, and times are nanoseconds since 1970. Null if the directory cannot be
 * read. The first function copies both to the given arrays if they have room, and returns the number of
 * names.
 */
napi_value list_files(napi_env env, napi_callback_info info);
napi_value list_files_async(napi_env env, napi_callback_info info);

/*
 * listNamesAsync(directory: string, most: number): Promise<Buffer | null>
 *
 * Reads the names in a directory off the event loop, at most so many: sorted by bytes, each ended by a
 * NUL. Behind that of a directory is one slash; behind one whose kind the directory does not say, or that
 * is neither a directory nor a file, are two. Null if the directory cannot be read.
 */
napi_value list_names_async(napi_env env, napi_callback_info info);

/*
 * Reads the names in a directory that was opened by O_PATH in the same form. Returns false if it cannot be
 * read, or has `most` names or more.
 */
bool list_below(int entry, struct lookup *lookup);

/*
 * lstatPathsAsync(paths: string[], directory?: string): Promise<Int32Array>
 *
 * Reads the status of each path off the event loop, links not followed. Relative paths begin in the
 * directory. Each path has 12 words: the fingerprint's 40 bytes, st_mode, and errno if there is no
 * status; zeros for all if the directory cannot be opened.
 */
napi_value lstat_paths_async(napi_env env, napi_callback_info info);

/*
 * askLeasesAsync(paths: string[]): Promise<Int32Array>
 *
 * Finds files that are open for writing: one word for each path, see read_lease.h.
 */
napi_value ask_leases_async(napi_env env, napi_callback_info info);

/*
 * readSmallFilesAsync(paths: string[], kernel: string): Promise<Int32Array>
 *
 * Reads and hashes small files off the event loop. Each path has 16 words: a state, the fingerprint's
 * 40 bytes and the 20 of SHA-1; see small_files.h.
 */
napi_value read_small_files_async(napi_env env, napi_callback_info info);

/*
 * loadFilesAsync(paths: string[], room: Uint8Array): Promise<Int32Array>
 *
 * Reads files into the room off the event loop. Each path has 13 words: a state, where the file's bytes
 * begin, their number, and the fingerprint's 40 bytes; see small_files.h.
 */
napi_value load_files_async(napi_env env, napi_callback_info info);

#endif
