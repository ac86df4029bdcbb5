"""Python computes the waits of the shared cases; `web/src/room/eta.test.ts` computes the same from the same file."""

import json
from typing import Any

import msgspec
import pytest

from tests.contract.waitingroom import make_eta_cases
from waitingroom.eta import Band, Called, Unsaid, eta, people_ahead
from waitingroom.frame import LineFrame

SHARED = json.loads(make_eta_cases.PATH.read_text())


def test_the_file_is_what_its_program_writes() -> None:
    """Cases are changed in the program, so that they keep their independent derivation."""
    assert make_eta_cases.PATH.read_text() == make_eta_cases.text(), (
        "run python -m tests.contract.waitingroom.make_eta_cases"
    )


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_a_frame_says_the_same_everywhere(case: dict[str, Any]) -> None:
    """The band, or why there is none, is that of the case to a millisecond."""
    frame = msgspec.convert(case["frame"], LineFrame)
    match eta(frame, case["position"]):
        case Band(p10, p50, p90):
            wanted = [case["says"][name] for name in ("p10_ms", "p50_ms", "p90_ms")]
            assert case["says"]["kind"] == "band"
            assert [p10, p50, p90] == pytest.approx(wanted, abs=SHARED["tolerance_ms"])
            assert people_ahead(frame, case["position"]) == pytest.approx(case["ahead"], abs=1e-6)
        case Called():
            assert case["says"] == {"kind": "called"}
        case Unsaid(why):
            assert case["says"] == {"kind": "unsaid", "why": why}
