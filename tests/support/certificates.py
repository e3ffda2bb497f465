"""Certificate authorities of a test's own, and what they vouch for, by openssl(1)."""

import os
import shutil

from support import farm, tap


def _openssl(*words):
    done = farm.run("openssl", *words)
    assert done.returncode == 0, done.stderr


def _in_the_past():
    """The words by which openssl makes a certificate that has expired: newer ones take no days below
    0, older ones no dates."""
    if "-not_after" in farm.run("openssl", "x509", "-help").stderr:
        return ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"]
    return ["-days", -1]


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

    def issue(self, name, alternatives=(), common_name="", expired=False):
        """A certificate for these names ("DNS:x", "IP:x") and its key, as paths."""
        request, config = self._path(name, "csr"), self._path(name, "conf")
        found = self._path(name, "crt"), self._path(name, "key")
        with open(config, "w", encoding="ascii") as out:
            out.write("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n")
            if alternatives:
                out.write("subjectAltName=" + ",".join(alternatives) + "\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", found[1], "-out", request, "-subj", f"/CN={common_name}" if common_name else "/O=farm")
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                 *(_in_the_past() if expired else ["-days", 2]), "-extfile", config, "-out", found[0])
        return found
