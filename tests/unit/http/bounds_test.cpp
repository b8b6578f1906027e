// Every table and queue of the edge that clients can fill: what happens at its bound.
#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "http/auth/guess_limiter.hpp"
#include "http/auth/key_ring.hpp"
#include "http/routes/bounded_client.hpp"
#include "http/server/client_group.hpp"
#include "http/server/request_check.hpp"
#include "http/server/worker.hpp"
#include "tests/support/edge_fixture.hpp"

using namespace troupe;
using namespace troupe::http;
using namespace std::chrono_literals;

namespace {

// Keeps every question until it is told to answer.
class silent_client final : public client {
 public:
  void command(shard_id, std::string, answer done) override { open.push_back(std::move(done)); }
  void query(shard_id, std::string, consistency, answer done) override { open.push_back(std::move(done)); }
  void query_each(std::vector<shard_id>, std::string, consistency, answers done) override {
    open_each.push_back(std::move(done));
  }
  std::unique_ptr<subscription> subscribe(feed_sink) override { return nullptr; }
  std::uint16_t shard_count() const override { return 4; }
  epoch history() const override { return {}; }

  std::vector<answer> open;
  std::vector<answers> open_each;
};

struct fixture {
  fixture() : home(std::make_shared<io_thread>(0, 100ms)), bounded(silent, home, {10, 1000, 5}) {
    home->start();
  }
  ~fixture() { home->stop(); }
  void command(std::uint16_t shard, std::size_t bytes) {
    bounded.command(shard_id(shard), std::string(bytes, 'c'), [this](result<std::string> got) { note(got); });
  }
  void query(std::uint16_t shard) {
    bounded.query(shard_id(shard), "q", consistency::local, [this](result<std::string> got) { note(got); });
  }
  void note(const result<std::string>& got) {
    if (got) ++answered;
    if (!got && got.error().code == errc::overloaded) ++refused;
  }
  std::shared_ptr<io_thread> home;
  silent_client silent;
  bounded_client bounded;
  std::atomic<int> answered{0}, refused{0};
};

}  // namespace

TEST_CASE("bounds: commands to a shard beyond its share are refused, other shards go on") {
  fixture f;
  for (int i = 0; i < 30; ++i) f.command(1, 10);
  CHECK(testing::until([&] { return f.refused == 20; }));
  CHECK(f.silent.open.size() == 10);
  f.command(2, 10);
  CHECK(f.silent.open.size() == 11);
  for (auto& done : std::exchange(f.silent.open, {})) done(std::string("done"));
  CHECK(f.answered == 11);
  CHECK(f.bounded.commands_open(shard_id(1)) == 0);
  f.command(1, 10);
  CHECK(f.silent.open.size() == 1);
}

TEST_CASE("bounds: the bytes of commands to a shard are bounded too") {
  fixture f;
  f.command(1, 600);
  f.command(1, 600);
  f.command(1, 400);
  CHECK(testing::until([&] { return f.refused == 1; }));
  CHECK(f.silent.open.size() == 2);
  f.command(1, 1);
  CHECK(testing::until([&] { return f.refused == 2; }));
}

TEST_CASE("bounds: queries to a shard beyond its share are refused, one to several shards as a whole") {
  fixture f;
  for (int i = 0; i < 9; ++i) f.query(3);
  CHECK(testing::until([&] { return f.refused == 4; }));
  std::atomic<bool> failed{false};
  auto ask_all = [&] {
    f.bounded.query_each({shard_id(1), shard_id(2), shard_id(3)}, "q", consistency::local,
                         [&](result<std::vector<std::string>> got) { failed = !got; });
  };
  ask_all();
  CHECK(testing::until([&] { return failed.load(); }));
  for (auto& done : std::exchange(f.silent.open, {})) done(std::string("done"));
  for (int i = 0; i < 5; ++i) ask_all();  // nothing was kept of the refused one
  CHECK(f.silent.open_each.size() == 5);
  for (auto& done : std::exchange(f.silent.open_each, {})) done(std::vector<std::string>{});
  f.query(1);
  CHECK(f.silent.open.size() == 1);
}

TEST_CASE("bounds: the table of addresses that guess forgets the one that failed longest ago") {
  guess_limiter limiter(3, 1000ms, 100);
  auto now = guess_limiter::clock::now();
  for (int i = 0; i < 10; ++i) limiter.failed("first", now);
  CHECK(limiter.wait_of("first", now) > 0ms);
  for (int i = 0; i < 50'000; ++i) {
    auto address = std::to_string(i);
    limiter.failed(address, now);
    if (i % 50 == 0) limiter.failed("steady", now);
  }
  CHECK(limiter.wait_of("first", now) == 0ms);  // forgotten
  CHECK(limiter.wait_of("steady", now) > 0ms);  // it goes on guessing: remembered
}

TEST_CASE(
    "bounds: a key that comes from ever new addresses makes those before it forgotten one by one, not all") {
  edge_limits limits;
  limits.key_failures_max = 1;
  limits.key_failure_interval = 1h;
  key_ring ring(limits);
  auto minted = mint_key();
  capnp::MallocMessageBuilder message;
  auto key = message.initRoot<schema::ApiKey>();
  key.setId(minted.id);
  key.setOrg("default");
  key.setSecretHash(capnp::Data::Reader(minted.hash.data(), minted.hash.size()));
  ring.put(key.asReader());
  ring.set_loaded();
  constexpr std::size_t known = 8192;
  for (std::size_t i = 0; i <= known; ++i) REQUIRE(ring.authenticate(minted.text, std::to_string(i)));
  // Somebody guesses where the key was right before: whoever is remembered goes on.
  auto goes_on = [&](std::size_t i) {
    while (ring.authenticate("wrong", std::to_string(i)).error().code != errc::overloaded) {}
    return bool(ring.authenticate(minted.text, std::to_string(i)));
  };
  CHECK_FALSE(goes_on(0));  // the first to be known
  CHECK(goes_on(1));
  CHECK(goes_on(known));
}

TEST_CASE("bounds: a network of IPv6 counts as one client") {
  CHECK(client_group("192.0.2.1") == "192.0.2.1");
  CHECK(client_group("2001:db8:1:2:aaaa::1") == "2001:db8:1:2::/64");
  CHECK(client_group("2001:db8:1:2:bbbb::2") == "2001:db8:1:2::/64");
  CHECK(client_group("2001:db8:1:3::1") != client_group("2001:db8:1:2::1"));
  CHECK(client_group("::1") == "::1");
  CHECK(client_group("") == "");
}

TEST_CASE("bounds: framing may be much for small bodies and not without end") {
  CHECK(chunk_framing_bytes_max(0) == 64 * 1024);
  CHECK(chunk_framing_bytes_max(1'000'000) > 5 * 1'000'000);  // chunks of one byte: five of framing for each
}

TEST_CASE("worker: tasks run in order on a thread of their own, and none after the end") {
  worker w;
  w.stop();  // never started
  worker one;
  std::vector<int> ran;
  std::atomic<int> count{0};
  for (int i = 0; i < 100; ++i) {
    one.post([&, i] {
      ran.push_back(i);
      ++count;
    });
  }
  CHECK(testing::until([&] { return count == 100; }));
  CHECK(std::is_sorted(ran.begin(), ran.end()));
  one.stop();
  one.post([&] { ++count; });
  one.stop();
  CHECK(count == 100);
}
