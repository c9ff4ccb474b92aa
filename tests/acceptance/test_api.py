"""The API for a firm's own programs."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.acceptance.conftest import write_config
from tests.standins.program import Program


def test_the_api_asks_the_bot_and_reads_articles(installation: Path) -> None:
    write_config(installation, top='api_token = "a-token"')
    with Program("serve", folder=installation) as program:
        with httpx.Client(base_url=f"{program.base}/api/v1", headers={"Authorization": "Bearer a-token"}) as client:
            asked = client.post("/ask", json={"text": "скільки коштує доставка"}).json()
            assert (asked["decision"], asked["article"]) == ("answer", "delivery-cost")
            titles = {one["id"]: one["title"] for one in client.get("/articles", params={"language": "en"}).json()}
            assert titles["delivery-cost"] == "Delivery cost"
            assert "UAH" in client.get("/articles/delivery-cost", params={"language": "en"}).json()["answer"]
            assert client.get("/articles/nothing").status_code == 404
            assert client.get("/articles", params={"language": "xx"}).status_code == 400
        assert httpx.get(f"{program.base}/api/v1/articles").status_code == 401
        assert httpx.get(f"{program.base}/schema").status_code == 200
        schema = httpx.get(f"{program.base}/schema/openapi.json").json()
        assert set(schema["paths"]) == {"/api/v1/ask", "/api/v1/articles", "/api/v1/articles/{article_id}"}
