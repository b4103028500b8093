import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textOfPath } from '../../../src/base/text/raw-path.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'
import { FINGERPRINT_LENGTH } from '../../../src/disk/file-lists/fingerprint.js'
import { FingerprintTable } from '../../../src/disk/file-lists/fingerprint-table.js'
import { NameColumn } from '../../../src/disk/file-lists/name-column.js'

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
})

test('names that are not UTF-8 stay, in a copy and among other names too', () => {
  const raw = textOfPath(Buffer.from('a\xff', 'latin1'))
  const column = new NameColumn()
  // Memory that was used before
  column.bytes = Buffer.alloc(10, 1)
  for (const name of ['b', raw]) column.add(name)
  const others = new NameColumn()
  others.append(column, 1, 2)
  assert.deepEqual(
    [column.textAt(1), column.copy().textAt(1), others.textAt(0)],
    new Array(3).fill(raw),
  )
  assert.equal(column.used.toString('latin1'), 'b\0a\xff\0')
})

test('a table tells a file from a directory and from nothing', () => {
  const table = new FingerprintTable(new Uint8Array(3 * FINGERPRINT_LENGTH))
  table.set(0, { size: 1, mtimeNs: 5n, ctimeNs: 7n, inode: 256n, device: 1n })
  table.markDirectory(1)
  const told = [0, 1, 2].map((i) => [table.isThere(i), table.isDirectory(i)])
  assert.deepEqual(told, [
    [true, false],
    [false, true],
    [false, false],
  ])
  assert.deepEqual([table.latestAt(0, 'full'), table.latestAt(0, 'mtime')], [7, 5])
})
