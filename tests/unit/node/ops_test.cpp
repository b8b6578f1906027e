// The ops listener: probes, metrics, refusals, and that bad input does not take it down.
#include "node/ops.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/tcp_client.hpp"

using namespace troupe;
using namespace troupe::node;

namespace {

struct running {
  std::vector<std::string> problems;
  std::unique_ptr<ops_listener> ops;

  running() {
    ops_sources sources;
    sources.metrics = [](ops_sources::aliases a) {
      if (a == ops_sources::aliases::without) return std::string("up 2\n");
      return "up 1\n" + std::string(100'000, '#') + "\n";
    };
    sources.problems = [this] { return problems; };
    ops = std::move(*ops_listener::start({"127.0.0.1", 0}, std::move(sources)));
  }

  std::string ask(const std::string& line) {
    test::tcp_client client(ops->address().port);
    client.send(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.receive();
  }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("ops: port 0 picks a free port and tells which") {
  running r;
  CHECK(r.ops->address().port != 0);
  CHECK(contains(r.ask("GET /livez"), "200 OK"));
}

TEST_CASE("ops: the ready probe says why the node is not ready") {
  running r;
  CHECK(contains(r.ask("GET /readyz"), "200 OK"));
  r.problems = {"shard 3 has no leader"};
  auto answer = r.ask("GET /readyz");
  CHECK(contains(answer, "503"));
  CHECK(contains(answer, "shard 3 has no leader"));
}

TEST_CASE("ops: metrics are Prometheus text, with the seeds' names unless asked not to") {
  running r;
  auto answer = r.ask("GET /metrics");
  CHECK(contains(answer, "up 1"));
  CHECK(contains(answer, "text/plain; version=0.0.4"));
  CHECK(answer.size() > 100'000);
  CHECK(contains(r.ask("GET /metrics?aliases=no"), "up 2"));
  CHECK(contains(r.ask("GET /metrics?job=troupe&aliases=no"), "up 2"));
  CHECK(contains(r.ask("GET /metrics?aliases=%"), "400"));
}

TEST_CASE("ops: an unknown path and a wrong method get problem documents") {
  running r;
  auto unknown = r.ask("GET /nothing");
  CHECK(contains(unknown, "404"));
  CHECK(contains(unknown, "application/problem+json"));
  auto wrong = r.ask("POST /metrics");
  CHECK(contains(wrong, "405"));
  CHECK(contains(wrong, "Allow: GET, HEAD"));
}

TEST_CASE("ops: HEAD gets the head alone") {
  running r;
  auto answer = r.ask("HEAD /livez");
  CHECK(contains(answer, "200 OK"));
  CHECK(!contains(answer, "alive"));
}

TEST_CASE("ops: garbage and clients that leave early do not take it down") {
  running r;
  for (auto bytes : {"\x16\x03\x01\x02\x00\x01", "GET", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n"}) {
    test::tcp_client client(r.ops->address().port);
    client.send(bytes);
  }
  test::tcp_client large(r.ops->address().port);
  large.send("GET /livez HTTP/1.1\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n");
  CHECK(contains(r.ask("GET /livez"), "200 OK"));
}

TEST_CASE("ops: a connection is used again") {
  running r;
  test::tcp_client client(r.ops->address().port);
  for (int i = 0; i < 3; ++i) {
    client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    auto answer = client.receive("alive\"}\n");
    CHECK(contains(answer, "200 OK"));
    CHECK(!contains(answer, "Connection: close"));
  }
}

TEST_CASE("ops: a chunked body cut before the end of its line keeps nobody else waiting") {
  running r;
  test::tcp_client client(r.ops->address().port);
  client.send("GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello");
  CHECK(contains(client.receive(), "413"));
  CHECK(contains(r.ask("GET /livez"), "200 OK"));
}

TEST_CASE("ops: clients that read nothing, or say nothing, keep nobody else waiting") {
  running r;
  std::vector<std::unique_ptr<test::tcp_client>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<test::tcp_client>(r.ops->address().port));
    for (int n = 0; i % 50 == 0 && n < 100; ++n)
      clients.back()->send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  CHECK(contains(r.ask("GET /livez"), "200 OK"));
  // The ones that were silent longest are let go.
  CHECK(clients[1]->receive().empty());
}

TEST_CASE("ops: an address in use is refused with what to do") {
  running r;
  auto second = ops_listener::start(r.ops->address(), {});
  REQUIRE(!second);
  CHECK(contains(second.error().detail, "Is another node running?"));
}
