"""Fetches a release of Node.js, checks its SHA-256, and unpacks it: one step of Dockerfile.amazonlinux.

    python3 fetch-node.py URL SHA256 FOLDER [--without-npm]

URL may lack its ending: releases come as .tar.gz and as .tar.xz, and the one with the SHA-256 is used.

The first stage's image has Python, which brings TLS and xz; nothing has to be installed there to get Node.js.
Extra certificate authorities, for a network that has its own, come from the file that NODE_EXTRA_CA_CERTS names.
"""

import hashlib
import http.client
import io
import os
import ssl
import sys
import tarfile
import urllib.error
import urllib.request

ENDINGS = (".tar.gz", ".tar.xz")
ATTEMPTS = 3
# Seconds without a byte, not for the whole.
TIMEOUT = 60


def main():
    url, expected, folder, *options = sys.argv[1:]
    wanted = () if options == ["--without-npm"] else ("lib/node_modules/npm/",)
    others, problems = [], []
    for candidate in [url] if url.endswith(ENDINGS) else [url + ending for ending in ENDINGS]:
        archive = fetch(candidate, problems)
        if archive is None:
            continue
        actual = hashlib.sha256(archive).hexdigest()
        if actual == expected.strip().lower():
            unpack(archive, folder, wanted)
            return
        others.append(f"{candidate} should have the SHA-256 {expected} and came with {actual}")
    if others:
        sys.exit(
            f"{', and '.join(others)}; it was not used: "
            "give the version and its SHA-256 together, from the SHASUMS256.txt beside the file"
        )
    sys.exit(f"{', and '.join(problems)}; check the network, or name a mirror by build argument")


def fetch(url, problems):
    """The file's bytes; None where it cannot be had, and then `problems` has one more."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT, context=tls(url)) as response:
                return response.read()
        except (OSError, http.client.HTTPException) as error:
            problem = error
            if isinstance(error, urllib.error.HTTPError) and error.code == 404 and url.endswith(ENDINGS[0]):
                break  # The other ending may be there.
            print(f"{url}: {error} (attempt {attempt} of {ATTEMPTS})", file=sys.stderr)
    problems.append(f"{url} could not be fetched ({problem})")
    return None


def tls(url):
    if not url.startswith("https:"):
        return None
    context = ssl.create_default_context()
    extra = os.environ.get("NODE_EXTRA_CA_CERTS")
    if extra:
        context.load_verify_locations(extra)
    return context


def unpack(archive, folder, wanted):
    """Node.js and the folders `wanted` of the release, without the topmost folder, which has the release's name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = []
        for member in tar:
            member.name = member.name.partition("/")[2]
            if member.name in ("bin/node", "LICENSE") or member.name.startswith(wanted):
                members.append(member)
        if not any(member.name == "bin/node" for member in members):
            sys.exit("the archive holds no bin/node below its topmost folder; give that of a Node.js release")
        # Python 3.12 and later ask how much an archive is trusted; this one has the checksum that was asked for.
        options = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}
        tar.extractall(folder, members, **options)


main()
