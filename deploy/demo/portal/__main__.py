"""`python -m deploy.demo.portal LINK`: the portal on a free port, for one of the addresses in `links.txt`."""

import sys
from urllib.parse import urlsplit

import uvicorn

from deploy.demo.portal import build_portal

if __name__ == "__main__":
    if len(sys.argv) != 2 or "#token=" not in sys.argv[1]:
        sys.exit(
            "Give one of the addresses in links.txt: python -m deploy.demo.portal 'http://…/billing#token=…'"
        )
    page, token = sys.argv[1].split("#token=")
    parts = urlsplit(page)
    gateway = f"{parts.scheme}://{parts.netloc}"
    uvicorn.run(build_portal(lambda: (gateway, token)), host="127.0.0.1", port=8099)
