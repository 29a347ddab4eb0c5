"""Certificates for tests: authorities, chains, lists and OCSP responses.

    ca = Authority('Test CA')
    site = ca.issue('site.example', names=['site.example', '*.site.example'])
    cert, key = site.write(folder, 'site')      # site.pem (chain), site.key
    ca.write(folder / 'ca.pem')
    below = ca.authority('Intermediate')        # its leaves bring its chain
    (folder / 'ca.crl').write_bytes(ca.crl(revoked=[site]))
    (folder / 'site.ocsp').write_bytes(ca.ocsp(site))

Names are DNS names, or "DNS:x", "IP:127.0.0.1", "URI:spiffe://x/y",
"email:a@b". Kinds of keys are "P-256", "P-384", "P-521", "P-224", "K-256",
"RSA-2048" (any size), "Ed25519". Days are from now, and may be in the past.
"""
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CURVES = {'P-256': ec.SECP256R1, 'P-384': ec.SECP384R1,
          'P-521': ec.SECP521R1, 'P-224': ec.SECP224R1,
          'K-256': ec.SECP256K1}


def new_key(kind='P-256'):
    if kind == 'Ed25519':
        return ed25519.Ed25519PrivateKey.generate()
    if kind.startswith('RSA-'):
        return rsa.generate_private_key(65537, int(kind[4:]))
    return ec.generate_private_key(CURVES[kind]())


def key_pem(key, password=None):
    how = (serialization.BestAvailableEncryption(password.encode())
           if password else serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8, how)


def cert_pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def at(days):
    return datetime.datetime.utcnow() + datetime.timedelta(days=days)


def subject(name, organisation=None):
    """As text (RFC 4514): "CN=name,O=organisation"."""
    parts = []
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME,
                                        organisation))
    if name:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    return x509.Name(parts)


def general_name(text):
    kind, _, rest = text.partition(':')
    if kind == 'DNS':
        return x509.DNSName(rest)
    if kind == 'IP':
        return x509.IPAddress(ipaddress.ip_address(rest))
    if kind == 'URI':
        return x509.UniformResourceIdentifier(rest)
    if kind == 'email':
        return x509.RFC822Name(rest)
    return x509.DNSName(text)


def digest_of(key):
    return None if isinstance(key, ed25519.Ed25519PrivateKey) \
        else hashes.SHA256()


class Leaf:
    """A certificate, its key, and the certificates above it."""

    def __init__(self, cert, key, chain):
        self.cert, self.key, self.chain = cert, key, chain

    @property
    def pem(self):
        return b''.join(cert_pem(c) for c in (self.cert, *self.chain))

    @property
    def key_pem(self):
        return key_pem(self.key)

    @property
    def fingerprint(self):
        return self.cert.fingerprint(hashes.SHA256()).hex()

    def write(self, folder, name):
        """Writes NAME.pem (the chain) and NAME.key; returns their paths."""
        cert = pathlib.Path(folder) / (name + '.pem')
        key = pathlib.Path(folder) / (name + '.key')
        cert.write_bytes(self.pem)
        key.write_bytes(self.key_pem)
        key.chmod(0o600)
        return cert, key


class Authority:
    """Issues certificates; the root unless `above` says whose child it is."""

    def __init__(self, name='Test CA', above=None, key='P-256', days=3650,
                 start=-1):
        self.key = new_key(key)
        self.above = above
        self.subject = subject(name)
        by = above or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject).issuer_name(by.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at(start)).not_valid_after(at(days))
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.KeyUsage(True, False, False, False, False,
                                         True, True, False, False), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(
                self.key.public_key()), False))
        self.cert = builder.sign(by.key, digest_of(by.key))

    @property
    def pem(self):
        return cert_pem(self.cert)

    @property
    def chain(self):
        """What a leaf sends beside itself: all but the root."""
        return [] if self.above is None else [self.cert, *self.above.chain]

    def write(self, path):
        pathlib.Path(path).write_bytes(self.pem)
        return path

    def authority(self, name='Intermediate', **kw):
        return Authority(name, above=self, **kw)

    def issue(self, name='site.example', names=None, key='P-256', days=90,
              start=-1, client=False, organisation=None):
        """A leaf: for a server, or for a client."""
        own = new_key(key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject(name, organisation))
            .issuer_name(self.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at(start)).not_valid_after(at(days))
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH if client
                 else ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(x509.AuthorityKeyIdentifier
                           .from_issuer_public_key(self.key.public_key()),
                           False))
        if names is None:
            names = [name] if name and ' ' not in name and not client else []
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(
                [general_name(n) for n in names]), False)
        return Leaf(builder.sign(self.key, digest_of(self.key)), own,
                    self.chain)

    def crl(self, revoked=(), days=30, start=-1):
        """A list of revoked leaves, as PEM."""
        builder = (x509.CertificateRevocationListBuilder()
                   .issuer_name(self.subject)
                   .last_update(at(start)).next_update(at(days))
                   .add_extension(x509.CRLNumber(1), False)
                   .add_extension(x509.AuthorityKeyIdentifier
                                  .from_issuer_public_key(
                                      self.key.public_key()), False))
        for leaf in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(leaf.cert.serial_number)
                .revocation_date(at(start)).build())
        return builder.sign(self.key, digest_of(self.key)).public_bytes(
            serialization.Encoding.PEM)

    def ocsp(self, leaf, status='good', days=7, start=-1):
        """An OCSP response about a leaf of its own, as DER."""
        revoked = status == 'revoked'
        builder = ocsp.OCSPResponseBuilder().add_response(
            leaf.cert, self.cert, hashes.SHA1(),
            ocsp.OCSPCertStatus.REVOKED if revoked
            else ocsp.OCSPCertStatus.GOOD,
            at(start), at(days), at(start) if revoked else None, None)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH,
                                       self.cert)
        return builder.sign(self.key, digest_of(self.key)).public_bytes(
            serialization.Encoding.DER)
