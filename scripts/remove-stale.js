// Removes what was compiled from sources that have gone or moved since: dist is kept between
// builds.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

for (const folder of ['src', 'test']) {
  for (const name of readdirSync(join('dist', folder), { recursive: true })) {
    const source = join(folder, name.replace(/\.js$/, '.ts'))
    if (!existsSync(source)) rmSync(join('dist', folder, name), { recursive: true, force: true })
  }
}
