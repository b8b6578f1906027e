// Who is here: one session, and what is told of those of a node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/ids.hpp"

namespace troupe {

struct present_session {
  std::uint64_t number = 0;  // on its node: rising, never used twice by one process
  std::string topic;         // organisation, NUL, name
  std::string key;           // who
  std::string meta;          // what is told of it, a JSON object

  bool operator==(const present_session&) const = default;
};

struct presence_news {
  enum class relation : std::uint8_t {
    replaces,  // what was told of that node before is void
    follows,
  };

  node_id of;
  relation to_before = relation::follows;
  std::vector<present_session> came;
  std::vector<std::uint64_t> gone;  // numbers of that node
};

}  // namespace troupe
