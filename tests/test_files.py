"""Files appear whole or not at all; one process at a time; pipes are read once."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from logdepth.errors import InputError, WriteError
from logdepth.files import lock, new_file, new_folder, regular_file


class Wrapped(Exception):
    pass


def half(opened, error, name=None):
    """Write something, then fail."""
    with opened as temporary:
        (temporary / name if name else temporary).write_text("half")
        raise error


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS])
def test_a_failed_write_is_named_and_leaves_what_was(tmp_path, code):
    path = tmp_path / "a.txt"
    path.write_text("old")
    raised = [
        OSError(code, os.strerror(code)),
        OSError(f"{os.strerror(code)} (os error {code})"),  # as polars says it
        Wrapped("underlying IO error: " + os.strerror(code)),
    ]
    for error in raised:
        with pytest.raises(WriteError, match=rf"cannot write .*a\.txt: {os.strerror(code)}"):
            half(new_file(path, force=True), error)
        with pytest.raises(WriteError, match=os.strerror(code)):
            half(new_folder(tmp_path / "b"), error, "x")
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"] and path.read_text() == "old"


def test_other_errors_pass_through(tmp_path):
    for error in (FileNotFoundError(2, "missing"), Wrapped("something else")):
        with pytest.raises(type(error)):
            half(new_file(tmp_path / "a.txt"), error)
    assert not list(tmp_path.iterdir())


def test_contents_reach_the_disk_before_the_name(tmp_path, monkeypatch):
    order = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), sync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("name"), replace(a, b))[1])
    with new_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("x")
    assert order[0] == "sync" and order[1] == "name" and "sync" in order[2:]
    order.clear()
    with new_folder(tmp_path / "b") as folder:
        (folder / "in").mkdir()
        (folder / "in" / "a").write_text("x")
        (folder / "b").write_text("x")
    assert len(order) >= 4


def test_what_is_no_file_is_not_replaced(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is not a file"), new_file(tmp_path / "folder.csv", force=True):
        pass
    with pytest.raises(InputError, match="is not a file"), new_file(os.devnull, force=True):
        pass
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(real)
    with new_file(link, force=True) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and real.read_text() == "new"
    with new_file(tmp_path / ("long" * 60)) as temporary:
        temporary.write_text("a name as long as a file may have")


HOLD = """
import sys, time
from pathlib import Path
from logdepth.files import lock
with lock(Path(sys.argv[1]), "busy"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_keeps_others_out_until_its_holder_dies(tmp_path):
    path = tmp_path / ".lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    with pytest.raises(InputError, match="another is here"), lock(path, "another is here"):
        pass
    process.kill()
    process.communicate()
    with lock(path, "another is here"):
        pass
    path.touch()
    with pytest.raises(WriteError, match="cannot write"), lock(path / ".lock", "busy"):
        pass


def test_a_pipe_is_read_once_and_named_in_errors(tmp_path):
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"1 2\n" * 100_000,))
    writer.start()
    copies = []

    def read():
        with regular_file(pipe) as copy:
            assert copy.read_bytes() == copy.read_bytes() == b"1 2\n" * 100_000
            copies.append(copy)
            raise InputError(f"{copy}:3: odd")

    with pytest.raises(InputError, match=rf"^{pipe}:3: odd$"):
        read()
    writer.join()
    assert not copies[0].exists()
