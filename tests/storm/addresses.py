"""Gives an interface the addresses that phones were leased, by rtnetlink: calls of `ip` would be a storm themselves."""

import os
import socket
import struct
import threading

_RTM_NEWADDR = 20
_REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_ERROR = 2


class Addresses:
    """One interface; safe to share between threads."""

    def __init__(self, interface: str, prefix: int) -> None:
        self._index = socket.if_nametoindex(interface)
        self._prefix = prefix
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._lock = threading.Lock()

    def add(self, address: str) -> None:
        """Raises OSError where the kernel refuses it."""
        octets = socket.inet_aton(address)
        body = struct.pack("BBBBI", socket.AF_INET, self._prefix, 0, 0, self._index)
        body += struct.pack("HH4s", 8, _IFA_LOCAL, octets) + struct.pack("HH4s", 8, _IFA_ADDRESS, octets)
        message = struct.pack("IHHII", 16 + len(body), _RTM_NEWADDR, _REQUEST_ACK_CREATE, 0, 0) + body
        with self._lock:
            self._socket.send(message)
            answer = self._socket.recv(4096)
        kind, error = struct.unpack("H", answer[4:6])[0], struct.unpack("i", answer[16:20])[0]
        if kind == _ERROR and error and -error != 17:
            raise OSError(-error, os.strerror(-error))
