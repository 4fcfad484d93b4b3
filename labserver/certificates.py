"""A certificate for localhost, from a CA that lives in the state folder."""

from __future__ import annotations

from pathlib import Path

from labserver.state import StateUnusable, write_private


def certificate_for_localhost(folder: Path) -> tuple[Path, Path, Path]:
    """Files of a certificate chain, its key, and the CA that clients are told to trust.

    The CA is made once, so that what trusts it today does so tomorrow; the certificate is new.
    Raises `StateUnusable` when the CA that is there can't be read.
    """
    # Only --tls needs this library, and most people never use that.
    import trustme
    from cryptography.hazmat.primitives import serialization

    ca_file, ca_key_file = folder / "ca.pem", folder / "ca-key.pem"
    if ca_file.exists() and ca_key_file.exists():
        try:
            ca = trustme.CA.from_pem(ca_file.read_bytes(), ca_key_file.read_bytes())
        except (OSError, ValueError) as fault:
            raise StateUnusable(
                f"The CA in {ca_file} and {ca_key_file.name} can't be used; "
                "remove both files to get a new one."
            ) from fault
    else:
        ca = trustme.CA(organization_name="Grantlab")
        write_private(ca_key_file, ca.private_key_pem.bytes().decode())
        write_private(ca_file, ca.cert_pem.bytes().decode())
    issued = ca.issue_cert("localhost", "127.0.0.1", "::1", key_type=trustme.KeyType.ECDSA)
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), password=None)
    # The server reads this one form of key only.
    pkcs8 = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(folder / "tls.pem", "".join(p.bytes().decode() for p in issued.cert_chain_pems))
    write_private(folder / "tls-key.pem", pkcs8.decode())
    return folder / "tls.pem", folder / "tls-key.pem", ca_file
