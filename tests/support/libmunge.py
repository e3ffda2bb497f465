"""Credentials by libmunge itself, for tests that need thousands of them."""

import ctypes

from support import farm

OPTION_SOCKET, OPTION_UID_RESTRICTION = 8, 9


class Maker:
    """Makes credentials of this process's user, for one reader."""

    def __init__(self, socket, reader):
        self.library = ctypes.CDLL("libmunge.so.2")
        self.free = ctypes.CDLL(None).free
        self.library.munge_ctx_create.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.munge_ctx_create())
        self._set(OPTION_SOCKET, socket.encode())
        self._set(OPTION_UID_RESTRICTION, int(reader))

    def _set(self, option, value):
        farm.equal(self.library.munge_ctx_set(self.context, option, value), 0)

    def credential(self, payload):
        text = ctypes.c_char_p()
        code = self.library.munge_encode(ctypes.byref(text), self.context, payload.encode(),
                                         len(payload))
        farm.equal(code, 0)
        made = text.value.decode()
        self.free(text)
        return made

    def decode(self, credential):
        """As a server does: throws away what it says."""
        payload, size = ctypes.c_void_p(), ctypes.c_int()
        uid, gid = ctypes.c_uint32(), ctypes.c_uint32()
        code = self.library.munge_decode(credential.encode(), self.context, ctypes.byref(payload),
                                         ctypes.byref(size), ctypes.byref(uid), ctypes.byref(gid))
        farm.equal(code, 0)
        self.free(payload)
