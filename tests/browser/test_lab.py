"""A real JupyterLab: every notebook is opened, run, and its money read off the screen, light and dark, run and not run."""

from __future__ import annotations

import re
import shutil

import nbformat
import papermill
import pytest

from k2cr_analysis.resources import bundled
from tests.browser.chrome import chrome, needs_chromium
from tests.browser.lab import lab, open_notebook, run_all

NOTEBOOKS = sorted(p.name for p in bundled("notebooks").glob("0[0-5]_*.ipynb"))
SHOWN = "[...document.querySelectorAll('.jp-OutputArea-output')].map(o => o.innerText).join('\\n')"
MONEY = re.compile(r"\$\d[\d,]*(?:\.\d\d)?")
pytestmark = [pytest.mark.soak, needs_chromium]


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    """A lab over copies of the notebooks, and a tab of a browser."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    for name in NOTEBOOKS:
        shutil.copy(bundled("notebooks") / name, folder / name)
    with lab(folder) as address, chrome(folder) as tab:
        yield tab, address, folder


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_its_money_can_be_read(screen, name):
    tab, address, _ = screen
    open_notebook(tab, address, name)
    run_all(tab)
    text = tab.run(SHOWN)
    assert "Error" not in text.split("\n")[0]
    if name != "04_deploy.ipynb":  # which shows files, and no money
        assert MONEY.search(text), text[:400]
    assert tab.run("document.querySelectorAll('mjx-container, .MathJax').length") == 0
    frames = tab.run("document.querySelectorAll('.jp-OutputArea-output .k2cr').length")
    assert frames and frames == tab.run(
        "document.querySelectorAll('.jp-OutputArea-output .k2cr.mathjax_ignore').length"
    )


def test_what_papermill_made_is_readable_before_it_is_run(screen):
    """It is not trusted: JupyterLab drops the styles; the money, and the chips' colours, stay."""
    tab, address, folder = screen
    papermill.execute_notebook(
        str(bundled("notebooks") / "02_candidate.ipynb"), str(folder / "made.ipynb"), progress_bar=False
    )
    assert nbformat.read(folder / "made.ipynb", as_version=4).cells
    open_notebook(tab, address, "made.ipynb")
    tab.wait("document.querySelector('.jp-OutputArea-output .chip')", 60)
    assert tab.run("document.querySelectorAll('.jp-OutputArea-output .k2cr style').length") == 0
    assert MONEY.search(tab.run(SHOWN))
    assert tab.run("document.querySelectorAll('mjx-container').length") == 0
    colour = tab.run("getComputedStyle(document.querySelector('.jp-OutputArea-output .chip')).backgroundColor")
    assert colour not in ("rgba(0, 0, 0, 0)", "transparent")


def test_the_pieces_follow_the_theme(screen):
    tab, address, _ = screen
    open_notebook(tab, address, "02_candidate.ipynb")
    run_all(tab)
    ink = "getComputedStyle(document.querySelector('.jp-OutputArea-output .k2cr')).color"
    light = tab.run(ink)
    tab.run("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'}).then(() => true)")
    tab.wait("document.body.dataset.jpThemeLight === 'false'")
    assert tab.run(ink) != light
