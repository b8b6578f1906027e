// RocksDB finds what memory finds, also where filters say which files need not be looked into.
#include "storage/rocks_kv.hpp"

#include <algorithm>

#include "protocol/key.hpp"
#include "tests/support/memory_kv.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace std::string_literals;
using storage::column;
using storage::durability;
using testing::memory_kv;

namespace {

using found = std::vector<std::pair<std::string, std::string>>;

const std::vector<std::string> names{"", "a", "ab", "b", "\0"s, "a\0"s, "a\0\1"s, "a\0\xff"s, "never"};

std::string by_trace(unsigned shard, std::string_view org, std::string_view trace) {
  std::string key{'\0', static_cast<char>(shard)};
  return key + key_writer(record_tag::event_by_trace).text(org).text(trace).str();
}

std::string at(const std::string& prefix, std::int64_t time_us) {
  return prefix + key_writer(record_tag::cell).i64(time_us).str().substr(1);
}

found scanned(const storage::kv_reader& store, const std::string& from, const std::string& to) {
  found all;
  store.scan(column::events, from, to, [&](std::string_view key, std::string_view value) {
    all.emplace_back(key, value);
    return true;
  });
  return all;
}

// The same in RocksDB and in memory.
struct two_stores {
  void write(const std::function<void(storage::kv_batch&)>& fill) {
    for (storage::kv* one : {rocks.get(), static_cast<storage::kv*>(&memory)}) {
      auto batch = one->make_batch();
      fill(*batch);
      REQUIRE(one->write(*batch, durability::unlogged));
    }
  }
  // Traces of every name but the last, in two shards and organisations.
  void write_traces(std::int64_t time_us) {
    write([&](storage::kv_batch& batch) {
      for (unsigned shard : {1U, 2U})
        for (auto& org : {"o"s, "o\0"s})
          for (auto& trace : std::vector(names.begin(), names.end() - 1))
            batch.put(column::events, at(by_trace(shard, org, trace), time_us), std::to_string(time_us));
    });
  }
  // All that begins with one key; what begins with it or follows, up to another; and each from a time on.
  void check() {
    std::vector<std::string> prefixes{by_trace(1, "o", "").substr(0, 3), by_trace(3, "o", "a")};
    for (unsigned shard : {1U, 2U})
      for (auto& org : {"o"s, "o\0"s})
        for (auto& trace : names) prefixes.push_back(by_trace(shard, org, trace));
    std::sort(prefixes.begin(), prefixes.end());
    for (auto from = prefixes.begin(); from != prefixes.end(); ++from)
      for (auto to = from; to != prefixes.end(); ++to)
        for (auto& first : {*from, at(*from, 15)})
          CHECK(scanned(rocks->latest(), first, prefix_end(*to)) ==
                scanned(memory.latest(), first, prefix_end(*to)));
  }

  test::temporary_folder folder;
  std::unique_ptr<storage::kv> rocks = std::move(*storage::open_rocks(folder.path() / "db", {}));
  memory_kv memory;
};

}  // namespace

TEST_CASE("rocks: traces are found in memory, in files, and after some were erased") {
  two_stores both;
  both.check();
  both.write_traces(10);
  both.check();
  REQUIRE(both.rocks->flush());
  both.check();
  both.write([&](storage::kv_batch& batch) {
    auto from = at(by_trace(1, "o", "a"), 0);
    batch.erase_range(column::events, from, prefix_end(by_trace(1, "o", "a\0"s)));
  });
  both.check();
  REQUIRE(both.rocks->flush());
  both.write([&](storage::kv_batch& batch) {
    for (auto time : {20, 30}) batch.put(column::events, at(by_trace(2, "o", "b"), time), "late");
    batch.erase(column::events, at(by_trace(2, "o", "ab"), 10));
  });
  both.check();
  REQUIRE(both.rocks->flush());
  both.check();
  CHECK(scanned(both.rocks->latest(), at(by_trace(2, "o", "b"), 15), prefix_end(by_trace(2, "o", "b")))
            .size() == 2);
}
