#include <catch2/catch_test_macros.hpp>

#include <boost/json/parse.hpp>

#include <atomic>
#include <future>

#include "http/live/hub.hpp"
#include "http/live/reader.hpp"
#include "tests/support/edge_fixture.hpp"
#include "tests/support/fake_client.hpp"

using namespace troupe;
using namespace troupe::http;
namespace json = boost::json;

namespace {

// A hub with one I/O thread, and readers that note what they are given.
struct live_stage {
  test::fake_client data{4};
  std::shared_ptr<io_thread> io = std::make_shared<io_thread>(0, std::chrono::milliseconds(100));
  std::unique_ptr<hub> live;

  explicit live_stage(std::chrono::milliseconds catch_up = std::chrono::milliseconds(0)) {
    io->start();
    hub_config config;
    config.conflate = std::chrono::milliseconds(1);
    config.catch_up = catch_up;
    live = std::make_unique<hub>(config, data, std::vector{io});
    live->start();
    data.settle();
    REQUIRE(live->is_ready());
  }
  ~live_stage() {
    io->stop();
    live->stop();
  }
  // Runs on the I/O thread and waits.
  void on_io(const std::function<void()>& work) {
    std::promise<void> ran;
    io->post([&] {
      work();
      ran.set_value();
    });
    ran.get_future().wait();
  }
  // Everything published so far has reached the readers; recoveries need as many rounds as they have pages.
  void settle() {
    for (int i = 0; i < 40; ++i) {
      data.settle();
      on_io([] {});
    }
    REQUIRE(testing::until([this] { return live->is_idle(); }));
    on_io([] {});
  }
};

struct noted_reader : reader_sink {
  live_stage& stage;
  std::shared_ptr<topic_reader> reader;
  topic_reader::joined joined;
  std::vector<std::string> offsets;  // of the events, in the order they came
  std::string last_offset;
  bool behind = false;
  std::atomic<bool> has_joined{false};

  noted_reader(live_stage& s, const std::string& org, const std::string& name,
               std::optional<topic_reader::seen> resume = std::nullopt)
      : stage(s) {
    stage.on_io([&] {
      reader = std::make_shared<topic_reader>(*stage.live, stage.io, encoding::channel,
                                              static_cast<reader_sink&>(*this));
      reader->when_there(*parse_topic(org, name), resume, [this, org, name, resume] {
        joined = reader->join(*parse_topic(org, name), resume);
        has_joined = true;
        reader->begin();
      });
    });
  }
  void wait_until_joined() {
    REQUIRE(testing::until([this] { return has_joined.load(); }));
  }
  ~noted_reader() override {
    stage.on_io([&] { reader.reset(); });
  }
  void push(topic_reader&, const delivery& d) override {
    auto text = d.channel.plain();
    auto message = json::parse(text.substr(text.find('[')));
    auto& payload = message.at(4);
    last_offset = payload.at("offset").as_string().c_str();
    for (auto& e : payload.at("events").as_array()) offsets.emplace_back(e.at("offset").as_string().c_str());
  }
  void missed_state(topic_reader&) override {}
  bool has_room() override { return true; }
  void fell_behind() override { behind = true; }
};

std::vector<std::string> numbered(int shard, int first, int last) {
  std::vector<std::string> all;
  for (int i = first; i <= last; ++i) all.push_back(std::to_string(shard) + "." + std::to_string(i));
  return all;
}

}  // namespace

TEST_CASE("hub: a reader gets what happens after it joined, of its organisation and topic only") {
  live_stage s;
  s.data.append(shard_id(1), "default", {"early"});
  s.data.settle();
  noted_reader all(s, "default", "events");
  noted_reader alice(s, "default", "agent:alice");
  noted_reader other(s, "acme", "events");
  s.data.append(shard_id(1), "default", {"alice", "bob"});
  s.data.append(shard_id(2), "acme", {"alice"});
  s.settle();
  CHECK(all.offsets == numbered(1, 2, 3));
  CHECK(other.offsets == numbered(2, 1, 1));
  CHECK(alice.offsets.size() == 1);
  CHECK_FALSE(all.joined.recovered.has_value());
}

TEST_CASE("hub: a reader that resumes gets what it missed and goes on, in order, without gap or duplicate") {
  live_stage s;
  s.data.append(shard_id(1), "default", {"a"});
  s.data.settle();
  std::string epoch = epoch_text(s.data.history()), offset;
  {
    noted_reader first(s, "default", "events");
    s.data.append(shard_id(1), "default", {"a", "b"});
    s.settle();
    offset = first.last_offset;
  }
  for (int i = 0; i < 1200; ++i) s.data.append(shard_id(1), "default", {"a"});  // more than two pages
  s.data.append(shard_id(3), "default", {"c", "c"});
  s.data.settle();
  noted_reader again(s, "default", "events", topic_reader::seen{epoch, offset});
  s.data.append(shard_id(1), "default", {"late"});
  s.settle();
  CHECK(again.joined.recovered == true);
  CHECK(again.joined.offset == offset);
  auto expected = numbered(1, 4, 1203);
  for (auto& x : numbered(3, 1, 2)) expected.push_back(x);
  expected.push_back("1.1204");
  CHECK(again.offsets == expected);
  CHECK_FALSE(again.behind);
}

TEST_CASE("hub: an offset that never was is not recovered from") {
  live_stage s;
  s.data.append(shard_id(1), "default", {"a"});
  s.data.settle();
  auto epoch = epoch_text(s.data.history());
  noted_reader future(s, "default", "events", topic_reader::seen{epoch, "9.0.0"});
  noted_reader broken(s, "default", "events", topic_reader::seen{epoch, "x.y!"});
  noted_reader foreign(s, "default", "events", topic_reader::seen{"other", "0.0.0"});
  future.wait_until_joined();
  CHECK(future.joined.recovered == false);
  CHECK(broken.joined.recovered == false);
  CHECK(foreign.joined.recovered == false);
  noted_reader sound(s, "default", "events", topic_reader::seen{epoch, "0.0.0"});
  s.settle();
  CHECK(sound.joined.recovered == true);
  CHECK(sound.offsets == numbered(1, 1, 1));
}

