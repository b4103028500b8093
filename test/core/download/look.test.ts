import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { noteBegun, noteWhole } from '../../../src/core/download/look.js'
import { chooseTarget } from '../../../src/core/download/target.js'
import { BtkitError } from '../../../src/errors.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const FILE = parseMetainfo(torrentOf(singleFileInfo()))

test('the note of a download that has begun is taken away when it is whole', (t) => {
  const saveTo = makeScratch(t)
  const target = chooseTarget(FILE, { saveAs: null, saveTo })
  noteBegun(target)
  assert.ok(existsSync(`${target.path}.btkit-part`))
  noteWhole(target)
  assert.ok(!existsSync(`${target.path}.btkit-part`))
  // Taken away already, by whoever
  noteWhole(target)
})

test('a note that can not be taken away is an error that names it', (t) => {
  const saveTo = makeScratch(t)
  const target = chooseTarget(FILE, { saveAs: null, saveTo })
  mkdirSync(`${target.path}.btkit-part`)
  assert.throws(
    () => {
      noteWhole(target)
    },
    (error) => error instanceof BtkitError && error.message.includes('.btkit-part'),
  )
})
