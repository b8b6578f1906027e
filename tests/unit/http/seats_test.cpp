#include "http/live/seats.hpp"

#include <catch2/catch_test_macros.hpp>

#include "http/live/hub.hpp"
#include "tests/support/fake_client.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

const node_id here(1), there(2);
const auto key = seat_table::key_of("org", "key");

present_session seat_since(std::int64_t us, std::uint64_t number) {
  return seat_table::session_of(number, "org", "key", us);
}

}  // namespace

TEST_CASE("seats: those of all nodes are counted, until they are left or their node is gone") {
  seat_table seats;
  seats.take(here, seat_since(10, 1));
  seats.take(there, seat_since(20, 1));
  seats.take(there, seat_since(30, 2));
  seats.take(there, seat_since(30, 2));  // told twice
  CHECK(seats.taken(key) == 3);
  CHECK(seats.taken(seat_table::key_of("other", "key")) == 0);
  CHECK(seats.leave(here, 1));
  CHECK_FALSE(seats.leave(here, 1));
  CHECK(seats.taken(key) == 2);
  seats.leave_all(there);
  CHECK(seats.taken(key) == 0);
}

TEST_CASE(
    "seats: of those beyond the bound each node finds its own, the last that came, and together all of "
    "them") {
  // By node: since when its seats are taken.
  struct row {
    std::vector<std::int64_t> here, there;
    std::uint32_t max;
    std::vector<std::uint64_t> lost_here, lost_there;  // numbers, from 1
  };
  for (auto& r : std::vector<row>{{{10, 20}, {30}, 3, {}, {}},
                                  {{10, 20}, {30}, 2, {}, {1}},
                                  {{10, 40}, {30, 20}, 2, {2}, {1}},
                                  {{10}, {10}, 1, {}, {1}},  // the lower node was first
                                  {{30, 40}, {10, 20}, 2, {1, 2}, {}}}) {
    seat_table seats;
    for (std::size_t i = 0; i < r.here.size(); ++i) seats.take(here, seat_since(r.here[i], i + 1));
    for (std::size_t i = 0; i < r.there.size(); ++i) seats.take(there, seat_since(r.there[i], i + 1));
    CHECK(seats.beyond(key, here).empty());  // no bound is known
    seats.bound(key, r.max);
    CHECK(seats.beyond(key, here) == r.lost_here);
    CHECK(seats.beyond(key, there) == r.lost_there);
  }
}

TEST_CASE("seats: what is told of one is no session of a topic, and damaged words do no harm") {
  CHECK(seat_table::is_seat(seat_since(1, 1)));
  CHECK_FALSE(seat_table::is_seat({1, std::string("org\0events", 10), "key", "{}"}));
  seat_table seats;
  auto odd = seat_since(1, 1);
  odd.meta = "no number";
  seats.take(there, odd);
  CHECK(seats.taken(key) == 1);
  CHECK(seats.leave(there, 1));
}

TEST_CASE("seats: a hub lets in as many as a key may have, and one more when one is gone") {
  test::fake_client data{4};
  hub live({}, data, {});
  principal who{"key", "org", "name", role::read, 2};
  auto first = live.take_seat(who), second = live.take_seat(who);
  REQUIRE(first);
  REQUIRE(second);
  auto third = live.take_seat(who);
  REQUIRE_FALSE(third);
  CHECK(third.error().code == errc::overloaded);
  CHECK(third.error().detail.find("max_connections") != std::string::npos);
  first->reset();
  CHECK(live.take_seat(who));
  who.connections_max = 0;
  auto free = live.take_seat(who);
  REQUIRE(free);
  CHECK_FALSE(*free);
}
