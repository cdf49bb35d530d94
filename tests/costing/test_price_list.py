"""Renewing the prices, from files of AWS's form served on this machine."""

import http.server
import shutil
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import typer
import yaml

from tools import price_list
from tools.costing.offers import OFFERS
from tools.costing.price_table import PRICES, read_prices
from tools.price_list import Means
from tools.sentences import BAD_INPUT, FAILED

TODAY = date(2027, 1, 15)
# As AWS writes them: five rows about the file, then the head, every cell quoted.
HEAD = (
    '"FormatVersion","v1.0"\n"Disclaimer","This pricing list is for informational purposes only."\n'
    '"Publication Date","2027-01-12T00:00:00Z"\n"Version","20270112000000"\n"OfferCode","AmazonEC2"\n'
    '"SKU","TermType","PriceDescription","StartingRange","EndingRange","Unit","PricePerUnit","Currency","usageType",'
    '"operation","Tenancy","Operating System","CapacityStatus","Pre Installed S/W"\n'
)


def sold(usage: str, usd: float, operation: str = "", **more: str) -> str:
    cells = [
        *("SKU1", more.get("term", "OnDemand"), "a price, with a comma", more.get("start", "0"), "Inf", "Hrs"),
        *(f"{usd:.10f}", "USD", usage, operation, more.get("tenancy", "Shared"), more.get("system", "Linux")),
        *(more.get("capacity", "Used"), "NA"),
    ]
    return ",".join(f'"{cell}"' for cell in cells) + "\n"


FILES = {
    "AmazonEC2": HEAD
    + sold("EUW3-BoxUsage:t4g.large", 0.08, "RunInstances")
    + sold("EUW3-BoxUsage:t4g.large", 0.2, "RunInstances", tenancy="Dedicated")
    + sold("EUW3-BoxUsage:t4g.large", 0.3, "RunInstances:0002", system="Windows")
    + sold("EUW3-BoxUsage:t4g.large", 0.04, "RunInstances", term="Reserved")
    + sold("EUW3-BoxUsage:t4g.large", 0, "RunInstances", capacity="AllocatedCapacityReservation")
    + sold("EUW3-EBS:VolumeUsage.gp3", 0.0928)
    + sold("EUW3-EBS:VolumeP-Throughput.gp3", 51.2),
    "AWSELB": HEAD
    + sold("EUW3-LoadBalancerUsage", 0.03, "LoadBalancing:Network")
    + sold("EUW3-LoadBalancerUsage", 0.02646, "LoadBalancing:Application"),
    "AmazonS3": HEAD + sold("EUW3-Requests-Tier1", 0.0000053) + sold("EUW3-TimedStorage-ByteHrs", 0.02, start="51200"),
}


class Offers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        *_, service, _, region, _ = self.path.split("/")
        known = region in ("eu-west-3", "eu-west-1")
        body = FILES.get(service, HEAD).replace("EUW3-", "EU-" if region == "eu-west-1" else "EUW3-").encode()
        self.send_response(200 if known else 403)
        self.send_header("Content-Length", str(len(body) if known else 0))
        self.end_headers()
        if known:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class calls it so)
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Offers) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(PRICES / "eu-west-3.yaml", tmp_path / "eu-west-3.yaml")
    return tmp_path


def renew(folder: Path, address: str, region: str = "eu-west-3") -> None:
    price_list.run(region, Means(folder, address, lambda: TODAY))


def test_what_moved_is_shown_and_written(folder: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    renew(folder, address)
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "t4g.large 0.0752 0.08 +6.4 %" in shown
    assert "balancer.network 0.02646 0.03 +13.4 %" in shown
    assert "3 prices moved" in shown
    table = read_prices("eu-west-3", folder)
    assert (table.instances["t4g.large"].hour, table.usd("balancer.network")) == (0.08, 0.03)
    assert table.usd("ebs.gp3.throughput") == pytest.approx(51.2 / 1024)
    assert table.dated == TODAY


def test_order_comments_and_what_is_not_sold_here_stay(folder: Path, address: str) -> None:
    before = (PRICES / "eu-west-3.yaml").read_text(encoding="utf-8").splitlines()
    renew(folder, address)
    after = (folder / "eu-west-3.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in before if line.startswith("#")] == [line for line in after if line.startswith("#")]
    old, new = (yaml.safe_load("\n".join(lines)) for lines in (before, after))
    assert list(old["prices"]) == list(new["prices"])
    assert new["prices"]["datadog.host"] == old["prices"]["datadog.host"]
    assert new["instances"]["t4g.large"]["spot"] == old["instances"]["t4g.large"]["spot"]
    assert new["prices"]["s3.storage"] == old["prices"]["s3.storage"], "a price above a first amount is another"
    assert new["prices"]["balancer.network"]["source"] == "offers"


def test_renewing_twice_changes_nothing_more(folder: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    renew(folder, address)
    once = (folder / "eu-west-3.yaml").read_bytes()
    capsys.readouterr()
    renew(folder, address)
    assert (folder / "eu-west-3.yaml").read_bytes() == once
    assert "0 prices moved" in capsys.readouterr().out


def test_a_region_without_a_table_gets_one_with_what_is_sold_there(folder: Path, address: str) -> None:
    renew(folder, address, "eu-west-1")
    table = read_prices("eu-west-1", folder)
    assert table.instances.keys() == {"t4g.large"}
    assert table.instances["t4g.large"].spot is None
    assert "datadog.host" in table.prices
    assert "nat.gateway" not in table.prices, "nobody knows it, so it is not that of another region"


def test_an_unknown_region_is_refused(folder: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end:
        renew(folder, address, "eu-centrale-1")
    assert end.value.exit_code == BAD_INPUT
    assert 'REGION: expected an AWS region such as eu-west-3, got "eu-centrale-1"' in capsys.readouterr().err


def test_a_region_without_price_files_is_said(folder: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end:
        renew(folder, address, "us-west-2")
    assert end.value.exit_code == FAILED
    assert "us-west-2: AWS has no price file of AmazonEC2 for it" in capsys.readouterr().err


def test_without_a_network_the_table_stays_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "eu-west-3.yaml").read_bytes()
    with pytest.raises(typer.Exit) as end:
        renew(folder, "http://127.0.0.1:9")
    assert end.value.exit_code == FAILED
    assert "its price file did not come (ConnectionError): see the network, nothing was changed" in (
        capsys.readouterr().err
    )
    assert (folder / "eu-west-3.yaml").read_bytes() == before


def test_every_price_that_is_looked_for_is_one_of_the_table() -> None:
    names = {name for offers in OFFERS.values() for name in offers}
    assert names <= read_prices("eu-west-3").prices.keys()
