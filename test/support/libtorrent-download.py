"""Downloads or seeds one torrent with libtorrent, which finds nothing but by url-list and trackers.

Usage: libtorrent-download.py TORRENT-OR-MAGNET DIRECTORY [--no-web-seeds] [--seed] [--encrypted]
    [--listen PLACE] [--dht-node HOST:PORT] [--retry]

Prints one line of JSON when all is there: the web seeds used, and how many peers trackers named.
With --seed it waits for a tracker's answer before, and goes on until standard input ends. What
libtorrent has to say goes to standard error.
"""
import argparse
import json
import sys

import libtorrent as lt

SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    # All peers of a test are at one address
    "allow_multiple_connections_per_ip": True,
    "alert_mask": lt.alert.category_t.error_notification
    | lt.alert.category_t.status_notification
    | lt.alert.category_t.tracker_notification
    | lt.alert.category_t.connect_notification,
}


# Only connections that are encrypted with RC4
ENCRYPTED = {"out_enc_policy": 0, "in_enc_policy": 0, "allowed_enc_level": 2}

# A network of nodes that are all at one address
DHT = {
    "enable_dht": True,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False,
    "dht_ignore_dark_internet": False,
    "dht_announce_interval": 1,
}


def main(args):
    is_magnet = args.torrent.startswith("magnet:")
    params = lt.parse_magnet_uri(args.torrent) if is_magnet else lt.add_torrent_params()
    if not is_magnet:
        params.ti = lt.torrent_info(args.torrent)
    params.save_path = args.directory
    # Or it would look for the best peers, and stop and begin, as it sees fit
    params.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
    if args.no_web_seeds and not is_magnet:
        params.ti.set_web_seeds([])
    settings = {**SETTINGS, "listen_interfaces": args.listen}
    if args.encrypted:
        settings.update(ENCRYPTED)
    if args.retry:
        # A peer that is gone is called again at once, and by TCP
        settings.update(min_reconnect_time=1, enable_outgoing_utp=False)
    if args.dht_node:
        settings.update(DHT, dht_bootstrap_nodes=args.dht_node)
    session = lt.session(settings)
    handle = session.add_torrent(params)
    if args.retry:
        # A peer that was gone three times is called again. Only torrents that are there heed this.
        session.apply_settings({"max_failcount": 1000})
    answers = []
    while not handle.status().is_seeding or (args.seed and not answers):
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            print(alert.message(), file=sys.stderr, flush=True)
            if isinstance(alert, lt.tracker_reply_alert):
                answers.append(alert.num_peers)
    told = {"webSeeds": handle.url_seeds(), "trackerPeers": max(answers, default=0)}
    print(json.dumps(told), flush=True)
    if args.seed:
        sys.stdin.read()


parser = argparse.ArgumentParser()
parser.add_argument("torrent")
parser.add_argument("directory")
parser.add_argument("--no-web-seeds", action="store_true")
parser.add_argument("--seed", action="store_true")
parser.add_argument("--encrypted", action="store_true")
parser.add_argument("--dht-node")
parser.add_argument("--retry", action="store_true")
parser.add_argument("--listen", default="127.0.0.1:0")
main(parser.parse_args())
