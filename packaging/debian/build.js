// Makes the Debian packages btkit_VERSION_amd64.deb and btkit_VERSION_arm64.deb, without the
// network: all that they need is in node_modules. Build first.
//
//   node packaging/debian/build.js [DIRECTORY [VERSION]]
//
// leaves them in DIRECTORY, by default packages/. It wants dpkg-deb, gcc and gcc-aarch64-linux-gnu.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { PLATFORMS, stageAccelerators } from '../../scripts/package/accelerators.js'
import { setModes, stagePackage } from '../../scripts/package/npm.js'
import { run, stageProgram } from '../../scripts/package/program.js'
import { unitsIn } from './units.js'

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' }
const HERE = 'packaging/debian'
const PROGRAM = 'usr/lib/btkit'

/** Makes the package of each platform and returns their paths. */
export async function packForDebian(directory, platforms = PLATFORMS, version) {
  // By it dpkg-deb dates all files, so that two builds of a commit are the same
  process.env.SOURCE_DATE_EPOCH ??= commitTime()
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-deb-'))
  try {
    mkdirSync(directory, { recursive: true })
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
    const staged = stagePackage(scratch)
    const accelerators = stageAccelerators(scratch, manifest, platforms)
    return platforms.map(({ cpu }, i) => {
      const root = join(scratch, cpu)
      const release = { version: version ?? manifest.version, architecture: ARCHITECTURES[cpu] }
      stageDebian(root, { staged, accelerator: accelerators[i], cpu })
      const names = stageNames(root)
      stageSystem(root, release)
      return archive(root, directory, { ...release, names })
    })
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** The program, whose executables run Debian's Node. */
function stageDebian(root, parts) {
  const program = join(root, PROGRAM)
  stageProgram(program, parts)
  for (const name of readdirSync(join(program, 'bin')).filter((each) => each.endsWith('.js'))) {
    const path = join(program, 'bin', name)
    writeFileSync(path, readFileSync(path, 'utf8').replace('/usr/bin/env node', '/usr/bin/node'))
    chmodSync(path, 0o755)
  }
}

/** The executables and the manual. Returns the legacy names, which other packages have, too. */
function stageNames(root) {
  const bin = join(root, 'usr/bin')
  mkdirSync(bin, { recursive: true })
  const names = readdirSync('bin')
    .filter((each) => each.endsWith('.js'))
    .map((each) => basename(each, '.js'))
  for (const name of names)
    symlinkSync(`../lib/btkit/bin/${name}.js`, join(bin, name === 'btkit' ? name : `${name}.btkit`))
  for (const page of readdirSync('man')) {
    const directory = join(root, 'usr/share/man', `man${page.at(-1)}`)
    mkdirSync(directory, { recursive: true })
    const [name, section] = page.split('.')
    const installed = names.includes(name) && name !== 'btkit' ? `${name}.btkit.${section}` : page
    writeFileSync(join(directory, `${installed}.gz`), zip(readFileSync(join('man', page))))
  }
  const legacy = names.filter((name) => name !== 'btkit')
  stageSpellings(root, legacy)
  return legacy
}

/** The same names as BitTornado spells them, and as Debian did; no other package has these now. */
function stageSpellings(root, names) {
  const man = join(root, 'usr/share/man/man1')
  for (const name of names) {
    const page = `${name}.btkit.1.gz`
    for (const spelling of [`${name}.py`, `${name}.bittorrent`]) {
      symlinkSync(`../lib/btkit/bin/${name}.js`, join(root, 'usr/bin', spelling))
      if (existsSync(join(man, page))) symlinkSync(page, join(man, `${spelling}.1.gz`))
    }
  }
}

/** Units, settings, guides and Debian's own documents. */
function stageSystem(root, { version }) {
  const put = (path, content) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const own = (name) => readFileSync(join(HERE, name))
  for (const unit of unitsIn('packaging').all)
    put(`usr/lib/systemd/system/${unit}`, readFileSync(join('packaging', unit)))
  put('usr/lib/sysusers.d/btkit.conf', own('sysusers.conf'))
  put('usr/lib/tmpfiles.d/btkit.conf', own('tmpfiles.conf'))
  for (const name of readdirSync(HERE).filter((each) => each.endsWith('.default')))
    put(`etc/default/${basename(name, '.default')}`, own(name))
  put('etc/logrotate.d/btkit', own('logrotate'))
  put('etc/btkit/config.yaml', configuration(root))
  for (const [shell, path] of Object.entries(COMPLETIONS)) put(path, btkit('completion', shell))
  put('usr/share/lintian/overrides/btkit', own('lintian-overrides'))
  put('usr/share/doc/btkit/copyright', own('copyright'))
  for (const guide of readdirSync('docs').filter((each) => /\.(md|json)$/.test(each)))
    put(`usr/share/doc/btkit/docs/${guide}`, readFileSync(join('docs', guide)))
  for (const schema of readdirSync('docs/schemas'))
    put(`usr/share/doc/btkit/docs/schemas/${schema}`, readFileSync(join('docs/schemas', schema)))
  put('usr/share/doc/btkit/changelog.gz', zip(changelog(version)))
}

/** Where each shell looks for what completes a command. */
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/btkit',
  zsh: 'usr/share/zsh/vendor-completions/_btkit',
  fish: 'usr/share/fish/vendor_completions.d/btkit.fish',
}

/** All options in comments, without the number of processors of the machine that builds. */
function configuration(root) {
  const path = join(root, 'config.yaml')
  btkit('config', 'init', path)
  const text = readFileSync(path, 'utf8')
  rmSync(path)
  return text.replace(/^(#  threads: )\d+(?= +#)/gm, (all, key) => key.padEnd(all.length))
}

function btkit(...args) {
  return run(process.execPath, 'bin/btkit.js', ...args)
}

/** Debian's form of a changelog: what changed is in the project's own. */
function changelog(version) {
  const date = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toUTCString()
  return `btkit (${version}) unstable; urgency=medium

  * Release ${version}; see https://github.com/btkit/btkit/blob/main/CHANGELOG.md

 -- The btkit authors <btkit@users.noreply.github.com>  ${date.replace('GMT', '+0000')}
`
}

function commitTime() {
  return run('git', 'log', '-1', '--format=%ct').trim()
}

function archive(root, directory, { version, architecture, names }) {
  const control = join(root, 'DEBIAN')
  const { services, stopped } = unitsIn('packaging')
  mkdirSync(control)
  for (const name of ['postinst', 'prerm', 'postrm']) {
    const script = readFileSync(join(HERE, name), 'utf8')
    const lists = { NAMES: names, SERVICES: services, UNITS: stopped }
    const filled = script.replaceAll(/@(\w+)@/g, (_, list) => lists[list].join(' '))
    writeFileSync(join(control, name), filled, { mode: 0o755 })
  }
  cpSync(join(HERE, 'triggers'), join(control, 'triggers'))
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && !each.parentPath.startsWith(control))
    .map((each) => join(each.parentPath, each.name).slice(root.length + 1))
    .sort()
  const conffiles = files.filter((path) => path.startsWith('etc/'))
  writeFileSync(join(control, 'conffiles'), conffiles.map((path) => `/${path}\n`).join(''))
  const sums = run('env', '-C', root, 'md5sum', ...files.filter((each) => !each.startsWith('etc/')))
  writeFileSync(join(control, 'md5sums'), sums)
  const size = run('du', '-sk', '--exclude=DEBIAN', root).split('\t')[0]
  const template = readFileSync(join(HERE, 'control'), 'utf8')
  const values = { VERSION: version, ARCHITECTURE: architecture, SIZE: size }
  writeFileSync(
    join(control, 'control'),
    template.replaceAll(/@(\w+)@/g, (_, name) => values[name]),
  )
  setModes(root)
  run('find', join(root, PROGRAM, 'node_modules'), '-type', 'f', '-exec', 'chmod', '644', '{}', '+')
  const target = join(directory, `btkit_${version}_${architecture}.deb`)
  run('dpkg-deb', '--root-owner-group', '-Zxz', '--build', root, target)
  return target
}

function zip(content) {
  return gzipSync(content, { level: 9 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory = 'packages', version] = process.argv.slice(2)
  for (const path of await packForDebian(directory, PLATFORMS, version)) console.log(path)
}
