#!/bin/sh
# Installs the wallbox on a Raspberry Pi, or installs it once more: an update. docs/install.md.
#
#     sudo launch/install/install.sh [--board board|board5|none] [--no-boot]
#     sudo launch/install/install.sh --back      # the version before the last update
#     sudo launch/install/install.sh --remove    # all but /var/lib/wallbox and /etc/wallbox
#
# DESTDIR=FOLDER: the files alone, in that folder; no user, no packages, nothing is started.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
root=${DESTDIR:-}
opt=$root/opt/wallbox
boot=$root/boot/firmware
include='include wallbox.txt'

board=
does_boot=yes
has_new_boot=no
act=install
while [ $# -gt 0 ]; do
    case $1 in
        --board) board=${2:?board, board5 or none}; shift ;;
        --no-boot) does_boot=no ;;
        --back) act=back ;;
        --remove) act=remove ;;
        *) echo "unknown: $1; expected --board, --no-boot, --back or --remove" >&2; exit 2 ;;
    esac
    shift
done
case $board in ''|board|board5|none) ;; *)
    echo "--board $board: expected board (Raspberry Pi 1 to 4), board5 or none" >&2; exit 2 ;; esac

say() { echo "wallbox: $*"; }
fail() { echo "wallbox: $*" >&2; exit 1; }
runs_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }
put() { install -D -m "$1" "$here/$2" "$root$3"; }

if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then fail "expected root: sudo $0"; fi

remove() {
    if runs_systemd; then systemctl disable --now wallbox.service 2>/dev/null || true; fi
    rm -f "$root/etc/systemd/system/wallbox.service" "$root/etc/udev/rules.d/90-wallbox.rules" \
        "$root/usr/lib/sysusers.d/wallbox.conf" "$root/usr/lib/tmpfiles.d/wallbox.conf" \
        "$root/etc/systemd/system.conf.d/90-wallbox.conf" \
        "$root/etc/systemd/system/multi-user.target.wants/wallbox.service" \
        "$root/usr/local/bin/wallbox" "$boot/wallbox.txt"
    if [ -f "$boot/config.txt" ]; then sed -i "/^$include\$/d" "$boot/config.txt"; fi
    rm -rf "$opt" "$root/run/wallbox"
    if runs_systemd; then systemctl daemon-reload; fi
    say "removed; its settings and cards are still in /var/lib/wallbox, its launch file in /etc/wallbox"
}

back() {
    former=$(readlink "$opt/former" 2>/dev/null) || fail "there is no former version"
    [ -x "$opt/$former/bin/python" ] || fail "there is no former version"
    present=$(readlink "$opt/current")
    ln -sfn "$former" "$opt/current.new" && mv -T "$opt/current.new" "$opt/current"
    ln -sfn "$present" "$opt/former.new" && mv -T "$opt/former.new" "$opt/former"
    if runs_systemd; then systemctl restart wallbox.service; fi
    say "back to $former"
}

model() { if [ -r /proc/device-tree/model ]; then tr -d '\0' </proc/device-tree/model; fi; }

# Which packages drive the pins of this machine.
find_board() {
    case $(model) in
        *'Raspberry Pi 5'*|*'Compute Module 5'*) echo board5 ;;
        *'Raspberry Pi'*) echo board ;;
        *) echo none ;;
    esac
}

# The PWM at pins 12 and 13, where it is not that of a Raspberry Pi 4.
find_pwm() {
    case $board:$(model) in
        board5:*) echo 1f00098000.pwm ;;
        board:*'Raspberry Pi 3'*|board:*'Zero 2'*|board:*'Compute Module 3'*) echo 3f20c000.pwm ;;
    esac
}

install_packages() {
    missing=
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    if [ "$board" != none ]; then # RPi.GPIO and spidev are compiled
        command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
        [ -e "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
            missing="$missing python3-dev"
    fi
    # lgpio is compiled where it has no wheel: there is none for Python 3.13.
    if [ "$board" = board5 ] && ! command -v swig >/dev/null; then missing="$missing swig"; fi
    command -v sudo >/dev/null || missing="$missing sudo"
    if [ -n "$missing" ]; then
        say "installs$missing"
        apt-get -qq update
        # shellcheck disable=SC2086 # several words
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing
    fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python is older than 3.11: expected Raspberry Pi OS 12 (Bookworm) or newer"
}

# A new version beside the present one, in a folder of its own: nothing changes until it is whole.
install_program() {
    version=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' "$source/msgs/version.py")
    name=$version-$(date -u +%Y%m%d%H%M%S)
    extra=
    [ "$board" = none ] || extra="[$board]"
    say "installs $name for ${board}, some minutes on a Raspberry Pi"
    mkdir -p "$opt"
    # From a copy: a build leaves nothing in the source.
    copy=$(mktemp -d)
    trap 'rm -rf "$copy" "$opt/$name"' EXIT
    python3 -m venv "$opt/$name"
    (cd "$source" && tar -c --exclude=.git --exclude='.venv*' --exclude=node_modules --exclude=tests .) |
        tar -x -C "$copy" --no-same-owner
    # PYPI: lgpio is compiled with the C sources that it brings, not with a library of the system.
    PYPI=1 PIP_CONSTRAINT="$source/constraints.txt" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
        "$opt/$name/bin/python" -m pip install --quiet --use-pep517 --no-cache-dir "$copy$extra"
    "$opt/$name/bin/python" -m compileall -q "$opt/$name/lib"
    "$opt/$name/bin/python" -I -m cli.main topics >/dev/null || fail "the new version does not run"
    mkdir "$opt/$name/launch" && cp "$source"/launch/*.toml "$opt/$name/launch/"
    rm -rf "$copy"
    trap - EXIT
    present=$(readlink "$opt/current" 2>/dev/null || true)
    ln -sfn "$name" "$opt/current.new" && mv -T "$opt/current.new" "$opt/current"
    if [ -n "$present" ]; then ln -sfn "$present" "$opt/former"; fi
    for each in "$opt"/*-??????????????; do # only the last two are kept
        each=${each##*/}
        case $each in "$name"|"$present") ;; *) rm -rf "${opt:?}/$each" ;; esac
    done
}

