"""A certificate authority of our own, for one test."""

import shutil
import subprocess
from pathlib import Path

# What the system configures otherwise would make every certificate one of an authority.
CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
commonName = steadywire tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
"""


class Authority:
    """Its own certificate, and that of a server on this machine, as PEM files."""

    def __init__(self, directory: Path) -> None:
        """Make both, for two days."""
        program = shutil.which("openssl")
        assert program, "openssl is missing"
        self.ca = directory / "ca.pem"
        self.certificate = directory / "server.pem"
        self.key = directory / "server.key"
        configuration = directory / "openssl.conf"
        configuration.write_text(CONFIGURATION)
        ca_key = directory / "ca.key"
        command: list[str | Path] = [program, "req", "-x509", "-config", configuration, "-days", "2", "-nodes"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        own: list[str | Path] = ["-extensions", "authority", "-keyout", ca_key, "-out", self.ca]
        server: list[str | Path] = ["-extensions", "server", "-keyout", self.key, "-out", self.certificate]
        for rest in (own, [*server, "-CA", self.ca, "-CAkey", ca_key]):
            subprocess.run([*command, *rest], check=True, stderr=subprocess.PIPE)
