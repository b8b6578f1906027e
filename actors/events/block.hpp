// The stored events of one entry, numbered in a row. Kept as the fact that told of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/machine.hpp"
#include "protocol/message.hpp"

namespace troupe::events {

class block {
 public:
  explicit block(std::string bytes);
  block(const block&) = delete;
  block& operator=(const block&) = delete;

  event_seq first() const { return first_; }
  event_seq last() const { return seq(size() - 1); }
  unsigned size() const { return events_.size(); }
  event_seq seq(unsigned slot) const { return event_seq(first_.value + slot); }
  schema::Event::Reader event(unsigned slot) const { return events_[slot]; }
  bool holds(event_seq seq) const { return first() <= seq && seq <= last(); }
  schema::Event::Reader event_at(event_seq seq) const {
    return event(static_cast<unsigned>(seq.value - first().value));
  }
  std::size_t bytes() const { return bytes_.size(); }

 private:
  std::string bytes_;
  message_reader reader_;
  event_seq first_;
  capnp::List<schema::Event>::Reader events_;  // looked up once: each look counts against the reader's limit
};

// Throws machine_fault if it is not there: an index leads to it.
std::unique_ptr<block> load_block(const record_reader& records, event_seq last);
// Visits the blocks upwards, from the one that holds 'from' on, until visit returns false.
void each_block(const record_reader& records, event_seq from, const std::function<bool(const block&)>& visit);
// The event as a message of its own.
std::string encode_event(schema::Event::Reader event);

}  // namespace troupe::events
