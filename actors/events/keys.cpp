#include "keys.hpp"

#include "protocol/machine.hpp"

namespace troupe::events {

const std::string& block_key(key_writer& to, event_seq last) {
  return to.start(record_tag::event_block).u64(last.value).str();
}

const std::string& by_id_key(key_writer& to, std::string_view org, const uuid& id) {
  auto version = static_cast<std::uint8_t>((id.high >> 12) & 0xf);
  return to.start(record_tag::event_by_id).u8(version).u64(id.high).u64(id.low).text(org).str();
}

const std::string& by_time_key(key_writer& to, std::string_view org, std::int64_t newest_us,
                               event_seq block) {
  return to.start(record_tag::event_by_time).text(org).i64(newest_us).u64(block.value).str();
}

const std::string& by_agent_key(key_writer& to, std::string_view org, std::string_view agent,
                                std::int64_t newest_us, event_seq block) {
  return to.start(record_tag::event_by_agent).text(org).text(agent).i64(newest_us).u64(block.value).str();
}

const std::string& by_trace_key(key_writer& to, std::string_view org, std::string_view trace,
                                std::int64_t newest_us, event_seq block) {
  return to.start(record_tag::event_by_trace).text(org).text(trace).i64(newest_us).u64(block.value).str();
}

const std::string& rollup_key(key_writer& to, std::string_view org, schema::Resolution resolution,
                              schema::Dimension dimension, std::int64_t start_us, std::string_view key) {
  return to.start(record_tag::rollup)
      .text(org)
      .u8(static_cast<std::uint8_t>(resolution))
      .u8(static_cast<std::uint8_t>(dimension))
      .i64(start_us)
      .text(key)
      .str();
}

std::string rollup_prefix(std::string_view org, schema::Resolution resolution, schema::Dimension dimension) {
  return key_writer(record_tag::rollup)
      .text(org)
      .u8(static_cast<std::uint8_t>(resolution))
      .u8(static_cast<std::uint8_t>(dimension))
      .str();
}

std::string encode_seq(event_seq seq) {
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) out[static_cast<std::size_t>(i)] = static_cast<char>(seq.value >> (56 - 8 * i));
  return out;
}

event_seq decode_seq(std::string_view value) {
  key_reader in(value);
  event_seq seq(in.u64());
  if (!in.ok()) throw machine_fault("an event's id leads to no number");
  return seq;
}

}  // namespace troupe::events
