// Requests that come before the node is ready: they wait, are served as soon as it is, and sent away at the deadline or
// the end.
#include "http/live/waiting_room.hpp"

#include <atomic>

#include "http/routes/router.hpp"
#include "http/server/server.hpp"
#include "tests/support/http_client.hpp"

using namespace troupe;
using namespace troupe::http;
using test::http_client;

namespace {

class nobody final : public authenticator {
 public:
  result<principal> authenticate(std::string_view, const std::string&) override {
    return failure{errc::unauthenticated, "nobody has a key here"};
  }
};

struct fixture {
  explicit fixture(std::chrono::milliseconds deadline) {
    edge_config config;
    config.main = {{"127.0.0.1", 0}};
    config.io_threads = 2;
    core = std::make_shared<server_core>(config);
    made = std::make_unique<server>(core);
    room = std::make_unique<waiting_room>(
        made->threads().front(), [this] { return is_ready.load(); }, deadline);
    std::vector<route> routes;
    auto waits = [this](const request_ptr&, const responder& back) {
      ++asked;
      room->enter(back, [back] { back(response::json("\"there\"")); });
    };
    routes.push_back({verb::get, "/api/stream", permission::open, waits, {}});
    app = std::make_unique<router>(*core, keys, std::move(routes), nullptr);
    core->app = app.get();
    made->start();
  }
  ~fixture() { made->stop(std::chrono::milliseconds(0)); }

  // Asks on a connection of its own, and waits until the question is with the room.
  std::unique_ptr<http_client> ask() {
    auto before = asked.load();
    auto client = std::make_unique<http_client>(made->listening().main.at(0));
    client->connect();
    client->write("GET /api/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    while (asked == before) std::this_thread::yield();
    return client;
  }

  std::atomic<bool> is_ready{false};
  std::atomic<int> asked{0};
  nobody keys;
  std::shared_ptr<server_core> core;
  std::unique_ptr<server> made;
  std::unique_ptr<waiting_room> room;
  std::unique_ptr<router> app;
};

}  // namespace

TEST_CASE("waiting room: who came early is served once the node is ready, who came later at once") {
  fixture f(std::chrono::hours(1));
  auto one = f.ask(), two = f.ask();
  f.is_ready = true;
  CHECK(one->read().body == "\"there\"");
  CHECK(two->read().body == "\"there\"");
  CHECK(f.ask()->read().status == 200);
}

TEST_CASE("waiting room: who has waited beyond the deadline is told when to come back") {
  fixture f(std::chrono::milliseconds(0));
  auto answer = f.ask()->read();
  CHECK(answer.status == 503);
  CHECK(answer.field("Retry-After") == "1");
}

TEST_CASE("waiting room: nobody waits for a node that ends") {
  fixture f(std::chrono::hours(1));
  auto one = f.ask();
  f.room->close();
  CHECK(one->read().status == 503);
  CHECK(f.ask()->read().status == 503);
}

TEST_CASE("waiting room: who has gone meanwhile is not missed") {
  fixture f(std::chrono::hours(1));
  f.ask()->close();
  auto one = f.ask();
  f.is_ready = true;
  CHECK(one->read().status == 200);
}
