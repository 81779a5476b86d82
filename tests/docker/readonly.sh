#!/bin/sh
# readonly.sh ROOT WRITABLE[:WRITABLE…] COMMAND…: runs COMMAND in ROOT as user and group 10001, without any rights and
# with every file system read-only but for the folders WRITABLE. As root, on Linux; nothing of it stays behind.
set -eu
if [ "${1:-}" != --inside ]; then
    exec unshare --mount --propagation private "$0" --inside "$@"
fi
root=$2 writable=$(echo "$3" | tr : ' ')
shift 3
if [ "$root" != / ]; then
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
fi
for folder in $writable; do
    chown -R 10001:10001 "$folder"
    mount --bind "$folder" "$folder"
done
cut -d ' ' -f 5 /proc/self/mountinfo | while read -r place; do
    case " $writable /proc $root/proc /dev /dev/pts $root/dev $root/dev/pts " in
        *" $place "*) ;;
        *) mount -o remount,bind,ro "$place" ;;
    esac
done
exec setpriv --no-new-privs chroot --userspec=10001:10001 --groups= "$root" "$@"
