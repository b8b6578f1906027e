#include "protocol/id_window.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <vector>

using namespace troupe;

namespace {

constexpr std::int64_t now_us = 1'700'000'000'000'000;

uuid id_at(std::int64_t ms, std::uint64_t n, std::uint64_t version = 7) {
  return {static_cast<std::uint64_t>(ms) << 16 | version << 12 | (n & 0xfff), 0x8000'0000'0000'0000ULL | n};
}

std::string by_id(const uuid& id, std::string_view org) {
  auto version = static_cast<std::uint8_t>(id.high >> 12 & 0xf);
  return key_writer(record_tag::event_by_id).u8(version).u64(id.high).u64(id.low).text(org).str();
}

}  // namespace

TEST_CASE("id window: keeps ids of about now, and no others") {
  struct row {
    std::int64_t ms_from_now;
    std::uint64_t version;
    bool kept;
  };
  for (auto& r : std::vector<row>{{0, 7, true},
                                  {0, 4, false},
                                  {0, 8, false},
                                  {-16'000, 7, true},
                                  {-17'000, 7, false},
                                  {4'000, 7, true},
                                  {5'000, 7, false},
                                  {-now_us / 1000, 7, false},
                                  {now_us, 7, false}})
    CHECK(id_window::keeps(id_at(now_us / 1000 + r.ms_from_now, 1, r.version), now_us) == r.kept);
}

TEST_CASE("id window: an id is found in what several entries added, with the number of its event") {
  auto one = id_at(now_us / 1000, 1), two = id_at(now_us / 1000 + 1, 2), three = id_at(now_us / 1000, 3);
  REQUIRE(id_window::number_of(one) == id_window::number_of(two));
  id_group first(event_seq(100)), second(event_seq(9'000'000'000));
  first.add(one, event_seq(101));
  first.add(two, event_seq(100));
  second.add(three, event_seq(9'000'000'500));
  auto record = id_window::join(std::array{first.bytes(), second.bytes()});
  REQUIRE(id_window::is_sound(record));
  CHECK(id_window::find(record, one) == event_seq(101));
  CHECK(id_window::find(record, two) == event_seq(100));
  CHECK(id_window::find(record, three) == event_seq(9'000'000'500));
  CHECK_FALSE(id_window::find(record, id_at(now_us / 1000 + 1, 1)));  // another millisecond
  CHECK_FALSE(id_window::find(record, {one.high, one.low + 1}));
  CHECK_FALSE(id_window::find({}, one));
  std::vector<uuid> all;
  id_window::each_id(id_window::number_of(one), record, [&](auto& id) { all.push_back(id); });
  CHECK(all == std::vector{one, two, three});
}

TEST_CASE("id window: bytes that end early are not sound, and nothing is found behind their end") {
  id_group group(event_seq(1));
  auto id = id_at(now_us / 1000, 1);
  group.add(id, event_seq(1));
  std::string whole(group.bytes());
  for (std::size_t size = 1; size < whole.size(); ++size) {
    auto part = std::string_view(whole).substr(0, size);
    CHECK_FALSE(id_window::is_sound(part));
    CHECK_FALSE(id_window::find(part, id));
  }
  CHECK(id_window::is_sound({}));
}

TEST_CASE("id window: the window beside a single id's key is the one that would keep it") {
  auto id = id_at(now_us / 1000, 7);
  std::string org("o\0rg", 4);
  key_writer to(record_tag::event_id_window);
  auto expected = id_window::key(to, org, id_window::number_of(id));
  CHECK(id_window::key_beside(by_id(id, org)) == expected);
  CHECK(id_window::number_in(expected) == id_window::number_of(id));
  CHECK_FALSE(id_window::key_beside(by_id(id_at(0, 7, 4), org)));
  CHECK_FALSE(id_window::key_beside(expected));
  CHECK_FALSE(id_window::key_beside("!"));
  CHECK_FALSE(id_window::number_in(by_id(id, org)));
  CHECK(id_window::first_of(id_window::number_of(id)) <= id);
  CHECK(id < id_window::first_of(id_window::number_of(id) + 1));
}
