// Events for tests: the few fields a test is about, and a batch of them as a command.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "protocol/rollup.hpp"
#include "protocol/uuid.hpp"
#include "tests/support/memory_records.hpp"

namespace troupe::testing {

struct sample_event {
  uuid id;
  std::string agent = "agent-1";
  std::int64_t time_us = 1'700'000'000'000'000;
  schema::EventType type = schema::EventType::LLM_CALL;
  schema::EventStatus status = schema::EventStatus::OK;
  std::int64_t duration_us = -1;
  std::string model = {}, tool = {}, tier = {}, team = {}, trace = {}, session = {}, error = {};
  std::vector<std::pair<std::string, std::int64_t>> latency_by_tier = {};
  token_counts tokens = {};
  std::int64_t cost_nano_usd = 0;
  std::string query = {}, knowledge = {}, peer = {}, user = {}, provider = {}, attributes = {};
  std::int64_t items = -1;
};

void write(const sample_event& from, schema::Event::Builder to);
memory_shard::fill append(const std::vector<sample_event>& events);
inline uuid id_of(std::uint64_t n) { return {0x0190'0000'0000'7000ULL, 0x8000'0000'0000'0000ULL | n}; }

}  // namespace troupe::testing
