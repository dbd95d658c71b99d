"""TLS, as bytes that become other bytes: which socket they come from and go to is for the channel to say."""

import ssl
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

PIECE = 65_536  # bytes of clear text that are taken out of TLS at a time
NAME = "reference_server"  # whose certificate it is; the domain, which can be too long for that field, stands beside it
DAYS = 30  # that a certificate of ours can be used
OPENSSL_PATIENCE = 30  # seconds for making one


class Tls:
    """The server's end of a TLS connection; may be used by several threads."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Begin before the handshake.

        Args:
            context: has the certificate.
        """
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ends = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._lock = Lock()
        self.is_established = False

    def opened(self, data: memoryview) -> bytes:
        """Return what the client said in clear, which is nothing before the handshake's end; `sealed` has our part.

        Args:
            data: what it sent, in pieces of any size.

        Raises:
            EOFError: the client ended TLS.
            ssl.SSLError: this is not TLS, or not such as we speak.
        """
        with self._lock:
            self._incoming.write(data)
            text = bytearray()
            with suppress(ssl.SSLWantReadError):
                if not self.is_established:
                    self._ends.do_handshake()
                    self.is_established = True
                while piece := self._ends.read(PIECE):
                    text += piece
                if not text:
                    raise EOFError
            return bytes(text)

    def sealed(self, text: bytes, last: bool = False) -> bytes:
        """Return what has to be sent: our part of a handshake, the text, and the end of TLS if it is the last.

        Raises:
            ssl.SSLError: there is a text, but no handshake was made.
        """
        with self._lock:
            if text:
                self._ends.write(text)
            if last:
                with suppress(ssl.SSLError):
                    self._ends.unwrap()
            return self._outgoing.read()


def loaded(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return the context with a certificate.

    Args:
        certificate: a file of PEM.
        key: likewise, without a passphrase; None if it stands in the certificate's file.

    Raises:
        OSError: they can't be read, or don't belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key, password="")  # so that nobody is asked for one
    except ssl.SSLError as error:
        raise OSError(error.errno, "not a certificate with its key, in PEM", str(certificate)) from None
    except OSError as error:
        missing = key if key and certificate.is_file() else certificate
        raise OSError(error.errno, error.strerror, str(missing)) from None
    return context


def self_made(domain: str) -> ssl.SSLContext | None:
    """Return a context with a certificate that we signed ourselves, or None where none can be made.

    It is on the disk only while it is made and loaded.

    Args:
        domain: whose it is.
    """
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        try:
            _by_cryptography(domain, certificate, key)
        except ImportError:  # it is an extra
            if not _by_openssl(domain, certificate, key):
                return None
        return loaded(certificate, key)


def _by_cryptography(domain: str, certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate.write_bytes(signed.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(private.private_bytes(pem, *plain))


def _by_openssl(domain: str, certificate: Path, key: Path) -> bool:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    told = ["-days", str(DAYS), "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{domain}"]
    kept = ["-out", str(certificate), "-keyout", str(key)]
    try:
        run = subprocess.run([*made, *told, *kept], capture_output=True, timeout=OPENSSL_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0
