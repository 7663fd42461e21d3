"""A certificate for trials, signed by itself: browsers will warn, and rightly."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

VALID = timedelta(days=825)
NAMES = ("localhost",)
ADDRESSES = ("127.0.0.1", "::1")


def make_certificate(_folder: Path) -> str:
    """Return key and certificate for this machine's own names, in one PEM text."""
    # Here, because only the image that makes secrets brings this library; the others import this file without it.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pupero trial")])
    names = [*map(x509.DNSName, NAMES), *(x509.IPAddress(ip_address(address)) for address in ADDRESSES)]
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + VALID)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return (private + certificate).decode()
