"""The slow twin of `kernels.hosts`: every rule is held against the name.

Written from the algorithm of the Public Suffix List; it shares no code with the kernel.
"""


def suffix_labels(name: str, rules: list[str]) -> int:
    """How many labels at the end of a name are its public suffix."""
    labels = name.lower().split(".")
    matching = [rule for rule in [*rules, *implied(rules), "*"] if matches(labels, rule.removeprefix("!").split("."))]
    exceptions = [rule for rule in matching if rule.startswith("!")]
    if exceptions:
        return max(map(labels_of, exceptions)) - 1
    return max(map(labels_of, matching))


def implied(rules: list[str]) -> list[str]:
    """The names above a wildcard, which are suffixes too."""
    return [rule.removeprefix("*.") for rule in rules if rule.startswith("*.")]


def matches(labels: list[str], rule: list[str]) -> bool:
    """Whether the last labels are those of the rule, in which a star stands for any."""
    last = labels[len(labels) - len(rule) :]
    return len(labels) >= len(rule) and all(want in ("*", label) for want, label in zip(rule, last, strict=True))


def labels_of(rule: str) -> int:
    return rule.count(".") + 1


def split(host: str, rules: list[str]) -> tuple[str, str] | None:
    """What is below the registered domain, and the domain; None where a label is empty."""
    labels = host.removesuffix(".").split(".")
    if "" in labels:
        return None
    first = max(0, len(labels) - suffix_labels(".".join(labels), rules) - 1)
    return ".".join(labels[:first]), ".".join(labels[first:])
