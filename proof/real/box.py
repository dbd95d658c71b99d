"""A Debian system of a server's own: this machine's files as they are, and what is changed lies in a folder.

Packages that exclude each other are installed side by side, each finds its files, its users and its configuration where
Debian has them, and the machine stays as it was. It takes root and a kernel that can lay file systems over each other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proof.real.recipe import Place, filled
from proof.servers.edit import InstallError

BOUND = 900.0
"""Seconds for an installation, over however slow a network."""
MAIL, WORK = "/srv/mail", "/srv/work"
"""Where the folder of mail is in the system, and where a recipe's own files can be."""
LAY = """\
set -e
lay() {
    mkdir -p "$2" "$2.work" "$2.root"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$2.work" "$2.root"
    root=$2.root
}
hostname "$1"
lay / "$2/system"
[ -z "$3" ] || lay "$root" "$3/changed"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount -t tmpfs none "$root/run"
printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' "$1" >"$root/etc/hosts"
if [ -n "$3" ]; then
    : >"$root/etc/resolv.conf"
    mkdir -p "$root/srv/mail"
    mount --bind "$3/mail" "$root/srv/mail"
fi
shift 3
exec chroot "$root" "$@"
"""
"""HOST, the home, the folder of a start or nothing, and a command. Without a name server there is no DNS."""
INSTALL = """\
set -e
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
build=$2 said=$1
shift 2
dpkg --purge --force-depends "$1"
printf '%s\\n' "$said" | debconf-set-selections
fetch() { apt-get -qq -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@"; }
fetch "$@" || { apt-get -qq -o APT::Sandbox::User=root update; fetch "$@"; }
sh -ec "$build"
apt-get -qq clean
"""
"""What debconf is to be told, what is to be done afterwards, and packages. Nothing that is installed is started.

A server that this machine has already is set up anew, as whoever administers the machine may have changed it.
"""


@dataclass(frozen=True)
class Debian:
    """Debian packages.

    Attributes:
        packages: their names, that of the server first.
        selections: what their installation would ask, as `debconf-set-selections` takes it.
        build: a shell script that is run once they are installed.
        given: paths of files for that script, and what is in them.
    """

    packages: Sequence[str]
    selections: str = ""
    build: str = ""
    given: Sequence[tuple[str, str]] = ()

    @property
    def origin(self) -> str:
        return f"Debian {' '.join(self.packages)}"

    def install(self, home: Path) -> str:
        if why := unfit():
            raise InstallError(why)
        shutil.rmtree(home / "system", ignore_errors=True)
        _write(dict(self.given), home / "system")
        script = ["sh", "-c", INSTALL, "sh", self.selections, self.build, *self.packages]
        log = home / "install.txt"
        with log.open("wb") as file:
            words = _entered(f"{home.name}.test", home, None, script)
            try:
                done = subprocess.run(
                    words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, timeout=BOUND
                )
            except subprocess.TimeoutExpired:
                raise InstallError(f"{self.origin}: not installed in {BOUND:g} s, see {log}") from None
        if done.returncode:
            raise InstallError(f"{self.origin}: not installed, see {log}")
        query = ["dpkg-query", "--admindir", str(home / "system/var/lib/dpkg"), "-W", "-f", "${Version}"]
        return subprocess.run([*query, self.packages[0]], capture_output=True, text=True, check=True).stdout

    def command(self, place: Place, files: Mapping[str, str], prepare: str, words: Sequence[str]) -> Sequence[str]:
        def fill(text: str) -> str:
            return filled(text, place, MAIL, WORK)

        _write({path: fill(text) for path, text in files.items()}, place.folder / "changed")
        script = f'set -e\n{fill(prepare)}\nexec "$@"\n'
        inside = ["sh", "-c", script, "sh", *map(fill, words)]
        return _entered(place.host, place.home, place.folder, inside)


def unfit() -> str:
    """Why no such system can be made here, in one line; empty if it can."""
    if os.geteuid() or not all(map(shutil.which, ("unshare", "apt-get", "chroot"))):
        return "packages of Debian take root, apt-get and unshare"
    return ""


def _entered(host: str, home: Path, folder: Path | None, words: Sequence[str]) -> list[str]:
    """A command that runs another inside the system."""
    outside = ["unshare", "--mount", "--uts", "--propagation", "private", "sh", "-c", LAY, "sh"]
    return [*outside, host, str(home.absolute()), str(folder.absolute()) if folder else "", *words]


def _write(files: Mapping[str, str], root: Path) -> None:
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