install_files() {
    put 0644 wallbox.service /etc/systemd/system/wallbox.service
    put 0644 90-wallbox.rules /etc/udev/rules.d/90-wallbox.rules
    put 0644 sysusers.conf /usr/lib/sysusers.d/wallbox.conf
    put 0644 tmpfiles.conf /usr/lib/tmpfiles.d/wallbox.conf
    put 0644 watchdog.conf /etc/systemd/system.conf.d/90-wallbox.conf
    put 0755 wallbox /usr/local/bin/wallbox
    install -D -m 0644 "$source/docs/install.md" "$opt/docs/install.md"
    install_box_file
    if [ "$does_boot" = yes ] && [ -f "$boot/config.txt" ]; then install_boot; fi
}

# The launch file of this box is the owner's. It includes the one of the version in use.
install_box_file() {
    plan=raspberry_pi
    [ "$board" != none ] || plan=simulation
    [ -e "$root/etc/wallbox/box.toml" ] && return
    mkdir -p "$root/etc/wallbox"
    cat >"$root/etc/wallbox/box.toml" <<END
# The launch file of this box: what stands here overrides the file that it includes. After a change:
#     sudo systemctl restart wallbox
name = "wallbox"
include = "/opt/wallbox/current/launch/$plan.toml"
END
    pwm=$(find_pwm)
    [ -z "$pwm" ] && return
    for driver in safety.driver.analog safety.driver.generator pilot.driver led.driver; do
        printf '\n[nodes.%s.parameters]\npwm_device = "%s"\n' "$driver" "$pwm"
    done >>"$root/etc/wallbox/box.toml"
}

install_boot() {
    before=$(cat "$boot/config.txt" "$boot/wallbox.txt" 2>/dev/null | cksum)
    cp "$here/config.txt" "$boot/wallbox.txt"
    grep -qx "$include" "$boot/config.txt" || printf '\n[all]\n%s\n' "$include" >>"$boot/config.txt"
    if [ -f "$boot/cmdline.txt" ] && grep -qE 'console=(serial0|ttyAMA0|ttyS0),' "$boot/cmdline.txt"; then
        sed -i.before-wallbox -E 's/console=(serial0|ttyAMA0|ttyS0),[^ ]* ?//g' "$boot/cmdline.txt"
        before=
    fi
    if [ "$before" != "$(cat "$boot/config.txt" "$boot/wallbox.txt" | cksum)" ]; then
        has_new_boot=yes
    fi
}

make_user() {
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers wallbox.conf
    else
        for group in gpio spi dialout; do getent group $group >/dev/null || groupadd -r $group; done
        getent passwd wallbox >/dev/null ||
            useradd -r -d /var/lib/wallbox -s /usr/sbin/nologin -G gpio,spi,dialout wallbox
    fi
    install -d -m 0700 -o wallbox -g wallbox /var/lib/wallbox /run/wallbox
}

start() {
    systemctl daemon-reexec # system.conf, the watchdog
    systemctl daemon-reload
    udevadm control --reload && udevadm trigger --subsystem-match=pwm --subsystem-match=spidev \
        --subsystem-match=gpio --subsystem-match=misc
    say "starts; this waits until all nodes are ready"
    systemctl restart wallbox.service || {
        systemctl --no-pager --lines=20 status wallbox.service || true
        fail "it does not start; the reason is above. The former version: sudo $0 --back"
    }
    systemctl --no-pager --lines=0 status wallbox.service | sed -n 's/^ *Status: /wallbox: /p'
}

case $act in
    remove) remove ;;
    back) back ;;
    install)
        [ -n "$board" ] || board=$(find_board)
        if [ -z "$root" ]; then install_packages; fi
        if [ -z "$root" ]; then install_program; fi
        install_files
        if [ -z "$root" ]; then make_user; fi
        if [ -z "$root" ]; then systemctl --quiet enable wallbox.service; fi
        if [ "$has_new_boot" = yes ]; then
            say "installed; the boot configuration has changed, please restart the machine: sudo reboot"
        elif runs_systemd; then
            start
        else
            say "installed; it starts with the machine"
        fi
        ;;
esac
