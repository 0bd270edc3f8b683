"""Drain with a tree of fixed depth, by `drain3`, behind the contract of the kit's `templates.py`.

Parameters: the defaults of drain3, which mask nothing.

He, Zhu, Zheng & Lyu (2017), Drain: an online log parsing approach with fixed depth tree.
"""

from collections.abc import Sequence

from drain3 import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig


def categories(lines: Sequence[str]) -> list[int]:
    """The cluster of each line, in the order of the lines."""
    miner = TemplateMiner(config=TemplateMinerConfig())
    return [miner.add_log_message(line)["cluster_id"] for line in lines]
