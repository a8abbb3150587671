"""The authorities that vouch for databases of RDS, which come with the code: `rds-authorities.pem` beside this module.

A network without a way out could fetch none. They hold until 2061 and later. Amazon adds new ones with new regions, so
a region that is not among them is said to be missing before a run needs it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

AUTHORITIES = Path(__file__).with_name("rds-authorities.pem")
_NAME = re.compile(r"^# Amazon RDS (\S+) Root CA ", re.MULTILINE)


@cache
def vouched_for() -> frozenset[str]:
    """The regions whose databases can be believed."""
    return frozenset(_NAME.findall(AUTHORITIES.read_text()))
