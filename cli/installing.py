"""Runs an installer (uv, pip, npm) for the checkout, one at a time, and says in one sentence why it failed.

Fails with `SetUpFailure`: the network, a certificate, a hash, the disk, or the installer's own last words
where they are not known. Standard library only: this runs before there is a private virtual environment.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from cli.launching import CHECKOUT

INSTALLATION_LOCK = CHECKOUT / ".venv.lock"

INDEX_OUT_OF_REACH = (
    "The package index cannot be reached: connect this machine to the network, or name a mirror "
    "(PIP_INDEX_URL for pip, UV_DEFAULT_INDEX for uv, NPM_CONFIG_REGISTRY for npm), and start again."
)
CERTIFICATE_REFUSED = (
    "The package index shows a certificate that is not trusted here: name the certificates of your proxy "
    "(PIP_CERT for pip, SSL_CERT_FILE for uv, NODE_EXTRA_CA_CERTS for npm) and start again."
)
HASH_DIFFERS = (
    "A downloaded package is not the one that was locked, so it was not installed: find out who changed "
    "it (a mirror, a proxy), or name another index (PIP_INDEX_URL, UV_DEFAULT_INDEX, "
    "NPM_CONFIG_REGISTRY), and start again."
)
DISK_FULL = "The disk is full: free 1 GB where the checkout and the temporary files are, and start again."

WORDS_OF_INSTALLERS = {
    "No space left on device": DISK_FULL,
    "ENOSPC": DISK_FULL,
    "CERTIFICATE_VERIFY_FAILED": CERTIFICATE_REFUSED,
    "invalid peer certificate": CERTIFICATE_REFUSED,
    "SELF_SIGNED_CERT": CERTIFICATE_REFUSED,
    "UNABLE_TO_GET_ISSUER_CERT": CERTIFICATE_REFUSED,
    "DO NOT MATCH THE HASHES": HASH_DIFFERS,
    "Hash mismatch": HASH_DIFFERS,
    "EINTEGRITY": HASH_DIFFERS,
    "NewConnectionError": INDEX_OUT_OF_REACH,
    "Failed to establish a new connection": INDEX_OUT_OF_REACH,
    "NameResolutionError": INDEX_OUT_OF_REACH,
    "ConnectTimeoutError": INDEX_OUT_OF_REACH,
    "ReadTimeoutError": INDEX_OUT_OF_REACH,
    "ProxyError": INDEX_OUT_OF_REACH,
    "error sending request": INDEX_OUT_OF_REACH,
    "operation timed out": INDEX_OUT_OF_REACH,
    "ENOTFOUND": INDEX_OUT_OF_REACH,
    "EAI_AGAIN": INDEX_OUT_OF_REACH,
    "ECONNREFUSED": INDEX_OUT_OF_REACH,
    "ETIMEDOUT": INDEX_OUT_OF_REACH,
}
"""What uv, pip and npm are known to say when they fail, and what it means; the first that fits counts."""


class SetUpFailure(Exception):
    """Set-up cannot go on; the text is the sentence for the user."""


class NothingFetched(SetUpFailure):
    """The installer stopped before it changed anything: what was installed stays good."""


@contextmanager
def installation_lock() -> Iterator[int]:
    """Hold the checkout's lock. Installers get its descriptor: one that outlives us still holds it."""
    with INSTALLATION_LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this checkout ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def run_installer(command: Sequence[str], lock: int, environment: Mapping[str, str] | None = None) -> None:
    """Run an installer to its end, without its chatter. It dies with us, unless we are killed outright."""
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
        process_group=0,
    )
    try:
        said, _ = process.communicate()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode != 0:
        raise meaning_of(said)


def meaning_of(said: str) -> SetUpFailure:
    """Turn an installer's words into one sentence, or pass the last of them on where they are not known."""
    for words, sentence in WORDS_OF_INSTALLERS.items():
        if words in said:
            return SetUpFailure(sentence) if sentence is DISK_FULL else NothingFetched(sentence)
    last_words = "\n".join(f"    {line}" for line in said.strip().splitlines()[-15:])
    return SetUpFailure(f"An installer failed and the reason is not a known one; it said last:\n{last_words}")


def say(what: str) -> None:
    """Tell the user, beside the command's own output."""
    print(f"pilotlight: {what}", file=sys.stderr, flush=True)
