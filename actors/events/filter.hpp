// Which events a query is about.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "protocol/machine.hpp"
#include "protocol/message.hpp"

namespace troupe::events {

class filter {
 public:
  explicit filter(schema::EventFilter::Reader asked);

  bool matches(schema::Event::Reader event) const;
  // What cannot be asked: the field and what is wrong with it.
  const std::optional<std::pair<std::string, std::string>>& complaint() const { return complaint_; }

 private:
  bool matches_text(schema::Event::Reader event) const;

  schema::EventFilter::Reader asked_;
  std::optional<schema::EventType> type_;
  std::string custom_name_;
  std::optional<schema::EventStatus> status_;
  std::string text_;  // in lower case, blanks collapsed
  std::optional<std::pair<std::string, std::string>> complaint_;
};

}  // namespace troupe::events
