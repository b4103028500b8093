"""Writes a small v2 or hybrid torrent to stdout: make-torrent.py v2|hybrid single|directory"""

import os
import sys
import tempfile

import libtorrent

VERSION, SHAPE = sys.argv[1:]

# 40,001 bytes are three pieces of 16 KiB, so the Merkle tree needs padding
CONTENTS = {
    "single": {"content.bin": 40001},
    "directory": {
        "content/a/large.bin": 40001,
        "content/a/short.txt": 5,
        "content/b/exact.bin": 32768,
        "content/empty": 0,
        "content/ünï.txt": 16384,
    },
}

with tempfile.TemporaryDirectory() as root:
    for path, length in CONTENTS[SHAPE].items():
        full_path = os.path.join(root, path)
        os.makedirs(os.path.dirname(full_path), exist_ok=True)
        with open(full_path, "wb") as file:
            file.write(bytes(i % 251 for i in range(length)))
    storage = libtorrent.file_storage()
    top = next(iter(CONTENTS[SHAPE])).split("/")[0]
    libtorrent.add_files(storage, os.path.join(root, top))
    flags = libtorrent.create_torrent.v2_only if VERSION == "v2" else 0
    torrent = libtorrent.create_torrent(storage, 16384, flags)
    torrent.set_creator("libtorrent")
    torrent.add_tracker("http://tracker.example/announce")
    libtorrent.set_piece_hashes(torrent, root)
    entry = torrent.generate()
    # the only thing that would differ from run to run
    entry.pop(b"creation date", None)
    sys.stdout.buffer.write(libtorrent.bencode(entry))
