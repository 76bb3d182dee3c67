"""LangChain's GraphCypherQAChain over the same graph and the same model, as its documentation shows it.

Runs in the environment of requirements-bench.txt: `python langchain_chain.py MODEL_URL CONNECTION_JSON GRAPH QUESTION TURNS WARM_UP`. Prints
the milliseconds from `invoke` to the first token of the answer and to its end, as JSON.
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")

from langchain_community.chains.graph_qa.cypher import GraphCypherQAChain  # noqa: E402
from langchain_community.graphs.age_graph import AGEGraph  # noqa: E402
from langchain_core.callbacks import BaseCallbackHandler  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402


class FirstToken(BaseCallbackHandler):
    """Notes when the model's first token comes; of the answering model, not of the one that writes the Cypher."""

    at = 0.0

    def on_llm_new_token(self, token: str, **_: object) -> None:
        if token and not self.at:
            self.at = time.perf_counter()


def main(model_url: str, connection: str, graph: str, question: str, turns: int, warm_up: int) -> None:
    first = FirstToken()
    options = {"base_url": model_url, "api_key": "none", "model": "stub", "temperature": 0, "streaming": True}
    chain = GraphCypherQAChain.from_llm(
        cypher_llm=ChatOpenAI(**options),
        qa_llm=ChatOpenAI(**options, callbacks=[first]),
        graph=AGEGraph(graph, json.loads(connection), create=False),
        allow_dangerous_requests=True,
    )
    figures: dict[str, list[float]] = {"first": [], "end": []}
    for number in range(turns + warm_up):
        first.at, started = 0.0, time.perf_counter()
        answer = chain.invoke({"query": question})["result"]
        ended = time.perf_counter()
        if not answer or not first.at:
            raise SystemExit("the chain gave no answer")
        if number >= warm_up:
            figures["first"].append((first.at - started) * 1000)
            figures["end"].append((ended - started) * 1000)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:5], turns=int(sys.argv[5]), warm_up=int(sys.argv[6]))
