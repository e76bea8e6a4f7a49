"""How fast the studio answers cheap reads while songs are written: python -m tests.bench.studio_load"""

import argparse
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles

from tests.studio_server import StudioServer

CONNECTIONS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--bars", type=int, default=200, help="of the song that half of the requests read")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = StudioServer(Path(folder) / "songs")
        try:
            take = server.write(verb="new", bars=options.bars, seed=1)
            size = len(server.get(f"/api/takes/{take}").body)
            assert server.post("/api/jobs", {"verb": "new", "bars": 400, "count": 4}).status == 202
            waits = all_waits(server.port, take, options.rate, options.seconds)
            writing = server.get("/api/state").json["job"] is not None
        finally:
            server.kill()
    lost = options.rate * options.seconds - len(waits)
    print(
        f"{len(waits)} requests at {options.rate} a second, half of them for {size / 1e3:.0f} kB: {lost} lost, "
        f"median {median(waits) * 1e3:.0f} ms, 99 % in {quantiles(waits, n=100)[98] * 1e3:.0f} ms"
        f"{'' if writing else '; the songs were done before the end'}"
    )


def all_waits(port: int, take: int, rate: int, seconds: int) -> list[float]:
    """Seconds from when each request was due until its reply was there; requests that fail are left out."""
    waits: list[float] = []

    def ask() -> None:
        connection, began = HTTPConnection("127.0.0.1", port, timeout=30), time.monotonic()
        for number in range(rate * seconds // CONNECTIONS):
            due = began + number * CONNECTIONS / rate
            time.sleep(max(due - time.monotonic(), 0))
            connection.request("GET", "/api/state" if number % 2 else f"/api/takes/{take}")
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                waits.append(time.monotonic() - due)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


if __name__ == "__main__":
    main()
