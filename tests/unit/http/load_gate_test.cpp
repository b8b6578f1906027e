// Admission under overload, with a clock and a server of the test's own.
#include "http/server/load_gate.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <random>
#include <vector>

using namespace troupe::http;
using namespace std::chrono_literals;
using us = std::chrono::microseconds;

namespace {

const load_gate::clock::time_point begin{1000s};

// A server that does one request after the other, each in 'service'; clients come at random, so many a second.
struct simulated {
  load_gate& gate;
  us service;
  std::mt19937 random{7};
  load_gate::clock::time_point now = begin, free_at = begin;
  struct open {
    load_ticket ticket;
    load_gate::clock::time_point came, done;
  };
  std::deque<open> in_service{};
  std::vector<us> times{};
  std::uint64_t refused = 0;

  void finish_until(load_gate::clock::time_point until) {
    while (!in_service.empty() && in_service.front().done <= until) {
      auto& first = in_service.front();
      first.ticket.answered(first.done);
      times.push_back(std::chrono::duration_cast<us>(first.done - first.came));
      in_service.pop_front();
    }
    now = until;
  }
  void run(std::chrono::seconds length, double per_second) {
    std::exponential_distribution<double> gap(per_second);
    auto end = now + length;
    while (now < end) {
      finish_until(now + us(static_cast<std::int64_t>(gap(random) * 1e6)));
      load_ticket ticket(gate, 1, now, us(0));
      if (!ticket) {
        ++refused;
        continue;
      }
      free_at = std::max(free_at, now) + service;
      in_service.push_back({std::move(ticket), now, free_at});
    }
  }
  us quantile(double q) {
    std::sort(times.begin(), times.end());
    return times.at(static_cast<std::size_t>(q * static_cast<double>(times.size() - 1)));
  }
  void forget() {
    times.clear();
    refused = 0;
  }
};

}  // namespace

TEST_CASE("load gate: on an idle node nobody is refused") {
  load_gate gate;
  simulated server{gate, 500us};
  server.run(20s, 1000);  // half of what it can do
  CHECK(server.refused == 0);
  CHECK(gate.limit() == gate.limits().in_flight_max);
}

TEST_CASE("load gate: at three times the capacity the accepted ones are quick and the server stays busy") {
  load_gate gate;
  simulated server{gate, 2ms};
  server.run(10s, 100);
  auto idle = server.quantile(0.99);
  server.run(5s, 1500);
  server.forget();
  server.run(20s, 1500);
  INFO("idle p99 " << idle.count() << " us, limit " << gate.limit());
  CHECK(server.times.size() > 20 * 480);  // of 500 a second
  CHECK(server.refused > 0);
  // About as many stand in line as may always enter in a flood.
  CHECK(server.quantile(0.5) <= (gate.limits().in_flight_flooded + 2) * 2ms);
}

TEST_CASE(
    "load gate: a few clients that wait for each answer are never refused, however slow they are served") {
  load_gate gate;
  auto now = begin;
  for (int i = 0; i < 100; ++i) gate.answered(now += 10ms, 2ms, 2, 0);
  std::deque<load_ticket> in_line;
  for (int i = 0; i < 8; ++i) in_line.emplace_back(gate, 2, now, us(0));
  for (int i = 0; i < 20'000; ++i) {
    in_line.front().answered(now += 4ms);  // 32 ms each, the target is 5
    in_line.pop_front();
    in_line.emplace_back(gate, 2, now, us(0));
    REQUIRE(in_line.back());
  }
  CHECK(gate.limit() == gate.limits().in_flight_min);
}

TEST_CASE("load gate: after a flood those who wait for their answers are all let in again") {
  load_gate gate;
  simulated server{gate, 2ms};
  server.run(5s, 100);
  server.run(10s, 5000);
  CHECK(gate.limit() < gate.limits().in_flight_min);
  server.finish_until(server.now + 1s);
  // Eight who ask again at once when they are refused: refused most of the time, until the gate tries.
  auto now = server.now;
  std::deque<load_ticket> in_line;
  bool all = false;
  for (int i = 0; i < 20'000 && !all; ++i) {
    now += 4ms;
    if (!in_line.empty()) {
      in_line.front().answered(now);
      in_line.pop_front();
    }
    for (auto missing = 8 - in_line.size(); missing > 0; --missing) {
      load_ticket next(gate, 2, now, us(0));
      if (next) in_line.push_back(std::move(next));
    }
    all = in_line.size() == 8;
  }
  CHECK(all);
}

TEST_CASE("load gate: where many in flight cost little the limit finds them") {
  load_limits limits;
  limits.in_flight_min = 4;
  load_gate gate(limits);
  simulated server{gate, 100us};
  server.run(5s, 1000);
  server.run(5s, 30'000);
  server.forget();
  server.run(20s, 30'000);
  INFO("limit " << gate.limit());
  CHECK(server.times.size() > 20 * 9'800);
  CHECK(server.quantile(0.5) < 6ms);  // the target is 5 ms: 50 in line
  CHECK(gate.limit() > 20);
}

TEST_CASE("load gate: a burst is taken whole and an overload that has ended is forgotten") {
  load_gate gate;
  simulated server{gate, 100us};
  server.run(2s, 500);
  std::vector<load_ticket> burst;
  for (int i = 0; i < 800; ++i) burst.emplace_back(gate, 1, server.now, us(0));
  for (auto& one : burst) {
    CHECK(one);
    one.give_back();
  }
  server.run(10s, 60'000);
  CHECK(gate.limit() < 200);
  server.run(30s, 2'000);
  CHECK(gate.limit() == gate.limits().in_flight_max);
}

TEST_CASE("load gate: a slower disk moves the target, not the number in flight") {
  load_gate gate;
  auto now = begin;
  auto answer = [&](us took, std::uint32_t beside) { gate.answered(now += 10ms, took, 1, beside); };
  for (int i = 0; i < 300; ++i) answer(1ms, 0);
  CHECK(gate.target() == 5ms);
  for (int i = 0; i < 3000; ++i) answer(20ms, 0);
  CHECK(gate.target() > 35ms);
  for (int i = 0; i < 500; ++i) answer(20ms, 1);
  CHECK(gate.limit() > 500);
}

TEST_CASE("load gate: large requests count for more, and none for half of what may always enter") {
  load_limits limits;
  CHECK(load_units(0, limits) == 1);
  CHECK(load_units(30'000, limits) == 2);
  CHECK(load_units(16 * 1024 * 1024, limits) == limits.in_flight_min / 2);
}

TEST_CASE("load gate: what is full behind it closes it at once, once an interval") {
  load_gate gate;
  std::vector<load_ticket> many;
  for (int i = 0; i < 500; ++i) many.emplace_back(gate, 1, begin, us(0));
  for (auto& one : many) one.overran(begin + 1s);
  CHECK(gate.limit() == 350);
  CHECK(gate.in_flight() == 0);
  many.clear();
  CHECK(gate.in_flight() == 0);
}

TEST_CASE("load gate: a place is given back once, however it ends") {
  load_gate gate;
  {
    load_ticket first(gate, 3, begin, us(0));
    load_ticket second(std::move(first));
    CHECK_FALSE(first);
    CHECK(gate.in_flight() == 3);
    load_ticket third;
    third = std::move(second);
    third.answered(begin + 1ms);
    CHECK(gate.in_flight() == 0);
    load_ticket again(gate, 5, begin, us(0));
    third = std::move(again);
  }
  CHECK(gate.in_flight() == 0);
}
