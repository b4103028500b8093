"""What libtorrent does by itself, for the rows of bench/.

Usage: with-libtorrent.py make SOURCE POW2 TORRENT
       with-libtorrent.py hash TORRENT...
       with-libtorrent.py seed|seed-unchecked PORT DIRECTORY TORRENTS
       with-libtorrent.py leech|leech-encrypted PORT DIRECTORY TORRENT...

A torrent is one of version 2, made on as many threads as there are. A seed prints `ready` when it seeds all
torrents of the directory TORRENTS. Leechers are a session each, all of which begin at once with the seed at PORT; a line of
JSON has the seconds that each took.
"""
import json
import os
import sys
import time

import libtorrent as lt

SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,
    # As many as the rows have
    "unchoke_slots_limit": 100,
    # btkit has TCP only, which is the faster one here
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "alert_mask": 0,
}


def make(source, pow2, torrent):
    files = lt.file_storage()
    lt.add_files(files, source)
    maker = lt.create_torrent(files, 1 << int(pow2), lt.create_torrent.v2_only)
    lt.set_piece_hashes(maker, os.path.dirname(source))
    with open(torrent, "wb") as file:
        file.write(lt.bencode(maker.generate()))


def hash(*sources):
    print("\n".join(f"{lt.torrent_info(source).info_hash()}  {source}" for source in sources))


def add(session, source, directory, flags=0):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(source)
    params.save_path = directory
    params.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
    params.flags |= flags
    return session.add_torrent(params)


def seed(port, directory, torrents, flags=0):
    session = lt.session({**SETTINGS, "listen_interfaces": f"127.0.0.1:{port}"})
    handles = [add(session, entry.path, directory, flags) for entry in os.scandir(torrents)]
    while not all(handle.status().is_seeding for handle in handles):
        time.sleep(0.05)
    print("ready", flush=True)
    while True:
        time.sleep(60)


def seed_unchecked(*args):
    seed(*args, flags=lt.torrent_flags.seed_mode)


def leech(port, directory, *sources):
    sessions = [lt.session({**SETTINGS, "listen_interfaces": "127.0.0.1:0"}) for _ in sources]
    began = time.monotonic()
    handles = []
    for n, source in enumerate(sources):
        place = os.path.join(directory, str(n))
        os.mkdir(place)
        handle = add(sessions[n], source, place)
        handle.connect_peer(("127.0.0.1", int(port)))
        handles.append(handle)
    done = {}
    while len(done) < len(handles):
        for n, handle in enumerate(handles):
            if n not in done and handle.status().is_seeding:
                done[n] = time.monotonic() - began
        time.sleep(0.005)
    print(json.dumps(list(done.values())), flush=True)
    os._exit(0)


def leech_encrypted(*args):
    SETTINGS.update(out_enc_policy=0, in_enc_policy=0, allowed_enc_level=2, prefer_rc4=True)
    leech(*args)


ACTS = {
    "make": make,
    "hash": hash,
    "seed": seed,
    "seed-unchecked": seed_unchecked,
    "leech": leech,
    "leech-encrypted": leech_encrypted,
}
ACTS[sys.argv[1]](*sys.argv[2:])
