import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.intake.transforms.domain_split import split_host

from .rows import failed, rows, run

PARTS = st.sampled_from(
    ["a", "WWW", "com", "co.uk", "Co.JP", "ck", "1", "10.0.0.1", "é", "РФ", "рф", "..", ":", "/", " ", "[::1]"]
)


@pytest.mark.parametrize(
    ("host", "below", "registered"),
    [
        ("a.b.example.co.uk", "a.b", "example.co.uk"),
        ("example.co.uk", "", "example.co.uk"),
        ("WWW.Example.COM", "WWW", "Example.COM"),
        ("www.example.com.", "www", "example.com"),
        ("x.y.nobody-has-this-top-level", "x", "y.nobody-has-this-top-level"),
        ("x.bob.github.io", "x", "bob.github.io"),
        ("www.例え.jp", "www", "例え.jp"),
        ("www.食狮.公司.cn", "www", "食狮.公司.cn"),
        ("www.xn--85x722f.xn--55qx5d.cn", "www", "xn--85x722f.xn--55qx5d.cn"),
        ("_dmarc.example.com", "_dmarc", "example.com"),
        ("4.3.2.1.in-addr.arpa", "4.3.2", "1.in-addr.arpa"),
    ],
)
def test_a_host_is_the_registered_domain_and_what_is_below_it(host: str, below: str, registered: str) -> None:
    outcome = run("domain_split", [host])
    assert rows(outcome) == [(below, registered)]
    assert failed(outcome) == [False]


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "2001:db8::8", "[2001:db8::8]", "fe80::1%eth0", "::ffff:1.2.3.4"])
def test_an_address_stands_for_itself(host: str) -> None:
    outcome = run("domain_split", [host])
    assert rows(outcome) == [("", host)]
    assert failed(outcome) == [False]


@pytest.mark.parametrize("host", ["localhost", "com", "co.uk", "github.io"])
def test_a_name_that_nobody_can_register_stands_for_itself(host: str) -> None:
    outcome = run("domain_split", [host])
    assert rows(outcome) == [("", host)]
    assert failed(outcome) == [False]


@pytest.mark.parametrize(
    "value",
    ["", ".", "a..b", ".a.com", "http://a.com", "a.com/x", "a.com:80", "bob@a.com", "a b.com", "1.2.3", "256.1.1.1"],
)
def test_what_is_no_host_is_a_failure(value: str) -> None:
    outcome = run("domain_split", [value, "a.com"])
    assert rows(outcome) == [("", ""), ("", "a.com")]
    assert failed(outcome) == [True, False]


def test_bytes_that_are_no_text_are_as_good_a_label_as_any() -> None:
    assert rows(run("domain_split", ["�.a.com"])) == [("�", "a.com")]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.lists(PARTS, max_size=4).map(".".join), max_size=12))
def test_many_hosts_are_split_as_each_of_them_is(hosts: list[str]) -> None:
    outcome = run("domain_split", hosts)
    told = [(*row, not wrong) for row, wrong in zip(rows(outcome), failed(outcome), strict=True)]
    assert told == [split_host(host) for host in hosts]
