// Has V8's compiled code kept beside the bundles, for this Node only. The build runs it. Nothing
// here may fail a build: without the code, the first run of each command takes some milliseconds
// more.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../dist/bundle/warm-up.cjs', import.meta.url))

// In a checkout there is no bundle before the first build
if (existsSync(script)) {
  const { status } = spawnSync(process.execPath, [script], { stdio: 'ignore', timeout: 60_000 })
  if (status !== 0) console.error('btkit: compiled code was not kept; btkit starts more slowly')
}