TEST_CASE("hub: a reader that has seen more on another node waits for this one") {
  live_stage s(std::chrono::hours(1));
  s.data.hold_feed_back(true);
  s.data.append(shard_id(1), "default", {"a"});
  s.data.append(shard_id(2), "default", {"b"});
  auto epoch = epoch_text(s.data.history());
  noted_reader ahead(s, "default", "events", topic_reader::seen{epoch, "2.1.0"});
  noted_reader of_agent(s, "default", "agent:b", topic_reader::seen{epoch, "2-1"});
  noted_reader never(s, "default", "events", topic_reader::seen{epoch, "2.7.0"});
  s.settle();
  CHECK_FALSE(ahead.has_joined);
  CHECK_FALSE(of_agent.has_joined);
  s.data.hold_feed_back(false);
  s.data.append(shard_id(1), "default", {"a", "a"});
  s.data.append(shard_id(2), "default", {"b"});
  ahead.wait_until_joined();
  s.settle();
  CHECK(ahead.joined.recovered == true);
  auto expected = numbered(1, 3, 3);
  expected.push_back("2.2");
  CHECK(ahead.offsets == expected);
  CHECK(of_agent.joined.recovered == true);
  CHECK_FALSE(never.has_joined);
}

TEST_CASE("hub: a gap in the feed is read from the shard before what follows is sent") {
  live_stage s;
  noted_reader all(s, "default", "events");
  s.data.append(shard_id(1), "default", {"a"});
  s.data.hold_feed_back(true);
  for (int i = 0; i < 700; ++i) s.data.append(shard_id(1), "default", {"skipped"});
  s.data.hold_feed_back(false);
  s.data.append(shard_id(1), "default", {"b"});
  s.data.append(shard_id(1), "default", {"c"});
  s.settle();
  CHECK(all.offsets == numbered(1, 1, 703));
}

TEST_CASE("hub: who comes and goes is told as state and as conflated diffs") {
  presence_table table;
  const node_id here(1);
  CHECK(table.arrive(here, {1, "t", "k1", R"({"phx_ref":"r1"})"}));
  CHECK(table.arrive(here, {2, "t", "k1", R"({"phx_ref":"r2"})"}));
  CHECK(table.arrive(here, {3, "t", "k2", R"({"phx_ref":"r3"})"}));
  CHECK(table.leave(here, 3));  // came and went unseen
  CHECK(table.state("t") == R"({"k1":{"metas":[{"phx_ref":"r1"},{"phx_ref":"r2"}]}})");
  auto diffs = table.take_diffs();
  REQUIRE(diffs.size() == 1);
  CHECK(diffs[0].second == R"({"joins":{"k1":{"metas":[{"phx_ref":"r1"},{"phx_ref":"r2"}]}},"leaves":{}})");
  CHECK(table.take_diffs().empty());
  CHECK(table.leave(here, 1));
  CHECK(table.take_diffs()[0].second == R"({"joins":{},"leaves":{"k1":{"metas":[{"phx_ref":"r1"}]}}})");
  CHECK_FALSE(table.leave(here, 1));
}

TEST_CASE("hub: who is at other nodes is listed too, and nobody of a node that is gone") {
  presence_table table;
  const node_id here(1), there(2);
  CHECK(table.arrive(here, {1, "t", "k", R"({"at":1})"}));
  CHECK(table.arrive(there, {1, "t", "k", R"({"at":2})"}));
  CHECK(table.arrive(there, {2, "t", "other", R"({"at":3})"}));
  CHECK(table.state("t") == R"({"k":{"metas":[{"at":1},{"at":2}]},"other":{"metas":[{"at":3}]}})");
  table.take_diffs();
  table.leave_all(there);
  CHECK(table.state("t") == R"({"k":{"metas":[{"at":1}]}})");
  CHECK(table.take_diffs()[0].second ==
        R"({"joins":{},"leaves":{"k":{"metas":[{"at":2}]},"other":{"metas":[{"at":3}]}}})");
}

TEST_CASE("hub: what is listed of a topic is bounded for each node") {
  presence_table table;
  const node_id here(1), there(2);
  std::uint64_t number = 0;
  auto arrive = [&](node_id of, const std::string& key) {
    return table.arrive(of, {++number, "t", key, "{}"});
  };
  for (std::size_t i = 0; i < presence_table::metas_max; ++i) CHECK(arrive(here, "k"));
  CHECK_FALSE(arrive(here, "k"));
  CHECK(arrive(there, "k"));
  for (std::size_t i = 1; i < presence_table::keys_max; ++i) CHECK(arrive(here, "k" + std::to_string(i)));
  CHECK_FALSE(arrive(here, "one more"));
  CHECK(arrive(there, "one more"));
}

TEST_CASE("position: its text comes back as the same position") {
  position rest{0, 5, 6, 7};
  CHECK(offset_text(position{0, 1, 0, 36}) == "1.0.36");
  CHECK(parse_offset("1.0.36", rest) == position{0, 1, 0, 36});
  CHECK(parse_offset("2-35", rest) == position{0, 5, 35, 7});
  for (auto* wrong : {"", "1", "1.2", "1.2.3.4", "1.2.x!", "0-1", "9-1", "2-", "1..3", "-1"})
    CHECK_FALSE(parse_offset(wrong, rest));
}
