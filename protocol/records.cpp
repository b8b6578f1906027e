#include "protocol/records.hpp"

namespace troupe {

std::string counters_key() { return key_writer(record_tag::counters).str(); }

std::string agent_key(std::string_view org, std::string_view agent) {
  return key_writer(record_tag::agent).text(org).text(agent).str();
}

std::string agent_activity_key(std::string_view org, std::string_view agent) {
  return key_writer(record_tag::agent_activity).text(org).text(agent).str();
}

key_writer timer_key(std::int64_t due_us, timer what) {
  key_writer key(record_tag::outbox);
  key.i64(due_us).u8(static_cast<std::uint8_t>(what));
  return key;
}

std::optional<std::int64_t> due_of_timer(std::string_view key) {
  key_reader in(key);
  auto tag = in.tag();
  auto due_us = in.i64();
  if (!in.ok() || tag != record_tag::outbox) return std::nullopt;
  return due_us;
}

void init_agent(schema::Agent::Builder agent, capnp::Text::Reader org, capnp::Text::Reader id,
                const stamp& at) {
  agent.setOrg(org);
  agent.setId(id);
  agent.setVersion(1);
  agent.setRegisteredUs(at.time_us);
  agent.setUpdatedUs(at.time_us);
}

}  // namespace troupe
