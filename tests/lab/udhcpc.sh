#!/bin/sh
# What udhcpc runs when it has a lease: configures the interface.
case "$1" in
bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/$mask" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface"
    ;;
deconfig)
    ip link set "$interface" up
    ip addr flush dev "$interface"
    ;;
esac
