import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'

test('each of very many files keeps its path, size and times', () => {
  const files = Array.from({ length: 5000 }, (_, n) => ({
    path: [`d${n % 7}`, `file ${n}`],
    absolutePath: `/srv/d${n % 7}/${n % 2 ? 'real' : 'file'} ${n}`,
    fingerprint: { size: n, mtimeNs: BigInt(n + 1), ctimeNs: 2n, inode: BigInt(n), device: 3n },
  }))
  const columns = FileColumns.of(files)
  assert.equal(columns.size, (4999 * 5000) / 2)
  const facts = Array.from(columns, ({ path, absolutePath, fingerprint }) => {
    return { path, absolutePath, fingerprint }
  })
  assert.deepEqual(facts, files)
  assert.deepEqual([columns.latestAt(0, 'full'), columns.latestAt(0, 'mtime')], [2, 1])
})
