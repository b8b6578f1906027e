// The HTTP server over real sockets: what it takes, refuses and survives.
#include "http/server/server.hpp"

#include <thread>

#include "http/ingest/decompress.hpp"
#include "http/routes/router.hpp"
#include "http/server/content_coding.hpp"
#include "http/server/problem.hpp"
#include "tests/support/http_client.hpp"

using namespace troupe;
using namespace troupe::http;
using test::fields;
using test::http_client;

namespace {

class one_key final : public authenticator {
 public:
  result<principal> authenticate(std::string_view key, const std::string&) override {
    if (key == "reader") return principal{"k1", "default", "reader", role::read};
    if (key == "admin") return principal{"k2", "default", "admin", role::admin};
    return failure{errc::unauthenticated, "unknown key"};
  }
};

std::string list_of(int count) {
  std::string out = "[0";
  for (int i = 1; i < count; ++i) out += ',' + std::to_string(i);
  return out + ']';
}

// A server with a few routes of its own.
struct fixture {
  enum class lets_in : bool { not_yet, at_once };

  explicit fixture(edge_limits l = {}, std::vector<std::string> origins = {},
                   lets_in how = lets_in::at_once) {
    edge_config config;
    config.main = {{"127.0.0.1", 0}};
    config.otlp = {{"127.0.0.1", 0}};
    config.io_threads = 2;
    config.limits = l;
    config.allowed_origins = std::move(origins);
    core = std::make_shared<server_core>(config);
    std::vector<route> routes;
    auto add = [&](verb v, std::string_view pattern, permission needs, handler h) -> route& {
      routes.push_back({v, pattern, needs, std::move(h), {}});
      return routes.back();
    };
    add(verb::get, "/api/hello", permission::open,
        [](const request_ptr&, const responder& back) { back(response::json("{\"hello\":1}")); });
    add(verb::post, "/api/echo", permission::open, [](const request_ptr& r, const responder& back) {
      back(response::json(r->body));
    }).body_bytes_max = 200'000;
    add(verb::get, "/api/things/{id}", permission::read,
        [](const request_ptr& r, const responder& back) { back(response::json(r->captures.at(0))); });
    add(verb::get, "/api/stream", permission::read, [](const request_ptr&, const responder& back) {
      back(response::json("\"stream\""));
    }).is_gated = false;
    add(verb::erase, "/api/things/{id}", permission::admin,
        [](const request_ptr&, const responder& back) { back(response::empty()); });
    add(verb::get, "/api/things/special", permission::open,
        [](const request_ptr&, const responder& back) { back(response::json("\"special\"")); });
    add(verb::get, "/api/big", permission::open,
        [](const request_ptr&, const responder& back) { back(response::json(std::string(8'000'000, 'x'))); });
    add(verb::get, "/api/list", permission::open, [](const request_ptr& r, const responder& back) {
      auto answer = response::json(list_of(r->parameter("long") ? 20'000 : 500));
      if (r->parameter("tag")) answer.with("ETag", "\"1\"");
      back(std::move(answer));
    });
    add(verb::get, "/api/later", permission::open, [this](const request_ptr&, const responder& back) {
      late = std::thread([back] { back(response::json("\"later\"")); });
    });
    add(verb::get, "/api/forgotten", permission::open, [](const request_ptr&, const responder&) {});
    add(verb::get, "/api/throws", permission::open,
        [](const request_ptr&, const responder&) { throw std::runtime_error("on purpose"); });
    add(verb::get, "/api/kept", permission::open,
        [this](const request_ptr&, const responder& back) { kept.push_back(back); });
    add(verb::post, "/v1/traces", permission::open, [](const request_ptr&, const responder& back) {
      back(response::json("{}"));
    }).listens = where::both;
    app = std::make_unique<router>(
        *core, keys, std::move(routes),
        [](const request_ptr&, const responder& back) { back(response::json("\"page\"")); });
    core->app = app.get();
    made = std::make_unique<server>(core);
    made->prepare();
    if (how == lets_in::at_once) made->start();
  }
  ~fixture() {
    if (late.joinable()) late.join();
    made->stop(std::chrono::milliseconds(0));
    kept.clear();
  }
  std::uint16_t port() const { return made->listening().main.at(0); }

  one_key keys;
  std::shared_ptr<server_core> core;
  std::unique_ptr<router> app;
  std::unique_ptr<server> made;
  std::thread late;
  std::vector<responder> kept;
};

int status_of(fixture& f, std::string_view bytes) {
  http_client c(f.port());
  c.write(bytes);
  return c.read().status;
}

}  // namespace

TEST_CASE("server: a request is answered and the connection is kept") {
  fixture f;
  http_client c(f.port());
  for (int i = 0; i < 3; ++i) {
    auto a = c.get("/api/hello");
    CHECK(a.status == 200);
    CHECK(a.body == "{\"hello\":1}");
    CHECK(a.field("X-Content-Type-Options") == "nosniff");
    CHECK(a.field("Content-Security-Policy").find("default-src 'none'") == 0);
    CHECK(a.field("Access-Control-Allow-Origin").empty());
    CHECK_FALSE(a.field("X-Request-Id").empty());
  }
  CHECK(f.core->stats.connections_total == 1);
}

TEST_CASE("server: pipelined requests are answered in order") {
  fixture f;
  http_client c(f.port());
  std::string burst;
  for (int i = 0; i < 200; ++i) {
    auto body = "\"n" + std::to_string(i) + "\"";
    burst += "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body;
  }
  c.write(burst);
  for (int i = 0; i < 200; ++i) CHECK(c.read().body == "\"n" + std::to_string(i) + "\"");
}

TEST_CASE("server: an answer may come later and from another thread") {
  fixture f;
  http_client c(f.port());
  CHECK(c.get("/api/later").body == "\"later\"");
}

TEST_CASE("server: a handler that throws or forgets is answered with 500") {
  fixture f;
  http_client c(f.port());
  CHECK(c.get("/api/throws").status == 500);
  auto a = c.get("/api/forgotten");
  CHECK(a.status == 500);
  CHECK(a.field("Content-Type") == "application/problem+json");
}

TEST_CASE("server: an answer after its deadline is 503 and the late one is dropped") {
  edge_limits l;
  l.handle_deadline = std::chrono::milliseconds(40);
  fixture f(l);
  http_client c(f.port());
  auto a = c.get("/api/kept");
  CHECK(a.status == 503);
  CHECK(a.field("Retry-After") == "1");
  REQUIRE(f.kept.size() == 1);
  f.kept[0](response::json("\"too late\""));
  CHECK(http_client(f.port()).get("/api/hello").status == 200);
}

TEST_CASE("server: unknown paths, methods and keys get problem documents") {
  fixture f;
  http_client c(f.port());
  auto a = c.get("/api/nothing");
  CHECK(a.status == 404);
  CHECK(a.field("Content-Type") == "application/problem+json");
  a = c.send("DELETE", "/api/hello");
  CHECK(a.status == 405);
  CHECK(a.field("Allow") == "GET, HEAD, OPTIONS");
  CHECK(c.get("/api/things/1").status == 401);
  CHECK(c.get("/api/things/1").field("WWW-Authenticate").starts_with("Bearer"));
  http_client reader(f.port(), "reader");
  CHECK(reader.get("/api/things/1").status == 200);
  CHECK(reader.send("DELETE", "/api/things/1").status == 403);
  CHECK(http_client(f.port(), "admin").send("DELETE", "/api/things/1").status == 204);
  CHECK(http_client(f.port(), "wrong").get("/api/things/1").status == 401);
}

TEST_CASE("server: a literal path goes before a pattern and escapes are decoded") {
  fixture f;
  CHECK(http_client(f.port()).get("/api/things/special").body == "\"special\"");
  http_client reader(f.port(), "reader");
  CHECK(reader.get("/api/things/a%2Fb%20c").body == "a/b c");
  CHECK(reader.get("/api/things/%zz").status == 400);
  CHECK(reader.get("/api/things/%00").status == 400);
  CHECK(reader.get("/api/things/%ff").status == 400);
}

TEST_CASE("server: HEAD has the fields of GET and no body") {
  fixture f;
  http_client c(f.port());
  auto a = c.send("HEAD", "/api/hello");
  CHECK(a.status == 200);
  CHECK(a.field("Content-Length") == "11");
  CHECK(c.get("/api/hello").body.size() == 11);
}

TEST_CASE("server: OPTIONS names the methods and CORS is closed unless allowed") {
  fixture f;
  test::fields ask{{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "GET"}};
  auto a = http_client(f.port()).send("OPTIONS", "/api/things/1", {}, ask);
  CHECK(a.status == 204);
  CHECK(a.field("Allow").find("DELETE") != std::string::npos);
  CHECK(a.field("Access-Control-Allow-Origin").empty());
  fixture open({}, {"https://a.example"});
  a = http_client(open.port()).send("OPTIONS", "/api/things/1", {}, ask);
  CHECK(a.field("Access-Control-Allow-Origin") == "https://a.example");
  CHECK(a.field("Access-Control-Allow-Methods").find("GET") != std::string::npos);
  a = http_client(open.port()).get("/api/hello", {{"Origin", "https://b.example"}});
  CHECK(a.field("Access-Control-Allow-Origin").empty());
}

TEST_CASE("server: what could be read in two ways is refused and the connection ends") {
  fixture f;
  CHECK(status_of(f,
                  "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: "
                  "4\r\n\r\nabcd") == 400);
  CHECK(status_of(f,
                  "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n0\r\n\r\n") == 400);
  CHECK(status_of(f,
                  "POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, "
                  "chunked\r\n\r\n0\r\n\r\n") == 501);
  CHECK(status_of(f, "POST /api/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 501);
  CHECK(status_of(f, "GET /api/hello HTTP/1.1\nHost: x\n\n\r\n\r\n") == 400);
  CHECK(status_of(f, "GET /api/hello HTTP/1.1\r\nHost: x\nA: b\r\n\r\n") == 400);
  CHECK(status_of(f, "GET /api/hello HTTP/1.1\r\nHost : x\r\n\r\n") == 400);
  CHECK(status_of(f, "GET /api/hello HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(f, "GET /api/hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  CHECK(status_of(f, "GET /api/hello HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
  CHECK(status_of(f, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n") == 400);
}

TEST_CASE("server: a head or target that is too large is refused") {
  fixture f;
  CHECK(status_of(f, "GET /" + std::string(10'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 414);
  CHECK(status_of(f, "GET /" + std::string(100'000, 'a')) == 414);
  CHECK(status_of(f, "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(100'000, 'a')) == 431);
  std::string flood = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 5000; ++i) flood += "A" + std::to_string(i) + ": b\r\n";
  CHECK(status_of(f, flood) == 431);
}

TEST_CASE("server: a body beyond its bound is refused with 413, announced or chunked") {
  fixture f;
  CHECK(status_of(f, "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n") == 413);
  std::string chunk = "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
  CHECK(status_of(f, "POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk +
                         chunk + chunk + chunk + "0\r\n\r\n") == 413);
  http_client c(f.port());
  c.write("POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r");
  c.write("\n2\r\nde\r\n0\r\n\r\n");
  CHECK(c.read().body == "abcde");
}

TEST_CASE("server: bodies of all requests together keep within the memory budget") {
  edge_limits l;
  l.in_flight_bytes_max = 100'000;
  fixture f(l);
  http_client holder(f.port());
  holder.write("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 190000\r\n\r\n" +
               std::string(150'000, 'a'));
  auto a = holder.read();
  CHECK(a.status == 503);
  CHECK(a.field("Retry-After") == "1");
  http_client c(f.port());
  CHECK(c.post("/api/echo", std::string(50'000, 'b')).status == 200);
  CHECK(c.get("/api/hello").status == 200);
  CHECK(f.core->budget.used() == 0);
}

TEST_CASE("server: slow senders are answered with 408 and silent ones are closed") {
  edge_limits l;
  l.head_deadline = l.body_stall_deadline = l.idle_deadline = std::chrono::milliseconds(40);
  fixture f(l);
  CHECK(status_of(f, "GET /api/hello HTTP/1.1\r\nHost:") == 408);
  CHECK(status_of(f, "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc") == 408);
  http_client silent(f.port());
  silent.connect();
  CHECK(silent.is_closed());
  http_client idle(f.port());
  CHECK(idle.get("/api/hello").status == 200);
  CHECK(idle.is_closed());
}

TEST_CASE("server: Expect is met before the body is sent, or refused") {
  fixture f;
  http_client c(f.port());
  c.write("POST /api/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(c.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  c.write("42");
  CHECK(c.read().body == "42");
  CHECK(status_of(f,
                  "POST /api/no HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
                  "2\r\n\r\n") == 404);
  CHECK(status_of(f, "POST /api/echo HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 2\r\n\r\n") ==
        417);
}

TEST_CASE("server: a client that goes away while it is answered harms nobody") {
  fixture f;
  for (int i = 0; i < 20; ++i) {
    http_client c(f.port());
    c.write("GET /api/big HTTP/1.1\r\nHost: x\r\n\r\n");
    c.close();
  }
  CHECK(http_client(f.port()).get("/api/big").body.size() == 8'000'000);
}

TEST_CASE("server: connections beyond the bound get 503 at once") {
  edge_limits l;
  l.connections_max = 2;
  fixture f(l);
  http_client a(f.port()), b(f.port()), c(f.port());
  CHECK(a.get("/api/hello").status == 200);
  CHECK(b.get("/api/hello").status == 200);
  c.connect();
  auto refused = c.read();
  CHECK(refused.status == 503);
  CHECK(refused.field("Retry-After") == "1");
  CHECK(a.get("/api/hello").status == 200);
}

TEST_CASE("server: whoever comes before clients are let in is answered then") {
  fixture f({}, {}, fixture::lets_in::not_yet);
  http_client early(f.port());
  early.write("GET /api/hello HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(f.core->stats.connections_total == 0);
  f.made->start();
  CHECK(early.read().status == 200);
}

TEST_CASE("server: while too much is asked, event streams are let in") {
  fixture f;
  while (f.core->reads.enter(1)) continue;
  fields key{{"Authorization", "Bearer reader"}};
  http_client c(f.port());
  CHECK(c.get("/api/things/1", key).status == 503);
  CHECK(c.get("/api/stream", key).status == 200);
}

TEST_CASE("server: the OTLP listener has only what OTLP needs") {
  fixture f;
  http_client c(f.made->listening().otlp.at(0));
  CHECK(c.post("/v1/traces", "{}").status == 200);
  CHECK(c.get("/api/hello").status == 404);
  CHECK(c.get("/").status == 404);
  CHECK(http_client(f.port()).get("/").body == "\"page\"");
}

TEST_CASE("server: request ids and traces go in and out") {
  fixture f;
  http_client c(f.port());
  auto a = c.get("/api/hello", {{"X-Request-Id", "abc-1"},
                                {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  CHECK(a.field("X-Request-Id") == "abc-1");
  CHECK(a.field("traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  a = c.get("/api/hello", {{"X-Request-Id", "a b\t"}, {"traceparent", "nonsense"}});
  CHECK(a.field("X-Request-Id").size() == 16);
  CHECK(a.field("traceparent").empty());
}

TEST_CASE("server: stopping lets a request finish and closes idle connections") {
  fixture f;
  http_client idle(f.port());
  CHECK(idle.get("/api/hello").status == 200);
  f.made->stop(std::chrono::milliseconds(500));
  CHECK(idle.is_closed());
  CHECK(f.core->places->open() == 0);
}

TEST_CASE("server: answers are packed for who takes gzip, whether they are long or short") {
  fixture f;
  http_client c(f.port());
  const fields gzip{{"Accept-Encoding", "br, gzip"}};
  for (auto target : {"/api/list", "/api/list?long=1"}) {
    CAPTURE(target);
    auto plain = c.get(target);
    CHECK(plain.field("Content-Encoding").empty());
    CHECK(plain.field("Vary") == "Accept-Encoding");
    auto packed = c.get(target, gzip);
    CHECK(packed.field("Content-Encoding") == "gzip");
    CHECK(packed.field("Vary") == "Accept-Encoding");
    CHECK(packed.body.size() < plain.body.size());
    auto unpacked = ingest::decompress(packed.body, "gzip");
    REQUIRE(unpacked);
    CHECK(*unpacked == plain.body);
    auto head = c.send("HEAD", target, {}, gzip);
    CHECK(head.field("Content-Encoding") == "gzip");
    CHECK(head.field("Content-Length") == std::to_string(packed.body.size()));
    CHECK(c.get(target, {{"Accept-Encoding", "gzip;q=0"}}).body == plain.body);
  }
}

TEST_CASE("server: what is small, a refusal, or has a tag is not packed") {
  fixture f;
  http_client c(f.port());
  for (auto target : {"/api/hello", "/api/nothing", "/api/throws", "/api/list?tag=1"}) {
    CAPTURE(target);
    auto answer = c.get(target, {{"Accept-Encoding", "gzip"}});
    CHECK(answer.field("Content-Encoding").empty());
    CHECK(answer.field("Vary").empty());
  }
}

TEST_CASE("server: a part that is asked for is the whole, packed or not") {
  fixture f;
  http_client c(f.port());
  auto plain = c.get("/api/list", {{"Range", "bytes=0-9"}});
  CHECK(plain.status == 200);
  CHECK(plain.body == list_of(500));
  auto packed = c.get("/api/list", {{"Range", "bytes=0-9"}, {"Accept-Encoding", "gzip"}});
  CHECK(packed.status == 200);
  CHECK(ingest::decompress(packed.body, "gzip").value() == list_of(500));
}

TEST_CASE("server: requests behind one that is packed elsewhere are answered in their turn") {
  fixture f;
  http_client c(f.port());
  const std::string rest = " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
  c.write("GET /api/list?long=1" + rest + "GET /api/hello" + rest + "GET /api/list" + rest);
  CHECK(ingest::decompress(c.read().body, "gzip").value() == list_of(20'000));
  CHECK(c.read().body == "{\"hello\":1}");
  CHECK(ingest::decompress(c.read().body, "gzip").value() == list_of(500));
}

TEST_CASE("server: an answer there is no room for is refused in plain words") {
  edge_limits l;
  l.in_flight_bytes_max = 64 * 1024;
  fixture f(l);
  http_client c(f.port());
  auto refused = c.get("/api/list?long=1", {{"Accept-Encoding", "gzip"}});
  CHECK(refused.status == 503);
  CHECK(refused.field("Content-Encoding").empty());
  CHECK(refused.field("Content-Type") == "application/problem+json");
  CHECK(c.get("/api/list", {{"Accept-Encoding", "gzip"}}).field("Content-Encoding") == "gzip");
}

TEST_CASE("server: what a client takes is read as RFC 9110 says") {
  CHECK(accepts("gzip", "gzip"));
  CHECK(accepts("deflate, GZIP;q=0.5", "gzip"));
  CHECK(accepts("br;q=1.0 , gzip ; q=0.001", "gzip"));
  CHECK(!accepts("", "gzip"));
  CHECK(!accepts("gzip;q=0", "gzip"));
  CHECK(!accepts("gzip; Q=0.000", "gzip"));
  CHECK(!accepts("gzipped, br", "gzip"));
  CHECK(!accepts("identity", "gzip"));
  CHECK(!accepts(",;,q=0;gzip", "gzip"));
}
