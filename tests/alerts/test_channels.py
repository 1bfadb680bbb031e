"""``alerts.yaml`` is read with all errors at once, and holds no secret."""

from datetime import timedelta
from pathlib import Path

import pytest

from qoa_platform.alerts import Channels, Log, Reference, Webhook
from qoa_platform.alerts.errors import NotDelivered
from qoa_platform.contracts import ContractErrors


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is said of a file, without the folder."""
    (tmp_path / "alerts.yaml").write_text(text)
    with pytest.raises(ContractErrors) as caught:
        Channels.of(tmp_path)
    return [str(p).removeprefix(f"{tmp_path}/") for p in caught.value.problems]


def test_without_a_file_there_is_the_log(tmp_path: Path) -> None:
    """Being told needs no configuration."""
    channels = Channels.of(tmp_path)
    assert channels.sinks == ("log",)
    assert isinstance(channels.notifier("log"), Log)


def test_channels_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Their sinks are ``log`` and ``webhook:<name>``; nothing is resolved by reading."""
    (tmp_path / "alerts.yaml").write_text("""
channels:
  - {name: everyone, kind: log}
  - {name: ops, kind: webhook, url: "env:QOA_NOT_SET", secret: "file:hook.key", allow_private: true, repeat: 4 h}
  - {name: chat, kind: webhook, url: "https://hooks.example.org/secret-word"}
""")
    channels = Channels.of(tmp_path)
    assert channels.sinks == ("log", "webhook:ops", "webhook:chat")
    assert isinstance(channels.notifier("webhook:ops"), Webhook)
    assert [channels.repeat(s) for s in channels.sinks] == [None, timedelta(hours=4), None]
    assert repr(channels.notifier("webhook:chat")) == "Webhook(chat, https://hooks.example.org:443/…)"


def test_all_errors_at_once_each_with_its_place(tmp_path: Path) -> None:
    """File, line, column, what was found, what is allowed, the nearest guess; nothing secret is repeated."""
    found = problems(tmp_path, """channels:
  - {name: a, kind: webhok}
  - {name: b, kind: webhook}
  - {name: c, kind: log, url: "https://example.org"}
  - {name: d, kind: webhook, url: "ftp://example.org/secret-word"}
  - {name: e, kind: webhook, url: "env:X", secret: secret-word, repeet: 4 h}
  - {name: f, kind: webhook, url: "env:X", allow_private: maybe, repeat: 4 parsecs}
  - {name: g, kind: log, repeat: 1 s}
  - {name: h, kind: log}
  - {name: H, kind: log}
""")  # fmt: skip
    assert found == [
        "alerts.yaml:2:21  E105 kind 'webhok' is not allowed. Did you mean 'webhook'?",
        "alerts.yaml:3:5  E102 a webhook needs 'url': where it posts to. Allowed: env:NAME or file:PATH, or http(s)://…",
        "alerts.yaml:4:26  E114 a log channel takes no 'url'. Allowed: name, kind, repeat",
        (
            "alerts.yaml:5:35  E106 'url': scheme 'ftp' is not allowed. Allowed: http, https. Or keep it elsewhere: "
            "env:NAME or file:PATH"
        ),
        (
            "alerts.yaml:6:52  E106 'secret' must not be written here (what was found is not shown). Allowed: "
            "env:NAME or file:PATH"
        ),
        "alerts.yaml:6:65  E101 unknown key 'repeet' in channel. Did you mean 'repeat'?",
        "alerts.yaml:7:59  E103 'allow_private' must be true or false. Allowed: true, false",
        (
            "alerts.yaml:7:74  E106 unknown unit 'parsecs'. Allowed: %, B, GiB, KiB, MiB, USD, d, h, min, ms, ratio, "
            "requests and 3 more"
        ),
        "alerts.yaml:8:34  E106 '1 s' is too often. Allowed: 1 min or more",
        "alerts.yaml:9:12  E111 channel 'h' and 'g' are both log. Allowed: one log, and each name once",
        "alerts.yaml:10:12  E110 'H' is no name of this kind. Allowed: [a-z][a-z0-9_-]{0,63}",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "E002"), ("channels: [", "E002"), ("- 1", "E103"), ("channels: {}", "E103"), ("channels: []", "E103"),
        ("channles: []", "E101"), ("channels: [&a {name: x, kind: log}]", "E005"), ("[" * 100, "E004"),
        ("channels: [{name: x, kind: log, kind: log}]", "E003"), ("a" * 2_000_000, "E004"),
        ("channels: [{name: x, kind: webhook, url: 'env:U', secret: 12345}]", "E106"),
    ],
)  # fmt: skip
def test_malformed_files_are_errors(tmp_path: Path, text: str, code: str) -> None:
    """Broken, aliased, nested too deep, too long, or another shape: never a traceback, never a silent default."""
    assert code in {line.split()[1] for line in problems(tmp_path, text)}


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    """A folder of that name is no configuration."""
    (tmp_path / "alerts.yaml").mkdir()
    with pytest.raises(ContractErrors, match="cannot be read"):
        Channels.of(tmp_path)


def test_an_unknown_sink_names_the_known_ones() -> None:
    """KeyError, with what there is."""
    with pytest.raises(KeyError, match=r"'webhook:x'. Known: log"):
        Channels.default().notifier("webhook:x")


def test_a_reference_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated secret is in force at once; what is missing is said by its name."""
    reference = Reference.of("env:QOA_TEST_SECRET")
    assert reference is not None
    with pytest.raises(NotDelivered, match="env:QOA_TEST_SECRET is not set"):
        reference.read()
    monkeypatch.setenv("QOA_TEST_SECRET", " \n")
    with pytest.raises(NotDelivered, match="is empty"):
        reference.read()
    monkeypatch.setenv("QOA_TEST_SECRET", "secret-word\n")
    assert reference.read() == "secret-word"
    assert "secret-word" not in repr(reference)
    kept = Reference.of("file:key", tmp_path)
    assert kept is not None
    with pytest.raises(NotDelivered, match="file:key cannot be read: No such file"):
        kept.read()
    (tmp_path / "key").write_bytes(b"\xff")
    with pytest.raises(NotDelivered, match="no UTF-8"):
        kept.read()
    (tmp_path / "key").write_text("one\n")
    assert kept.read() == "one"
    (tmp_path / "key").write_text("x" * 70_000)
    with pytest.raises(NotDelivered, match="longer than"):
        kept.read()


@pytest.mark.parametrize("text", ["env:", "file:  ", "vault:x", "secret", "", "file:a\0b"])
def test_what_is_no_reference(text: str) -> None:
    """Only env: and file:, with a name."""
    assert Reference.of(text) is None
