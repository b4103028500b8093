"""Seeds torrents with libtorrent, or downloads them; for bench/seed.js.

Usage: peer.py seed PORT DIRECTORY TORRENT...
       peer.py leech PORT DIRECTORY TORRENT-OR-MAGNET...

A seed prints `ready` when it has checked its data. Leechers are a session each, all of which begin
at once with the seed at PORT; a line of JSON has what each took: seconds to its first byte and in all.
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
    # As many as the test has
    "unchoke_slots_limit": 100,
    # btkit has TCP only, which is the faster one here
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "alert_mask": 0,
}


def add(session, source, directory):
    is_magnet = source.startswith("magnet:")
    params = lt.parse_magnet_uri(source) if is_magnet else lt.add_torrent_params()
    if not is_magnet:
        params.ti = lt.torrent_info(source)
    params.save_path = directory
    params.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
    return session.add_torrent(params)


def seed(port, directory, torrents):
    session = lt.session({**SETTINGS, "listen_interfaces": f"127.0.0.1:{port}"})
    handles = [add(session, torrent, directory) for torrent in torrents]
    while not all(handle.status().is_seeding for handle in handles):
        time.sleep(0.05)
    print("ready", flush=True)
    while True:
        time.sleep(60)


def leech(port, directory, sources):
    leechers = []
    for n, source in enumerate(sources):
        place = os.path.join(directory, str(n))
        os.mkdir(place)
        leechers.append((lt.session({**SETTINGS, "listen_interfaces": "127.0.0.1:0"}), source, place))
    began = time.monotonic()
    handles = []
    for session, source, place in leechers:
        handle = add(session, source, place)
        if not source.startswith("magnet:"):
            handle.connect_peer(("127.0.0.1", port))
        handles.append(handle)
    first, done = {}, {}
    while len(done) < len(handles):
        for n, handle in enumerate(handles):
            if n in done:
                continue
            status = handle.status()
            now = time.monotonic() - began
            if status.total_payload_download > 0:
                first.setdefault(n, now)
            if status.is_seeding:
                done[n] = now
        time.sleep(0.005)
    print(json.dumps([{"first": first[n], "all": done[n]} for n in range(len(handles))]), flush=True)
    os._exit(0)


{"seed": seed, "leech": leech}[sys.argv[1]](int(sys.argv[2]), sys.argv[3], sys.argv[4:])
