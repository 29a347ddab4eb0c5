"""Fixtures: a gateway per test (or per file), and origins behind it."""
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from gateway import Gateway  # noqa: E402
from h2origin import H2Origin  # noqa: E402
from origin import Origin  # noqa: E402


class House:
    """Makes gateways and origins, and ends them all."""

    def __init__(self):
        self.gateways, self.origins, self.folders = [], [], []

    def folder(self):
        path = pathlib.Path(tempfile.mkdtemp(prefix='pen-'))
        path.chmod(0o755)
        self.folders.append(path)
        return path

    def gateway(self, body, start=True, ready=True, **kw):
        g = Gateway(self.folder(), body, **kw)
        self.gateways.append(g)
        return g.start(ready) if start else g

    def origin(self, *args, **kw):
        o = Origin(*args, **kw)
        self.origins.append(o)
        return o

    def h2origin(self, *args, **kw):
        o = H2Origin(*args, **kw)
        self.origins.append(o)
        return o

    def end(self):
        errors = []
        for g in self.gateways:
            try:
                g.finish()
            except AssertionError as error:
                errors.append(str(error))
        for o in self.origins:
            o.close()
        for f in self.folders:
            shutil.rmtree(f, ignore_errors=True)
        assert not errors, '\n'.join(errors)


@pytest.fixture
def house():
    h = House()
    yield h
    h.end()


@pytest.fixture(scope='module')
def shared_house():
    """For tests that leave the gateway as they found it."""
    h = House()
    yield h
    h.end()


@pytest.fixture
def gateway(house):
    return house.gateway


@pytest.fixture
def upstream(house):
    return house.origin


@pytest.fixture
def h2upstream(house):
    return house.h2origin


def pytest_make_parametrize_id(config, val, argname):
    """A test has the same name in every process: signatures are random."""
    del config
    return argname if isinstance(val, str) and 'eyJ' in val else None
