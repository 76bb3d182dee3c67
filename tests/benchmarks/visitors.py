"""Visitors who ask one question after the other, as a process of their own: `python -m tests.benchmarks.visitors ADDRESS SECONDS`.

Prints one JSON object: how many turns ended well, and the milliseconds that each took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid

import httpx

VISITORS = 50
PAUSE_S = 1.5
QUESTIONS = (
    "삼성전자를 가장 많이 담은 ETF는?",
    "KODEX 200 보수는?",
    "보수율 낮은 반도체 ETF 추천해줘",
    "KODEX 200과 TIGER 200은 얼마나 겹쳐?",
    "SK하이닉스를 20% 넘게 담은 ETF",
)


async def visit(address: str, seconds: float) -> list[float]:
    """Let all visitors ask until the time is up; milliseconds of every turn that ended with an answer."""
    taken: list[float] = []
    until = time.monotonic() + seconds

    async def visitor(number: int) -> None:
        await asyncio.sleep(PAUSE_S * number / VISITORS)
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            turn = number
            while time.monotonic() < until:
                started = time.perf_counter()
                await _ask(client, QUESTIONS[turn % len(QUESTIONS)])
                taken.append((time.perf_counter() - started) * 1000)
                turn += 1
                await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(visitor(number) for number in range(VISITORS)))
    return taken


async def _ask(client: httpx.AsyncClient, question: str) -> None:
    message = {"id": "q", "role": "user", "content": question}
    body = {"threadId": str(uuid.uuid4()), "runId": str(uuid.uuid4()), "messages": [message]}
    reply = await client.post("/api/chat", json=body)
    if "RUN_FINISHED" not in reply.raise_for_status().text:
        raise RuntimeError(f"no answer to {question!r}: {reply.text[-300:]}")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(visit(sys.argv[1], float(sys.argv[2])))))
