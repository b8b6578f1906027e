#include "block.hpp"

#include "keys.hpp"
#include "protocol/flat_builder.hpp"

namespace troupe::events {

block::block(std::string bytes) : bytes_(std::move(bytes)), reader_(bytes_) {
  auto fact = reader_.root<schema::Fact>();
  if (!fact.isEventsAppended() || fact.getEventsAppended().getEvents().size() == 0)
    throw machine_fault("a block of events has none");
  first_ = event_seq(fact.getEventsAppended().getFirstSeq());
  events_ = fact.getEventsAppended().getEvents();
}

std::unique_ptr<block> load_block(const record_reader& records, event_seq last) {
  key_writer key(record_tag::event_block);
  auto bytes = records.get(family::events, block_key(key, last));
  if (!bytes)
    throw machine_fault("the events up to " + std::to_string(last.value) + " are indexed but not stored");
  return std::make_unique<block>(std::move(*bytes));
}

void each_block(const record_reader& records, event_seq from,
                const std::function<bool(const block&)>& visit) {
  key_writer key(record_tag::event_block);
  records.scan(family::events, block_key(key, from),
               prefix_end(std::string(1, static_cast<char>(record_tag::event_block))),
               [&](std::string_view, std::string_view bytes) { return visit(block{std::string(bytes)}); });
}

std::string encode_event(schema::Event::Reader event) {
  capnp::MallocMessageBuilder message(static_cast<unsigned>(event.totalSize().wordCount + 1));
  message.setRoot(event);
  return to_bytes(message);
}

}  // namespace troupe::events
