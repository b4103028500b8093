import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { completeLists } from '../../../src/core/complete/loop/lists.js'
import { completeDirectories } from '../../../src/core/complete/loop/run.js'
import { completeTrees } from '../../../src/core/complete/loop/trees.js'
import type { CacheAccess } from '../../../src/core/digests/cache-access.js'
import type { CompleteRequest, CompleteWatch } from '../../../src/core/complete/request.js'
import { type FakeClient, fakeWaiting } from '../../support/fake-client.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext, makeRequest } from '../requests.js'

export const UNSEEN: CompleteWatch = {
  isSeen: false,
  begin: () => Promise.resolve(),
  progress: () => undefined,
}

/** A client of this machine, as a run publishes to it. */
export const clientOf = (client: FakeClient) => ({
  ...{ client, isLocal: true, trustsDirectories: false, waiting: fakeWaiting() },
  remoteDirectory: (local: string) => local,
})

/** Sources with their torrents and state, completed by core alone. */
export class Place {
  readonly root: string

  constructor(t: TestContext) {
    this.root = makeScratch(t, { 'src/a': 'a', 'src/b': 'b' })
    mkdirSync(this.at('out'))
  }

  at(...path: string[]): string {
    return join(this.root, ...path)
  }

  /** Completes the sources as `--recursive` does. */
  completeTree(changes: Partial<CompleteRequest> = {}, watch = UNSEEN, signal?: AbortSignal) {
    const { request, context } = this.#prepare(changes, undefined, signal)
    return completeTrees({ ...request, seedsIn: () => [] }, context, watch)
  }

  complete(changes: Partial<CompleteRequest> = {}, watch = UNSEEN, access?: CacheAccess) {
    const { request, context } = this.#prepare(changes, access)
    return completeDirectories(request, context, watch)
  }

  /** Completes the files of a list on a server. */
  completeList(url: string, signal: AbortSignal) {
    const { request, context } = this.#prepare({ directories: [url] }, undefined, signal)
    const list = { lists: [url], target: this.at('out'), together: null, seedsIn: null }
    return completeLists({ ...request, ...list, access: { signal } }, context, UNSEEN)
  }

  #prepare(changes: Partial<CompleteRequest>, access?: CacheAccess, signal?: AbortSignal) {
    const request: CompleteRequest = {
      directories: [this.at('src')],
      target: this.at('out'),
      common: makeRequest('', { pieceLength: 'auto' }),
      checksums: [],
      prune: 'never',
      existing: { asked: [], remake: false, keepTrackers: false },
      adopt: false,
      force: false,
      dryRun: false,
      waitSeconds: 0,
      minAgeSeconds: 0,
      publish: [],
      ...changes,
    }
    const context = hashContext(signal && { signal })
    // Files that were written a moment ago would count as unsettled
    const cacheAccess = access ?? { ...context.cacheAccess, now: () => Date.now() + 10_000 }
    const state = { directory: this.at('state'), warn: assert.ifError }
    return { request, context: { ...context, cacheAccess, state } }
  }
}
