"""Certificate authorities of a test's own, and what they vouch for, by openssl(1)."""

import os
import shutil

from support import farm, tap


def _openssl(*words):
    done = farm.run("openssl", *words)
    assert done.returncode == 0, done.stderr


class Authority:
    """Its certificate is `file`; what it issues lies beside it."""

    def __init__(self, folder, name="ca"):
        if not shutil.which("openssl"):
            raise tap.Lacks("openssl is not installed")
        self.folder, self.name = folder, name
        self.file, self.key = self._path(name, "crt"), self._path(name, "key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", self.key, "-out", self.file, "-days", 2, "-subj", f"/CN=the farm's {name}")
        os.chmod(self.key, 0o600)

    def _path(self, name, kind):
        return os.path.join(self.folder, f"{name}.{kind}")

    def issue(self, name, alternatives=(), common_name="", days=2):
        """A certificate for these names ("DNS:x", "IP:x") and its key, as paths; days below 0: it has
        expired."""
        request, config = self._path(name, "csr"), self._path(name, "conf")
        found = self._path(name, "crt"), self._path(name, "key")
        with open(config, "w", encoding="ascii") as out:
            out.write("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n")
            if alternatives:
                out.write("subjectAltName=" + ",".join(alternatives) + "\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", found[1], "-out", request, "-subj", f"/CN={common_name}" if common_name else "/O=farm")
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                 "-days", days, "-extfile", config, "-out", found[0])
        return found
