"""Makes torrents with libtorrent's own creator.

Standard input: a JSON list of {"source", "pieceLength", "version", "torrent"}. Each torrent is
written to its path; a line of JSON for each tells its info hashes.
"""
import json
import os
import sys

import libtorrent as lt

FLAGS = {
    "v1": lt.create_torrent.v1_only,
    "v2": lt.create_torrent.v2_only,
    # Canonical order without a pad file after the last file
    "hybrid": lt.create_torrent.canonical_files_no_tail_padding,
}

for wanted in json.load(sys.stdin):
    files = lt.file_storage()
    lt.add_files(files, wanted["source"])
    maker = lt.create_torrent(files, wanted["pieceLength"], FLAGS[wanted["version"]])
    lt.set_piece_hashes(maker, os.path.dirname(wanted["source"]))
    with open(wanted["torrent"], "wb") as torrent:
        torrent.write(lt.bencode(maker.generate()))
    hashes = lt.torrent_info(wanted["torrent"]).info_hashes()
    told = {
        "infoHash": str(hashes.v1) if hashes.has_v1() else None,
        "infoHashV2": str(hashes.v2) if hashes.has_v2() else None,
    }
    print(json.dumps(told), flush=True)
