"""The page's own unit tests, and the stream read by AG-UI's JavaScript client, both run by Vitest."""

from __future__ import annotations

import subprocess
from pathlib import Path

from scripted_chat import ScriptedAgent, application, serving

from backend import web_build


def test_the_pages_units_and_the_official_client_are_content(test_home: Path) -> None:
    node = web_build.find_node(print, test_home / "node")
    web_build.install(node, print)
    with serving(application(ScriptedAgent())) as server:
        ran = subprocess.run(
            [str(node.executable), "node_modules/vitest/vitest.mjs", "run"],
            cwd=web_build.WEB,
            env={**node.environment, "VITE_CHAT_SERVER": server, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "skipped" not in ran.stdout, ran.stdout
