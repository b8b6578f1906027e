// Where a request goes next, and what nodes tell each other about it.
#include "actors/runtime/route.hpp"

#include <catch2/catch_test_macros.hpp>

#include "actors/runtime/identity.hpp"
#include "actors/runtime/peer_links.hpp"
#include "protocol/message.hpp"
#include "protocol/request_key.hpp"
#include "protocol/schema/command.capnp.h"

using namespace troupe;

namespace {

constexpr node_id me{1}, second{2}, third{3}, stranger{9};
constexpr shard_id shard_one{1};

route_facts facts(std::vector<node_id> voters, node_id leader, std::vector<node_id> connected) {
  return {me, {generation(1), std::move(voters), term(1), leader}, std::move(connected)};
}

route command_route(const route_facts& known, std::uint8_t relays = 2) {
  return choose_route(known, shard_one, request_kind::command, relays, 0);
}

template <class Fill>
std::string command_of(Fill&& fill) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  fill(c.initBody());
  return to_bytes(message);
}

std::string key_of(std::string_view command) {
  message_reader reader(command);
  return reader.root<schema::Command>().getIdempotencyKey().cStr();
}

}  // namespace

TEST_CASE("route: a command goes to the leader, wherever it is") {
  CHECK(command_route(facts({me, second, third}, me, {second, third})).where == route::to::here);
  auto there = command_route(facts({me, second, third}, second, {second, third}));
  CHECK(there.where == route::to::node);
  CHECK(there.who == second);
  CHECK(there.relays == 0);
  // From a node without a replica too.
  CHECK(command_route(facts({second, third, stranger}, third, {second, third})).who == third);
}

TEST_CASE("route: a leader that this node does not reach is reached through another voter, once") {
  auto known = facts({me, second, third}, second, {third});
  auto through = command_route(known);
  CHECK(through.where == route::to::node);
  CHECK(through.who == third);
  CHECK(through.relays == 1);
  CHECK(command_route(known, 1).where == route::to::wait);
}

TEST_CASE("route: while a majority is reached and nobody leads, requests wait") {
  CHECK(command_route(facts({me, second, third}, {}, {second})).where == route::to::wait);
  CHECK(command_route(facts({second, third, stranger}, {}, {second, third})).where == route::to::wait);
}

TEST_CASE("route: a minority refuses at once and says why") {
  for (auto leader : {node_id(), me}) {
    auto refused = command_route(facts({me, second, third}, leader, {}));
    CHECK(refused.where == route::to::refuse);
    CHECK(refused.why.code == errc::unavailable);
    CHECK(refused.why.detail.find("1 of the 3 replicas of shard 1") != std::string::npos);
    CHECK(refused.why.retry_after.count() > 0);
  }
  CHECK(command_route(facts({second, third, stranger}, {}, {second})).where == route::to::refuse);
  CHECK(command_route(facts({}, {}, {})).where == route::to::refuse);
  // Those who have lost each other a moment ago may be back in the next.
  auto just_now = facts({me, second, third}, {}, {});
  just_now.is_settled = false;
  CHECK(command_route(just_now).where == route::to::wait);
}

TEST_CASE("route: a lone voter answers by itself, whatever the network does") {
  CHECK(command_route(facts({me}, {}, {})).where == route::to::here);
}

TEST_CASE("route: a local read is answered by the nearest replica") {
  auto peek = [](const route_facts& known) {
    return choose_route(known, shard_one, request_kind::peek, 2, 0);
  };
  CHECK(peek(facts({me, second, third}, second, {})).where == route::to::here);
  CHECK(peek(facts({second, third}, third, {second, third})).who == third);
  CHECK(peek(facts({second, third}, {}, {third})).who == third);
}

TEST_CASE("identity: what is not the same when done twice gets a key of its own") {
  auto create = command_of([](auto body) { body.initCreateTask().setName("work"); });
  auto beat = command_of([](auto body) { body.initHeartbeat().setAgentId("a"); });
  CHECK(repeatable_of(create) == repeatable::with_key);
  CHECK(repeatable_of(command_of([](auto body) { body.initClaimTask(); })) == repeatable::with_key);
  CHECK(repeatable_of(command_of([](auto body) { body.initFailTask(); })) == repeatable::with_key);
  CHECK(repeatable_of(command_of([](auto body) { body.initAppendEvents(); })) == repeatable::as_it_is);
  CHECK(repeatable_of(beat) == repeatable::as_it_is);
  CHECK(repeatable_of("nonsense") == repeatable::never);
  auto keyed = with_drawn_key(create, draw_text());
  CHECK(repeatable_of(keyed) == repeatable::as_it_is);
  CHECK(is_drawn_key(key_of(keyed)));
  CHECK(key_of(keyed) != key_of(with_drawn_key(create, draw_text())));
  CHECK(key_of_try("k", 0) == "k");
  CHECK(key_of_try("k", 1) != key_of_try("k", 2));
}

TEST_CASE("peer links: what one peer is asked is bounded in count and bytes, each peer by itself") {
  peer_links links(me, 2, 100, {});
  CHECK(links.take(second, 90));
  CHECK_FALSE(links.take(second, 20));
  CHECK(links.take(second, 10));
  CHECK_FALSE(links.take(second, 0));
  CHECK(links.take(third, 1000));  // alone
  links.give_back(second, 90);
  CHECK(links.take(second, 20));
}

TEST_CASE("route messages: come out as they went in, and nonsense is refused") {
  shard_question q;
  q.shard = shard_id(3);
  q.kind = request_kind::peek;
  q.wait = std::chrono::milliseconds(1500);
  q.again = true;
  q.relays = 1;
  q.request = frame::of(frame_kind::query, "payload");
  auto q2 = decode_shard_question(encode(q));
  REQUIRE(q2);
  CHECK(q2->shard == q.shard);
  CHECK(q2->kind == q.kind);
  CHECK(q2->wait == q.wait);
  CHECK(q2->again);
  CHECK(q2->relays == 1);
  CHECK(q2->request.bytes == q.request.bytes);

  shard_place place{generation(2), {me, second}, term(5), second};
  auto a2 = decode_shard_answer(encode(shard_answer{shard_id(3), place, frame::of(frame_kind::reply, "r")}));
  REQUIRE(a2);
  CHECK(a2->place.voters == place.voters);
  CHECK(a2->place.leader == second);
  CHECK(a2->answer.open(frame_kind::reply).value() == "r");

  auto f2 = decode_feed_answer(encode(feed_answer{shard_id(3), 7, place, true, {"one", "two"}}));
  REQUIRE(f2);
  CHECK(f2->session == 7);
  CHECK(f2->is_leading);
  CHECK(f2->feeds == std::vector<std::string>{"one", "two"});
  auto fq = decode_feed_question(encode(feed_question{shard_id(3), 8}));
  REQUIRE(fq);
  CHECK(fq->session == 8);

  CHECK_FALSE(decode_shard_question(frame::of(frame_kind::shard_question, "nonsense")));
  CHECK_FALSE(decode_shard_answer(frame::of(frame_kind::shard_question, "")));
}
