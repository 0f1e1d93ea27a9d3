"""What needs a package that only an extra installs says so, and the rest does without it."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from fake_detector import FakeDetector

from detector.batch.engine import score_records
from detector.batch.frame import score_frame
from detector.errors import MissingPackageError
from detector.io.readers import Record

LONG = "The ferry will sail again on Saturday, three weeks after a shaft put it in dry dock. " * 50


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_frame_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"text": [LONG]})
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"pandas: pip install '.*\[batch\]'"):
        score_frame(frame, FakeDetector())


def test_several_workers_need_joblib_and_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    records = [Record(i, LONG, source="here", row=i) for i in range(3)]
    with pytest.raises(MissingPackageError, match=r"joblib: pip install '.*\[batch\]'"):
        score_records(records, FakeDetector(), workers=2)
    outcomes = list(score_records(records, FakeDetector()))
    assert [outcome.failure for outcome in outcomes] == [None, None, None]


def test_the_estimator_needs_scikit_learn() -> None:
    done = run_python(
        "import sys; sys.modules['sklearn'] = None\nfrom detector import DetectorClassifier"
    )
    assert "scikit-learn: pip install 'mt-artifact-detector[scikit-learn]'" in done.stderr


def test_drift_needs_no_extra(tmp_path: Path) -> None:
    file = tmp_path / "scored.csv"
    file.write_text("probability,flagged\n.5,False\n.6,True\n")
    done = run_python(
        "import sys; sys.modules |= dict.fromkeys(['pandas', 'scipy', 'pyarrow'])\n"
        "from detector.cli import main\n"
        f"main(['drift', '--baseline', {str(file)!r}, '--current', {str(file)!r}])"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No movement that matters.")


def test_scoring_and_comparing_import_nothing_of_the_extras() -> None:
    code = f"""
import sys
from detector import Detector
detector = Detector.load()
detector.score({LONG!r}, artifacts="many")
detector.compare({LONG!r}, {LONG.replace("sail", "leave")!r})
extras = "joblib pandas pyarrow scipy sentence_transformers sklearn torch transformers"
print(sorted(set(extras.split()) & set(sys.modules)))
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
