"""The RSA key of the sandbox's integration: of two known primes, so that no file keeps a key."""

import hashlib
from functools import cache
from math import lcm

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

EXPONENT = 65537
BITS = 1024


@cache
def private_key() -> rsa.RSAPrivateKey:
    """The key pair; whoever has it may send offers here, and nowhere else."""
    p, q = _prime("one", 550), _prime("other", 1438)
    d = pow(EXPONENT, -1, lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    of_p, of_q, inverse = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, of_p, of_q, inverse, public).private_key()


def pem() -> str:
    """The private key as an account holds it."""
    encoded = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return encoded.decode()


def _prime(name: str, distance: int) -> int:
    """The first prime after the odd number that a name stands for."""
    number = int(hashlib.shake_256(name.encode()).hexdigest(BITS // 8), 16)
    return (number | 3 << BITS - 2 | 1) + distance
