"""A real browser that visits one page."""
import base64
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess

from cryptography.hazmat.primitives import serialization

CHROMIUM = shutil.which('chromium')


def key_digest(leaf):
    """By which Chromium takes a certificate that no authority vouches for."""
    return base64.b64encode(hashlib.sha256(
        leaf.key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).digest()).decode()


@contextlib.contextmanager
def visiting(url, leaf, folder):
    browser = subprocess.Popen(
        [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu',
         '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync',
         '--remote-debugging-port=0',
         f'--user-data-dir={folder / "profile"}',
         f'--ignore-certificate-errors-spki-list={key_digest(leaf)}', url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        yield
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
