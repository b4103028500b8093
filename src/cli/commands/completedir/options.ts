import { clients, DATA_PREFIX, TRUST_DATA_PATH } from '../../options/clients.js'
import * as read from '../../options/values.js'
import { declareTorrentOptions } from '../../options/torrent.js'
import { publicUrl } from '../../options/server.js'
import { DIRECTORY, FILE, OFF } from '../../options/option.js'
import { checkName } from '../../../metainfo/name.js'
import { HEADER_FILE, stateDirOption } from '../../options/reading.js'

const EXAMPLES = `
Examples:
  btkit completedir http://tracker.example/announce /srv/files
  btkit completedir http://t.example/announce /srv/files --output /srv/t --prune
  btkit completedir http://t.example/announce \\
    https://files.example/1.0/SHA256SUMS --output /srv/t --prune`

export function declareCompletedir(isLegacy: boolean) {
  return declareTorrentOptions('completedir', isLegacy)
    .description('Make or update the torrents of all entries of directories, or of lists at URLs.')
    .argument(
      '<tracker-or-directory...>',
      'the tracker or a list, if any, and directories, or URLs of lists of files',
    )
    .optionsGroup('Files:')
    .opt(
      '--together <name>',
      `make one torrent of this name of all files of a list at a URL. Without it, each file has its
        torrent.`,
      { parse: checkName },
    )
    .opt(...HEADER_FILE)
    .opt(
      '--min-age <seconds>',
      `skip an entry if anything in it changed less than this long ago. Its torrent stays. Use 600
        or more if files are uploaded directly into the directory. With --cache-trust 'mtime', only
        modification times are compared.`,
      { parse: read.wholeSeconds(0, 1e9), default: 0 },
    )
    .optionsGroup('Output:')
    .opt('--json', 'print the report as a JSON object; see JSON', OFF)
    .optionsGroup('Target:')
    .opt(
      '-o, --output <directory>',
      `write the torrents to this directory (default: beside the entries). It is created if its
        parent exists. A target inside <directory> gets no torrent itself. Runs that share a target
        must not have entries of the same name. If a torrent is that of an entry elsewhere which
        still exists, the run ends with status 2 before anything is written, unless --force is
        given.`,
      DIRECTORY,
    )
    .opt(
      '--recursive',
      `make a torrent for each file of the whole tree, not for each entry. The same tree of
        directories is created below --output. Links to directories are not followed, and
        directories get no torrent. Patterns match paths below the given directory. With --prune,
        the torrents of files whose directory is gone, or is a file now, are removed, too, and those
        of files that are now directories or links to directories. A file that is still there behind
        a link in the place of its directory keeps its torrent. If such a link leads to nothing or
        to an empty directory, the torrents of that directory stay, because its disk may not be
        mounted. Each run with --prune reports the link with exit status 1, and --prune-all removes
        the torrents. There is no progress bar; each torrent is printed when it is written.`,
      OFF,
    )
    .opt('--wait <seconds>', 'wait this long for another run on the target', {
      parse: read.wholeSeconds(0, 1e9),
      default: 0,
    })
    .opt(...stateDirOption('keep the state in this directory; see STATE'))
    .optionsGroup('Replace and remove:')
    .opt(
      '--adopt',
      `adopt foreign torrents that have the names, sizes and pieces of their entry. Content is read
        only if the cache does not know it. Options that are given set their values; the tracker
        takes the place of the first one if the torrent lacks it. All other values stay: trackers,
        web seeds, comment, creator, date and info hash. A line for each torrent names the values
        that change, also with --dry-run. If the pieces do not match, the torrent stays and is
        reported as outdated.`,
      { excludes: ['force'], default: false },
    )
    .opt(
      '--remake',
      `make torrents again if the options of this run would change their info. This includes adopted
        torrents.`,
      OFF,
    )
    .opt(
      '--force',
      `replace foreign and edited torrents, too. With --prune, remove edited ones. Edits are lost.
        The report names the old and new info hashes; clients of the old torrent do not find those
        of the new one.`,
      OFF,
    )
    .opt(
      '--prune',
      `remove btkit's torrents whose source is gone. Torrents that somebody edited stay. An empty
        file counts as gone. A missing <directory> is an error, and so is one that has become empty:
        perhaps its disk is not mounted. For the same reason, an entry that is an empty directory
        keeps its torrent. A torrent also stays if its source became something that is left out: a
        link that is not followed, a link into another directory where nothing is, or a file that is
        not a regular one. A link to a name in its own directory that is gone counts as gone. Each
        run reports such torrents with exit status 1. If the torrents are not beside the entries,
        one line names torrents that have no source and that the state does not record. They stay,
        and the exit status is 0. Without --prune, a note gives the number of torrents whose source
        is gone.`,
      { replaces: ['pruneAll'], default: false },
    )
    .opt(
      '--prune-all',
      'remove torrents as with --prune, and also those of missing and empty directories',
      OFF,
    )
    .optionsGroup('After the run:')
    .opt(
      '--publish <url>',
      `have this client seed the torrents (repeatable). It does not hash them again if it can.
        Updated torrents replace old ones, also if only their trackers or web seeds changed, or the
        data was moved. Pruned ones are withdrawn. With --recursive and without --output, the client
        keeps the torrents of a directory that is gone, because they are gone with it;
        btkit-withdraw(1) removes them by their info hashes. One that the client seeds from the same
        directory already is adopted. Other torrents of the client are never changed. If the client
        does not answer, the exit status is 1, and the next run publishes the torrents. See
        btkit-clients(7) for addresses and credentials, and btkit-publish(1) for --data-prefix and
        --trust-data-path.`,
      { isSecret: true, ...clients },
    )
    .opt(...DATA_PREFIX)
    .opt(...TRUST_DATA_PATH)
    .opt(
      '--on-change <command>',
      `run this command after changes, with the JSON report as its input. It runs in the shell if
        the run changed or published anything. Its output goes to standard error. The run ends when
        this output is closed; a program that the command leaves in the background needs an output
        of its own, such as '> /dev/null 2>&1'. It also runs if a signal ended the run early, and
        btkit waits for it. If it fails, the exit status is 1, and each next run over these
        directories runs it again until it succeeds. It then gets the report of that run, with all
        changes since it last succeeded, also those of runs that were killed. A torrent that was
        created and removed since then is only in *removed*, with its info hashes: the command that
        failed may have used it. Each other torrent has the info hashes of its file, which others
        may have changed. Runs without --on-change are not recorded, so torrents that only they
        changed are not in the report. Runs over the same directories are those that name the same
        paths in the same order, and the same --output, also after a link was switched to another
        directory.`,
      { parse: read.commandLine },
    )
    .opt(
      '--metrics-file <file>',
      `write metrics of the run to this file, for node_exporter's textfile collector. It reads names
        that end in .prom. The file has the entries by outcome, the bytes hashed, the duration,
        whether the run had no failure, and the times of the last run and the last success. It is
        replaced as a whole, also after a failure; the last success then keeps its time. A dry run,
        or a run that another one locks out, does not write it.`,
      FILE,
    )
    .opt(
      '--feed <file>',
      `write an RSS feed of the newest torrents to this file. It is RSS 2.0 with enclosures (BEP
        36), and written at the end of the run. Clients that subscribe to it download new torrents.
        The feed lists the 100 newest torrents that the run made or found current, by the time of
        the .torrent file. If a run makes more than 100 torrents, clients miss the others. Private
        torrents are not listed. The file is replaced as a whole, and only if the feed changes. It
        is no content if it is in a <directory>. The command of --on-change runs after it is
        written. If it cannot be written, the exit status is 1. A dry run or an interrupted run does
        not write it; the next run does.`,
      {
        ...FILE,
        needs: [{ oneOf: ['feed-url'], why: 'the URL of the directory of the torrents' }],
      },
    )
    .opt(
      '--feed-url <url>',
      `name the URL of the directory of the torrents, to which the links of --feed lead. The feed
        needs it, and needs --output if there are several directories.`,
      { needs: [{ oneOf: ['feed'], why: 'the file to write' }], parse: publicUrl },
    )
    .addHelpText('after', EXAMPLES)
}

export type CompletedirOptions = ReturnType<ReturnType<typeof declareCompletedir>['opts']>
