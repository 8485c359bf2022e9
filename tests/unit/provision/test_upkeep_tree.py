"""A parameter set by hand in nested XML: written where it stands, else where its path leads, and nothing else moves."""

import pytest

from appliance.provision.upkeep_tree import write_in_tree

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- ñandú <sip> -->
<sysConf>
  <sip>
    <line index="1">
      <MWINum>*97</MWINum>
    </line>
    <line index="2">
      <MWINum></MWINum>
    </line>
  </sip>
</sysConf>
"""


@pytest.mark.acceptance("P-19")
def test_a_value_takes_the_place_of_the_one_that_stands_there_and_nothing_else_changes() -> None:
    written = write_in_tree(FILE, "sysConf/sip/line[2]/MWINum", "*98 & <más>")
    assert written == FILE.replace("<MWINum></MWINum>", "<MWINum>*98 &amp; &lt;más&gt;</MWINum>")


def test_what_is_not_there_is_added_as_deep_as_its_path_says() -> None:
    written = write_in_tree(FILE, "sysConf/sip/line[3]/more/MWINum", "1")
    nested = '    <line index="3">\n      <more>\n        <MWINum>1</MWINum>\n      </more>\n    </line>\n  </sip>'
    assert written == FILE.replace("  </sip>", nested)
    assert write_in_tree(written, "sysConf/sip/line[3]/more/MWINum", "1") == written


def test_a_path_of_another_root_changes_nothing() -> None:
    assert write_in_tree(FILE, "device/sip/zz", "1") == FILE
