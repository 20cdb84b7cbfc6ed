"""A vendor that takes 50 ms for every request: `python -m tests.bench.slow_vendor`.

It prints its address, and says at `/received` how many requests it got, under how many keys.
"""

import asyncio
import json
from collections import Counter

from tests.bench.wire import Answer, Request, serve

SECONDS = 0.05


def main() -> None:
    received: Counter[str] = Counter()

    def answer(request: Request) -> Answer:
        if request.path == "/received":
            told = {"requests": received.total(), "keys": len(received)}
            return Answer(json.dumps(told).encode())
        key = request.headers["idempotency-key"]
        received[key] += 1
        return Answer(json.dumps({"id": key}).encode())

    asyncio.run(serve(answer, lambda request: SECONDS, 0))


if __name__ == "__main__":
    main()
