// An id counts once, whichever record keeps it: a key of its own, a window in the store, or a run not handed over yet.
#include <catch2/catch_test_macros.hpp>

#include <map>
#include <random>

#include "actors/machines.hpp"
#include "protocol/message.hpp"
#include "storage/applier.hpp"
#include "storage/entry.hpp"
#include "storage/rocks_kv.hpp"
#include "tests/support/memory_kv.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr shard_id the_shard{3};
constexpr std::int64_t begin_us = 1'700'000'000'000'000;

struct shard_on {
  storage::kv& store;
  machine_set machines = make_machines();
  std::unique_ptr<storage::applier> applier = make();
  std::int64_t now_us = begin_us;
  std::uint64_t index = 0;

  explicit shard_on(storage::kv& on) : store(on) {}

  std::unique_ptr<storage::applier> make() {
    return std::make_unique<storage::applier>(the_shard, generation(1), epoch(1), store, machines);
  }
  // Accepted and duplicates.
  std::pair<unsigned, unsigned> send(const std::vector<sample_event>& events, const char* org) {
    capnp::MallocMessageBuilder message;
    auto command = message.initRoot<schema::Command>();
    command.setOrg(org);
    command.setPrincipal("key-1");
    append(events)(command.initBody());
    stamp at;
    at.time_us = now_us;
    at.entropy_high = at.entropy_low = index;
    at.level = 1;
    auto applied = applier->apply(log_index(++index), term(1), storage::encode_entry(at, to_bytes(message)));
    owned<schema::Reply> reply(applied.reply);
    REQUIRE((*reply).isEventsAppended());
    auto told = (*reply).getEventsAppended();
    return {told.getAccepted(), told.getDuplicates()};
  }
  bool has(const uuid& id, const char* org) {
    applier->write_out();
    capnp::MallocMessageBuilder message;
    auto query = message.initRoot<schema::Query>();
    query.setOrg(org);
    auto asked = query.initGetEvent();
    asked.setHigh(id.high);
    asked.setLow(id.low);
    owned<schema::QueryResult> found(
        storage::applier::answer(store.latest(), the_shard, epoch(1), machines, to_bytes(message)));
    if (!(*found).isEvents()) return false;
    REQUIRE((*found).getEvents().size() == 1);
    auto told = (*found).getEvents()[0].getEvent().getId();
    return told.getHigh() == id.high && told.getLow() == id.low;
  }
};

// Ids of now, late, ahead, of no time, and some that were sent before.
class ids_at_random {
 public:
  explicit ids_at_random(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  uuid next(std::int64_t now_us) {
    if (!sent_.empty() && below(5) == 0) return sent_[below(sent_.size())];
    auto ms = now_us / 1000 + static_cast<std::int64_t>(below(300));
    if (below(8) == 0) ms -= static_cast<std::int64_t>(below(40'000));
    if (below(20) == 0) ms += static_cast<std::int64_t>(below(10'000));
    auto version = below(10) == 0 ? 4 : 7;
    // Of few low halves, so that different ids look much alike.
    sent_.push_back({static_cast<std::uint64_t>(ms) << 16 | version << 12 | below(4), 1ULL << 63 | below(4)});
    return sent_.back();
  }

 private:
  std::mt19937_64 random_;
  std::vector<uuid> sent_;
};

void check_ids(storage::kv& store, std::uint64_t seed) {
  shard_on shard(store);
  ids_at_random ids(seed);
  std::map<std::string, std::set<uuid>> known;
  for (int entry = 0; entry < 400; ++entry) {
    const char* org = ids.below(4) == 0 ? "other" : "default";
    std::vector<sample_event> batch(1 + ids.below(12));
    unsigned fresh = 0;
    for (auto& e : batch) {
      e.id = ids.next(shard.now_us);
      e.time_us = shard.now_us;
      fresh += known[org].insert(e.id).second ? 1 : 0;
    }
    REQUIRE(shard.send(batch, org) == std::pair(fresh, static_cast<unsigned>(batch.size()) - fresh));
    shard.now_us += static_cast<std::int64_t>(ids.below(200'000));
    if (ids.below(10) == 0) shard.applier->write_out();
    if (ids.below(40) == 0) REQUIRE(store.flush());
    if (ids.below(40) == 0) {  // begins anew, knowing only what is stored
      shard.applier->write_out();
      shard.applier = shard.make();
    }
  }
  for (auto& [org, of] : known)
    for (auto& id : of) REQUIRE(shard.has(id, org.c_str()));
  CHECK_FALSE(shard.has({known["default"].begin()->high, 77}, "default"));
}

}  // namespace

TEST_CASE("event ids: each counts once in memory, whatever time it tells and wherever it is kept") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    memory_kv store;
    check_ids(store, seed);
  }
}

TEST_CASE("event ids: each counts once in RocksDB, through flushes and beginnings") {
  test::temporary_folder folder;
  auto store = std::move(*storage::open_rocks(folder.path() / "db", {}));
  check_ids(*store, 99);
}

TEST_CASE("event ids: those of one moment make one record, old ones a record each") {
  auto records_made = [](std::int64_t ms_from_now) {
    memory_shard shard;
    std::vector<sample_event> batch(50);
    for (std::uint64_t i = 0; i < batch.size(); ++i)
      batch[i].id = {static_cast<std::uint64_t>(shard.now.time_us / 1000 + ms_from_now) << 16 | 7ULL << 12,
                     i + 1};
    shard.run(append(batch));
    std::size_t windows = 0, single = 0;
    for (auto& [key, value] : shard.records.all(family::events)) {
      windows += key_reader(key).tag() == record_tag::event_id_window ? 1 : 0;
      single += key_reader(key).tag() == record_tag::event_by_id ? 1 : 0;
    }
    return std::pair(windows, single);
  };
  CHECK(records_made(0) == std::pair<std::size_t, std::size_t>(1, 0));
  CHECK(records_made(-60'000) == std::pair<std::size_t, std::size_t>(0, 50));
}
