// Writes the JSON schema of the configuration that is shipped, from the options of the built
// program.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const schema = execFileSync(process.execPath, ['bin/btkit.js', 'config', 'schema'])
writeFileSync('dist/bundle/config.schema.json', schema)
