#include <catch2/catch_test_macros.hpp>

#include <random>
#include <set>

#include "protocol/id_window.hpp"
#include "protocol/key.hpp"
#include "storage/recent_ids.hpp"

using namespace troupe;
using troupe::storage::recent_ids;

namespace {

std::string key_of(std::uint64_t ms, std::uint64_t low, std::uint8_t version = 7,
                   const char* org = "default") {
  return key_writer(record_tag::event_by_id)
      .u8(version)
      .u64(ms << 16 | static_cast<std::uint64_t>(version) << 12)
      .u64(low)
      .text(org)
      .str();
}

}  // namespace

TEST_CASE("recent ids: nothing is new before it is known what is stored") {
  recent_ids ids;
  CHECK_FALSE(ids.knows_newest());
  CHECK_FALSE(ids.is_new(key_of(1000, 1)));
}

TEST_CASE("recent ids: what comes after all that is stored is new, once") {
  recent_ids ids;
  ids.begin_after(key_of(1000, 5));
  CHECK_FALSE(ids.is_new(key_of(999, 9)));
  CHECK_FALSE(ids.is_new(key_of(1000, 5)));
  CHECK(ids.is_new(key_of(1000, 6)));
  ids.note(key_of(1000, 6));
  CHECK_FALSE(ids.is_new(key_of(1000, 6)));
  CHECK_FALSE(ids.is_new(key_of(1000, 6, 7, "other")));  // the store is asked
}

TEST_CASE("recent ids: of an empty store all ids of time are new, of others nothing is known") {
  recent_ids ids;
  ids.begin_after(recent_ids::first_key());
  CHECK(ids.is_new(key_of(0, 0)));
  CHECK_FALSE(ids.is_new(key_of(1000, 1, 4)));
  CHECK_FALSE(ids.is_new(key_writer(record_tag::event_block).u64(1).str()));
}

TEST_CASE("recent ids: no stored id is ever called new, however many there are and in whatever order") {
  recent_ids ids;
  ids.begin_after(recent_ids::first_key());
  std::mt19937_64 random(7);
  std::vector<std::string> stored;
  std::set<std::string> known;
  for (std::uint64_t i = 0; i < 60'000; ++i) {
    // Mostly of now, some late.
    auto late = random() % 10 == 0 ? random() % 40'000 : random() % 50;
    auto key = key_of(50'000 + i - late, random());
    if (known.insert(key).second) stored.push_back(key);
    ids.note(key);
    REQUIRE_FALSE(ids.is_new(key));
    REQUIRE_FALSE(ids.is_new(stored[random() % stored.size()]));
  }
  CHECK(ids.is_new(key_of(200'000, 1)));
  std::size_t remembered = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) remembered += ids.is_new(key_of(110'000 - i % 10, i)) ? 1 : 0;
  CHECK(remembered == 1000);  // of the last milliseconds all is known
}

TEST_CASE("recent ids: what lies behind the newest window is new, and what is added to one is not") {
  uuid stored{1'700'000'000'000ULL << 16 | 7ULL << 12, 9};
  auto number = id_window::number_of(stored);
  auto key = [](const uuid& id) { return key_of(id.high >> 16, id.low); };
  recent_ids ids;
  ids.begin_after(recent_ids::first_key());
  key_writer to(record_tag::event_id_window);
  ids.begin_after(id_window::key(to, "default", number));
  CHECK_FALSE(ids.is_new(key(stored)));
  CHECK_FALSE(ids.is_new(key({stored.high, 10})));
  auto later = id_window::first_of(number + 1);
  later.high |= 7ULL << 12;
  CHECK(ids.is_new(key(later)));
  id_group group(event_seq(1));
  group.add(later, event_seq(1));
  ids.note_group(id_window::key(to, "default", number + 1), group.bytes());
  CHECK_FALSE(ids.is_new(key(later)));
  CHECK(ids.is_new(key({later.high, later.low + 1})));
}
